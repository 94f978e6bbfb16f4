package he_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/he"
)

// FuzzOpenShare opens what a stranger sealed, or did not.
func FuzzOpenShare(f *testing.F) {
	private, public, err := he.KEMFromSeed([32]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	s := newSession(f, 3, 2, 1)
	sealed, err := contribute(f, s, 0, []int64{1}).shares[1].Seal(public, []byte("place"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:len(sealed)-1])
	f.Add(append([]byte{2}, sealed[1:]...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		share, err := he.OpenShare(s.Params, 1, private, []byte("place"), b, 2)
		switch {
		case err == nil && len(b) != he.SealedShareSize(s.Params, 1):
			t.Fatalf("a share of %d bytes opens", len(b))
		case err == nil && share.Point() != 2:
			t.Fatalf("it is for point %d", share.Point())
		case err != nil && !errors.Is(err, he.ErrSealed):
			t.Fatal(err)
		}
	})
}

// FuzzUnpackShare parses what comes out of a seal: its sender may be anybody.
func FuzzUnpackShare(f *testing.F) {
	good := he.ShareBytes(contribute(f, newSession(f, 3, 2, 1), 0, []int64{1}).shares[0])
	f.Add(good)
	f.Add(bytes.Repeat([]byte{0xff}, len(good)))
	f.Add(make([]byte, len(good)))
	f.Add(good[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		words, err := he.UnpackShare(b, 1)
		if err != nil {
			if !errors.Is(err, he.ErrSealed) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(he.PackWords(words), b) {
			t.Fatal("what was read is not what was written")
		}
	})
}

// FuzzOpen opens any sum, with any check words: only the honest one passes.
func FuzzOpen(f *testing.F) {
	s := newSession(f, 3, 2, 3)
	total := add(f, contribute(f, s, 0, []int64{1, 2, 3}), contribute(f, s, 1, []int64{4, 5, 6}))
	f.Add(total.hidden, total.check[0], total.check[1])
	f.Add(total.hidden[:12], total.check[0], total.check[1])
	f.Add(bytes.Repeat([]byte{0xff}, 18), ^uint64(0), uint64(0))
	f.Fuzz(func(t *testing.T, hidden []byte, a, b uint64) {
		words, err := he.Open(s, hidden, he.Check{a, b}, total.openings)
		if err != nil {
			if !errors.Is(err, he.ErrLength) && !errors.Is(err, he.ErrAltered) {
				t.Fatal(err)
			}
			return
		}
		// The low bits of a word are noise: altered there, it is the same number.
		if words[0] != 5 || words[1] != 7 || words[2] != 9 {
			t.Fatalf("another sum passes the check: %d", words)
		}
	})
}

// FuzzAdd adds words and takes care of lengths.
func FuzzAdd(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0xff}, 30), bytes.Repeat([]byte{1}, 30))
	f.Add([]byte{1, 2, 3, 4, 5, 6}, []byte{1, 2, 3, 4, 5, 6})
	f.Add([]byte{1, 2, 3}, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		sum := bytes.Clone(a)
		if err := he.Add(sum, make([]byte, len(a)), b); err != nil {
			if !errors.Is(err, he.ErrLength) || !bytes.Equal(sum, a) {
				t.Fatalf("%v, and the sum was touched: %v", err, !bytes.Equal(sum, a))
			}
			return
		}
		for i := range len(a) / 6 {
			if got, want := word48(sum, i), (word48(a, i)+word48(b, i))&(1<<48-1); got != want {
				t.Fatalf("word %d is %x, want %x", i, got, want)
			}
		}
	})
}

// FuzzOpenings alters numbers of openings, of which there are more than are needed: the
// sum opens as it is, or it does not, and the wrong ones are named when there is one.
func FuzzOpenings(f *testing.F) {
	s := newSession(f, 5, 2, 3)
	s.Points = []uint32{9, 1, 1 << 31, 4, 7}
	total := add(f, contribute(f, s, 0, []int64{1, 2, 3}), contribute(f, s, 1, []int64{4, 5, 6}))
	f.Add(uint16(0), uint8(0), uint16(0), uint8(0))
	f.Add(uint16(3), uint8(1), uint16(0), uint8(0))
	f.Add(uint16(2049), uint8(4), uint16(2048), uint8(2))
	f.Add(uint16(5), uint8(2), uint16(5), uint8(2))
	f.Fuzz(func(t *testing.T, at uint16, site uint8, at2 uint16, site2 uint8) {
		openings := slices.Clone(total.openings)
		a, b := int(site)%6, int(site2)%6 // the last stands for none
		for i, place := range []int{a, b} {
			if place < 5 {
				openings[place] = he.BumpShare(openings[place], int([]uint16{at, at2}[i])%2050)
			}
		}
		words, err := he.Open(s, total.hidden, total.check, openings)
		var wrong *he.WrongSharesError
		switch {
		case a == 5 && b == 5:
			if err != nil || !slices.Equal(words, []int64{5, 7, 9}) {
				t.Fatalf("all openings are right: %d, %v", words, err)
			}
		case !errors.Is(err, he.ErrShare):
			t.Fatalf("an opening is wrong: %v", err)
		case a == 5 || b == 5 || a == b:
			if want := s.Points[min(a, b)]; !errors.As(err, &wrong) || !slices.Equal(wrong.Points, []uint32{want}) {
				t.Fatalf("opening %d is wrong: %v", want, err)
			}
		}
	})
}
