package node_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// promise is what these tests allow.
var promise = account.Budget{Epsilon: 1, Delta: 1e-9}

// promised is the rho of it.
func promised(t testing.TB) uint64 {
	t.Helper()
	return must[account.Cost](t)(promise.Cost()).Rho
}

func allowance(kind node.AllowanceKind) node.Allowance {
	a := node.Allowance{Kind: kind, Promise: promise, Reason: "the board agreed"}
	if kind == node.OfStudy {
		a.Study, a.Cohort = studyName, cohortName
	}
	return a
}

// allow has site i's custodian sign allowances.
func (w *network) allow(i int, list ...node.Allowance) {
	w.t.Helper()
	for _, a := range list {
		if err := w.sites[i].node.Allow(w.t.Context(), a); err != nil {
			w.t.Fatal(err)
		}
	}
}

// priced is a release of Alice's.
func (w *network) priced(rho uint64) node.ReleasePrice {
	return node.ReleasePrice{Cohort: cohortName, Study: studyName, Researcher: w.alice.Public().ID(), Rho: rho}
}

func (w *network) debit(i int, release string, rho uint64) (*ledger.Hold, error) {
	return w.sites[i].node.Debit(w.t.Context(), protocol.Hash(release), w.priced(rho))
}

// spent is the rho that each account has spent, by name.
func (s *site) spent(t testing.TB) map[string]uint64 {
	t.Helper()
	b := must[node.Budget](t)(s.node.Budget(t.Context()))
	out := make(map[string]uint64)
	for _, a := range b.Accounts {
		out[a.Level+" "+a.Name] = a.Spent.Rho
	}
	return out
}

func (w *network) chain(i int, kind string) (n int) {
	w.t.Helper()
	db := must[*sql.DB](w.t)(sql.Open("sqlite", filepath.Join(w.sites[i].dir, "records.db")))
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM chain WHERE kind = ?", kind).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestNothingIsAffordableBeforeAllOfItIsAllowed(t *testing.T) {
	all := []node.AllowanceKind{node.OfPeople, node.OfStudy, node.OfRelease}
	for missing := range all {
		t.Run(fmt.Sprint("without kind ", missing+1), func(t *testing.T) {
			w := newQuietNetwork(t, 2)
			for i, kind := range all {
				if i != missing {
					w.allow(0, allowance(kind))
				}
			}
			_, err := w.debit(0, "r", 1000)
			if all[missing] == node.OfRelease {
				if err != nil { // the study's first allowance has said what one answer may cost
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.Is(err, protocol.BudgetExhausted) {
				t.Errorf("got %v, want %v", err, protocol.BudgetExhausted)
			}
			if n := w.chain(0, "debit"); n != 0 {
				t.Errorf("%d debits in the chain", n)
			}
		})
	}
}

func TestADebitIsDurableAndInTheChain(t *testing.T) {
	w := newQuietNetwork(t, 2)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	n := w.sites[0].node
	if err := n.Affordable(t.Context(), protocol.Hash("r"), w.priced(1000)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(uint64(0), w.sites[0].spent(t)["population everybody here"]); diff != "" {
		t.Errorf("asking charges (-want +got):\n%s", diff)
	}
	hold, err := w.debit(0, "r", 1000)
	if err != nil || hold.Replayed() {
		t.Fatalf("the debit: %v", err)
	}
	drawn := false
	if err := hold.Draw(func() error { drawn = true; return nil }); err != nil || !drawn {
		t.Errorf("noise was drawn: %v, %v", drawn, err)
	}
	want := map[string]uint64{"population everybody here": 1000, "dataset everyone": 1000, "study demo": 1000, "researcher somebody": 1000}
	if diff := cmp.Diff(want, w.sites[0].spent(t)); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
	w.reopen(w.sites[0])
	if diff := cmp.Diff(want, w.sites[0].spent(t)); diff != "" {
		t.Errorf("spent after a restart (-want +got):\n%s", diff)
	}
	if hold, err = w.debit(0, "r", 1000); err != nil || !hold.Replayed() {
		t.Errorf("the same release again: %v; want no charge", err)
	}
	if n := w.chain(0, "debit"); n != 1 {
		t.Errorf("%d debits in the chain, want 1", n)
	}
	if b, want := w.chain(0, "budget"), 5; b != want { // people; dataset, study, researchers, one release
		t.Errorf("%d orders in the chain, want %d", b, want)
	}
}

// As many ask at once as one ledger is made for, where ten can be paid for.
func TestDebitsAtOnceStopAtTheCap(t *testing.T) {
	w := newQuietNetwork(t, 2)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	each := promised(t) / 10
	var charged sync.Map
	var work sync.WaitGroup
	for i := range 256 {
		work.Go(func() {
			if _, err := w.debit(0, fmt.Sprint("r", i), each); err == nil {
				charged.Store(i, true)
			} else if !errors.Is(err, protocol.BudgetExhausted) {
				t.Errorf("got %v, want %v", err, protocol.BudgetExhausted)
			}
		})
	}
	work.Wait()
	n := 0
	charged.Range(func(any, any) bool { n++; return true })
	if n != 10 {
		t.Errorf("%d were charged, want 10", n)
	}
}

// Alice asks for more than was allowed.
func TestAttackBeyondTheBudget(t *testing.T) {
	debug.Defended(t, debug.PrivacyBudget, func() error {
		w := newQuietNetwork(t, 2)
		w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
		for i := range 4 {
			if _, err := w.debit(0, fmt.Sprint("r", i), promised(t)/3); err != nil {
				return expect(t, err, protocol.BudgetExhausted)
			}
		}
		return nil
	})
}

func TestAnAllowanceIsRefused(t *testing.T) {
	w := newQuietNetwork(t, 2)
	for _, tt := range []struct {
		name   string
		change func(*node.Allowance)
		want   error
	}{
		{"of nobody", func(a *node.Allowance) { a.Kind = 0 }, node.ErrBudget},
		{"of no epsilon", func(a *node.Allowance) { a.Promise.Epsilon = 0 }, node.ErrBudget},
		{"of a negative epsilon", func(a *node.Allowance) { a.Promise.Epsilon = -1 }, node.ErrBudget},
		{"of a delta of 1", func(a *node.Allowance) { a.Promise.Delta = 1 }, node.ErrBudget},
		{"of no reason", func(a *node.Allowance) { a.Reason = "" }, node.ErrBudget},
		{"of a reason of two lines", func(a *node.Allowance) { a.Reason = "a\nb" }, node.ErrBudget},
		{"of a study that is not accepted here", func(a *node.Allowance) { a.Study = "other" }, node.ErrNoStudy},
		{"of a cohort that the study has not", func(a *node.Allowance) { a.Cohort = "other" }, node.ErrBudget},
		{"of a researcher who is not in the study", func(a *node.Allowance) { a.Researcher = "Mallory" }, node.ErrBudget},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := allowance(node.OfStudy)
			tt.change(&a)
			if err := w.sites[0].node.Allow(t.Context(), a); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if n := w.chain(0, "budget"); n != 0 {
				t.Errorf("%d orders were followed", n)
			}
		})
	}
}

func TestOneResearcherMayBeAllowedMore(t *testing.T) {
	w := newQuietNetwork(t, 2)
	a := allowance(node.OfStudy)
	a.Researcher = "Alice"
	w.allow(0, allowance(node.OfPeople), a)
	if _, err := w.debit(0, "r", 1000); err != nil {
		t.Fatal(err)
	}
	other := w.priced(1000)
	other.Researcher[0]++
	if _, err := w.sites[0].node.Debit(t.Context(), protocol.Hash("s"), other); !errors.Is(err, protocol.BudgetExhausted) {
		t.Errorf("somebody else: got %v, want %v", err, protocol.BudgetExhausted)
	}
}

// The records come back from a backup that is older than the last debit. The head file
// knows, and so do the other sites.
func TestABackupDoesNotGiveABudgetBack(t *testing.T) {
	w := newNetwork(t, 2)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	old := copyOf(t, w.sites[0])
	oldHead := must[[]byte](t)(os.ReadFile(w.sites[0].head))
	if _, err := w.debit(0, "r", 1000); err != nil {
		t.Fatal(err)
	}
	w.carry(w.ask()) // others have seen the head
	s := w.sites[0]
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.dir = old
	w.reopen(s)
	if _, err := w.debit(0, "s", 1000); !errors.Is(err, node.ErrLedger) {
		t.Errorf("behind its head file: got %v, want %v", err, node.ErrLedger)
	}
	if err := s.node.Serve(t.Context(), w.carrier); !errors.Is(err, node.ErrLedger) {
		t.Errorf("it serves behind its head file: %v", err)
	}
	// The disk with the head file is lost as well. What it has sent to the others tells
	// it what was spent.
	if err := os.WriteFile(s.head, oldHead, 0o600); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	w.serve(0)
	if _, err := w.answer(0, protocol.CallOffer, w.offer(w.ask(), 0)); !errors.Is(err, protocol.NotReady) {
		t.Errorf("got %v, want %v", err, protocol.NotReady)
	}
	w.greet()
	if !w.state(0).Ready {
		t.Fatal("it is not ready")
	}
	if got := s.spent(t)["population everybody here"]; got != 1000 {
		t.Errorf("the people have spent %d, want 1000", got)
	}
	w.restart(0)
}

func TestAcceptLoss(t *testing.T) {
	w := newQuietNetwork(t, 2)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy), allowance(node.OfPeople))
	s := w.sites[0]
	if err := s.node.AcceptLoss(t.Context(), "no reason"); !errors.Is(err, node.ErrBudget) {
		t.Errorf("a sound ledger: got %v, want %v", err, node.ErrBudget)
	}
	old := copyOf(t, s)
	if _, err := w.debit(0, "r", 1000); err != nil {
		t.Fatal(err)
	}
	s.dir = old
	w.reopen(s)
	if err := s.node.AcceptLoss(t.Context(), "the disk died"); err != nil {
		t.Fatal(err)
	}
	if got := s.spent(t)["population everybody here"]; got != promised(t) {
		t.Errorf("the people have spent %d, want as much as one answer may cost", got)
	}
	w.reopen(s)
	var lines []string
	if err := s.node.BudgetLines(t.Context(), func(line string) error { lines = append(lines, line); return nil }); err != nil {
		t.Fatal(err)
	}
	if last := lines[len(lines)-1]; !strings.Contains(last, "loss of 1 entries") {
		t.Errorf("the last line is %q", last)
	}
}

// An order is for one site, signed by its custodian, and followed once: the ledger's own
// tests have that. Here the keys are those of the site.
func TestTheLedgerBelongsToTheSite(t *testing.T) {
	w := newQuietNetwork(t, 2)
	w.allow(0, allowance(node.OfPeople))
	w.allow(1, allowance(node.OfPeople))
	a, b := w.sites[0], w.sites[1]
	// Another site's head file is no witness here.
	if err := os.WriteFile(a.head, must[[]byte](t)(os.ReadFile(b.head)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.reopen(a)
	if _, err := a.node.Budget(t.Context()); !errors.Is(err, node.ErrLedger) {
		t.Errorf("got %v, want %v", err, node.ErrLedger)
	}
	// Nor is one that is gone.
	if err := os.Remove(a.head); err != nil {
		t.Fatal(err)
	}
	w.reopen(a)
	if _, err := a.node.Budget(t.Context()); !errors.Is(err, node.ErrLedger) {
		t.Errorf("without its head file: got %v, want %v", err, node.ErrLedger)
	}
}

// The ledger's tables are set back, and the head file with them; the chain is not.
func TestTheChainKnowsWhatTheLedgerLacks(t *testing.T) {
	w := newQuietNetwork(t, 2)
	w.allow(0, allowance(node.OfPeople))
	s := w.sites[0]
	db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(s.dir, "records.db")))
	for _, table := range []string{"entries", "accounts", "orders", "state"} {
		for _, trigger := range []string{"ledger_is_not_cut"} {
			if _, err := db.Exec("DROP TRIGGER IF EXISTS " + trigger); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Exec("DELETE FROM ledger_" + table); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("CREATE TRIGGER ledger_is_not_cut BEFORE DELETE ON ledger_entries\nBEGIN SELECT raise(ABORT, 'the ledger is not cut'); END"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), os.Remove(s.head)); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	if _, err := s.node.Budget(t.Context()); err != nil {
		t.Fatalf("the ledger by itself is sound: %v", err)
	}
	if err := s.node.Serve(t.Context(), w.carrier); !errors.Is(err, node.ErrLedger) {
		t.Errorf("got %v, want %v", err, node.ErrLedger)
	}
}

func TestANodeIsNotMadeBesideAnothersHeadFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	if err := os.WriteFile(dir+".head", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := node.Init(dir, node.InitConfig{Name: "site", Organisation: "Hospital", Country: "CH"}); !errors.Is(err, node.ErrExists) {
		t.Errorf("got %v, want %v", err, node.ErrExists)
	}
}
