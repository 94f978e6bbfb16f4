package node_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/pb"
	"github.com/locus-genomics/locus/protocol/wire"
)

// In these tests the coordinator is the attacker, alone or with whoever else is
// named. Each attack is one function that returns nil when it succeeds.

// offered is what site 1 says to an offer.
func (w *network) offered(a *asking) error {
	_, err := w.answer(0, protocol.CallOffer, w.offer(a, 0))
	return err
}

// expect notes another refusal than the one that is due.
func expect(t *testing.T, err error, want protocol.Code) error {
	t.Helper()
	if err != nil && !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	return err
}

// The coordinator has broken alice's Ed25519 key, and asks in her name.
func TestAttackHalfSignedQuery(t *testing.T) {
	debug.Defended(t, debug.BothSignatures, func() error {
		w := newNetwork(t, 2)
		o := new(pb.Offer)
		if err := proto.Unmarshal(w.offer(w.ask(), 0), o); err != nil {
			t.Fatal(err)
		}
		o.Header.Signatures[0].Mldsa65[7] ^= 1
		_, err := w.answer(0, protocol.CallOffer, must[[]byte](t)(proto.Marshal(o)))
		return expect(t, err, protocol.BadSignature)
	})
}

// What is not signed by the one it speaks for is refused, whatever else is in order.
func TestOffersWithForeignSignaturesAreRefused(t *testing.T) {
	w := newNetwork(t, 2)
	for _, tt := range []struct {
		name   string
		change func(*pb.Offer)
	}{
		{"an unsigned query", func(o *pb.Offer) { o.Header.Signatures = nil }},
		{"a query with a signature cut short", func(o *pb.Offer) { o.Header.Signatures[0].Ed25519 = o.Header.Signatures[0].Ed25519[:63] }},
		{"a query with the signature of its task", func(o *pb.Offer) { o.Header.Signatures = o.Task.Signatures }},
		{"a query with two signatures", func(o *pb.Offer) { o.Header.Signatures = append(o.Header.Signatures, o.Task.Signatures[0]) }},
		{"a query whose purpose was altered", func(o *pb.Offer) { o.Header.Payload[len(o.Header.Payload)-1] ^= 1 }},
		{"an unsigned task", func(o *pb.Offer) { o.Task.Signatures = nil }},
		{"another site's declaration in this one's place", func(o *pb.Offer) { o.Declarations[0] = o.Declarations[1] }},
		{"a declaration with another site's signature", func(o *pb.Offer) { o.Declarations[0].Signatures = o.Declarations[1].Signatures }},
		{"no declarations", func(o *pb.Offer) { o.Declarations = nil }},
		{"no query", func(o *pb.Offer) { o.Header = nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := new(pb.Offer)
			if err := proto.Unmarshal(w.offer(w.ask(), 0), o); err != nil {
				t.Fatal(err)
			}
			tt.change(o)
			if _, err := w.answer(0, protocol.CallOffer, must[[]byte](t)(proto.Marshal(o))); !errors.Is(err, protocol.BadSignature) {
				t.Errorf("got %v, want %v", err, protocol.BadSignature)
			}
		})
	}
}

// A question is kept and sent when it is over, and an attempt is opened when it is.
func TestAttackExpired(t *testing.T) {
	for _, tt := range []struct {
		name   string
		attack func(*network, *asking) error
	}{
		{"a query", func(w *network, a *asking) error {
			w.clock.Move(25 * time.Hour)
			w.try(a, 1)
			return w.offered(a)
		}},
		{"an attempt at a query", func(w *network, a *asking) error {
			w.clock.Move(2 * time.Hour)
			return w.offered(a)
		}},
		{"a query from the future", func(w *network, a *asking) error {
			w.clock.Move(-time.Hour)
			w.try(a, 1)
			return w.offered(a)
		}},
		{"an attempt that was voted for", func(w *network, a *asking) error {
			c := w.contribute(a)
			w.deliver(a, c)
			w.vote(a, c)
			request := w.request(a, c.votes[0])
			w.clock.Move(2 * time.Hour)
			_, err := w.answer(0, protocol.CallOpen, request)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, debug.Expiry, func() error {
				w := newNetwork(t, 2)
				return expect(t, tt.attack(w, w.ask()), protocol.Expired)
			})
		})
	}
}

// One session is made to mean two tasks.
func TestAttackSecondTaskForASession(t *testing.T) {
	debug.Defended(t, debug.Replay, func() error {
		w := newNetwork(t, 2)
		a := w.ask()
		if err := w.offered(a); err != nil {
			t.Fatal(err)
		}
		w.clock.Move(time.Minute)
		w.try(a, 1)
		return expect(t, w.offered(a), protocol.TooManyAttempts)
	})
}

// Alice asks in a mode that the custodians did not sign for.
func TestAttackModeOutsideTheRoster(t *testing.T) {
	debug.Defended(t, debug.ModeSigned, func() error {
		w := newNetwork(t, 2, func(r *protocol.Roster) { r.Modes = []protocol.Mode{protocol.Private} })
		return expect(t, w.offered(w.ask()), protocol.ModeNotAllowed)
	})
}

// The data changes, and the old declaration would let two answers have one name.
func TestAttackOldDeclaration(t *testing.T) {
	debug.Defended(t, debug.OwnDeclaration, func() error {
		w := newNetwork(t, 2)
		a := w.ask()
		spec, _ := writeCohort(t, t.TempDir(), 99, people+1)
		if _, err := w.sites[0].node.AddCohort(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		return expect(t, w.offered(a), protocol.DeclarationChanged)
	})
}

// Alice seals to site 1 another question than the one that all have been shown.
func TestAttackAnotherBodyForSiteOne(t *testing.T) {
	debug.Defended(t, debug.BodyCommitment, func() error {
		w := newNetwork(t, 2)
		a := w.ask()
		other, evil := a.body, a.query.Header
		other.CheckKey = protocol.Hash("another")
		evil.Message.Commitment = must[protocol.Digest](t)(other.Commitment())
		forged := must[protocol.Query](t)(protocol.SealQuery(evil, other, declared(a)))
		a.query.Bodies[0] = forged.Bodies[0]
		return expect(t, w.offered(a), protocol.BadBody)
	})
}

// Mallory, a researcher of the study, signs for a body that was sealed by alice.
func TestAttackStolenBody(t *testing.T) {
	debug.Defended(t, debug.HeaderInBody, func() error {
		mallory := newKey(t, "mallory")
		w := newNetwork(t, 2, func(r *protocol.Roster) {
			r.Researchers = append(r.Researchers, protocol.Researcher{Name: "Mallory", Organisation: "Nowhere", Key: mallory.Public()})
		})
		bodies := w.ask().query.Bodies
		stolen := w.ask(func(a *asking) {
			a.signer, a.header.Researcher, a.header.Organisation = mallory, mallory.Public().ID(), "Nowhere"
		})
		stolen.query.Bodies = bodies
		return expect(t, w.offered(stolen), protocol.BadBody)
	})
}

// The key that alice signed is not the one that the sites would seal to.
func TestAttackSwappedRecipient(t *testing.T) {
	debug.Defended(t, debug.RecipientBound, func() error {
		w := newNetwork(t, 2)
		a := w.ask()
		a.header.Recipient = protocol.RecipientDigest([]byte("mallory's key"))
		header := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(a.header, a.signer))
		a.query = must[protocol.Query](t)(protocol.SealQuery(header, a.body, declared(a)))
		w.try(a, 1)
		return expect(t, w.offered(a), protocol.BadBody)
	})
}

func declared(a *asking) (list []protocol.Declaration) {
	for _, d := range a.declarations {
		list = append(list, d.Message)
	}
	return list
}

// A cohort that is smaller than its custodians agreed on is a few people's table.
func TestAttackCohortBelowItsMinimum(t *testing.T) {
	debug.Defended(t, debug.MinimumCohort, func() error {
		w := newNetwork(t, 2, func(r *protocol.Roster) { r.Cohorts[0].Minimum = people + 1 })
		return expect(t, w.offered(w.ask()), protocol.CohortTooSmall)
	})
}

// The same question is answered from changed data: the difference is a person.
func TestAttackChangedData(t *testing.T) {
	debug.Defended(t, debug.PinnedPlaintext, func() error {
		w := newNetwork(t, 2)
		a := w.ask()
		if err := w.offered(a); err != nil {
			t.Fatal(err)
		}
		w.sites[0].node.ChangeCounts(func(counts []int64) { counts[0] ^= 1 })
		w.try(a, 2)
		return expect(t, w.offered(a), protocol.DataChanged)
	})
}

// A peer that is no member of the coordinator calls.
func TestAttackStrangerCallsTheNode(t *testing.T) {
	debug.Defended(t, debug.AllowList, func() error {
		w := newNetwork(t, 2)
		id := must[wire.Identity](t)(wire.NewIdentity(protocol.Hash("mallory"))).ID()
		site := wire.PeerID(w.sites[0].node.Card().Peer)
		m := must[*wire.Loopback](t)(w.wires.Join(id, wire.NewAllowList(site)))
		t.Cleanup(func() { _ = m.Close() })
		w.run(func(ctx context.Context) error { return m.Run(ctx) })
		if err := w.wires.Link(id, site); err != nil {
			return err
		}
		_, err := m.Call(t.Context(), site, wire.Kind(protocol.CallOffer), w.offer(w.ask(), 0))
		return err
	})
}

// Mallory writes a roster around site 1: its node key, and Mallory for everybody
// else, custodian of site 1 included. All custodians have signed.
func TestAttackRosterThatWasNotAccepted(t *testing.T) {
	debug.Defended(t, debug.RosterPin, func() error {
		w := newNetwork(t, 2)
		r := *w.r()
		r.Sites = slices.Clone(r.Sites)
		var custodians []*protocol.SigningKey
		for i := range r.Sites {
			custodians = append(custodians, newKey(t, fmt.Sprint("mallory ", i)))
			r.Sites[i].CustodianKey = custodians[i].Public()
		}
		r.Sites[1].NodeKey, r.Sites[1].Peer = newKey(t, "mallory's node").Public(), "mallory's peer"
		evil := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
		for _, c := range custodians {
			evil = must[protocol.Signed[protocol.Roster]](t)(protocol.Endorse(evil, c))
		}
		w.roster = evil
		if got := w.state(0); got.Roster != evil.Digest() {
			return errors.New("another roster is in force")
		}
		return nil
	})
}

// Two rosters of one epoch are two studies that share a charge.
func TestAttackTwoRostersOfOneEpoch(t *testing.T) {
	debug.Defended(t, debug.RosterEpochOnce, func() error {
		w := newNetwork(t, 2)
		r := *w.r()
		r.Title = "The same epoch"
		other := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
		_, err := w.sites[0].node.AcceptRoster(t.Context(), other.Bytes())
		if err != nil && !errors.Is(err, node.ErrRoster) {
			t.Errorf("got %v, want %v", err, node.ErrRoster)
		}
		return err
	})
}
