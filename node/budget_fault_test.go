package node_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// The disk is full wherever a debit needs its next page.
func TestAFullDiskChargesNothing(t *testing.T) {
	w := newQuietNetwork(t, 2)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	s := w.sites[0]
	full := 0
	for i := range 60 {
		release := fmt.Sprint("r", i)
		before := s.spent(t)
		links := w.chain(0, "debit")
		if err := s.node.FillDisk(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := w.debit(0, release, 1000); err == nil {
			continue
		} else if errors.Is(err, protocol.BudgetExhausted) {
			t.Fatalf("debit %d: got %v, want what the disk says", i, err)
		}
		full++
		if d := cmp.Diff(before, s.spent(t)); d != "" {
			t.Fatalf("debit %d was charged (-before +after):\n%s", i, d)
		}
		if n := w.chain(0, "debit"); n != links {
			t.Fatalf("debit %d is in the chain", i)
		}
		if err := s.node.FillDisk(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		hold, err := w.debit(0, release, 1000)
		if err != nil || hold.Replayed() {
			t.Fatalf("debit %d once there is room: got %v, want it charged", i, err)
		}
	}
	if full == 0 {
		t.Error("the disk was never full")
	}
	want := s.spent(t)
	w.reopen(s)
	if d := cmp.Diff(want, s.spent(t)); d != "" {
		t.Errorf("after a restart (-want +got):\n%s", d)
	}
}

// Whatever is asked, and however often the disk is lost and made good by the newest
// snapshot that others keep: what was given noise for never costs more than was allowed.
func TestNoRunSpendsMoreThanWasAllowed(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 1))
			w := newQuietNetwork(t, 2)
			w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
			s := w.sites[0]
			old, oldHead := copyOf(t, s), must[[]byte](t)(os.ReadFile(s.head))
			newest := must[[]byte](t)(s.node.Snapshot(t.Context()))
			paid := uint64(0)
			refused, losses := 0, 0
			for i := range 60 {
				switch dice.IntN(12) {
				case 0: // the disk and its head file are lost, and an older copy put in their place
					s.dir = old
					if err := os.WriteFile(s.head, oldHead, 0o600); err != nil {
						t.Fatal(err)
					}
					w.reopen(s)
					if err := s.node.Restore(t.Context(), newest); err != nil {
						t.Fatal(err)
					}
					old, oldHead = copyOf(t, s), must[[]byte](t)(os.ReadFile(s.head))
					losses++
				case 1: // a new release
					old, oldHead = copyOf(t, s), must[[]byte](t)(os.ReadFile(s.head))
				default:
					// Some are asked again: for no charge, or charged again after a loss.
					cost := promised(t) / 40 * (1 + dice.Uint64N(4))
					hold, err := w.debit(0, fmt.Sprint("r", dice.IntN(i+1)), cost)
					switch {
					case errors.Is(err, protocol.BudgetExhausted):
						refused++
					case err != nil:
						t.Fatal(err)
					case !hold.Replayed():
						paid += cost
					}
					newest = must[[]byte](t)(s.node.Snapshot(t.Context()))
				}
				if most := promised(t); paid > most {
					t.Fatalf("step %d: rho %d was given, and %d is allowed", i, paid, most)
				}
				if spent := s.spent(t)["population everybody here"]; spent < paid {
					t.Fatalf("step %d: it has spent %d, and gave %d", i, spent, paid)
				}
			}
			if refused == 0 || losses == 0 {
				t.Errorf("%d refused and %d losses: the run shows nothing", refused, losses)
			}
		})
	}
}

// An order counts when this site's custodian has signed these bytes, once.
func TestAForgedOrderIsNotFollowed(t *testing.T) {
	w := newQuietNetwork(t, 2)
	here, there := w.sites[0].node, w.sites[1].node
	signed := func(n *node.Node) ledger.Signed {
		return must[ledger.Signed](t)(n.SignBudgetOrder(n.PeopleOrder(1000)))
	}
	good := signed(here)
	if err := here.FollowBudgetOrder(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	more := here.PeopleOrder(5000)
	more.Ledger = must[ledger.Order](t)(ledger.ParseOrder(good.Message)).Ledger
	more.Nonce[0] = 1
	message := must[[]byte](t)(more.Encode())
	for _, tt := range []struct {
		name  string
		order ledger.Signed
	}{
		{"replayed", good},
		{"of another site", signed(there)},
		{"unsigned", ledger.Signed{Message: message}},
		{"with the signature of another order", ledger.Signed{Message: message, Signature: good.Signature}},
		{"signed by another site's custodian", ledger.Signed{Message: message, Signature: must[ledger.Signed](t)(there.SignBudgetOrder(more)).Signature}},
		{"signed by the node and not its custodian", ledger.Signed{Message: message, Signature: must[[]byte](t)(here.SignAsNode(message))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := here.FollowBudgetOrder(t.Context(), tt.order); !errors.Is(err, ledger.ErrOrder) {
				t.Errorf("got %v, want %v", err, ledger.ErrOrder)
			}
			b := must[node.Budget](t)(here.Budget(t.Context()))
			if got := b.Accounts[0].Cap.Rho; got != 1000 {
				t.Errorf("the people are allowed %d, want 1000", got)
			}
		})
	}
}

// An exact answer is left out of the tables that limit the next one.
func TestTheChainKnowsWhatWasReleased(t *testing.T) {
	for _, tt := range []struct{ name, change string }{
		{"a release is left out", "DELETE FROM released"},
		{"a release is of fewer variants", "UPDATE released SET ranges = (SELECT CAST(substr(ranges, 1, length(ranges) - 1) || x'01' AS BLOB) FROM released)"},
		{"less was given of them", "UPDATE people SET variants = 1"},
		{"nothing was given of them", "UPDATE people SET variants = 0"},
		{"a release is of other sites", "UPDATE released SET sites = zeroblob(32)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newNetwork(t, 2)
			w.carry(w.ask())
			s := w.sites[0]
			w.restart(0) // what the chain names is what there is
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(s.dir, "records.db")))
			if _, err := db.Exec(tt.change); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			w.reopen(s)
			if err := s.node.Serve(t.Context(), w.carrier); !errors.Is(err, node.ErrRecords) {
				t.Errorf("got %v, want %v", err, node.ErrRecords)
			}
		})
	}
}
