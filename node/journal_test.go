package node_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// logged are the entries of a site's audit log, as they are on its disk.
func (w *network) logged(i int) (list []audit.Entry) {
	w.t.Helper()
	key := w.sites[i].node.Card().NodeKey
	must[audit.Head](w.t)(audit.Read(filepath.Join(w.sites[i].dir, "audit"), audit.NodeOrigin(key.ID()), key, 0, func(_ uint64, e audit.Entry) error {
		list = append(list, e)
		return nil
	}))
	return list
}

// kinds are those of entries, in order.
func kinds(list []audit.Entry) (all []string) {
	for _, e := range list {
		all = append(all, e.Kind.String())
	}
	return all
}

// Nothing that the first site says is denied afterwards: it is in the log when it leaves.
func TestAttackAnswerThatIsNotInTheLog(t *testing.T) {
	debug.Defended(t, debug.Recorded, func() error {
		w := newNetwork(t, 2)
		a := w.ask()
		if err := w.offered(a); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"task", "decision", "contribution"} {
			if !slices.Contains(kinds(w.logged(0)), want) {
				return nil
			}
		}
		return errors.New("all of it is in the log")
	})
}

func TestTheLogHasWhatHappenedInItsOrder(t *testing.T) {
	w := newPrivateNetwork(t, 3)
	a := w.ask(privately)
	w.carry(a)
	all := w.logged(0)
	at := 0
	for _, want := range []string{"cohort", "roster", "start", "budget", "task", "decision", "contribution", "received", "vote", "opening"} {
		next := slices.Index(kinds(all)[at:], want)
		if next < 0 {
			t.Fatalf("no %s after the first %d of %v", want, at, kinds(all))
		}
		at += next
	}
	key := w.sites[0].node.Card().NodeKey
	only := must[*verify.Policy](t)(verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", key.VerifierKey(audit.NodeOrigin(key.ID())))))
	if _, err := verify.Log(os.DirFS(filepath.Join(w.sites[0].dir, "audit")), only, verify.Options{}); err != nil {
		t.Errorf("the log does not verify: %v", err)
	}
	for _, e := range all {
		if e.Kind == audit.KindDecision && (e.Subject != a.query.Header.Digest() || e.Party != w.alice.Public().ID() || e.Session != a.session()) {
			t.Errorf("the decision is logged as %+v", e)
		}
	}
}

func TestWhatACommandChangedIsInTheLogBeforeTheNextAnswer(t *testing.T) {
	w := newNetwork(t, 2)
	// The command runs in a process of its own, and the node serves.
	other := must[*node.Node](t)(node.Open(node.Config{Dir: w.sites[0].dir, HeadFile: w.sites[0].head, Now: w.clock.Now}))
	if _, err := other.WithdrawConsent(t.Context(), []string{person(3)}); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	w.greet()
	if !slices.Contains(kinds(w.logged(0)), "consent-epoch") {
		t.Errorf("the log has %v", kinds(w.logged(0)))
	}
}

func TestARefusalIsLoggedOnceHoweverOftenItIsAsked(t *testing.T) {
	w := newNetwork(t, 2)
	w.govern(rules(oneAsks))
	a := w.ask()
	for range 5 {
		if err := w.offered(a); !errors.Is(err, protocol.AwaitingApproval) {
			t.Fatal(err)
		}
	}
	var codes []uint16
	for _, e := range w.logged(0) {
		if e.Kind == audit.KindRefusal {
			codes = append(codes, e.Code)
		}
	}
	if !slices.Equal(codes, []uint16{uint16(protocol.AwaitingApproval)}) {
		t.Errorf("the codes in the log are %v", codes)
	}
}

func TestTheLogGoesOnAfterARestart(t *testing.T) {
	w := newNetwork(t, 2)
	if err := w.offered(w.ask()); err != nil {
		t.Fatal(err)
	}
	before := w.logged(0)
	w.restart(0)
	w.greet()
	after := w.logged(0)
	if !slices.Equal(kinds(before), kinds(after[:len(before)])) || kinds(after)[len(before)] != "start" {
		t.Errorf("before %v, after %v", kinds(before), kinds(after))
	}
	var links []uint64
	for _, e := range after {
		if e.Sequence > 0 {
			links = append(links, e.Sequence)
		}
	}
	if !slices.IsSorted(links) || len(slices.Compact(slices.Clone(links))) != len(links) {
		t.Errorf("links are logged at %v", links)
	}
}

func TestANodeWhoseLogWasAlteredDoesNotServe(t *testing.T) {
	w := newNetwork(t, 2)
	if err := w.offered(w.ask()); err != nil {
		t.Fatal(err)
	}
	s := w.sites[0]
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	checkpoint := filepath.Join(s.dir, "audit", "checkpoint")
	raw := string(must[[]byte](t)(os.ReadFile(checkpoint)))
	if err := os.WriteFile(checkpoint, []byte(strings.Replace(raw, "\n", "0\n", 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	l := must[*wire.Loopback](t)(w.wires.Join(wire.PeerID(s.node.Card().Peer), wire.NewAllowList(w.carrier.ID())))
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.node.Serve(ctx, l); err == nil {
		t.Error("it serves")
	}
}
