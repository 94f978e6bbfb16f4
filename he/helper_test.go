package he_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/he"
)

// newSession is a session of n sites at points 1..n with threshold t.
func newSession(tb testing.TB, n, t, words int) he.Session {
	tb.Helper()
	p, err := he.ParamsFor(n)
	if err != nil {
		tb.Fatal(err)
	}
	s := he.Session{Params: p, ID: he.SessionID{1}, Threshold: t, Words: words, CheckKey: newCheckKey(tb, 7)}
	for i := range n {
		s.Points = append(s.Points, uint32(i+1))
	}
	return s
}

func newRoot(tb testing.TB, site int) he.SessionRoot {
	tb.Helper()
	b := make([]byte, 32)
	binary.BigEndian.PutUint32(b, uint32(site+1))
	r, err := he.NewSessionRoot(b)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// contribution is what one site makes of its words.
type contribution struct {
	words  []int64
	hidden []byte
	check  he.Check
	shares []he.Share
}

func contribute(tb testing.TB, s he.Session, site int, words []int64) contribution {
	tb.Helper()
	return contributeUnder(tb, s, newRoot(tb, site), words)
}

func contributeUnder(tb testing.TB, s he.Session, root he.SessionRoot, words []int64) contribution {
	tb.Helper()
	m, err := he.NewMask(s, root, words)
	if err != nil {
		tb.Fatal(err)
	}
	defer m.Wipe()
	c := contribution{words: words}
	var b bytes.Buffer
	if n, err := m.WriteTo(&b); err != nil || n != m.Size() || n != int64(b.Len()) {
		tb.Fatalf("WriteTo: %d of %d bytes, %d arrived, %v", n, m.Size(), b.Len(), err)
	}
	c.hidden = b.Bytes()
	if c.check, err = m.Check(); err != nil {
		tb.Fatal(err)
	}
	if c.shares, err = m.Shares(); err != nil {
		tb.Fatal(err)
	}
	return c
}

// sum is what coordinator and sites make of the contributions of a cut.
type sum struct {
	words    []int64
	hidden   []byte
	check    he.Check
	openings []he.Share // one a point
}

func add(tb testing.TB, cut ...contribution) sum {
	tb.Helper()
	s := sum{words: make([]int64, len(cut[0].words)), hidden: make([]byte, len(cut[0].hidden))}
	for _, c := range cut {
		for i, w := range c.words {
			s.words[i] += w
		}
		if err := he.Add(s.hidden, c.hidden); err != nil {
			tb.Fatal(err)
		}
		s.check = he.AddCheck(s.check, c.check)
	}
	for i := range cut[0].shares {
		var held []he.Share
		for _, c := range cut {
			held = append(held, c.shares[i])
		}
		o, err := he.SumShares(held)
		if err != nil {
			tb.Fatal(err)
		}
		s.openings = append(s.openings, o)
	}
	return s
}

// with is a sum and one more contribution: shares of a sum add up like others.
func (s sum) with(c contribution) []contribution {
	if s.hidden == nil {
		return []contribution{c}
	}
	return []contribution{{s.words, s.hidden, s.check, s.openings}, c}
}

// pick returns openings at some places.
func (s sum) pick(places ...int) (picked []he.Share) {
	for _, i := range places {
		picked = append(picked, s.openings[i])
	}
	return picked
}

// extremes are words of which each is the largest, the smallest or any in between.
func extremes(s he.Session, seed int) []int64 {
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	limit := s.Params.MaxWord(len(s.Points))
	words := make([]int64, s.Words)
	for i := range words {
		switch i % 4 {
		case 0:
			words[i] = limit
		case 1:
			words[i] = -limit
		case 2:
			words[i] = rng.Int64N(2*limit+1) - limit
		}
	}
	return words
}

func newCheckKey(tb testing.TB, fill byte) he.CheckKey {
	tb.Helper()
	k, err := he.NewCheckKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}
