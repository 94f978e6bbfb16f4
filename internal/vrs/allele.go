package vrs

import (
	"errors"
	"fmt"
)

var (
	// ErrChange is returned for alleles that change nothing, or whose REF is not what the
	// sequence has there.
	ErrChange = errors.New("vrs: not a change of this sequence")
	// ErrRepeat is returned for a change within a repeat that is longer than any known.
	ErrRepeat = errors.New("vrs: the change can stand in too many places")
)

// maxRoll bounds how far a change is rolled each way. Exact repeats are shorter.
const maxRoll = 1 << 20

// Allele is a change in its one form: the bases [Start, End) of a sequence, counted from
// 0, and what stands there instead.
type Allele struct {
	Start, End uint64
	// Bases is what stands there. It may be a part of the sequence it was made from.
	Bases []byte
	// Repeat is not 0 where Bases are the first bases of [Start, End) repeated: the length of what
	// is repeated.
	Repeat uint64
}

// Normalize writes a change in its one form: REF at a place of a sequence, counted from
// 0, becomes ALT. Shared ends are cut off; an insertion or a deletion is then rolled left
// and right as far as it stays the same change, and covers all of that (VRS 2.0,
// "Normalization"; VRS 1.3 does the same and forgets Repeat).
func Normalize(sequence []byte, at int, ref, alt string) (Allele, error) {
	if at < 0 || at > len(sequence) || len(ref) > len(sequence)-at || string(sequence[at:at+len(ref)]) != ref {
		return Allele{}, fmt.Errorf("%w: REF is another", ErrChange)
	}
	for ref != "" && alt != "" && ref[len(ref)-1] == alt[len(alt)-1] {
		ref, alt = ref[:len(ref)-1], alt[:len(alt)-1]
	}
	for ref != "" && alt != "" && ref[0] == alt[0] {
		ref, alt, at = ref[1:], alt[1:], at+1
	}
	end := at + len(ref)
	if ref != "" && alt != "" {
		return Allele{Start: uint64(at), End: uint64(end), Bases: []byte(alt)}, nil
	}
	seed := ref + alt
	if seed == "" {
		return Allele{}, fmt.Errorf("%w: REF and ALT are the same", ErrChange)
	}
	left, right, err := roll(sequence, at, end, seed)
	if err != nil {
		return Allele{}, err
	}
	a := Allele{Start: uint64(left), End: uint64(right)}
	if alt == "" {
		// What is left of the region is its start, whichever copy goes.
		a.Bases, a.Repeat = sequence[left:right-len(seed)], uint64(len(seed))
		return a, nil
	}
	a.Bases = append(append(append(make([]byte, 0, right-left+len(seed)), sequence[left:at]...), alt...), sequence[at:right]...)
	if left != right {
		a.Repeat = unit(a.Bases, len(seed), right-left)
	}
	return a, nil
}

// roll is how far an insertion of seed before at, or its deletion from [at, end), can be
// moved each way.
func roll(sequence []byte, at, end int, seed string) (left, right int, err error) {
	left, right = at, end
	for ; left > 0 && sequence[left-1] == seed[len(seed)-1-(at-left)%len(seed)]; left-- {
		if at-left == maxRoll {
			return 0, 0, fmt.Errorf("%w: over %d bases to the left", ErrRepeat, maxRoll)
		}
	}
	for ; right < len(sequence) && sequence[right] == seed[(right-end)%len(seed)]; right++ {
		if right-end == maxRoll {
			return 0, 0, fmt.Errorf("%w: over %d bases to the right", ErrRepeat, maxRoll)
		}
	}
	return left, right, nil
}

// unit is the greatest factor of an insertion's length that fits into the region and
// that the bases repeat; 0 if there is none.
func unit(bases []byte, inserted, region int) uint64 {
	for d := min(inserted, region); d > 0; d-- {
		if inserted%d == 0 && repeats(bases, d) {
			return uint64(d)
		}
	}
	return 0
}

func repeats(bases []byte, d int) bool {
	for i := d; i < len(bases); i++ {
		if bases[i] != bases[i-d] {
			return false
		}
	}
	return true
}
