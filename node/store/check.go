package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// errDigest is found where a store is sound and says something else than was written.
var errDigest = errors.New("its rows are not those that were written")

// Check opens every block, looks at every site and set, and compares all of them with
// what was written. Next begins anew after it.
func (r *Reader) Check(ctx context.Context) error {
	defer r.rewind()
	var (
		row  genotype.Row
		seen = make([]uint64, genotype.Words(len(r.head.Samples)))
		sum  = newDigester(r.head.Samples)
	)
	for i, e := range r.dir.blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.load(i, &r.block); err != nil {
			return err
		}
		for r.block.left > 0 {
			err := r.block.next(&row)
			for k := range row.Classes {
				if err == nil && !apart(&row.Classes[k], seen) {
					err = errSet
				}
			}
			if err != nil {
				return &Damage{Block: i, Offset: e.offset, Err: err}
			}
			sum.add(&row, row.Classes)
		}
	}
	if sum.digest() != r.dir.digest {
		return &Damage{Block: -1, Offset: r.size, Err: errDigest}
	}
	return nil
}

// apart reports whether nobody is in two of the sets that have nobody in common.
func apart(c *genotype.Classes, seen []uint64) bool {
	clear(seen)
	both := uint64(0)
	put := func(id uint32) {
		both |= seen[id/64] & (1 << (id % 64))
		seen[id/64] |= 1 << (id % 64)
	}
	for _, s := range [...]genotype.Set{c.Het, c.Hom, c.Missing} {
		for i, w := range s.Bits {
			both |= seen[i] & w
			seen[i] |= w
		}
		for _, id := range s.IDs {
			put(id)
		}
	}
	for _, h := range c.Halves {
		put(h.Sample)
	}
	return both == 0
}

// digester sums up rows as they are meant, however a block writes them. What Writer
// sums up is compared with what Check reads: a fault of the encoding, or of memory before
// a part was sealed, is not seen by any checksum.
type digester struct {
	sum     hash.Hash
	samples int
	buf     []byte
	ids     []uint32
	bits    bitset
}

func newDigester(names []string) *digester {
	d := &digester{sum: sha256.New(), samples: len(names), buf: []byte("locus/store/v1")}
	d.buf = binary.AppendUvarint(d.buf, uint64(len(names)))
	for _, name := range names {
		d.buf = appendText(d.buf, name)
	}
	return d
}

func (d *digester) digest() [32]byte {
	d.sum.Write(d.buf)
	d.buf = d.buf[:0]
	return [32]byte(d.sum.Sum(nil))
}

func (d *digester) add(row *genotype.Row, classes []genotype.Classes) {
	s := &row.Site
	d.buf = append(appendText(d.buf, s.Contig), bit(s.Pass, 1)|bit(row.Coded, 2))
	d.buf = binary.LittleEndian.AppendUint32(d.buf, s.Pos)
	d.buf = binary.LittleEndian.AppendUint32(d.buf, s.End)
	d.buf = binary.AppendUvarint(appendText(d.buf, s.Ref), uint64(len(s.Alts)))
	for _, alt := range s.Alts {
		d.buf = appendText(d.buf, alt)
	}
	d.buf = binary.AppendUvarint(d.buf, uint64(len(s.Aligned)))
	for _, a := range s.Aligned {
		d.buf = appendSpelling(d.buf, a, s.Pos)
	}
	d.buf = binary.AppendUvarint(d.buf, uint64(row.Dropped))
	for i := range classes {
		c := &classes[i]
		d.buf = append(d.buf, byte(c.Base))
		for _, set := range [...]*genotype.Set{&c.Het, &c.Hom, &c.Missing, &c.Haploid, &c.Other} {
			d.set(set)
		}
		d.buf = binary.AppendUvarint(d.buf, uint64(len(c.Halves)))
		for _, h := range c.Halves {
			d.buf = binary.LittleEndian.AppendUint32(append(d.buf, bit(h.Alt, 1)), h.Sample)
		}
	}
	d.sum.Write(d.buf)
	d.buf = d.buf[:0]
}

// set takes a list of samples, or a bitmap of many.
func (d *digester) set(s *genotype.Set) {
	n := s.Len()
	d.buf = binary.AppendUvarint(d.buf, uint64(n))
	if n <= genotype.MostListed(d.samples) {
		ids := s.IDs
		if s.Bits != nil {
			d.ids = slices.AppendSeq(d.ids[:0], s.All())
			ids = d.ids
		}
		d.buf = slices.Grow(d.buf, 4*len(ids))
		for _, id := range ids {
			d.buf = binary.LittleEndian.AppendUint32(d.buf, id)
		}
		return
	}
	words := s.Bits
	if words == nil {
		if d.bits == nil {
			d.bits = make(bitset, genotype.Words(d.samples))
		}
		clear(d.bits)
		d.bits.add(*s, 0)
		words = d.bits
	}
	d.buf = slices.Grow(d.buf, 8*len(words))
	for _, w := range words {
		d.buf = binary.LittleEndian.AppendUint64(d.buf, w)
	}
}
