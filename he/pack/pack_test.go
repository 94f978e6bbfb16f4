package pack_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/he/pack"
)

func TestNewChoosesTwoCountersWhenTheyFit(t *testing.T) {
	for _, c := range []struct {
		name    string
		spec    pack.Spec
		perWord int
		err     error
	}{
		{"a small cohort", pack.Spec{Payload: 40, Sites: 3, Min: 0, Max: 2000}, 2, nil},
		{"the largest cohort of two counters in 40 bits", pack.Spec{Payload: 40, Sites: 3, Min: 0, Max: 349524}, 2, nil},
		{"two alleles more", pack.Spec{Payload: 40, Sites: 3, Min: 0, Max: 349526}, 1, nil},
		{"an odd number of bits is not wasted", pack.Spec{Payload: 39, Sites: 1, Min: -370727, Max: 370727}, 2, nil},
		{"one more than that", pack.Spec{Payload: 39, Sites: 1, Min: -370728, Max: 370728}, 1, nil},
		{"the widest single counter", pack.Spec{Payload: 40, Sites: 1, Min: 1 - 1<<39, Max: 1<<39 - 1}, 1, nil},
		{"wider than a word", pack.Spec{Payload: 40, Sites: 1, Min: -1 << 39, Max: 1 << 39}, 0, pack.ErrTooWide},
		{"an empty range", pack.Spec{Payload: 40, Sites: 3, Min: 5, Max: 5}, 0, pack.ErrTooWide},
		{"no sites", pack.Spec{Payload: 40, Min: 0, Max: 5}, 0, pack.ErrTooWide},
		{"no bits", pack.Spec{Sites: 3, Min: 0, Max: 5}, 0, pack.ErrTooWide},
		{"a range without end", pack.Spec{Payload: 62, Sites: 1 << 20, Min: -1 << 63, Max: 1<<63 - 1}, 0, pack.ErrTooWide},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := pack.New(c.spec)
			if !errors.Is(err, c.err) || l.PerWord() != c.perWord {
				t.Fatalf("New: %d counters a word, %v; want %d, %v", l.PerWord(), err, c.perWord, c.err)
			}
		})
	}
}

// TestWordsOfLargeStudies: between two counters a word and one there are three in two.
func TestWordsOfLargeStudies(t *testing.T) {
	for _, c := range []struct {
		name   string
		sites  int
		people int64 // of all sites
		words  int   // for 3000 counters
	}{
		{"half a million people, two counters a word", 3, 524_286, 1500},
		{"a few more", 3, 524_289, 2000},
		{"two million at ten sites", 10, 2_000_000, 2000},
		{"thirty-six million at three sites", 3, 36_000_000, 2000},
		{"eleven million at ninety sites", 90, 11_000_000, 2000},
		{"a hundred million at ninety sites", 90, 99_999_990, 3000},
		{"everybody", 90, 9_000_000_000, 3000},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := pack.New(pack.Spec{Payload: 40, Sites: c.sites, Min: 0, Max: 2 * c.people / int64(c.sites)})
			if err != nil || l.Words(3000) != c.words {
				t.Fatalf("%d words for 3000 counters, %v; want %d", l.Words(3000), err, c.words)
			}
		})
	}
}

// TestSumsAreExactAtTheEnds has every site at one end of a large range, and at the other.
func TestSumsAreExactAtTheEnds(t *testing.T) {
	for _, s := range []pack.Spec{
		{Payload: 40, Sites: 3, Min: 0, Max: 20_000_000},
		{Payload: 40, Sites: 10, Min: -3, Max: 400_001},
		{Payload: 40, Sites: 90, Min: 0, Max: 11_800},
		{Payload: 39, Sites: 380, Min: 0, Max: 2_000},
		{Payload: 62, Sites: 2, Min: -1 << 30, Max: 1 << 30},
	} {
		for pattern := range 8 {
			counters := make([]int64, 3)
			for i := range counters {
				counters[i] = []int64{s.Min, s.Max}[pattern>>i&1]
			}
			l, err := pack.New(s)
			words := make([]int64, 2)
			if err != nil || l.Pack(words, counters) != nil {
				t.Fatalf("%+v: %v, or three counters do not go into two words", s, err)
			}
			for i := range words {
				words[i] *= int64(s.Sites)
			}
			got := make([]int64, 3)
			if err := l.Unpack(got, words, s.Sites); err != nil {
				t.Fatalf("%+v: %v", s, err)
			}
			for i := range got {
				if got[i] != counters[i]*int64(s.Sites) {
					t.Fatalf("%+v: counter %d is %d, want %d", s, i, got[i], counters[i]*int64(s.Sites))
				}
			}
		}
	}
}

// TestSumsAreExact draws layouts, and counters that are often at the range's ends.
func TestSumsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := pack.Spec{
			Payload: rapid.IntRange(8, 62).Draw(t, "payload"),
			Sites:   rapid.IntRange(1, 20).Draw(t, "sites"),
			Min:     rapid.Int64Range(-1<<30, 1<<20).Draw(t, "min"),
		}
		spec.Max = spec.Min + 1 + rapid.Int64Range(0, 1<<rapid.IntRange(1, 31).Draw(t, "bits")).Draw(t, "width")
		l, err := pack.New(spec)
		if err != nil {
			t.Skip("does not fit")
		}
		if top := int64(1) << (spec.Payload - 1); int64(spec.Sites)*l.MaxWord() >= top {
			t.Fatalf("%d sites with words up to %d reach 2^%d", spec.Sites, l.MaxWord(), spec.Payload-1)
		}
		cut := rapid.IntRange(1, spec.Sites).Draw(t, "cut")
		count := rapid.IntRange(1, 9).Draw(t, "counters")
		want := make([]int64, count)
		sums := make([]int64, l.Words(count))
		for range cut {
			counters := rapid.SliceOfN(rapid.OneOf(
				rapid.SampledFrom([]int64{spec.Min, spec.Max}), rapid.Int64Range(spec.Min, spec.Max),
			), count, count).Draw(t, "counters")
			words := make([]int64, l.Words(count))
			if err := l.Pack(words, counters); err != nil {
				t.Fatal(err)
			}
			for i, c := range counters {
				want[i] += c
			}
			for i, w := range words {
				if max(w, -w) > l.MaxWord() {
					t.Fatalf("word %d is larger than MaxWord %d", w, l.MaxWord())
				}
				sums[i] += w
			}
		}
		got := make([]int64, count)
		if err := l.Unpack(got, sums, cut); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestUnpackSurvivesAnyWord sees that a foreign word gives an error or a value in range.
func TestUnpackSurvivesAnyWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := pack.Spec{Payload: 40, Sites: rapid.IntRange(1, 90).Draw(t, "sites"), Min: -50, Max: rapid.Int64Range(0, 1<<rapid.IntRange(1, 24).Draw(t, "bits")).Draw(t, "max")}
		l, err := pack.New(spec)
		if err != nil {
			t.Skip("does not fit")
		}
		cut := rapid.IntRange(1, spec.Sites).Draw(t, "cut")
		got := make([]int64, 6)
		words := make([]int64, l.Words(len(got)))
		for i := range words {
			limit := int64(cut) * l.MaxWord()
			words[i] = rapid.OneOf(rapid.Int64Range(-limit, limit), rapid.Int64()).Draw(t, "word")
		}
		if err := l.Unpack(got, words, cut); err != nil {
			return
		}
		for _, c := range got { // a range of odd width is treated as one wider
			if c < int64(cut)*(spec.Min-1) || c > int64(cut)*spec.Max {
				t.Fatalf("%d is no sum of %d counters in %d..%d", c, cut, spec.Min, spec.Max)
			}
		}
	})
}

func TestPackRefuses(t *testing.T) {
	l, err := pack.New(pack.Spec{Payload: 40, Sites: 3, Min: -1, Max: 200})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		words    int
		counters []int64
		want     error
	}{
		{"a counter above the range", 1, []int64{0, 201}, pack.ErrRange},
		{"a counter below the range", 1, []int64{-2, 0}, pack.ErrRange},
		{"an odd last counter above the range", 2, []int64{0, 0, 201}, pack.ErrRange},
		{"the largest integer", 1, []int64{1<<63 - 1, 0}, pack.ErrRange},
		{"the smallest integer", 1, []int64{0, -1 << 63}, pack.ErrRange},
		{"a word too many", 2, []int64{0, 0}, pack.ErrLength},
		{"a word too few", 1, []int64{0, 0, 0}, pack.ErrLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := l.Pack(make([]int64, c.words), c.counters); !errors.Is(err, c.want) {
				t.Fatalf("Pack: %v, want %v", err, c.want)
			}
		})
	}
	if err := l.Unpack(make([]int64, 2), make([]int64, 1), 4); !errors.Is(err, pack.ErrRange) {
		t.Errorf("Unpack a cut of 4 of 3 sites: %v, want ErrRange", err)
	}
	if err := l.Unpack(make([]int64, 2), make([]int64, 2), 3); !errors.Is(err, pack.ErrLength) {
		t.Errorf("Unpack two words into two counters: %v, want ErrLength", err)
	}
	if err := (pack.Layout{}).Pack(nil, nil); !errors.Is(err, pack.ErrLength) {
		t.Errorf("Pack with no layout: %v, want ErrLength", err)
	}
}

func BenchmarkPack(b *testing.B)   { bench(b, true) }
func BenchmarkUnpack(b *testing.B) { bench(b, false) }

func bench(b *testing.B, in bool) {
	l, err := pack.New(pack.Spec{Payload: 40, Sites: 3, Min: 0, Max: 10000})
	if err != nil {
		b.Fatal(err)
	}
	counters := make([]int64, 1<<16)
	for i := range counters {
		counters[i] = rand.Int64N(10001)
	}
	words := make([]int64, l.Words(len(counters)))
	if err := l.Pack(words, counters); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if in {
			err = l.Pack(words, counters)
		} else {
			err = l.Unpack(counters, words, 1)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(counters)), "ns/counter")
}

// TestNoLayoutReachesTheNeighbour tries every layout of few bits: all sites at MaxWord stay
// below the sign.
func TestNoLayoutReachesTheNeighbour(t *testing.T) {
	shapes := make(map[int]int) // by the words that six counters take
	for payload := 2; payload <= 16; payload++ {
		for sites := 1; sites <= 5; sites++ {
			for width := int64(1); width < 1<<payload; width++ {
				l, err := pack.New(pack.Spec{Payload: payload, Sites: sites, Max: width})
				if err != nil {
					break // nor does a wider counter fit
				}
				shapes[l.Words(6)]++
				if reach := int64(sites) * l.MaxWord(); reach >= 1<<(payload-1) {
					t.Fatalf("%d sites with counters up to %d reach %d, of %d bits", sites, width, reach, payload)
				}
			}
		}
	}
	if shapes[3] == 0 || shapes[4] == 0 || shapes[6] == 0 {
		t.Errorf("layouts by words for six counters: %v; one kind was not tried", shapes)
	}
}

// TestUnpackSeesWordsThatNobodyPacks alters one word of three counters in two words, so
// that one of its digits is out of range.
func TestUnpackSeesWordsThatNobodyPacks(t *testing.T) {
	l, err := pack.New(pack.Spec{Payload: 40, Sites: 3, Max: 20_000_000})
	if err != nil || l.Words(3) != 2 {
		t.Fatalf("%d words for three counters, %v", l.Words(3), err)
	}
	for name, words := range map[string][]int64{
		"the upper digit of the first":  {3*l.MaxWord() + 1, 0},
		"the upper digit of the second": {0, -3*l.MaxWord() - 1},
		"all of it":                     {0, 1 << 60},
	} {
		if err := l.Unpack(make([]int64, 3), words, 3); !errors.Is(err, pack.ErrRange) {
			t.Errorf("%s: %v, want ErrRange", name, err)
		}
	}
	// What three sites may have is too much for one.
	if err := l.Unpack(make([]int64, 3), []int64{3 * l.MaxWord(), 0}, 1); !errors.Is(err, pack.ErrRange) {
		t.Errorf("a cut of one site: %v, want ErrRange", err)
	}
}
