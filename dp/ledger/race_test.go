package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/locus-genomics/locus/dp/ledger"
)

// asked is a charge as a caller asks it, and answered is what came back.
type asked struct {
	release string
	rho     uint64
}

type answered string

const (
	charged   answered = "charged"
	replayed  answered = "replayed"
	exhausted answered = "exhausted"
)

// spending is what the model knows: what is left, and which releases are paid.
type spending struct {
	left uint64
	paid string // release after release, each in bars, in the order that they were paid in
}

// budget is a ledger of one account as a sequential program.
func budget(limit uint64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return spending{left: limit} },
		Step: func(state, in, out any) (bool, any) {
			s, c := state.(spending), in.(asked)
			switch {
			case contains(s.paid, c.release):
				return out == replayed, s
			case c.rho > s.left:
				return out == exhausted, s
			}
			return out == charged, spending{s.left - c.rho, insert(s.paid, c.release)}
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v: %v", in, out) },
	}
}

// insert keeps the releases in order, so that two ways to one state are one state.
func insert(paid, release string) string {
	at := 0
	for at+4 <= len(paid) && paid[at:at+4] < release {
		at += 4
	}
	return paid[:at] + release + paid[at:]
}

func contains(paid, release string) bool {
	for at := 0; at+4 <= len(paid); at += 4 {
		if paid[at:at+4] == release {
			return true
		}
	}
	return false
}

// run has each client ask its charges through one writer, all at once, and returns what
// happened when. The clock only counts: it orders what began after another thing ended.
func (h *house) run(clients [][]asked) []porcupine.Operation {
	h.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	w := ledger.NewWriter(h.l, h.db)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	var clock atomic.Int64
	var all sync.WaitGroup
	start := make(chan struct{})
	histories := make([][]porcupine.Operation, len(clients))
	for i, charges := range clients {
		all.Go(func() {
			<-start
			for _, c := range charges {
				op := porcupine.Operation{ClientId: i, Input: c, Call: clock.Add(1)}
				op.Output = h.answer(w, c)
				op.Return = clock.Add(1)
				histories[i] = append(histories[i], op)
			}
		})
	}
	close(start)
	all.Wait()
	stop()
	if err := <-ended; err != nil {
		h.t.Error(err)
	}
	var history []porcupine.Operation
	for _, of := range histories {
		history = append(history, of...)
	}
	return history
}

func (h *house) answer(w *ledger.Writer, c asked) answered {
	var hold *ledger.Hold
	err := w.Do(context.Background(), func(ctx context.Context, tx ledger.Tx) (err error) {
		hold, err = h.l.Reserve(ctx, tx, charge(c.release, "alice", c.rho))
		return err
	})
	switch {
	case errors.Is(err, ledger.ErrExhausted):
		return exhausted
	case err != nil:
		return answered(err.Error())
	}
	if err := hold.Draw(nothing); err != nil {
		return answered(err.Error())
	}
	if hold.Replayed() {
		return replayed
	}
	return charged
}

func count(history []porcupine.Operation, what answered) (n int) {
	for _, op := range history {
		if op.Output == what {
			n++
		}
	}
	return n
}

// linearizable holds a history against the model. The time only ends a search that
// would not end; a search that has not ended is a failure.
func linearizable(limit uint64, history []porcupine.Operation) bool {
	return porcupine.CheckOperationsTimeout(budget(limit), history, time.Minute) == porcupine.Ok
}

func Test256CallersAtTheEdgeOfACapGetWhatIsAffordable(t *testing.T) {
	const callers, each, limit = 256, 7, 704
	h := funded(t, 10000, 10000, 10000, limit)
	clients := make([][]asked, callers)
	for i := range clients {
		clients[i] = []asked{{fmt.Sprintf("%4d", i), each}}
	}
	history := h.run(clients)
	if got := count(history, charged); got != limit/each {
		t.Errorf("%d releases were charged, %d can be afforded", got, limit/each)
	}
	if got := count(history, exhausted); got != callers-limit/each {
		t.Errorf("%d releases were refused, want all others, %d", got, callers-limit/each)
	}
	if !linearizable(limit, history) {
		t.Error("no order of the charges, one after another, has these answers")
	}
}

// The control: a history with one charge too many, of callers so few that all orders
// can be tried.
func TestACheckOfHistoriesCatchesAnOverspend(t *testing.T) {
	h := funded(t, 100, 100, 100, 30)
	history := h.run([][]asked{{{"   a", 10}}, {{"   b", 10}}, {{"   c", 10}}, {{"   d", 10}}, {{"   e", 10}}})
	if !linearizable(30, history) {
		t.Error("no order of the charges, one after another, has these answers")
	}
	for i, op := range history {
		if op.Output == exhausted {
			history[i].Output = charged
			break
		}
	}
	if got := porcupine.CheckOperationsTimeout(budget(30), history, time.Minute); got != porcupine.Illegal {
		t.Errorf("one charge too many: got %v, want %v", got, porcupine.Illegal)
	}
}

func TestChargesAtOnceAreAsIfOneAfterAnother(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 0))
			const limit = 300
			h := funded(t, limit, 10000, 10000, 10000)
			cost := make(map[string]uint64)
			clients := make([][]asked, 8)
			for i := range clients {
				for range 12 {
					release := fmt.Sprintf("%4d", dice.IntN(24))
					if cost[release] == 0 {
						cost[release] = 1 + dice.Uint64N(40)
					}
					clients[i] = append(clients[i], asked{release, cost[release]})
				}
			}
			history := h.run(clients)
			if !linearizable(limit, history) {
				t.Errorf("no order of the charges, one after another, has these answers: %v", history)
			}
			if err := h.reopen(); err != nil {
				t.Fatal(err)
			}
			if spent := h.spent()[0]; spent > limit {
				t.Errorf("%d of %d are spent", spent, limit)
			}
		})
	}
}
