package ledger_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

// key names something.
func key(name string) ledger.Key { return sha256.Sum256([]byte(name)) }

// signer signs with Ed25519, as the operator and as the witness.
type signer struct{ private ed25519.PrivateKey }

func newSigner(name string) signer {
	seed := key(name)
	return signer{ed25519.NewKeyFromSeed(seed[:])}
}

func (s signer) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.private, message), nil }

func (s signer) Verify(message, signature []byte) error {
	if !ed25519.Verify(s.private.Public().(ed25519.PublicKey), message, signature) {
		return errors.New("the signature does not verify")
	}
	return nil
}

// order signs an order of the operator's, with a nonce of its own text.
func order(t testing.TB, o ledger.Order, nonce string) ledger.Signed {
	t.Helper()
	if o.Ledger == (ledger.Key{}) {
		o.Ledger = key("ledger")
	}
	if o.Reason == "" {
		o.Reason = "the board agreed"
	}
	n := key(nonce)
	copy(o.Nonce[:], n[:])
	message, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := newSigner("operator").Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Signed{Message: message, Signature: signature}
}

// house is a ledger in a folder of its own, with its witness.
type house struct {
	t      testing.TB
	folder string
	db     *sql.DB
	l      *ledger.Ledger
}

func (h *house) database() string { return filepath.Join(h.folder, "ledger.db") }
func (h *house) headFile() string { return filepath.Join(h.folder, "head") }

func (h *house) config() ledger.Config {
	return ledger.Config{ID: key("ledger"), Witness: ledger.NewHeadFile(h.headFile(), newSigner("witness")), Verify: newSigner("operator").Verify}
}

// newHouse opens an empty ledger.
func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, folder: t.TempDir()}
	h.open()
	return h
}

func (h *house) open() {
	h.t.Helper()
	if err := h.tryOpen(); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) tryOpen() (err error) {
	if h.db, err = ledger.OpenFile(context.Background(), h.database()); err != nil {
		return err
	}
	db := h.db
	h.t.Cleanup(func() { _ = db.Close() })
	h.l, err = ledger.Open(context.Background(), h.db, h.config())
	if err != nil {
		return errors.Join(err, h.db.Close())
	}
	return nil
}

func (h *house) reopen() error {
	if err := h.db.Close(); err != nil {
		h.t.Fatal(err)
	}
	return h.tryOpen()
}

// in runs f in a committed transaction and settles.
func (h *house) in(f func(tx ledger.Tx) error) error {
	ctx := context.Background()
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return h.l.Settle(ctx, h.db)
}

func (h *house) follow(orders ...ledger.Signed) {
	h.t.Helper()
	for _, o := range orders {
		err := h.in(func(tx ledger.Tx) error {
			_, err := h.l.Follow(context.Background(), tx, o)
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) charge(c ledger.Charge) (hold *ledger.Hold, err error) {
	err = h.in(func(tx ledger.Tx) error {
		hold, err = h.l.Reserve(context.Background(), tx, c)
		return err
	})
	return hold, err
}

func (h *house) show() ledger.Statement {
	h.t.Helper()
	s, err := h.l.Show(context.Background(), h.db)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// spent is the rho of each account, in the tree's order.
func (h *house) spent() (rho []uint64) {
	h.t.Helper()
	for _, a := range h.show().Accounts {
		rho = append(rho, a.Spent.Rho)
	}
	return rho
}

// path is that of a researcher in the one study.
func path(researcher string) ledger.Path {
	return ledger.Path{Population: key("people"), Dataset: key("dataset"), Study: key("study"), Researcher: key(researcher)}
}

func charge(release, researcher string, rho uint64) ledger.Charge {
	return ledger.Charge{Release: key(release), Path: path(researcher), Cost: ledger.Cost{Rho: rho, Delta: 1}}
}

// allowance adds rho, and delta enough, to one account.
func allowance(t testing.TB, l ledger.Level, rho uint64) ledger.Signed {
	t.Helper()
	kind, at := ledger.Allow, l
	if l == ledger.Researcher {
		kind, at = ledger.AllowEach, ledger.Study
	}
	return order(t, ledger.Order{Kind: kind, Level: at, Path: path("alice").UpTo(at), Amount: ledger.Cost{Rho: rho, Delta: 1 << 40}}, fmt.Sprint(l, rho))
}

// task limits one release.
func task(t testing.TB, rho uint64) ledger.Signed {
	t.Helper()
	return order(t, ledger.Order{Kind: ledger.LimitTask, Amount: ledger.Cost{Rho: rho, Delta: 100}}, fmt.Sprint("task", rho))
}

// funded is a ledger whose accounts have these caps, from the population down, and
// where one release costs at most 100.
func funded(t testing.TB, caps ...uint64) *house {
	t.Helper()
	h := newHouse(t)
	h.follow(task(t, 100))
	for i, rho := range caps {
		h.follow(allowance(t, ledger.Level(i+1), rho))
	}
	return h
}

func TestReserve(t *testing.T) {
	elsewhere := path("alice")
	elsewhere.Population = key("other people")
	half := path("alice")
	half.Study = ledger.Key{}
	for _, c := range []struct {
		name    string
		caps    []uint64
		charges []ledger.Charge
		refused error // of the last one
		level   ledger.Level
		want    []uint64 // spent by people, dataset, study, then the researchers in the order of their keys
	}{
		{"a release is charged to all four accounts", []uint64{100, 100, 100, 100}, []ledger.Charge{charge("r", "alice", 40)}, nil, 0, []uint64{40, 40, 40, 40}},
		{"a release may cost all that is left", []uint64{40, 40, 40, 40}, []ledger.Charge{charge("r", "alice", 40)}, nil, 0, []uint64{40, 40, 40, 40}},
		{"what the people have not is charged to nobody", []uint64{39, 100, 100, 100}, []ledger.Charge{charge("r", "alice", 40)}, ledger.ErrExhausted, ledger.Population, []uint64{0, 0, 0}},
		{"what the dataset has not is charged to nobody", []uint64{100, 39, 100, 100}, []ledger.Charge{charge("r", "alice", 40)}, ledger.ErrExhausted, ledger.Dataset, []uint64{0, 0, 0}},
		{"what the study has not is charged to nobody", []uint64{100, 100, 39, 100}, []ledger.Charge{charge("r", "alice", 40)}, ledger.ErrExhausted, ledger.Study, []uint64{0, 0, 0}},
		{"what the researcher has not is charged to nobody", []uint64{100, 100, 100, 39}, []ledger.Charge{charge("r", "alice", 40)}, ledger.ErrExhausted, ledger.Researcher, []uint64{0, 0, 0}},
		{"an account without an allowance has nothing", []uint64{100, 100, 100}, []ledger.Charge{charge("r", "alice", 1)}, ledger.ErrExhausted, ledger.Researcher, []uint64{0, 0, 0}},
		{"a release is charged once", []uint64{50, 50, 50, 50}, []ledger.Charge{charge("r", "alice", 40), charge("r", "alice", 40)}, nil, 0, []uint64{40, 40, 40, 40}},
		{"a second researcher pays for the same release alone", []uint64{50, 50, 50, 50}, []ledger.Charge{charge("r", "alice", 40), charge("r", "bob", 40)}, nil, 0, []uint64{40, 40, 40, 40, 40}},
		{"two researchers share what the study has", []uint64{100, 100, 50, 50}, []ledger.Charge{charge("r", "alice", 40), charge("s", "bob", 40)}, ledger.ErrExhausted, ledger.Study, []uint64{40, 40, 40, 40}},
		{"another release number is another release", []uint64{100, 100, 100, 70}, []ledger.Charge{charge("r0", "alice", 40), charge("r1", "alice", 40)}, ledger.ErrExhausted, ledger.Researcher, []uint64{40, 40, 40, 40}},
		{"a release does not become cheaper", []uint64{100, 100, 100, 100}, []ledger.Charge{charge("r", "alice", 40), charge("r", "bob", 4)}, ledger.ErrCost, 0, []uint64{40, 40, 40, 40}},
		{"a release without rho is refused", []uint64{100, 100, 100, 100}, []ledger.Charge{charge("r", "alice", 0)}, ledger.ErrCost, 0, []uint64{0, 0, 0}},
		{"a release above the limit of one is refused", []uint64{1000, 1000, 1000, 1000}, []ledger.Charge{charge("r", "alice", 101)}, ledger.ErrCost, 0, []uint64{0, 0, 0}},
		{"a release of more delta than one may have is refused", []uint64{100, 100, 100, 100}, []ledger.Charge{{Release: key("r"), Path: path("alice"), Cost: ledger.Cost{Rho: 1, Delta: 101}}}, ledger.ErrCost, 0, []uint64{0, 0, 0}},
		{"a cost that wraps around is refused", []uint64{100, 100, 100, 100}, []ledger.Charge{charge("r", "alice", 1<<64-1)}, ledger.ErrCost, 0, []uint64{0, 0, 0}},
		{"a dataset cannot be moved to fresh people", []uint64{100, 100, 100, 100}, []ledger.Charge{{Release: key("r"), Path: elsewhere, Cost: ledger.Cost{Rho: 1}}}, ledger.ErrPath, 0, []uint64{0, 0, 0}},
		{"a path without a study is refused", []uint64{100, 100, 100, 100}, []ledger.Charge{{Release: key("r"), Path: half, Cost: ledger.Cost{Rho: 1}}}, ledger.ErrPath, 0, []uint64{0, 0, 0}},
		{"a charge without a release is refused", []uint64{100, 100, 100, 100}, []ledger.Charge{{Path: path("alice"), Cost: ledger.Cost{Rho: 1}}}, ledger.ErrPath, 0, []uint64{0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := funded(t, c.caps...)
			for i, charge := range c.charges {
				var want error
				if i == len(c.charges)-1 {
					want = c.refused
				}
				_, err := h.charge(charge)
				if !errors.Is(err, want) {
					t.Fatalf("charge %d: got %v, want %v", i, err, want)
				}
				var short *ledger.Exhausted
				if errors.As(err, &short) && short.Level != c.level {
					t.Errorf("refused by the %v, want the %v", short.Level, c.level)
				}
			}
			if diff := cmp.Diff(c.want, h.spent()); diff != "" {
				t.Errorf("spent (-want +got):\n%s", diff)
			}
			before := h.show()
			if err := h.reopen(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, h.show()); diff != "" {
				t.Errorf("after a restart (-before +after):\n%s", diff)
			}
		})
	}
}

func TestDeltaIsSpentLikeRho(t *testing.T) {
	h := funded(t, 100, 100, 100)
	h.follow(order(t, ledger.Order{Kind: ledger.AllowEach, Level: ledger.Study, Path: path("alice").UpTo(ledger.Study), Amount: ledger.Cost{Rho: 100, Delta: 2}}, "delta"))
	for _, release := range []string{"q", "r"} {
		if _, err := h.charge(charge(release, "alice", 1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.charge(charge("s", "alice", 1)); !errors.Is(err, ledger.ErrExhausted) {
		t.Errorf("got %v, want %v", err, ledger.ErrExhausted)
	}
	for _, a := range h.show().Accounts {
		if a.Spent != (ledger.Cost{Rho: 2, Delta: 2}) {
			t.Errorf("the %v has spent %v", a.Level, a.Spent)
		}
	}
}
