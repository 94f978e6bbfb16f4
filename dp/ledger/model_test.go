package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/dp/ledger"
)

// naive is the ledger as it would be written on paper: no chain, no database, no levels.
type naive struct {
	cap, each, spent map[string]uint64
	task             uint64
	cost             map[string]uint64
	paid             map[[2]string]bool // release and account
}

// chain are the accounts of a researcher, from the top, by name.
func chain(study, researcher string) []string {
	return []string{"people", "dataset", "dataset/" + study, "dataset/" + study + "/" + researcher}
}

func (n *naive) charge(release, study, researcher string, rho uint64) string {
	if rho == 0 || rho > n.task {
		return "cost"
	}
	if before, known := n.cost[release]; known && before != rho {
		return "cost"
	}
	above, replay := "", true
	for _, a := range chain(study, researcher) {
		if !n.paid[[2]string{release, a}] {
			replay = false
			if n.spent[a]+rho > n.cap[a]+n.each[above] {
				return "exhausted"
			}
		}
		above = a
	}
	for _, a := range chain(study, researcher) {
		if !n.paid[[2]string{release, a}] {
			n.paid[[2]string{release, a}] = true
			n.spent[a] += rho
		}
	}
	n.cost[release] = rho
	if replay {
		return "replayed"
	}
	return "charged"
}

// outcome names what the ledger answered.
func outcome(hold *ledger.Hold, err error) string {
	switch {
	case errors.Is(err, ledger.ErrExhausted):
		return "exhausted"
	case errors.Is(err, ledger.ErrCost):
		return "cost"
	case err != nil:
		return err.Error()
	case hold.Replayed():
		return "replayed"
	}
	return "charged"
}

func at(study, researcher string) ledger.Path {
	return ledger.Path{Population: key("people"), Dataset: key("dataset"), Study: key(study), Researcher: key(researcher)}
}

func TestTheLedgerAgreesWithANaiveOne(t *testing.T) {
	runs := 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		h := newHouse(t)
		defer func() { _ = h.db.Close() }()
		n := &naive{
			cap: make(map[string]uint64), each: make(map[string]uint64), spent: make(map[string]uint64), cost: make(map[string]uint64),
			paid: make(map[[2]string]bool),
		}
		name := func(of string, among int) string {
			return fmt.Sprint(of, rapid.IntRange(1, among).Draw(r, of))
		}
		nonce := 0
		order := func(o ledger.Order) {
			nonce++
			h.follow(order(t, o, fmt.Sprint(runs, nonce)))
		}
		allow := func(most uint64) {
			rho := rapid.Uint64Range(1, most).Draw(r, "allowed")
			study, researcher := name("study", 2), name("researcher", 2)
			level := rapid.IntRange(1, 4).Draw(r, "level")
			o := ledger.Order{Kind: ledger.Allow, Level: ledger.Level(level), Path: at(study, researcher).UpTo(ledger.Level(level)), Amount: ledger.Cost{Rho: rho, Delta: 1 << 30}}
			to := n.cap
			if level < 4 && rapid.Bool().Draw(r, "each") {
				o.Kind, to = ledger.AllowEach, n.each
			}
			order(o)
			to[chain(study, researcher)[level-1]] += rho
		}
		limit := func() {
			n.task = rapid.Uint64Range(1, 40).Draw(r, "limit")
			order(ledger.Order{Kind: ledger.LimitTask, Amount: ledger.Cost{Rho: n.task, Delta: 1}})
		}
		limit()
		for range 4 {
			allow(200)
		}
		r.Repeat(map[string]func(*rapid.T){
			"limit":  func(*rapid.T) { limit() },
			"allow":  func(*rapid.T) { allow(60) },
			"charge": func(r *rapid.T) { both(r, h, n, name) },
			"again":  func(r *rapid.T) { both(r, h, n, name) },
			"given up": func(r *rapid.T) {
				tx, err := h.db.BeginTx(context.Background(), nil)
				if err != nil {
					r.Fatal(err)
				}
				_, _ = h.l.Reserve(context.Background(), tx, ledger.Charge{Release: key(name("release", 8)), Path: at(name("study", 2), name("researcher", 2)), Cost: ledger.Cost{Rho: 1}})
				if err := tx.Rollback(); err != nil {
					r.Fatal(err)
				}
			},
			"restart": func(r *rapid.T) {
				if err := h.reopen(); err != nil {
					r.Fatal(err)
				}
			},
			"": func(r *rapid.T) { sameSpent(r, h, n) },
		})
	})
}

// both charges the ledger and the naive one.
func both(r *rapid.T, h *house, n *naive, name func(string, int) string) {
	release, study, researcher := name("release", 8), name("study", 2), name("researcher", 2)
	rho, known := n.cost[release]
	if !known || rapid.IntRange(0, 9).Draw(r, "other cost") == 0 {
		rho = rapid.Uint64Range(0, 50).Draw(r, "rho")
	}
	got := outcome(h.charge(ledger.Charge{Release: key(release), Path: at(study, researcher), Cost: ledger.Cost{Rho: rho}}))
	if want := n.charge(release, study, researcher, rho); got != want {
		r.Fatalf("release %s at %d for %s of %s: got %s, want %s", release, rho, researcher, study, got, want)
	}
}

// sameSpent compares what is spent, and holds that no cap is passed.
func sameSpent(r *rapid.T, h *house, n *naive) {
	s := h.show()
	var got, want []uint64
	for _, a := range s.Accounts {
		if a.Spent.Rho > a.Cap.Rho {
			r.Fatalf("%v %s has spent %d of %d", a.Level, a.ID, a.Spent.Rho, a.Cap.Rho)
		}
		if a.Spent.Rho > 0 {
			got = append(got, a.Spent.Rho)
		}
	}
	for _, spent := range n.spent {
		want = append(want, spent)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.Fatalf("spent: got %v, want %v", got, want)
	}
}
