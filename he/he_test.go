package he_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/he"
)

func TestSumIsExactAtExtremeValues(t *testing.T) {
	for _, c := range []struct {
		n, t, count int
		long        bool
	}{
		{2, 2, 1, false},
		{2, 1, 2047, false},
		{3, 3, 2048, false},
		{3, 2, 5000, false},
		{10, 7, 2049, false},
		{50, 34, 4096, true},
		{90, 61, 2048, true},
		{100, 67, 3000, true},
		{380, 3, 2048, true},
	} {
		t.Run(fmt.Sprintf("%d sites, threshold %d, %d words", c.n, c.t, c.count), func(t *testing.T) {
			if c.long && testing.Short() {
				t.Skip("many sites")
			}
			s := newSession(t, c.n, c.t, c.count)
			var total sum
			for i := range c.n {
				words := extremes(s, i)
				if i%2 == 1 { // half of the columns cancel, the others reach the bound
					words[0] = -words[0]
				}
				next := contribute(t, s, i, words)
				next.shares = next.shares[:c.t] // all of 380 sites would fill the memory
				total = add(t, total.with(next)...)
			}
			if len(total.hidden) != 6*c.count {
				t.Errorf("%d bytes for %d words, want 6 a word", len(total.hidden), c.count)
			}
			got, err := he.Open(s, total.hidden, total.check, total.openings[:c.t])
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, total.words) {
				t.Fatal("the sum is not exact")
			}
		})
	}
}

// TestSumIsExactForNumbersOfSites has all sites at one extreme, and at the other.
func TestSumIsExactForNumbersOfSites(t *testing.T) {
	for n := 2; n <= 100; n++ {
		// Of the larger numbers every seventh, and those where the parameters change.
		if n > 20 && n%7 != 2 && n != 90 && n != 91 || n > 40 && testing.Short() {
			continue
		}
		s := newSession(t, n, 2, 2)
		limit := s.Params.MaxWord(n)
		var total sum
		for i := range n {
			next := contribute(t, s, i, []int64{limit, -limit})
			next.shares = next.shares[:2]
			total = add(t, total.with(next)...)
		}
		got, err := he.Open(s, total.hidden, total.check, total.openings)
		if err != nil {
			t.Fatalf("%d sites: %v", n, err)
		}
		if want := int64(n) * limit; got[0] != want || got[1] != -want {
			t.Errorf("%d sites: %d, want %d and its negative", n, got, want)
		}
	}
}

// TestEveryThresholdOpens opens with each threshold, from the first and the last
// openings, and from all of them.
func TestEveryThresholdOpens(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for threshold := 1; threshold <= n; threshold++ {
			t.Run(fmt.Sprintf("%d of %d", threshold, n), func(t *testing.T) {
				s := newSession(t, n, threshold, 10)
				var cut []contribution
				for i := range n {
					cut = append(cut, contribute(t, s, i, extremes(s, i)))
				}
				total := add(t, cut...)
				for _, openings := range [][]he.Share{total.openings[:threshold], total.openings[n-threshold:], total.openings} {
					got, err := he.Open(s, total.hidden, total.check, openings)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(total.words, got); diff != "" {
						t.Fatal(diff)
					}
				}
				if threshold > 1 {
					if _, err := he.Open(s, total.hidden, total.check, total.openings[:threshold-1]); !errors.Is(err, he.ErrShare) {
						t.Errorf("one opening too few: %v, want ErrShare", err)
					}
				}
			})
		}
	}
}

// TestSitesMayDrop: bob never uploads, dave uploads and then is gone.
func TestSitesMayDrop(t *testing.T) {
	const alice, carol, dave, erin = 0, 2, 3, 4
	s := newSession(t, 5, 3, 100)
	var cut []contribution
	for _, site := range []int{alice, carol, dave, erin} {
		cut = append(cut, contribute(t, s, site, extremes(s, site)))
	}
	total := add(t, cut...)
	got, err := he.Open(s, total.hidden, total.check, total.pick(alice, carol, erin))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(total.words, got); diff != "" {
		t.Fatal(diff)
	}
}

// TestSameInputsGiveSameBytes and TestAnyChangeGivesAnotherSecret hold the rule that
// one secret hides one vector.
func TestSameInputsGiveSameBytes(t *testing.T) {
	s := newSession(t, 3, 2, 3000)
	words := extremes(s, 1)
	a, b := contribute(t, s, 1, words), contribute(t, s, 1, words)
	if !bytes.Equal(a.hidden, b.hidden) || a.check != b.check || !bytes.Equal(he.ShareBytes(a.shares[0]), he.ShareBytes(b.shares[0])) {
		t.Fatal("the same root, session and words gave other bytes")
	}
}

func TestAnyChangeGivesAnotherSecret(t *testing.T) {
	s := newSession(t, 3, 2, 10)
	words := make([]int64, 10)
	same := he.ShareBytes(contribute(t, s, 1, words).shares[0])
	for name, change := range map[string]func(s *he.Session, words *[]int64, site *int){
		"another site's root":   func(_ *he.Session, _ *[]int64, site *int) { *site = 2 },
		"another session":       func(s *he.Session, _ *[]int64, _ *int) { s.ID[31] = 1 },
		"one word more":         func(s *he.Session, w *[]int64, _ *int) { *w, s.Words = make([]int64, 11), 11 },
		"one word changed":      func(_ *he.Session, w *[]int64, _ *int) { (*w)[9] = -1 },
		"another threshold":     func(s *he.Session, _ *[]int64, _ *int) { s.Threshold = 3 },
		"another point":         func(s *he.Session, _ *[]int64, _ *int) { s.Points = []uint32{1, 2, 4} },
		"another check key":     func(s *he.Session, _ *[]int64, _ *int) { s.CheckKey = newCheckKey(t, 8) },
		"another parameter set": func(s *he.Session, _ *[]int64, _ *int) { s.Params, _ = he.ParseParams("a50g9") },
	} {
		t.Run(name, func(t *testing.T) {
			s, words, site := newSession(t, 3, 2, 10), make([]int64, 10), 1
			change(&s, &words, &site)
			if bytes.Equal(same, he.ShareBytes(contribute(t, s, site, words).shares[0])) {
				t.Fatal("the secret is the same")
			}
		})
	}
}

func TestSessionRefuses(t *testing.T) {
	for name, change := range map[string]func(s *he.Session){
		"no parameters":          func(s *he.Session) { s.Params = he.Params{} },
		"a single site":          func(s *he.Session) { s.Points, s.Threshold = []uint32{1}, 1 },
		"too many sites":         func(s *he.Session) { s.Points = newSession(t, 91, 2, 1).Points },
		"no words":               func(s *he.Session) { s.Words = 0 },
		"more words than 2^32":   func(s *he.Session) { s.Words = 1<<32 + 1 },
		"threshold 0":            func(s *he.Session) { s.Threshold = 0 },
		"a negative threshold":   func(s *he.Session) { s.Threshold = -1 },
		"a threshold above n":    func(s *he.Session) { s.Threshold = 4 },
		"point 0":                func(s *he.Session) { s.Points[1] = 0 },
		"two equal points":       func(s *he.Session) { s.Points[1] = 3 },
		"a check key left empty": func(s *he.Session) { s.CheckKey = he.CheckKey{} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, 3, 2, 1)
			change(&s)
			if _, err := he.NewMask(s, newRoot(t, 0), []int64{1}); !errors.Is(err, he.ErrSession) {
				t.Errorf("NewMask: %v, want ErrSession", err)
			}
			if _, err := he.Open(s, make([]byte, 6), he.Check{}, nil); !errors.Is(err, he.ErrSession) {
				t.Errorf("Open: %v, want ErrSession", err)
			}
		})
	}
}

func TestNewMaskRefusesWords(t *testing.T) {
	s := newSession(t, 3, 2, 2)
	limit := s.Params.MaxWord(3)
	if 3*limit >= 1<<(47-s.Params.Guard()) || 3*(limit+1) < 1<<(47-s.Params.Guard()) {
		t.Errorf("MaxWord(3) = %d is not the largest number with 3 * MaxWord < 2^(47-%d)", limit, s.Params.Guard())
	}
	for _, c := range []struct {
		name  string
		words []int64
		want  error
	}{
		{"the largest and the smallest", []int64{limit, -limit}, nil},
		{"one too large", []int64{0, limit + 1}, he.ErrOverflow},
		{"one too small", []int64{0, -limit - 1}, he.ErrOverflow},
		{"the largest integer", []int64{1<<63 - 1, 0}, he.ErrOverflow},
		{"the smallest integer", []int64{-1 << 63, 0}, he.ErrOverflow},
		{"none", nil, he.ErrLength},
		{"one more than the session has", []int64{1, 2, 3}, he.ErrLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := he.NewMask(s, newRoot(t, 0), c.words); !errors.Is(err, c.want) {
				t.Fatalf("NewMask: %v, want %v", err, c.want)
			}
		})
	}
}

func TestAWipedMaskGivesNothing(t *testing.T) {
	m, err := he.NewMask(newSession(t, 3, 2, 1), newRoot(t, 0), []int64{1})
	if err != nil {
		t.Fatal(err)
	}
	m.Wipe()
	m.Wipe()
	if n, err := m.WriteTo(new(bytes.Buffer)); n != 0 || !errors.Is(err, he.ErrWiped) {
		t.Errorf("WriteTo: %d, %v", n, err)
	}
	if _, err := m.Check(); !errors.Is(err, he.ErrWiped) {
		t.Errorf("Check: %v", err)
	}
	if _, err := m.Shares(); !errors.Is(err, he.ErrWiped) {
		t.Errorf("Shares: %v", err)
	}
}

func TestWriteToReportsTheWriter(t *testing.T) {
	m, err := he.NewMask(newSession(t, 3, 2, 5000), newRoot(t, 0), make([]int64, 5000))
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	if n, err := m.WriteTo(&failing{after: 1, err: full}); n != 6*2048 || !errors.Is(err, full) {
		t.Fatalf("WriteTo: %d, %v", n, err)
	}
}

type failing struct {
	after int
	err   error
}

func (f *failing) Write(b []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return len(b), nil
}

func TestOpenRefuses(t *testing.T) {
	s := newSession(t, 4, 2, 3000)
	var cut []contribution
	for i := range 4 {
		cut = append(cut, contribute(t, s, i, extremes(s, i)))
	}
	total, part := add(t, cut...), add(t, cut[:3]...)
	flip := func(at int) []byte {
		b := bytes.Clone(total.hidden)
		b[at] ^= 0x80
		return b
	}
	other := func(change func(s *he.Session)) he.Session {
		o := newSession(t, 4, 2, 3000)
		change(&o)
		return o
	}
	check := func(at int) he.Check {
		c := total.check
		c[at] ^= 1
		return c
	}
	for _, c := range []struct {
		name   string
		s      he.Session
		hidden []byte
		check  he.Check
		shares []he.Share
		want   error
	}{
		{"nothing wrong", s, total.hidden, total.check, total.openings, nil},
		{"a bit of the first word altered", s, flip(5), total.check, total.openings, he.ErrAltered},
		{"a bit of the last word altered", s, flip(len(total.hidden) - 1), total.check, total.openings, he.ErrAltered},
		{"the first check word altered", s, total.hidden, check(0), total.openings, he.ErrAltered},
		{"the second check word altered", s, total.hidden, check(1), total.openings, he.ErrAltered},
		{"a check word that is not below q", s, total.hidden, he.Check{1<<64 - 1, total.check[1]}, total.openings, he.ErrAltered},
		{"cut short by a word", s, total.hidden[:len(total.hidden)-6], total.check, total.openings, he.ErrLength},
		{"a word more", s, append(bytes.Clone(total.hidden), 0, 0, 0, 0, 0, 0), total.check, total.openings, he.ErrLength},
		{"cut short by a byte", s, total.hidden[:len(total.hidden)-1], total.check, total.openings, he.ErrLength},
		{"empty", s, nil, total.check, total.openings, he.ErrLength},
		{"openings of a smaller cut", s, total.hidden, total.check, part.openings, he.ErrAltered},
		{"a sum of a smaller cut", s, part.hidden, part.check, total.openings, he.ErrAltered},
		{"one opening of a smaller cut, none to spare", s, total.hidden, total.check, []he.Share{total.openings[0], part.openings[1]}, he.ErrAltered},
		{"one opening of a smaller cut, one to spare", s, total.hidden, total.check, []he.Share{total.openings[0], part.openings[1], total.openings[2]}, he.ErrShare},
		{"an opening twice", s, total.hidden, total.check, total.pick(1, 1), he.ErrShare},
		{"no opening", s, total.hidden, total.check, nil, he.ErrShare},
		{"an empty opening", s, total.hidden, total.check, []he.Share{{}, {}}, he.ErrShare},
		{"an opening of a stranger", other(func(s *he.Session) { s.Points = []uint32{1, 2, 3, 9} }), total.hidden, total.check, total.pick(0, 3), he.ErrShare},
		{"another session", other(func(s *he.Session) { s.ID[0]++ }), total.hidden, total.check, total.openings, he.ErrAltered},
		{"another check key", other(func(s *he.Session) { s.CheckKey = newCheckKey(t, 9) }), total.hidden, total.check, total.openings, he.ErrAltered},
		{"other parameters", other(func(s *he.Session) { s.Params, _ = he.ParseParams("a50g9") }), total.hidden, total.check, total.openings, he.ErrShare},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := he.Open(c.s, c.hidden, c.check, c.shares)
			if !errors.Is(err, c.want) || (got == nil) == (c.want == nil) {
				t.Fatalf("Open: %d words, %v; want %v", len(got), err, c.want)
			}
		})
	}
}

func TestSumSharesRefuses(t *testing.T) {
	a := contribute(t, newSession(t, 3, 2, 1), 0, []int64{1})
	other := newSession(t, 3, 2, 1)
	other.Params, _ = he.ParseParams("a50g9")
	b := contribute(t, other, 0, []int64{1})
	for name, shares := range map[string][]he.Share{
		"nothing":          nil,
		"two points":       {a.shares[0], a.shares[1]},
		"other parameters": {a.shares[0], b.shares[0]},
		"an empty share":   {a.shares[0], {}},
		"only an empty":    {{}},
		"more than sites":  slices.Repeat(a.shares[:1], 91),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := he.SumShares(shares); !errors.Is(err, he.ErrShare) {
				t.Fatalf("SumShares: %v, want ErrShare", err)
			}
		})
	}
}

// TestWordsThatChangeAreNotHidden changes the caller's words after the mask was made for
// them: under the same key, old and new words would give their difference away.
func TestWordsThatChangeAreNotHidden(t *testing.T) {
	const chunk = 8 * 2048
	s := newSession(t, 3, 2, 3*chunk-1000)
	changes := map[string]func(words []int64, at int){
		"by one":             func(words []int64, at int) { words[at] ^= 1 },
		"in its sign":        func(words []int64, at int) { words[at] = ^words[at] },
		"beyond six bytes":   func(words []int64, at int) { words[at] += 1 << 48 },
		"with its neighbour": func(words []int64, at int) { words[at], words[at^1] = words[at]+1, words[at^1]-1 },
		"with two of them": func(words []int64, at int) {
			words[at-at%4]++
			words[at-at%4+1] -= 2
			words[at-at%4+2]++
		},
		"with another block": func(words []int64, at int) {
			other := (at + 2048) % len(words)
			words[at], words[other] = words[other]+1, words[at]
		},
	}
	try := func() {
		for what, change := range changes {
			for _, at := range []int{0, chunk - 1, chunk + 5000, s.Words - 2} {
				words := extremes(s, 1)
				m, err := he.NewMask(s, newRoot(t, 0), words)
				if err != nil {
					t.Fatal(err)
				}
				var before, after bytes.Buffer
				if _, err := m.WriteTo(&before); err != nil {
					t.Fatal(err)
				}
				change(words, at)
				if _, err := m.WriteTo(&after); !errors.Is(err, he.ErrChanged) {
					t.Errorf("word %d has changed %s: %v, want ErrChanged", at, what, err)
				}
				if !bytes.HasPrefix(before.Bytes(), after.Bytes()) {
					t.Errorf("word %d has changed %s: other words are hidden", at, what)
				}
			}
		}
	}
	try()
	he.Portable(try)
}

// TestAMaskIsSmall makes masks of few and of many words, and hides them: what is in use
// beside the words does not grow.
func TestAMaskIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("eight million words")
	}
	s := newSession(t, 3, 2, 8<<20)
	words := extremes(s, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := he.NewMask(s, newRoot(t, 0), words)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// Everything that was ever allocated, whether or not it was freed since.
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("a mask of %d words allocates %d bytes", s.Words, used)
	}
}
