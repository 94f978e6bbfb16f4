package node_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// bothModes lets a study ask in both.
func bothModes(r *protocol.Roster) { r.Modes = []protocol.Mode{protocol.Exact, protocol.Private} }

// share is the variance of each site's noise in these tests.
const share = 4000

// privately asks in mode dp. Of a cohort that all sites have any of them may answer.
func privately(a *asking) {
	a.header.Mode, a.header.Release, a.header.Noise = protocol.Private, 1, protocol.Noise{Missing: true, Share: share}
	a.header.Points = nil
}

// again asks for another release, as a question of its own.
func again(release uint32) func(*asking) {
	return func(a *asking) {
		a.header.Release, a.header.Nonce = release, protocol.Hash("again", []byte{byte(release)})
	}
}

// newPrivateNetwork is a network whose custodians let Alice ask in mode dp.
func newPrivateNetwork(t testing.TB, n int) *network {
	t.Helper()
	w := newNetwork(t, n, bothModes)
	for i := range w.sites {
		w.allow(i, allowance(node.OfPeople), allowance(node.OfStudy))
	}
	return w
}

// price is what a question costs.
func (w *network) price(a *asking) uint64 {
	w.t.Helper()
	event, _ := must[vector.Vector](w.t)(vector.Of(w.r(), &a.header)).Event()
	return must[account.Cost](w.t)(account.Of(event)).Rho
}

// numbers is what a site's answer is without noise, and with it.
func (w *network) numbers(a *asking, i int) (exact, noised []int64) {
	w.t.Helper()
	shape := must[vector.Vector](w.t)(vector.Of(w.r(), &a.header))
	exact = must[[]int64](w.t)(shape.Encode(w.sites[i].truth[:2*a.header.Size], people))
	var contents []protocol.Digest
	for _, d := range a.declarations {
		contents = append(contents, d.Message.Content)
	}
	asked := protocol.VariantsDigest(func(yield func(protocol.Variant) bool) {
		for _, r := range a.body.Ranges {
			for k := r.From; k < r.To; k++ {
				if !yield(protocol.Variant(w.panel.At(int(k)))) {
					return
				}
			}
		}
	})
	noised = slices.Clone(exact)
	seed := w.sites[i].node.NoiseSeed(protocol.ReleaseIdentity(&a.header, &a.body, asked, contents), exact)
	if err := shape.AddNoise(noised, seed, 1); err != nil {
		w.t.Fatal(err)
	}
	return exact, noised
}

// sums are those of all sites, without noise and with it.
func (w *network) sums(a *asking) (exact, noised []int64) {
	for i := range w.sites {
		e, n := w.numbers(a, i)
		if i == 0 {
			exact, noised = make([]int64, len(e)), make([]int64, len(n))
		}
		for k := range e {
			exact[k] += e[k]
			noised[k] += n[k]
		}
	}
	return exact, noised
}

func TestAPrivateAnswerIsTheSumWithEachSitesNoise(t *testing.T) {
	for _, missing := range []bool{true, false} {
		t.Run(fmt.Sprint("AN of each variant: ", missing), func(t *testing.T) {
			w := newPrivateNetwork(t, 3)
			a := w.ask(privately, func(a *asking) { a.header.Noise.Missing = missing })
			got := w.read(a, w.carry(a))
			exact, want := w.sums(a)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the sum (-want +got):\n%s", d)
			}
			if cmp.Equal(exact, got) {
				t.Error("there is no noise in it")
			}
			for i, s := range w.sites {
				if spent := s.spent(t)["population everybody here"]; spent != w.price(a) {
					t.Errorf("site %d has spent %d, want %d", i+1, spent, w.price(a))
				}
			}
		})
	}
}

// A site's word for the sum of others would be exact without its own noise.
func TestAttackAnswerWithoutNoise(t *testing.T) {
	debug.Defended(t, debug.NoiseShare, func() error {
		w := newPrivateNetwork(t, 2)
		a := w.ask(privately)
		exact, _ := w.sums(a)
		if !cmp.Equal(w.read(a, w.carry(a)), exact) {
			return errors.New("the sum has noise")
		}
		return nil
	})
}

// The same question has the same noise for ever: there is nothing to average. Another
// release of it has other noise, and is charged.
func TestAskingAgain(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	first := w.ask(privately)
	want := w.read(first, w.carry(first))
	for i := range 20 {
		a := w.ask(privately, func(a *asking) {
			a.header.Nonce, a.header.Purpose = protocol.Hash("n", []byte{byte(i)}), fmt.Sprint("for the ", i, "th time")
		})
		if d := cmp.Diff(want, w.read(a, w.carry(a))); d != "" {
			t.Fatalf("the same question the %dth time (-want +got):\n%s", i, d)
		}
	}
	w.try(first, 2)
	if d := cmp.Diff(want, w.read(first, w.carry(first))); d != "" {
		t.Errorf("another attempt (-want +got):\n%s", d)
	}
	if spent := w.sites[0].spent(t)["population everybody here"]; spent != w.price(first) {
		t.Errorf("it has spent %d, want the price of one, %d", spent, w.price(first))
	}
	answered := 1
	for release := uint32(2); ; release++ {
		a := w.ask(privately, again(release))
		if err := w.offered(a); err != nil {
			if !errors.Is(err, protocol.BudgetExhausted) {
				t.Errorf("got %v, want %v", err, protocol.BudgetExhausted)
			}
			break
		}
		answered++
		if release == 2 {
			if got := w.read(a, w.carry(a)); cmp.Equal(want, got) {
				t.Error("another release has the same noise")
			}
		}
	}
	if want := int(promised(t) / w.price(first)); answered != want {
		t.Errorf("%d releases were answered, the budget is for %d", answered, want)
	}
	// What was paid for is still given.
	w.try(first, 3)
	if d := cmp.Diff(want, w.read(first, w.carry(first))); d != "" {
		t.Errorf("once the budget is spent (-want +got):\n%s", d)
	}
}

// The difference of two sums would be one person's genotypes. Both have noise, unrelated
// to each other, and both are charged.
func TestTwoCohortsThatDifferByOnePerson(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	a := w.ask(privately)
	before := w.read(a, w.carry(a))
	w.replaceCohort(0, cohortName, withoutLast)
	b := w.ask(privately)
	after := w.read(b, w.carry(b))
	near := 0 // as near as one person's genotypes are
	for i := range before {
		if d := before[i] - after[i]; d >= -4 && d <= 4 {
			near++
		}
	}
	if near > 8 { // of 25 with a chance of 0.03 each, where the noise is unrelated
		t.Errorf("%d of %d numbers differ by a person only", near, len(before))
	}
	if spent := w.sites[0].spent(t)["population everybody here"]; spent != 2*w.price(a) {
		t.Errorf("it has spent %d, want twice %d", spent, w.price(a))
	}
}

// The disk fails between the debit and the answer. The charge stands, nothing has left, and
// the same answer is given later for no other charge.
func TestADebitBeforeACrashIsNotMadeTwice(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	a := w.ask(privately)
	outbox := filepath.Join(w.sites[0].dir, "outbox")
	s := w.sites[0]
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	ended := w.serveUntilItEnds(0)
	w.greet()
	if err := os.RemoveAll(outbox); err != nil {
		t.Fatal(err)
	}
	if _, err := w.raw(0, protocol.CallOffer, w.offer(a, 0)); err == nil {
		t.Error("answered")
	}
	if err := <-ended; err == nil {
		t.Error("it went on")
	}
	if err := os.Mkdir(outbox, 0o700); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	if spent := s.spent(t)["population everybody here"]; spent != w.price(a) {
		t.Fatalf("it has spent %d before it answered, want %d", spent, w.price(a))
	}
	w.serve(0)
	w.greet()
	_, want := w.sums(a)
	if d := cmp.Diff(want, w.read(a, w.carry(a))); d != "" {
		t.Errorf("the sum (-want +got):\n%s", d)
	}
	if spent := s.spent(t)["population everybody here"]; spent != w.price(a) {
		t.Errorf("it has spent %d, want %d", spent, w.price(a))
	}
}

// One site has nothing left. It says so in a code and is charged nothing; what the other
// has charged stands.
func TestASiteWithoutABudgetRefuses(t *testing.T) {
	w := newNetwork(t, 2, bothModes)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	a := w.ask(privately)
	w.must(0, protocol.CallOffer, w.offer(a, 0))
	if _, err := w.answer(1, protocol.CallOffer, w.offer(a, 1)); !errors.Is(err, protocol.BudgetExhausted) {
		t.Errorf("got %v, want %v", err, protocol.BudgetExhausted)
	}
	if d := cmp.Diff(map[string]uint64{}, w.sites[1].spent(t)); d != "" {
		t.Errorf("what the site that refused has spent (-want +got):\n%s", d)
	}
	if spent := w.sites[0].spent(t)["study demo"]; spent != w.price(a) {
		t.Errorf("the other has spent %d, want %d", spent, w.price(a))
	}
}

// Of four sites three are a cut. The fourth has added no noise and lost nothing but its
// charge.
func TestAPrivateAnswerOfSomeOfTheSites(t *testing.T) {
	w := newPrivateNetwork(t, 4)
	a := w.ask(privately)
	c := w.contribute(a)
	c.contributions, c.headers = c.contributions[:3], c.headers[:3]
	w.sites = w.sites[:3] // the fourth is away
	w.deliver(a, c)
	w.vote(a, c)
	w.open(a, c)
	_, want := w.sums(a)
	if d := cmp.Diff(want, w.read(a, c)); d != "" {
		t.Errorf("the sum of three (-want +got):\n%s", d)
	}
	w.try(a, 2)
	if again := w.contribute(a); !cmp.Equal(again.headers[0].Message.Bound, []uint32{1, 2, 3}) {
		t.Errorf("the next attempt is bound to %v", again.headers[0].Message.Bound)
	}
}

func TestAPrivateOfferIsRefused(t *testing.T) {
	w := newPrivateNetwork(t, 3)
	for _, tt := range []struct {
		name   string
		change func(*asking)
		want   protocol.Code
	}{
		{"over a set that may not be a cut", func(a *asking) { a.header.Points = w.r().Points()[:2] }, protocol.BadSignature},
		{"of a cohort that is not there", func(a *asking) { a.body.Cohort = "nobody" }, protocol.UnknownCohort},
		{"that costs more than one may", func(a *asking) { a.header.Noise.Share = 2 }, protocol.BudgetExhausted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := w.offered(w.ask(privately, tt.change))
			var code protocol.Code
			if !errors.As(err, &code) || code != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if spent := w.sites[0].spent(t)["population everybody here"]; spent != 0 {
				t.Errorf("it was charged %d", spent)
			}
		})
	}
}

// A custodian has a question attacked before it is answered: of mode dp with its bound, and
// beside it as if it were exact. Nothing is charged.
func TestAQuestionIsAttackedBeforeItIsAnswered(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	a := w.ask(privately)
	n := w.sites[0].node
	found, err := n.Attack(t.Context(), node.PreviewSpec{Study: studyName, Query: must[[]byte](t)(a.query.Bytes())})
	if err != nil {
		t.Fatal(err)
	}
	if found.People != people || found.Variants != variants || found.Thinned || len(found.Findings) != 6 {
		t.Errorf("played with %d people and %d variants, %d findings", found.People, found.Variants, len(found.Findings))
	}
	for i, f := range found.Findings {
		if private := i >= 3; (f.Claim.Rho > 0) != private || (f.Release == "dp") != private {
			t.Errorf("finding %d is of release %s, with a claim of %g", i, f.Release, f.Claim.Rho)
		}
	}
	exact, err := n.Attack(t.Context(), node.PreviewSpec{Study: studyName, Cohort: cohortName})
	if err != nil || len(exact.Findings) != 3 {
		t.Errorf("an exact question: %d findings, %v", len(exact.Findings), err)
	}
	dear := w.ask(privately, func(a *asking) { a.header.Noise.Share = 2 })
	if _, err := n.Attack(t.Context(), node.PreviewSpec{Study: studyName, Query: must[[]byte](t)(dear.query.Bytes())}); err != nil {
		t.Errorf("a question that costs more than is allowed: %v", err)
	}
	if spent := w.sites[0].spent(t)["population everybody here"]; spent != 0 {
		t.Errorf("it has spent %d", spent)
	}
	if _, err := n.Attack(t.Context(), node.PreviewSpec{Study: studyName, Query: must[[]byte](t)(w.ask(privately, func(a *asking) { a.body.Cohort = "nobody" }).query.Bytes())}); !errors.Is(err, node.ErrPreview) {
		t.Errorf("a question that is refused: got %v, want %v", err, node.ErrPreview)
	}
}
