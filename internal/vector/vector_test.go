package vector_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
)

// study is a roster of so many sites of so many people.
func study(sites int, people uint32) *protocol.Roster {
	r := &protocol.Roster{Sites: make([]protocol.Site, sites)}
	for i := range r.Sites {
		r.Sites[i].PeopleCap = people
	}
	r.Threshold, r.Corrupt = protocol.Thresholds(sites)
	return r
}

func header(t testing.TB, r *protocol.Roster, mode protocol.Mode, variants uint64, noise protocol.Noise) *protocol.QueryHeader {
	t.Helper()
	params, err := he.ParamsFor(len(r.Sites))
	if err != nil {
		t.Fatal(err)
	}
	return &protocol.QueryHeader{Analysis: protocol.AlleleFrequency.ID, Mode: mode, Params: params.Name(), Size: variants, Noise: noise}
}

func of(t testing.TB, r *protocol.Roster, h *protocol.QueryHeader) vector.Vector {
	t.Helper()
	v, err := vector.Of(r, h)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAShapeIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*protocol.Roster, *protocol.QueryHeader)
		want   error
	}{
		{"of an analysis of another version", func(_ *protocol.Roster, h *protocol.QueryHeader) { h.Analysis = "af/2" }, vector.ErrUnknown},
		{"with the parameters of another study", func(_ *protocol.Roster, h *protocol.QueryHeader) { h.Params = "a50g10" }, vector.ErrUnknown},
		{"of more sites than there are parameters for", func(r *protocol.Roster, _ *protocol.QueryHeader) { *r = *study(2000, 100) }, vector.ErrUnknown},
		{"without a mode", func(_ *protocol.Roster, h *protocol.QueryHeader) { h.Mode = 0 }, vector.ErrUnknown},
		{"of no variants", func(_ *protocol.Roster, h *protocol.QueryHeader) { h.Size = 0 }, vector.ErrTooWide},
		{"of more variants than a query has", func(_ *protocol.Roster, h *protocol.QueryHeader) { h.Size = 1 << 40 }, vector.ErrTooWide},
		{"with more noise than can be drawn", func(_ *protocol.Roster, h *protocol.QueryHeader) { h.Noise.Share = 1 << 60 }, vector.ErrTooWide},
		{"with cohorts that have no room", func(r *protocol.Roster, _ *protocol.QueryHeader) { *r = *study(90, 1<<30) }, vector.ErrTooWide},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := study(3, 5000)
			h := header(t, r, protocol.Private, 100, protocol.Noise{Share: 1000})
			c.change(r, h)
			if _, err := vector.Of(r, h); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// Sites with the most people that they may have, and numbers at every end of their range.
func TestSumsOfPrivateNumbersAreExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sites := rapid.IntRange(2, 12).Draw(rt, "sites")
		r := study(sites, uint32(rapid.IntRange(20, 20_000).Draw(rt, "people")))
		noise := protocol.Noise{Missing: rapid.Bool().Draw(rt, "missing"), Share: rapid.Uint64Range(2, 1<<20).Draw(rt, "share")}
		h := header(t, r, protocol.Private, rapid.Uint64Range(1, 9).Draw(rt, "variants"), noise)
		v, err := vector.Of(r, h)
		if err != nil {
			rt.Skip("does not fit")
		}
		var want, words []int64
		for site := range sites {
			numbers := site0(rt, v, r, h)
			if err := v.AddNoise(numbers, [32]byte{byte(site)}, 1); err != nil {
				rt.Fatal(err)
			}
			mine := make([]int64, v.Words())
			if err := v.Pack(mine, numbers); err != nil {
				rt.Fatalf("honest numbers do not fit: %v", err)
			}
			want, words = add(want, numbers), add(words, mine)
		}
		got, err := v.Unpack(words, sites)
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			rt.Errorf("the sum of all sites (-want +got):\n%s", d)
		}
	})
}

// site0 has as many people as the roster allows, or none, and any counts.
func site0(rt *rapid.T, v vector.Vector, r *protocol.Roster, h *protocol.QueryHeader) []int64 {
	people := int64(r.Sites[0].PeopleCap) * int64(rapid.IntRange(0, 1).Draw(rt, "there"))
	counts := make([]int64, 2*h.Size)
	for i := 0; i < len(counts); i += 2 {
		counts[i+1] = 2 * people * int64(rapid.IntRange(0, 1).Draw(rt, "called"))
		counts[i] = counts[i+1] * int64(rapid.IntRange(0, 1).Draw(rt, "alt"))
	}
	numbers, err := v.Encode(counts, people)
	if err != nil {
		rt.Fatal(err)
	}
	return numbers
}

func add(sum, more []int64) []int64 {
	if sum == nil {
		sum = make([]int64, len(more))
	}
	for i, x := range more {
		sum[i] += x
	}
	return sum
}

func TestEstimatesAreNearTheTruth(t *testing.T) {
	r := study(3, 5000)
	h := header(t, r, protocol.Private, 400, protocol.Noise{Missing: true, Share: 5000})
	v := of(t, r, h)
	rng := rand.New(rand.NewPCG(1, 2))
	var words []int64
	truth := make([]int64, 2*h.Size)
	for site := range 3 {
		counts := make([]int64, 2*h.Size)
		for i := 0; i < len(counts); i += 2 {
			counts[i+1] = 7000 + rng.Int64N(1000)
			counts[i] = rng.Int64N(counts[i+1])
		}
		truth = add(truth, counts)
		numbers, err := v.Encode(counts, 4000)
		if err != nil {
			t.Fatal(err)
		}
		mine := make([]int64, v.Words())
		if err := errors.Join(v.AddNoise(numbers, [32]byte{byte(site)}, 1), v.Pack(mine, numbers)); err != nil {
			t.Fatal(err)
		}
		words = add(words, mine)
	}
	sums, err := v.Unpack(words, 3)
	if err != nil {
		t.Fatal(err)
	}
	table, spread, err := v.Estimates(sums, 3, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	if spread < 122 || spread > 123 { // of three shares of variance 5000
		t.Errorf("a standard deviation of %g, want sqrt(15000)", spread)
	}
	missed := 0
	for i, e := range table.Estimates {
		if af := float64(truth[2*i]) / float64(truth[2*i+1]); af < e.Low || af > e.High {
			missed++
		}
	}
	if missed < 5 || missed > 40 { // of 400, 20 are expected
		t.Errorf("%d of 400 frequencies lie outside intervals of 95 %%", missed)
	}
}

func TestWhatIsNoHonestAnswerIsRefused(t *testing.T) {
	r := study(3, 100)
	private := of(t, r, header(t, r, protocol.Private, 10, protocol.Noise{Share: 50}))
	exact := of(t, r, header(t, r, protocol.Exact, 10, protocol.Noise{}))
	counts := make([]int64, 20)
	last := func(x int64) []int64 { return append(make([]int64, 10), x) }
	for _, c := range []struct {
		name string
		do   func() error
		want error
	}{
		{"more copies than alleles", func() error { _, err := private.Encode([]int64{3, 2}, 5); return err }, vector.ErrCounts},
		{"an exact answer with noise", func() error { _, err := exact.Encode(counts, 5); return err }, vector.ErrUnknown},
		{"an exact answer with intervals", func() error { _, _, err := exact.Estimates(counts, 3, 0.95); return err }, vector.ErrUnknown},
		{"too few words", func() error { return exact.Pack(nil, counts) }, vector.ErrCounts},
		{"too few numbers", func() error { return private.Pack(make([]int64, private.Words()), counts[:5]) }, vector.ErrCounts},
		{"more people than the roster allows", func() error { return private.Pack(make([]int64, private.Words()), last(1<<30)) }, vector.ErrCounts},
		{"fewer than none", func() error { return private.Pack(make([]int64, private.Words()), last(-1<<30)) }, vector.ErrCounts},
		{"an exact count above the cap", func() error { return exact.Pack(make([]int64, exact.Words()), append(counts[:19:19], 201)) }, vector.ErrCounts},
		{"a sum of more people than all sites have", func() error { _, err := private.Unpack(append(make([]int64, private.Words()-1), 1<<30), 3); return err }, vector.ErrSum},
		{"a word that no sites make", func() error { _, err := exact.Unpack(append(make([]int64, exact.Words()-1), 1<<50), 3); return err }, vector.ErrSum},
		{"a sum of too few words", func() error { _, err := exact.Unpack(nil, 3); return err }, vector.ErrSum},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// The coordinator bounds what a site sends by Numbers.
func TestThereAreNoMoreWordsThanNumbers(t *testing.T) {
	r := study(90, 11_800_000) // one number a word
	for _, h := range []*protocol.QueryHeader{
		header(t, r, protocol.Exact, 10, protocol.Noise{}),
		header(t, r, protocol.Private, 10, protocol.Noise{Share: 2}),
		header(t, r, protocol.Private, 10, protocol.Noise{Share: 2, Missing: true}),
	} {
		if got, most := of(t, r, h).Words(), h.Numbers(protocol.AlleleFrequency); uint64(got) > most {
			t.Errorf("mode %s: %d words, and %d numbers", h.Mode, got, most)
		}
	}
}

func TestAnEventSaysWhatTheRosterDoes(t *testing.T) {
	r := study(7, 100)
	e, ok := of(t, r, header(t, r, protocol.Private, 10, protocol.Noise{Share: 50})).Event()
	bound, err := dp.Frequency{Variants: 10}.Person()
	if err != nil || !ok || e.Bound != bound || e.Honest != r.Threshold-r.Corrupt || e.Parameter.Float() != 50 || e.Coordinates != 11 {
		t.Errorf("the event is %+v, %v, %v", e, ok, err)
	}
	if _, ok := of(t, r, header(t, r, protocol.Exact, 10, protocol.Noise{})).Event(); ok {
		t.Error("an exact answer has a price")
	}
}
