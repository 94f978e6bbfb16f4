package index

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	magicTBI = "TBI\x01"
	magicCSI = "CSI\x01"
	// formatVCF and the columns are what tabix writes for one.
	formatVCF = 2
	// tabixHead is the bytes of what tabix tells of a text, before the names.
	tabixHead = 28
	// maxShift and maxDepth bound a scheme. CSI of a contig of 2^31 bases has 14 and 6.
	maxShift, maxDepth = 30, 10
)

// cursor reads what is left of an index. After an error it reads zeros.
type cursor struct {
	left []byte
	err  error
}

func (c *cursor) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.left) {
		if c.err == nil {
			c.err = fmt.Errorf("%w: it ends too early", ErrIndex)
		}
		return nil
	}
	b := c.left[:n]
	c.left = c.left[n:]
	return b
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads how many of something follow, each of so many bytes or more.
func (c *cursor) count(size int) int {
	n := int64(int32(c.u32()))
	if n < 0 || n*int64(size) > int64(len(c.left)) {
		c.fail("it ends too early")
		return 0
	}
	return int(n)
}

func (c *cursor) fail(why string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrIndex, why)
	}
}

func (x *Index) parse(raw []byte, contigs []string) error {
	c := &cursor{left: raw}
	var names []string
	var n int
	csi := false
	switch string(c.take(4)) {
	case magicTBI:
		x.scheme, x.text = tabix(), true
		n = c.count(8)
		names = tabixNames(c, c.take(tabixHead))
	case magicCSI:
		csi = true
		x.scheme = scheme{shift: int(int32(c.u32())), depth: int(int32(c.u32()))}
		if s := x.scheme; s.shift < 1 || s.shift > maxShift || s.depth < 1 || s.depth > maxDepth {
			c.fail("it has a scheme of bins that nobody uses")
		}
		aux := &cursor{left: c.take(c.count(1))}
		if x.text = len(aux.left) > 0; x.text {
			names = tabixNames(aux, aux.take(tabixHead))
			if aux.err != nil || len(aux.left) > 0 {
				c.fail("what it says of the file cannot be read")
			}
		}
		n = c.count(4)
	default:
		c.fail("it begins with neither TBI nor CSI")
	}
	switch {
	case c.err != nil:
		return c.err
	case x.text && len(names) != n:
		return fmt.Errorf("%w: %d names for %d contigs", ErrIndex, len(names), n)
	case !x.text && n > len(contigs):
		return fmt.Errorf("%w: it is of %d contigs, the file has %d", ErrStale, n, len(contigs))
	case !x.text:
		names = contigs
	}
	for i := 0; i < n && c.err == nil; i++ {
		x.contigs = append(x.contigs, x.parseContig(c, names[i], csi))
	}
	if len(c.left) == 8 {
		c.u64() // records without a place: a VCF has none
	}
	if len(c.left) > 0 {
		c.fail("something follows its end")
	}
	return c.err
}

// tabixNames reads what tabix tells of a text: which columns it has, and the names of
// its contigs behind that.
func tabixNames(c *cursor, head []byte) []string {
	if c.err != nil {
		return nil
	}
	for i, want := range []uint32{formatVCF, 1, 2, 0, '#', 0} {
		if binary.LittleEndian.Uint32(head[4*i:]) != want {
			c.fail("it is of another kind of file")
			return nil
		}
	}
	text := c.take(int(int32(binary.LittleEndian.Uint32(head[24:]))))
	var names []string
	seen := make(map[string]bool)
	for len(text) > 0 {
		name, rest, ended := bytes.Cut(text, []byte{0})
		if !ended || len(name) == 0 || seen[string(name)] {
			c.fail("a contig has no name, or one of another")
			return nil
		}
		seen[string(name)] = true
		names = append(names, string(name))
		text = rest
	}
	return names
}

func (x *Index) parseContig(c *cursor, name string, csi bool) contig {
	k := contig{name: name}
	seen := make(map[uint32]bool)
	for range c.count(8) {
		bin := c.u32()
		if csi {
			k.named = append(k.named, offset(c.u64()))
		}
		n := c.count(16)
		if seen[bin] {
			c.fail("a bin comes twice")
		}
		seen[bin] = true
		if int64(bin) == x.scheme.meta() {
			if csi {
				k.named = k.named[:len(k.named)-1] // of no record
			}
			if n != 2 {
				c.fail("what it tells of a contig cannot be read")
			}
			c.take(16 * n)
			continue
		}
		if int64(bin) >= x.scheme.bins() {
			c.fail("a bin has a number over all")
		}
		for range n {
			one := chunk{bin: bin, from: offset(c.u64()), to: offset(c.u64())}
			if c.err == nil && one.from >= one.to {
				c.fail("a chunk ends where it begins, or before")
			}
			k.chunks = append(k.chunks, one)
		}
		if c.err != nil {
			return k
		}
	}
	if !csi {
		for range c.count(8) {
			if o := offset(c.u64()); o != 0 {
				k.named = append(k.named, o)
			}
		}
	}
	sortChunks(k.chunks)
	return k
}
