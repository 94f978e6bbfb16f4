package pgen

import (
	"fmt"
	"hash/maphash"
	"slices"
)

// blocks is the index of all records. It is kept as a whole, or read again block by
// block when its records are.
type blocks struct {
	offsets []uint64 // where the records of each begin
	kept    []block  // all of them, if again is nil
	again   *source  // else where the next one is,
	sums    []uint64 // what each of them was the first time,
	here    block    // and the one that was read last
	memory  []byte
	seed    maphash.Seed
}

// block is the index of some records, as it is in the file. In files of one width
// there is none.
type block struct{ kinds, lengths, alleles []byte }

// record is the kind and length of a record in a block, and how many alleles the
// header says it has (0 if it does not).
func (x *index) record(b *block, i int) (kind byte, length, alleles uint64) {
	if x.alleles > 0 {
		alleles = little(b.alleles[i*x.alleles:], x.alleles)
	}
	return x.kind(b, i), little(b.lengths[i*x.length:], x.length), alleles
}

func (x *index) kind(b *block, i int) byte {
	if x.wide {
		return b.kinds[i]
	}
	return b.kinds[i/2] >> (i % 2 * 4) & 15
}

// block is the one that has variant n, counted from 0. Where blocks are read again they
// are asked for in order.
func (x *index) block(n uint64) *block {
	if x.blocks.again != nil {
		return &x.blocks.here
	}
	return &x.blocks.kept[n/perBlock]
}

// open makes block k the one that is read, and forgets the one before.
func (x *index) open(k int) error {
	b := &x.blocks
	if b.again == nil {
		if k > 0 {
			b.kept[k-1] = block{}
		}
		return nil
	}
	var sum uint64
	var err error
	if b.here, sum, err = x.readBlock(b.again, k); err != nil {
		return fmt.Errorf("read the index again: %w", err)
	}
	if sum != b.sums[k] {
		return fmt.Errorf("%w: the index is not what it was a moment ago", ErrHeader)
	}
	return nil
}

func (x *index) readBlocks(s *source) error {
	n := int((x.variants + perBlock - 1) / perBlock)
	offsets, err := s.bytes(8 * n)
	if err != nil {
		return err
	}
	b := &x.blocks
	for k := range n {
		one, sum, err := x.readBlock(s, k)
		if err != nil {
			return err
		}
		b.offsets = append(b.offsets, little(offsets[8*k:], 8))
		if b.again == nil {
			b.kept, b.memory = append(b.kept, one), nil
		} else {
			b.sums = append(b.sums, sum)
		}
	}
	return nil
}

// sum is something else for another index, so far as a fault can make one.
func (x *index) sum(p []byte) uint64 {
	if x.blocks.seed == (maphash.Seed{}) {
		x.blocks.seed = maphash.MakeSeed()
	}
	return maphash.Bytes(x.blocks.seed, p)
}

// readBlock reads block k into memory, which is that of the block before unless someone
// took it.
func (x *index) readBlock(s *source, k int) (b block, sum uint64, err error) {
	in := int(min(x.variants-uint64(k)*perBlock, perBlock))
	kinds := in
	if !x.wide {
		kinds = (in + 1) / 2
	}
	n := kinds + in*(x.length+x.alleles)
	x.blocks.memory = slices.Grow(x.blocks.memory[:0], n)[:n]
	all := x.blocks.memory
	if err := s.fill(all); err != nil {
		return block{}, 0, err
	}
	b.kinds, b.lengths, b.alleles = all[:kinds], all[kinds:kinds+in*x.length], all[kinds+in*x.length:]
	if !x.wide && in%2 == 1 && b.kinds[kinds-1]>>4 != 0 {
		return block{}, 0, fmt.Errorf("%w: bits are set behind the last kind", ErrHeader)
	}
	if x.flags {
		err = s.skip(uint64(in+7) / 8)
	}
	if x.blocks.again != nil {
		sum = x.sum(all)
	}
	return b, sum, err
}
