package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/locus-genomics/locus/internal/bgzf"
)

const (
	// maxHeader bounds the header of the file, which is held while it is looked at.
	maxHeader = 64 << 20
	// maxName bounds what is looked at of a line to find its contig and position.
	maxName = 1 << 16
	// endSize is the bytes of the block that ends a file.
	endSize = 28
)

// stale says why an index does not fit.
func stale(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrStale}, a...)...)
}

// verify compares the index with the file. It reads the header, the beginning of each
// block that the index names, and the first record of each contig.
func (x *Index) verify() error {
	if err := x.tile(); err != nil {
		return err
	}
	if err := x.verifyBlocks(); err != nil {
		return err
	}
	if err := x.verifyHeader(); err != nil {
		return err
	}
	for number, c := range x.contigs {
		if len(c.chunks) > 0 {
			if err := x.probe(number, c.chunks[0]); err != nil {
				return err
			}
		}
	}
	return x.verifyEnd()
}

// tile checks that the chunks are one after another, without a hole between, and that
// each contig has its own. It finds where the records begin and end.
func (x *Index) tile() error {
	var filled []contig
	for _, c := range x.contigs {
		if len(c.chunks) > 0 {
			filled = append(filled, c)
		}
	}
	if len(filled) == 0 {
		return stale("it names no records")
	}
	slices.SortFunc(filled, func(a, b contig) int { return cmp.Compare(a.chunks[0].from, b.chunks[0].from) })
	x.begin = filled[0].chunks[0].from
	x.end = x.begin
	for _, c := range filled {
		if c.chunks[0].from != x.end {
			return stale("two contigs share records, or leave some out")
		}
		low := int64(0) // no later record lies before
		for _, k := range c.chunks {
			from, to := x.scheme.span(k.bin)
			if low = max(low, from); low >= to {
				return stale("its bins are not in the order of the file")
			}
			if k.from > x.end {
				return stale("it leaves out records")
			}
			x.end = max(x.end, k.to)
		}
	}
	return nil
}

// verifyBlocks looks at where each block that is named begins.
func (x *Index) verifyBlocks() error {
	if x.end.block() > x.size-endSize {
		return stale("it is of a longer file")
	}
	var blocks []int64
	for _, c := range x.contigs {
		for _, k := range c.chunks {
			blocks = append(blocks, k.from.block(), k.to.block())
		}
		for _, o := range c.named {
			if o > x.end {
				return stale("it names a place behind the end")
			}
			blocks = append(blocks, o.block())
		}
	}
	slices.Sort(blocks)
	var head [bgzf.HeaderSize]byte
	for _, at := range slices.Compact(blocks) {
		if _, err := x.data.ReadAt(head[:], at); err != nil {
			return fmt.Errorf("read block: %w", err)
		}
		if !bgzf.Is(head[:]) {
			return stale("no block begins at byte %d", at)
		}
	}
	return nil
}

// verifyHeader checks that the records begin behind the header.
func (x *Index) verifyHeader() error {
	head, err := io.ReadAll(io.LimitReader(x.section(chunk{to: x.begin}), maxHeader+1))
	if err != nil {
		return err
	}
	if len(head) > maxHeader {
		return stale("the records begin behind %d bytes", maxHeader)
	}
	if !x.text {
		if len(head) < 9 || string(head[:4]) != "BCF\x02" || int64(binary.LittleEndian.Uint32(head[5:])) != int64(len(head)-9) {
			return stale("the records do not begin behind the header")
		}
		return nil
	}
	if !bytes.HasPrefix(head, []byte("##fileformat=VCF")) {
		return stale("the records do not begin behind the header")
	}
	for line := range bytes.Lines(head) {
		if line[0] != '#' || line[len(line)-1] != '\n' {
			return stale("there are records before those that it names")
		}
	}
	return nil
}

// verifyEnd checks that nothing follows the last record but the end of the file.
func (x *Index) verifyEnd() error {
	n, err := x.section(chunk{from: x.end, to: offset(x.size) << 16}).Read(make([]byte, 1))
	switch {
	case n > 0:
		return stale("there are records behind those that it names")
	case err != nil && err != io.EOF:
		return err
	}
	return nil
}

// probe checks that a chunk begins with a record of a contig and of its bin.
func (x *Index) probe(number int, k chunk) error {
	look := x.probeBCF
	if x.text {
		look = x.probeText
	}
	pos, err := look(number, x.section(k))
	if err != nil {
		return err
	}
	from, to := x.scheme.span(k.bin)
	// Position 0, the telomere, is -1 here, and is put where 0 is.
	if pos = max(pos, 0); pos < from || pos >= to {
		return stale("a record is not where it says")
	}
	return nil
}

// probeText looks at a line, and returns its position counted from 0.
func (x *Index) probeText(number int, r io.Reader) (int64, error) {
	line, err := readUpTo(r, maxName, func(b []byte) bool { return bytes.Count(b, []byte("\t")) >= 2 })
	if err != nil {
		return 0, err
	}
	f := bytes.SplitN(line, []byte("\t"), 3)
	if len(f) != 3 || string(f[0]) != x.contigs[number].name {
		return 0, stale("a record is of another contig")
	}
	pos, err := strconv.ParseUint(string(f[1]), 10, 31)
	if err != nil {
		return 0, stale("no record begins where it says")
	}
	return int64(pos) - 1, nil
}

func (x *Index) probeBCF(number int, r io.Reader) (int64, error) {
	const size = 16 // two lengths, contig, position
	b, err := readUpTo(r, size, func(b []byte) bool { return len(b) == size })
	if err != nil {
		return 0, err
	}
	if len(b) < size || int64(binary.LittleEndian.Uint32(b[8:])) != int64(number) {
		return 0, stale("a record is of another contig")
	}
	return int64(int32(binary.LittleEndian.Uint32(b[12:]))), nil
}

// readUpTo reads until there is enough, n bytes are read or no more are there.
func readUpTo(r io.Reader, n int, enough func([]byte) bool) ([]byte, error) {
	b := make([]byte, 0, min(n, 512))
	for len(b) < n && !enough(b) {
		if len(b) == cap(b) {
			b = slices.Grow(b, len(b))
		}
		k, err := r.Read(b[len(b):min(cap(b), n)])
		b = b[:len(b)+k]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}
