package researcher_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/account"
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
		ask  researcher.Ask
		want uint32
	}{
		{privately("7", again), 1}, {privately("7", once), 1}, {privately("7", again), 2}, {privately("7", once), 2}, {privately("7", again), 3},
		{privately("7:1000-1100", once), 1}, {privately("7", researcher.Precision{Epsilon: 0.5}), 1},
	} {
		asked := must[researcher.Asked](t)(c.Compose(t.Context(), tt.ask, time.Now()))
		q := must[protocol.Query](t)(s.roster.Message.ParseQuery(asked.Query, s.roster.Digest()))
		if q.Header.Message.Release != tt.want {
			t.Errorf("question %d is release %d, want %d", i, q.Header.Message.Release, tt.want)
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
		"less error than integers have":    {"7", researcher.Precision{Error: 1e-9}, "standard deviation"},
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
