package researcher_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/researcher/answer"
)

// newPrivateStudy may be asked in both modes. Two variants are on X.
func newPrivateStudy(t testing.TB, alice *researcher.Home) *study {
	t.Helper()
	var variants []panel.Variant
	for i := range 40 {
		variants = append(variants, panel.Variant{Contig: "7", Pos: uint32(1000 + 10*i), Ref: "A", Alt: "C"})
	}
	for i := range 2 {
		variants = append(variants, panel.Variant{Contig: "X", Pos: uint32(1000 + 10*i), Ref: "A", Alt: "C"})
	}
	return newStudyOf(t, alice, variants, protocol.Exact, protocol.Private)
}

// privately is a question in mode dp.
func privately(region string, p researcher.Precision) researcher.Ask {
	if p.Delta == 0 {
		p.Delta = 1e-9
	}
	return researcher.Ask{Cohort: "all", Mode: protocol.Private, Region: region, Purpose: "a test", Private: p}
}

func askPrivately(t testing.TB, c *researcher.Client, ask researcher.Ask) (researcher.Asked, researcher.Answer) {
	t.Helper()
	asked := must[researcher.Asked](t)(c.Compose(t.Context(), ask, time.Now()))
	if err := c.Submit(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	return asked, must[researcher.Answer](t)(c.Open(t.Context(), asked))
}

func TestAPrivateAnswerIsWithinItsNoise(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	asked, a := askPrivately(t, c, privately("7", researcher.Precision{Epsilon: 1}))
	if len(a.Rows) != 40 || len(a.Estimates) != 40 || a.Mode != protocol.Private || a.Noise == nil {
		t.Fatalf("%d rows and %d estimates in mode %s", len(a.Rows), len(a.Estimates), a.Mode)
	}
	within, squares := 0, 0.0
	for i, e := range a.Estimates {
		var ac, an int64
		for p := range siteCount {
			x, y := count(uint32(p+1), uint64(i))
			ac, an = ac+x, an+y
		}
		af := float64(ac) / float64(an)
		if e.Low <= af && af <= e.High {
			within++
		}
		squares += math.Pow((e.AF-af)/e.Error, 2)
	}
	if within < 30 || squares > 120 { // of 40; both but once in a million runs
		t.Errorf("%d of 40 frequencies are within their intervals, errors are %.1f times their size in squares", within, squares/40)
	}
	n := a.Noise
	if n.Release != 1 || n.Epsilon > 1 || n.Epsilon < 0.9 || n.Delta != 1e-9 || n.Honest != 3 || math.Abs(n.People-siteCount*people) > 10*n.Spread {
		t.Errorf("the noise is %+v", n)
	}
	if asked.Private == nil || asked.Private.Release != 1 {
		t.Errorf("what is remembered: %+v", asked.Private)
	}
	card := ""
	for _, f := range a.Provenance() {
		card += f.Name + ": " + f.Value + "\n"
	}
	for _, says := range []string{"dp: differentially private, epsilon", "at delta 1e-09", "release 1", "holds while the shares of 3 stay secret"} {
		if !strings.Contains(card, says) {
			t.Errorf("%q is not on the card:\n%s", says, card)
		}
	}
}

// What explain promises is what each site charges for the query that is sent.
func TestThePriceIsWhatSitesCharge(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	view := must[researcher.View](t)(c.Study(t.Context()))
	cohort := must[protocol.ExactCohort](t)(researcher.CohortOf(&view.Roster.Message, "all"))
	for name, p := range map[string]researcher.Precision{
		"by epsilon":                        {Epsilon: 0.5, Delta: 1e-6},
		"by the error":                      {Error: 0.01, Delta: 1e-9},
		"with everybody called, by epsilon": {Epsilon: 2, Delta: 1e-9, AllCalled: true},
	} {
		t.Run(name, func(t *testing.T) {
			price := must[researcher.Private](t)(view.Price(cohort, 40, p))
			asked := must[researcher.Asked](t)(c.Compose(t.Context(), privately("7", p), time.Now()))
			q := must[protocol.Query](t)(s.roster.Message.ParseQuery(asked.Query, s.roster.Digest()))
			event, ok := must[vector.Vector](t)(vector.Of(&s.roster.Message, &q.Header.Message)).Event()
			if charged := must[account.Cost](t)(account.Of(event)); !ok || charged != price.Cost || q.Header.Message.Noise != price.Noise {
				t.Errorf("charged %+v for %+v, promised %+v for %+v", charged, q.Header.Message.Noise, price.Cost, price.Noise)
			}
			if p.Epsilon > 0 && (price.Epsilon > p.Epsilon || price.Epsilon < 0.95*p.Epsilon) {
				t.Errorf("it costs epsilon %g, at most %g was said", price.Epsilon, p.Epsilon)
			}
			if p.Error > 0 && (price.RMSE > p.Error || price.RMSE < 0.95*p.Error) {
				t.Errorf("the error is %g, %g was wanted", price.RMSE, p.Error)
			}
			if price.Exact > price.Epsilon || price.Exact < price.Epsilon/1.15 || price.People != 5*500 {
				t.Errorf("epsilon %g, %g at best, of %d people", price.Epsilon, price.Exact, price.People)
			}
			if len(q.Header.Message.Points) != 0 {
				t.Error("it names sites where any that are enough would do")
			}
		})
	}
}

// Asked again a question is the same release: whoever wants another one says so.
func TestAskingAgainIsTheSameRelease(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	once, again := researcher.Precision{Epsilon: 1}, researcher.Precision{Epsilon: 1, Again: true}
	for i, tt := range []struct {
		ask    researcher.Ask
		want   uint32
		before bool
	}{
		{privately("7", again), 1, false}, {privately("7", once), 1, true}, {privately("7", again), 2, false}, {privately("7", once), 2, true},
		{privately("7", again), 3, false}, {privately("7:1000-1100", once), 1, false}, {privately("7", researcher.Precision{Epsilon: 0.5}), 1, false},
	} {
		asked := must[researcher.Asked](t)(c.Compose(t.Context(), tt.ask, time.Now()))
		q := must[protocol.Query](t)(s.roster.Message.ParseQuery(asked.Query, s.roster.Digest()))
		if q.Header.Message.Release != tt.want {
			t.Errorf("question %d is release %d, want %d", i, q.Header.Message.Release, tt.want)
		}
		if asked.Private.Before != tt.before {
			t.Errorf("question %d was asked before: %v, want %v", i, asked.Private.Before, tt.before)
		}
	}
}

func TestComposeRefusesNoise(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	for name, tt := range map[string]struct {
		region string
		p      researcher.Precision
		says   string
	}{
		"without saying how much":          {"7", researcher.Precision{}, "one of the two"},
		"saying it in two ways":            {"7", researcher.Precision{Epsilon: 1, Error: 0.1}, "one of the two"},
		"a negative epsilon":               {"7", researcher.Precision{Epsilon: -1}, "epsilon is -1"},
		"more than is a promise":           {"7", researcher.Precision{Epsilon: 17}, "at most 16"},
		"a delta of 1":                     {"7", researcher.Precision{Epsilon: 1, Delta: 1}, "delta is 1"},
		"less error than integers have":    {"7", researcher.Precision{Error: 1e-9}, "an error of 1e-09 is not one that noise has here, which is"},
		"an epsilon that no noise reaches": {"7", researcher.Precision{Epsilon: 1e-9}, "noise"},
		"everybody called on X":            {"", researcher.Precision{Epsilon: 1, AllCalled: true}, "at X:1000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Compose(t.Context(), privately(tt.region, tt.p), time.Now())
			if !errors.Is(err, researcher.ErrPrecision) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want what says %q", err, tt.says)
			}
		})
	}
}

// A bundle of a private answer opens without the network, to the same.
func TestAPrivateBundleOpensToTheSame(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	asked, want := askPrivately(t, c, privately("7", researcher.Precision{Error: 0.01}))
	got := must[answer.Answer](t)(must[*answer.Bundle](t)(answer.Parse(export(t, c, asked))).Open(seedOf(t, alice)))
	if d := cmp.Diff(want.Estimates, got.Estimates); d != "" {
		t.Errorf("the estimates (-online +offline):\n%s", d)
	}
	if d := cmp.Diff(want.Noise, got.Noise); d != "" {
		t.Errorf("the noise (-online +offline):\n%s", d)
	}
}

// Where one site's noise is enough, the variance that a budget allows need not be whole,
// and the one that a question names is.
func TestThePriceOfOneHonestSiteIsThatOfTheQuestion(t *testing.T) {
	r := protocol.Roster{Threshold: 2, Corrupt: 1, Sites: make([]protocol.Site, 3), Cohorts: []protocol.ExactCohort{{Name: "all", Points: []uint32{1, 2, 3}}}}
	for i := range r.Sites {
		r.Sites[i].PeopleCap = 1000
	}
	view := researcher.View{Roster: protocol.Signed[protocol.Roster]{Message: r}}
	for name, tt := range map[string]struct {
		variants uint64
		epsilon  float64
	}{
		"less noise than a share has": {1, 16}, "a variance that is not whole": {7, 3}, "a whole variance": {1000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := must[researcher.Private](t)(view.Price(r.Cohorts[0], tt.variants, researcher.Precision{Epsilon: tt.epsilon, Delta: 1e-9}))
			event, _ := must[vector.Vector](t)(vector.Of(&r, &protocol.QueryHeader{
				Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Private, Params: must[he.Params](t)(he.ParamsFor(3)).Name(), Size: tt.variants,
				Noise: p.Noise, Release: 1,
			})).Event()
			if charged := must[account.Cost](t)(account.Of(event)); charged != p.Cost || p.Honest != 1 || p.Epsilon > tt.epsilon || p.Noise.Share < protocol.MinShare {
				t.Errorf("epsilon %g of %g promised, %+v for %+v; charged %+v", p.Epsilon, tt.epsilon, p.Cost, p.Noise, charged)
			}
		})
	}
}

func TestComposeRefusesModeDp(t *testing.T) {
	ask := privately("7", researcher.Precision{Epsilon: 1})
	t.Run("where the roster does not have it", func(t *testing.T) {
		alice := newHome(t)
		c := join(t, newStudy(t, alice), alice)
		const says = "does not allow mode dp; it allows [exact], and its operator proposes a roster with dp"
		if _, err := c.Compose(t.Context(), ask, time.Now()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want what says %q", err, says)
		}
		view := must[researcher.View](t)(c.Study(t.Context()))
		if _, err := c.Price(t.Context(), view, ask, must[researcher.Selected](t)(c.Select(t.Context(), ask))); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("explained: %v, want what says %q", err, says)
		}
	})
	t.Run("where a site does not declare the cohort for it", func(t *testing.T) {
		alice := newHome(t)
		s := newPrivateStudy(t, alice)
		d := must[protocol.Signed[protocol.Declaration]](t)(s.roster.Message.OpenDeclaration(s.declared[1])).Message
		d.Cohorts[0].Modes = []protocol.Mode{protocol.Exact}
		s.declared[1] = must[protocol.Signed[protocol.Declaration]](t)(protocol.Sign(d, s.nodes[1])).Bytes()
		const says = `site "site-2" does not answer in mode dp about cohort "all"`
		if _, err := join(t, s, alice).Compose(t.Context(), ask, time.Now()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want what says %q", err, says)
		}
	})
}

// What is explained is refused as what is asked.
func TestAPriceIsRefusedWhereEverybodyIsNotCalled(t *testing.T) {
	alice := newHome(t)
	c := join(t, newPrivateStudy(t, alice), alice)
	view := must[researcher.View](t)(c.Study(t.Context()))
	ask := privately("X", researcher.Precision{Epsilon: 1, AllCalled: true})
	selected := must[researcher.Selected](t)(c.Select(t.Context(), ask))
	if _, err := c.Price(t.Context(), view, ask, selected); !errors.Is(err, researcher.ErrPrecision) || !strings.Contains(err.Error(), "at X:1000") {
		t.Errorf("got %v, want ErrPrecision at X:1000", err)
	}
	ask.Private.AllCalled = false
	if p := must[researcher.Private](t)(c.Price(t.Context(), view, ask, selected)); p.Release != 1 || p.Before {
		t.Errorf("a first question is release %d, before %v", p.Release, p.Before)
	}
}

func TestIntervalsOfAnotherConfidence(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	asked, usual := askPrivately(t, c, privately("7", researcher.Precision{Epsilon: 1}))
	wide := must[researcher.Answer](t)(c.OpenAt(t.Context(), asked, 0.999))
	if usual.Noise.Confidence != 0.95 || wide.Noise.Confidence != 0.999 {
		t.Errorf("intervals of %g and %g", usual.Noise.Confidence, wide.Noise.Confidence)
	}
	for i, e := range usual.Estimates {
		w := wide.Estimates[i]
		if w.AF != e.AF || w.Error != e.Error || w.Low > e.Low || w.High <= e.High && e.High < 1 {
			t.Errorf("variant %d: %+v of 0.95, %+v of 0.999", i, e, w)
		}
	}
	for _, confidence := range []float64{0, 1, -1, 2, math.NaN()} {
		if _, err := c.OpenAt(t.Context(), asked, confidence); !errors.Is(err, researcher.ErrPrecision) {
			t.Errorf("confidence %g: %v", confidence, err)
		}
	}
}

// Noise is signed with the question: less of it would make a better answer than was paid
// for, and more would make intervals too wide.
func TestAlteredPrivateBundlesAreNotOpened(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	asked, _ := askPrivately(t, c, privately("7", researcher.Precision{Epsilon: 1}))
	raw := export(t, c, asked)
	resigned := func(change func(*protocol.QueryHeader)) func(*answer.Bundle) {
		return func(b *answer.Bundle) {
			before := s.result.Header
			h := before.Message
			change(&h)
			s.result.Header = must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, newKey(t, "another")))
			b.Result = must[[]byte](t)(s.result.Bytes())
			s.result.Header = before
		}
	}
	for name, tt := range map[string]struct {
		alter func(*answer.Bundle)
		seed  answer.Seed
		want  error
	}{
		"with the words of another key":          {func(*answer.Bundle) {}, seedOf(t, newHome(t)), researcher.ErrNotMine},
		"under another roster":                   {func(b *answer.Bundle) { b.Asked.Roster = protocol.Hash("another") }, seedOf(t, alice), researcher.ErrAltered},
		"with a header of half the noise":        {resigned(func(h *protocol.QueryHeader) { h.Noise.Share /= 2 }), seedOf(t, alice), researcher.ErrAltered},
		"with a header of another release":       {resigned(func(h *protocol.QueryHeader) { h.Release++ }), seedOf(t, alice), researcher.ErrAltered},
		"with a header that everybody is called": {resigned(func(h *protocol.QueryHeader) { h.Noise.Missing = false }), seedOf(t, alice), researcher.ErrAltered},
		"as if it were exact": {resigned(func(h *protocol.QueryHeader) {
			h.Mode, h.Noise, h.Release = protocol.Exact, protocol.Noise{}, 0
		}), seedOf(t, alice), researcher.ErrAltered},
	} {
		t.Run(name, func(t *testing.T) {
			b := must[*answer.Bundle](t)(answer.Parse(raw))
			tt.alter(b)
			if a, err := b.Open(tt.seed); !errors.Is(err, tt.want) || len(a.Rows) > 0 || len(a.Estimates) > 0 {
				t.Errorf("%d rows, %v; want %v", len(a.Rows), err, tt.want)
			}
		})
	}
	// What a carrier says was remembered of the noise is not what is read.
	b := must[*answer.Bundle](t)(answer.Parse(raw))
	b.Asked.Private = &answer.AskedPrivately{Delta: 1e-9, Noise: protocol.Noise{Share: 2}, Release: 9}
	if a := must[answer.Answer](t)(b.Open(seedOf(t, alice))); a.Noise.Release != 1 || a.Noise.Spread < 10 {
		t.Errorf("noise of %g, release %d", a.Noise.Spread, a.Noise.Release)
	}
}
