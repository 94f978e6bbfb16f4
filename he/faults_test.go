package he_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/he"
)

// TestOpenNamesWrongShares opens with shares of which some belong to another sum.
func TestOpenNamesWrongShares(t *testing.T) {
	for _, c := range []struct {
		threshold, given int
		wrong            []int // places in the roster
		named            bool
	}{
		{2, 3, []int{1}, false}, // one to spare says that, not who
		{2, 4, []int{0}, true},
		{2, 4, []int{1}, true},
		{2, 4, []int{3}, true},
		{2, 4, []int{1, 2}, false},
		{2, 6, []int{1, 4}, true},
		{3, 7, []int{0, 6}, true},
		{1, 3, []int{2}, true},
		{4, 7, []int{3}, true},
		{5, 7, []int{6}, true},
		{6, 7, []int{6}, false},
	} {
		t.Run(fmt.Sprintf("%d wrong of %d, %d needed", len(c.wrong), c.given, c.threshold), func(t *testing.T) {
			s := newSession(t, 7, c.threshold, 10)
			s.Points = []uint32{3, 1, 4, 15, 9, 2, 4294967295}
			var cut []contribution
			for site := range 7 {
				cut = append(cut, contribute(t, s, site, extremes(s, site)))
			}
			total, smaller := add(t, cut...), add(t, cut[:5]...)
			openings := slices.Clone(total.openings[:c.given])
			var want []uint32
			good := slices.Clone(openings)
			for _, i := range c.wrong {
				openings[i] = smaller.openings[i]
				want = append(want, s.Points[i])
				good = slices.DeleteFunc(good, func(o he.Share) bool { return o.Point() == s.Points[i] })
			}
			_, err := he.Open(s, total.hidden, total.check, openings)
			if !errors.Is(err, he.ErrShare) {
				t.Fatalf("Open: %v, want ErrShare", err)
			}
			var wrong *he.WrongSharesError
			if !c.named {
				if errors.As(err, &wrong) && slices.Equal(wrong.Points, want) {
					t.Fatalf("%v: that is not clear from these shares", err)
				}
				return
			}
			if !errors.As(err, &wrong) || !slices.Equal(wrong.Points, want) {
				t.Fatalf("Open: %v, want points %d named", err, want)
			}
			got, err := he.Open(s, total.hidden, total.check, good)
			if err != nil || !slices.Equal(got, total.words) {
				t.Fatalf("the others do not open the sum: %v", err)
			}
		})
	}
}

// TestOpenNamesTheShareWithOneWrongNumber has it off by one, and all others right.
func TestOpenNamesTheShareWithOneWrongNumber(t *testing.T) {
	s := newSession(t, 5, 3, 10)
	var cut []contribution
	for site := range 5 {
		cut = append(cut, contribute(t, s, site, extremes(s, site)))
	}
	total := add(t, cut...)
	for _, at := range []int{0, 2047, 2048, 2049} { // of the key, and of the check words' masks
		openings := slices.Clone(total.openings)
		openings[2] = he.BumpShare(openings[2], at)
		_, err := he.Open(s, total.hidden, total.check, openings)
		var wrong *he.WrongSharesError
		if !errors.As(err, &wrong) || !slices.Equal(wrong.Points, []uint32{3}) {
			t.Errorf("number %d is wrong: %v, want point 3 named", at, err)
		}
	}
}
