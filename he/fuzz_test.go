package he_test

import (
	"bytes"
	"errors"
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
		share, err := he.OpenShare(s.Params, private, []byte("place"), b, 2)
		switch {
		case err == nil && len(b) != he.SealedShareSize(s.Params):
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
		words, err := he.UnpackShare(b)
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
		if err := he.Add(sum, b); err != nil {
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
