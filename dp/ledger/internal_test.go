package ledger

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

func TestEntriesAreOneShape(t *testing.T) {
	k := func(b byte) Key { return Key{b} }
	path := Path{k(1), k(2), k(3), k(4)}
	for name, e := range map[string]entry{
		"a debit":            debit{release: k(5), path: path, paid: 0b1010, cost: Cost{Rho: 7, Delta: 8}},
		"an order":           ordered{Signed{Message: []byte("m"), Signature: []byte("s")}},
		"a raise":            raise{Cost{Rho: 7, Delta: 8}, []odometer{{Population, k(1), Key{}, Cost{Rho: 1, Delta: 2}}, {Dataset, k(1), k(9), Cost{Rho: 3, Delta: 4}}}},
		"a raise of nobody":  raise{lost: Cost{Rho: 7, Delta: 8}},
		"a loss":             loss{from: 3, to: 5, charge: Cost{Rho: 7, Delta: 8}, witness: Head{k(1), 5, k(2)}},
		"a loss by an order": loss{from: 3, to: 5, order: Signed{Message: []byte("m"), Signature: []byte("s")}},
	} {
		t.Run(name, func(t *testing.T) {
			body := e.encode()
			got, err := parseEntry(body)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.encode(), body) {
				t.Errorf("got %+v, want %+v", got, e)
			}
			for cut := range body {
				if _, err := parseEntry(body[:cut]); !errors.Is(err, ErrDamaged) {
					t.Errorf("cut at %d: got %v, want %v", cut, err, ErrDamaged)
				}
			}
			if _, err := parseEntry(append(body, 0)); !errors.Is(err, ErrDamaged) {
				t.Errorf("with a byte more: got %v, want %v", err, ErrDamaged)
			}
		})
	}
	for name, e := range map[string]entry{
		"a debit that nobody pays":     debit{release: k(5), path: path, cost: Cost{Rho: 7, Delta: 8}},
		"a debit of a fifth account":   debit{release: k(5), path: path, paid: 0b10000, cost: Cost{Rho: 7, Delta: 8}},
		"a debit of nothing":           debit{release: k(5), path: path, paid: 1},
		"a debit that wraps around":    debit{release: k(5), path: path, paid: 1, cost: Cost{Rho: 1 << 62, Delta: 0}},
		"a debit without a researcher": debit{release: k(5), path: Path{k(1), k(2), k(3), Key{}}, paid: 1, cost: Cost{Rho: 7, Delta: 8}},
		"an empty order":               ordered{},
		"a loss of nothing":            loss{from: 3, to: 3},
		"a raise of people below some": raise{at: []odometer{{Population, k(1), k(2), Cost{Rho: 1, Delta: 2}}}},
		"a raise out of order":         raise{at: []odometer{{Dataset, k(2), k(9), Cost{Rho: 1, Delta: 2}}, {Dataset, k(1), k(9), Cost{Rho: 3, Delta: 4}}}},
		"an order that is too long":    ordered{Signed{Message: make([]byte, maxOrder+1)}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseEntry(e.encode()); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want %v", err, ErrDamaged)
			}
		})
	}
}

func TestAmountsStopAtTheLargest(t *testing.T) {
	largest := Cost{Rho: maxUnits, Delta: maxUnits}
	for _, c := range []struct {
		name      string
		got, want Cost
	}{
		{"a sum", upTo(Cost{Rho: 1, Delta: 2}, Cost{Rho: 3, Delta: 4}), Cost{Rho: 4, Delta: 6}},
		{"a sum beyond", upTo(largest, Cost{Rho: math.MaxUint64, Delta: 1}), largest},
		{"a product", times(Cost{Rho: 3, Delta: 4}, 5), Cost{Rho: 15, Delta: 20}},
		{"a product with nothing", times(Cost{Rho: 3, Delta: 4}, 0), Cost{}},
		{"a product beyond", times(Cost{Rho: 1 << 40, Delta: 1}, 1<<40), Cost{Rho: maxUnits, Delta: 1 << 40}},
		{"a rest", minus(Cost{Rho: 5, Delta: 5}, Cost{Rho: 3, Delta: 7}), Cost{Rho: 2, Delta: 0}},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
	if _, counted := plus(largest, Cost{Delta: 1}); counted {
		t.Error("more than can be counted was counted")
	}
	if _, counted := plus(Cost{}, Cost{Rho: math.MaxUint64}); counted {
		t.Error("an amount that wraps around was counted")
	}
}

// An entry that parses has one encoding: the bytes that the chain holds.
func FuzzEntry(f *testing.F) {
	k := Key{1}
	for _, e := range []entry{
		debit{release: k, path: Path{k, k, k, k}, paid: 15, cost: Cost{Rho: 7, Delta: 8}},
		ordered{Signed{Message: []byte("m"), Signature: []byte("s")}},
		loss{from: 3, to: 5, charge: Cost{Rho: 7, Delta: 8}, witness: Head{k, 5, k}},
		raise{Cost{Rho: 7, Delta: 8}, []odometer{{Population, k, Key{}, Cost{Rho: 1, Delta: 2}}, {Study, k, k, Cost{Rho: 3, Delta: 4}}}},
	} {
		f.Add(e.encode())
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := parseEntry(body)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want %v", err, ErrDamaged)
			}
			return
		}
		if !bytes.Equal(e.encode(), body) {
			t.Errorf("%x is read as %+v and written as %x", body, e, e.encode())
		}
	})
}

func FuzzHeadFile(f *testing.F) {
	h := append([]byte(headDomain), Head{Key{1}, 2, Key{3}}.encode()...)
	f.Add(append(h, 0, 0, 0, 1, 9))
	f.Add(append(h, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		message, signature, err := parseHeadFile(b)
		if err != nil {
			if !errors.Is(err, ErrWitness) {
				t.Errorf("got %v, want %v", err, ErrWitness)
			}
			return
		}
		if len(message) != headMessage || len(message)+4+len(signature) != len(b) {
			t.Errorf("%d bytes are read as %d and %d", len(b), len(message), len(signature))
		}
	})
}

// An order that parses has one encoding: the bytes that were signed.
func FuzzOrder(f *testing.F) {
	path := Path{Population: Key{1}, Dataset: Key{2}, Study: Key{3}, Researcher: Key{4}}
	for _, o := range []Order{
		{Kind: Allow, Level: Researcher, Path: path, Amount: Cost{Rho: 1, Delta: 2}},
		{Kind: AllowEach, Level: Population, Path: Path{Population: Key{1}}, Amount: Cost{Rho: 1, Delta: 2}},
		{Kind: LimitTask, Amount: Cost{Rho: 1, Delta: 2}},
		{Kind: AcceptLoss, Head: Head{Key{9}, 5, Key{2}}},
	} {
		o.Ledger, o.Nonce, o.Reason = Key{9}, [16]byte{1}, "yes"
		f.Add(o.encode())
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		o, err := ParseOrder(message)
		if err != nil {
			if !errors.Is(err, ErrOrder) {
				t.Errorf("got %v, want %v", err, ErrOrder)
			}
			return
		}
		again, err := o.Encode()
		if err != nil || !bytes.Equal(again, message) {
			t.Errorf("%x is read as %+v and written as %x, %v", message, o, again, err)
		}
	})
}
