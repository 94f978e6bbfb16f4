package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
)

const (
	// blockSize is how many variants share a block of a pgen's header.
	blockSize = 1 << 16
	// groupSize is how many people share a group of a list.
	groupSize = 64
	// The kinds of records that are written, and the bytes of a record's length.
	kindPlain, kindList = 0, 4
	lengthSize          = 3
)

// writePgen makes x.pgen, x.bim and all that names its people, where a bed would be too
// large to write. It knows lists of who is not hom-ref and nothing else: plink2 writes it
// anew as it likes.
func writePgen(dir string, s size) (err error) {
	if err := writePeople(dir, s.samples); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "x.pgen"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := pgenHead{samples: s.samples, lengths: make([]int, s.variants), lists: make([]bool, s.variants)}
	if _, err := f.Seek(int64(len(head.encode())), 0); err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var record []byte
	err = drawn(dir, s, func(v int, row []byte) error {
		record, head.lists[v] = appendRecord(record[:0], row, s.samples)
		head.lengths[v] = len(record)
		_, err := w.Write(record)
		return err
	})
	if err = errors.Join(err, w.Flush()); err != nil {
		return err
	}
	_, err = f.WriteAt(head.encode(), 0)
	return err
}

// pgenHead is what stands before the records.
type pgenHead struct {
	samples int
	lengths []int
	lists   []bool
}

func (h *pgenHead) encode() []byte {
	variants := len(h.lengths)
	b := []byte{0x6c, 0x1b, 0x10}
	b = binary.LittleEndian.AppendUint32(b, uint32(variants))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.samples))
	b = append(b, 1<<6|(lengthSize-1)) // REF is sure, and kinds have four bits
	blocks := (variants + blockSize - 1) / blockSize
	at := len(b) + 8*blocks + (variants+1)/2 + variants*lengthSize // blockSize is even
	for i := range blocks {
		b = binary.LittleEndian.AppendUint64(b, uint64(at))
		for _, n := range h.lengths[i*blockSize : min(variants, (i+1)*blockSize)] {
			at += n
		}
	}
	for from := 0; from < variants; from += blockSize {
		to := min(variants, from+blockSize)
		kinds := make([]byte, (to-from+1)/2)
		for v := from; v < to; v++ {
			if h.lists[v] {
				kinds[(v-from)/2] |= kindList << ((v - from) % 2 * 4)
			}
		}
		b = append(b, kinds...)
		for _, n := range h.lengths[from:to] {
			b = append(b, byte(n), byte(n>>8), byte(n>>16))
		}
	}
	return b
}

// fromBed are a pgen's codes by a bed's: how many ALTs, or 3 for no call.
const fromBed = 0<<(2*3) | 1<<(2*het) | 2<<(2*alts) | 3<<(2*missing)

// appendRecord writes a row as a list if it is the shorter for it.
func appendRecord(b, row []byte, samples int) (_ []byte, list bool) {
	var ids []int
	var codes []byte
	for i, four := range row {
		if four == 0xff {
			continue
		}
		for k := range min(4, samples-4*i) {
			if code := four >> (2 * k) & 3; code != 3 {
				ids, codes = append(ids, 4*i+k), append(codes, fromBed>>(2*code)&3)
			}
		}
	}
	if len(ids) > samples/8 {
		for i, four := range row {
			packed := byte(0)
			for k := range min(4, samples-4*i) {
				packed |= fromBed >> (2 * (four >> (2 * k) & 3)) & 3 << (2 * k)
			}
			b = append(b, packed)
		}
		return b, false
	}
	return appendList(b, ids, codes, samples), true
}

func appendList(b []byte, ids []int, codes []byte, samples int) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	var deltas, sizes []byte
	begun := 0 // of the group at hand, in deltas
	for i, id := range ids {
		if i%groupSize != 0 {
			deltas = binary.AppendUvarint(deltas, uint64(id-ids[i-1]))
			continue
		}
		for shift := 0; samples>>shift > 0; shift += 8 {
			b = append(b, byte(id>>shift))
		}
		if i > 0 {
			sizes = append(sizes, byte(len(deltas)-begun-(groupSize-1)))
		}
		begun = len(deltas)
	}
	b = append(b, sizes...)
	packed := make([]byte, (len(codes)+3)/4)
	for i, c := range codes {
		packed[i/4] |= c << (i % 4 * 2)
	}
	return append(append(b, packed...), deltas...)
}
