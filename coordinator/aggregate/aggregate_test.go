package aggregate_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/coordinator/aggregate"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

const wordBytes = 6

// sites hand out words, as a transport does.
type sites struct {
	mu    sync.Mutex
	words map[wire.PeerID][]byte
	// breakAfter lets so many bytes of a peer's transfer through, once.
	breakAfter map[wire.PeerID]int64
	// pulled counts the bytes that were sent.
	pulled int64
}

// Pull sends words from an offset on, and like a transport looks at the digest only
// when it sends all of them.
func (s *sites) Pull(_ context.Context, to wire.PeerID, item wire.Item, offset int64, w io.Writer) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := s.words[to]
	if int64(len(words)) != item.Size {
		return 0, wire.ErrDigest
	}
	rest, cut := words[offset:], false
	if most, ok := s.breakAfter[to]; ok && most < int64(len(rest)) {
		rest, cut = rest[:most], true
		delete(s.breakAfter, to)
	}
	n, err := w.Write(rest)
	s.pulled += int64(n)
	switch {
	case err != nil:
		return int64(n), err
	case cut:
		return int64(n), wire.ErrBroken
	case offset == 0 && sha256.Sum256(words) != item.Digest:
		return int64(n), wire.ErrDigest
	}
	return int64(n), nil
}

// newSites makes so many sites with so many random words each, and what they sign.
func newSites(seed uint64, count, words int) (*sites, []aggregate.Part) {
	dice := rand.NewChaCha8(protocol.Hash("words", fmt.Append(nil, seed)))
	s := &sites{words: make(map[wire.PeerID][]byte), breakAfter: make(map[wire.PeerID]int64)}
	var parts []aggregate.Part
	for i := range count {
		peer := wire.PeerID(fmt.Sprint("peer-", i+1))
		b := make([]byte, wordBytes*words)
		_, _ = dice.Read(b) // it never fails
		s.words[peer] = b
		parts = append(parts, aggregate.Part{Point: uint32(i + 1), Peer: peer, Words: sha256.Sum256(b), Size: int64(len(b))})
	}
	return s, parts
}

// naive adds word by word.
func (s *sites) naive(parts []aggregate.Part) []byte {
	sum := make([]byte, parts[0].Size)
	for at := 0; at < len(sum); at += wordBytes {
		total := uint64(0)
		for _, p := range parts {
			for i := range wordBytes {
				total += uint64(s.words[p.Peer][at+i]) << (8 * i)
			}
		}
		for i := range wordBytes {
			sum[at+i] = byte(total >> (8 * i))
		}
	}
	return sum
}

func newStore(t testing.TB) (*blob.Dir, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := blob.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func read(t testing.TB, s blob.Store, id protocol.Digest) []byte {
	t.Helper()
	r, _, err := s.Open(t.Context(), blob.ID(id), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheSumIsThatOfAllWords(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s, parts := newSites(rapid.Uint64().Draw(r, "seed"), rapid.IntRange(1, 9).Draw(r, "sites"), rapid.IntRange(1, 300).Draw(r, "words"))
		store, dir := newStore(t)
		sum, err := aggregate.Sum(t.Context(), s, store, parts)
		if err != nil {
			r.Fatal(err)
		}
		want := s.naive(parts)
		if sum != sha256.Sum256(want) || !bytes.Equal(read(t, store, sum), want) {
			r.Fatal("it is another sum")
		}
		if err := aggregate.Forget(t.Context(), store, parts, sum); err != nil {
			r.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || !bytes.Equal(read(t, store, sum), want) {
			r.Fatalf("%d files are left: %v", len(left), err)
		}
	})
}

func TestWordsOverSeveralWindows(t *testing.T) {
	const words = 300_001                      // 1.7 MiB, not a multiple of a window
	for _, count := range []int{3, 8, 9, 17} { // of which eight are added at once
		s, parts := newSites(1, count, words)
		store, _ := newStore(t)
		sum, err := aggregate.Sum(t.Context(), s, store, parts)
		if err != nil || !bytes.Equal(read(t, store, sum), s.naive(parts)) {
			t.Errorf("%d sites: it is another sum: %v", count, err)
		}
	}
}

func TestTwoSitesWithTheSameWordsAreBothAdded(t *testing.T) {
	s, parts := newSites(1, 3, 200)
	s.words["peer-2"], parts[1].Words = s.words["peer-1"], parts[0].Words
	store, _ := newStore(t)
	sum, err := aggregate.Sum(t.Context(), s, store, parts)
	if err != nil || !bytes.Equal(read(t, store, sum), s.naive(parts)) {
		t.Errorf("it is another sum: %v", err)
	}
}

func TestAFlippedByteIsNamedWithItsSite(t *testing.T) {
	for _, at := range []int{0, 599, 1199} {
		t.Run(fmt.Sprint("byte ", at), func(t *testing.T) {
			s, parts := newSites(1, 3, 200)
			s.words["peer-2"][at] ^= 0x80
			store, dir := newStore(t)
			_, err := aggregate.Sum(t.Context(), s, store, parts)
			var wrong *aggregate.WordsError
			if !errors.As(err, &wrong) || !errors.Is(err, aggregate.ErrWords) || wrong.Point != 2 {
				t.Fatalf("got %v", err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 2 {
				t.Errorf("the wrong words are kept: %d files, %v", len(left), err)
			}
			// The site mends it, and nothing of what was wrong is in the sum.
			s.words["peer-2"][at] ^= 0x80
			sum, err := aggregate.Sum(t.Context(), s, store, parts)
			if err != nil || !bytes.Equal(read(t, store, sum), s.naive(parts)) {
				t.Errorf("mended it is another sum: %v", err)
			}
		})
	}
}

func TestABrokenTransferGoesOn(t *testing.T) {
	s, parts := newSites(1, 3, 200)
	s.breakAfter["peer-3"] = 1000
	store, _ := newStore(t)
	if _, err := aggregate.Sum(t.Context(), s, store, parts); !errors.Is(err, wire.ErrBroken) {
		t.Fatalf("got %v, want %v", err, wire.ErrBroken)
	}
	sum, err := aggregate.Sum(t.Context(), s, store, parts)
	if err != nil || !bytes.Equal(read(t, store, sum), s.naive(parts)) {
		t.Fatalf("it is another sum: %v", err)
	}
	if want := 3 * parts[0].Size; s.pulled != want {
		t.Errorf("%d bytes were sent, want each of %d once", s.pulled, want)
	}
}

func TestAFlippedByteAfterABreakIsFound(t *testing.T) {
	s, parts := newSites(1, 2, 200)
	s.breakAfter["peer-1"] = 600
	store, _ := newStore(t)
	if _, err := aggregate.Sum(t.Context(), s, store, parts); !errors.Is(err, wire.ErrBroken) {
		t.Fatalf("got %v, want %v", err, wire.ErrBroken)
	}
	s.words["peer-1"][900] ^= 1
	if _, err := aggregate.Sum(t.Context(), s, store, parts); !errors.Is(err, aggregate.ErrWords) {
		t.Errorf("got %v, want %v", err, aggregate.ErrWords)
	}
}

func TestPartsThatCannotBeAdded(t *testing.T) {
	s, parts := newSites(1, 3, 10)
	edited := func(edit func([]aggregate.Part)) []aggregate.Part {
		list := append([]aggregate.Part(nil), parts...)
		edit(list)
		return list
	}
	for _, tt := range []struct {
		name  string
		parts []aggregate.Part
	}{
		{"nobody's", nil},
		{"a site's twice", append(edited(func([]aggregate.Part) {}), parts[1])},
		{"of different lengths", edited(func(l []aggregate.Part) { l[2].Size -= wordBytes })},
		{"of half a word", edited(func(l []aggregate.Part) {
			for i := range l {
				l[i].Size--
			}
		})},
		{"of nothing", edited(func(l []aggregate.Part) {
			for i := range l {
				l[i].Size = 0
			}
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store, _ := newStore(t)
			if _, err := aggregate.Sum(t.Context(), s, store, tt.parts); !errors.Is(err, aggregate.ErrParts) {
				t.Errorf("got %v, want %v", err, aggregate.ErrParts)
			}
		})
	}
}

// Memory is nine windows at most, whatever the number of sites and words.
func BenchmarkSum(b *testing.B) {
	const words = 1 << 20
	for _, count := range []int{3, 10, 20} {
		b.Run(fmt.Sprint(count, " sites"), func(b *testing.B) {
			s, parts := newSites(1, count, words)
			b.SetBytes(int64(count) * parts[0].Size)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				store, _ := newStore(b)
				b.StartTimer()
				if _, err := aggregate.Sum(b.Context(), s, store, parts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
