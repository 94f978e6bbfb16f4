package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

func TestFollow(t *testing.T) {
	more := allowance(t, ledger.Population, 50)
	altered := ledger.Signed{Message: append([]byte(nil), more.Message...), Signature: more.Signature}
	altered.Message[len(altered.Message)-1] ^= 1
	elsewhere := path("alice")
	elsewhere.Population = key("other people")
	for _, c := range []struct {
		name  string
		order ledger.Signed
		want  error
		cap   uint64 // of the population, after
	}{
		{"an allowance adds to the cap", more, nil, 150},
		{"an allowance is followed once", allowance(t, ledger.Population, 100), ledger.ErrOrder, 100},
		{"an order that was altered", altered, ledger.ErrOrder, 100},
		{"an order without a signature", ledger.Signed{Message: more.Message}, ledger.ErrOrder, 100},
		{"an order for another ledger", order(t, ledger.Order{Ledger: key("other"), Kind: ledger.Allow, Level: ledger.Population, Path: path("a").UpTo(ledger.Population), Amount: ledger.Cost{Rho: 1}}, "x"), ledger.ErrOrder, 100},
		{"an order that is too long", ledger.Signed{Message: make([]byte, 5000)}, ledger.ErrOrder, 100},
		{"a loss that is none", order(t, ledger.Order{Kind: ledger.AcceptLoss, Head: ledger.Head{Ledger: key("ledger"), Seq: 1}}, "x"), ledger.ErrOrder, 100},
		{"a cap that cannot be counted", order(t, ledger.Order{Kind: ledger.Allow, Level: ledger.Population, Path: path("a").UpTo(ledger.Population), Amount: ledger.Cost{Rho: 1<<62 - 50}}, "x"), ledger.ErrOverflow, 100},
		{"a dataset of other people", order(t, ledger.Order{Kind: ledger.Allow, Level: ledger.Dataset, Path: elsewhere.UpTo(ledger.Dataset), Amount: ledger.Cost{Rho: 1}}, "x"), ledger.ErrPath, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := funded(t, 100, 100)
			before := h.l.Head()
			err := h.in(func(tx ledger.Tx) error {
				_, err := h.l.Follow(t.Context(), tx, c.order)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && h.l.Head() != before {
				t.Error("an order that was refused is in the chain")
			}
			if got := h.show().Accounts[0].Cap.Rho; got != c.cap {
				t.Errorf("the population may spend %d, want %d", got, c.cap)
			}
			if err := h.reopen(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAllowEachIsForEveryAccountBelow(t *testing.T) {
	h := funded(t, 100, 100, 100, 30)
	for _, researcher := range []string{"alice", "bob"} {
		if _, err := h.charge(charge(researcher, researcher, 31)); !errors.Is(err, ledger.ErrExhausted) {
			t.Errorf("%s: got %v, want %v", researcher, err, ledger.ErrExhausted)
		}
		if _, err := h.charge(charge(researcher, researcher, 30)); err != nil {
			t.Errorf("%s: %v", researcher, err)
		}
	}
	h.follow(order(t, ledger.Order{Kind: ledger.Allow, Level: ledger.Researcher, Path: path("bob"), Amount: ledger.Cost{Rho: 7, Delta: 1}}, "bob"))
	if _, err := h.charge(charge("more", "alice", 7)); !errors.Is(err, ledger.ErrExhausted) {
		t.Errorf("alice: got %v, want %v", err, ledger.ErrExhausted)
	}
	if _, err := h.charge(charge("more", "bob", 7)); err != nil {
		t.Errorf("bob: %v", err)
	}
}

func TestALowerLimitOfOneReleaseHoldsAtOnce(t *testing.T) {
	h := funded(t, 1000, 1000, 1000, 1000)
	h.follow(task(t, 10))
	if _, err := h.charge(charge("r", "alice", 11)); !errors.Is(err, ledger.ErrCost) {
		t.Errorf("got %v, want %v", err, ledger.ErrCost)
	}
	if _, err := h.charge(charge("r", "alice", 10)); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	// What is lost may be of the time when the limit was higher.
	h.tamper("UPDATE ledger_entries SET body = zeroblob(1) WHERE seq = (SELECT max(seq) FROM ledger_entries)")
	h.open()
	if got := h.show().Lost.Rho; got != 100 {
		t.Errorf("%d is charged for the loss, want the most there ever was, 100", got)
	}
}

func TestOrdersAreOneShape(t *testing.T) {
	people := path("alice").UpTo(ledger.Population)
	amount := ledger.Cost{Rho: 1}
	valid := ledger.Order{Ledger: key("l"), Kind: ledger.Allow, Level: ledger.Population, Path: people, Amount: amount, Nonce: [16]byte{1}, Reason: "yes"}
	for _, c := range []struct {
		name   string
		change func(*ledger.Order)
		want   string // in the error, none if empty
	}{
		{"an allowance", func(*ledger.Order) {}, ""},
		{"an allowance for each study", func(o *ledger.Order) {
			o.Kind, o.Level, o.Path = ledger.AllowEach, ledger.Dataset, path("a").UpTo(ledger.Dataset)
		}, ""},
		{"a limit of nothing stops all releases", func(o *ledger.Order) {
			*o = ledger.Order{Ledger: o.Ledger, Kind: ledger.LimitTask, Nonce: o.Nonce, Reason: o.Reason}
		}, ""},
		{"no ledger", func(o *ledger.Order) { o.Ledger = ledger.Key{} }, "names no ledger"},
		{"no nonce", func(o *ledger.Order) { o.Nonce = [16]byte{} }, "nonce is zero"},
		{"no reason", func(o *ledger.Order) { o.Reason = "" }, "reason"},
		{"a reason of two lines", func(o *ledger.Order) { o.Reason = "a\nb" }, "reason"},
		{"a reason that is not text", func(o *ledger.Order) { o.Reason = "\xff" }, "reason"},
		{"a reason without end", func(o *ledger.Order) { o.Reason = strings.Repeat("a", 1001) }, "reason"},
		{"no such order", func(o *ledger.Order) { o.Kind = 9 }, "no order 9"},
		{"nothing is allowed", func(o *ledger.Order) { o.Amount = ledger.Cost{} }, "allows nothing"},
		{"more is allowed than can be counted", func(o *ledger.Order) { o.Amount.Delta = 1 << 63 }, "too large"},
		{"an account that is not named", func(o *ledger.Order) { o.Path = ledger.Path{} }, "needs the keys"},
		{"an account that is named too far down", func(o *ledger.Order) { o.Path = path("a") }, "needs the keys"},
		{"no such level", func(o *ledger.Order) { o.Level, o.Path = 5, path("a") }, "needs the keys"},
		{"accounts below a researcher", func(o *ledger.Order) { o.Kind, o.Level, o.Path = ledger.AllowEach, ledger.Researcher, path("a") }, "needs the keys"},
		{"an allowance with a head", func(o *ledger.Order) { o.Head.Seq = 1 }, "not its own"},
		{"a loss of another ledger", func(o *ledger.Order) {
			*o = ledger.Order{Ledger: o.Ledger, Kind: ledger.AcceptLoss, Head: ledger.Head{Ledger: key("m"), Seq: 1}, Nonce: o.Nonce, Reason: o.Reason}
		}, "witnessed head"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := valid
			c.change(&o)
			message, err := o.Encode()
			if c.want != "" {
				if !errors.Is(err, ledger.ErrOrder) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := ledger.ParseOrder(message)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(o, got); diff != "" {
				t.Errorf("parsed (-want +got):\n%s", diff)
			}
			for cut := range message {
				if _, err := ledger.ParseOrder(message[:cut]); !errors.Is(err, ledger.ErrOrder) {
					t.Errorf("cut at %d: got %v, want %v", cut, err, ledger.ErrOrder)
				}
			}
			if _, err := ledger.ParseOrder(append(message, 0)); !errors.Is(err, ledger.ErrOrder) {
				t.Errorf("with a byte more: got %v, want %v", err, ledger.ErrOrder)
			}
		})
	}
}
