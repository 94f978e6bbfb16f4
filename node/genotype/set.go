package genotype

import (
	"iter"
	"math/bits"
)

// Set is some of a file's samples, by their numbers in its order.
type Set struct {
	// IDs ascend. They are the set when Bits is nil.
	IDs []uint32
	// Bits has sample i as bit i%64 of word i/64, and no bit above the last sample.
	Bits []uint64
}

// listed is the part of the samples, one in so many, up to which a set is a list: from
// there on a bitmap is counted faster and takes no more room.
const listed = 32

// MostListed is how many of so many samples a set has at most as a list, where one is
// free to choose.
func MostListed(samples int) int { return samples / listed }

// Words is the length of a bitmap of so many samples.
func Words(samples int) int { return (samples + 63) / 64 }

// Len is how many samples are in the set.
func (s *Set) Len() int {
	if s.Bits == nil {
		return len(s.IDs)
	}
	n := 0
	for _, w := range s.Bits {
		n += bits.OnesCount64(w)
	}
	return n
}

// Has reports whether a sample is in the set. It searches a list from its beginning:
// All is for who wants more than a few.
func (s *Set) Has(sample uint32) bool {
	if s.Bits != nil {
		w := sample / 64
		return int(w) < len(s.Bits) && s.Bits[w]>>(sample%64)&1 != 0
	}
	for _, id := range s.IDs {
		if id >= sample {
			return id == sample
		}
	}
	return false
}

// All gives the samples of the set as they ascend.
func (s *Set) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if s.Bits == nil {
			for _, id := range s.IDs {
				if !yield(id) {
					return
				}
			}
			return
		}
		for i, w := range s.Bits {
			for ; w != 0; w &= w - 1 {
				if !yield(uint32(64*i + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// Fits reports whether a set can be one of so many samples: a list ends before them,
// and a bitmap is as long as they make it. That the rest of what Set asks for holds is
// its maker's to see to.
func (s *Set) Fits(samples int) bool {
	if s.Bits != nil {
		over := uint(samples % 64)
		return len(s.Bits) == Words(samples) && (over == 0 || s.Bits[len(s.Bits)-1]>>over == 0)
	}
	return len(s.IDs) == 0 || uint64(s.IDs[len(s.IDs)-1]) < uint64(samples)
}

// list makes a bitmap of few people, which has n of them, a list in the memory of ids.
func (s *Set) list(n, samples int, ids *[]uint32) {
	if n == 0 || n > MostListed(samples) {
		return
	}
	to := (*ids)[:0]
	for i, w := range s.Bits {
		for ; w != 0; w &= w - 1 {
			to = append(to, uint32(64*i+bits.TrailingZeros64(w)))
		}
	}
	*ids, *s = to, Set{IDs: to}
}

// pack makes a long list a bitmap.
func (s *Set) pack(samples int) {
	if len(s.IDs) <= MostListed(samples) {
		return
	}
	s.Bits = make([]uint64, Words(samples))
	for _, id := range s.IDs {
		s.Bits[id/64] |= 1 << (id % 64)
	}
}
