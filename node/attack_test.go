package node_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// voted takes an attempt at a question of four sites up to everybody's vote.
func voted(t *testing.T) (*network, *asking, *carried) {
	t.Helper()
	w := newNetwork(t, 4)
	a := w.ask()
	c := w.contribute(a)
	w.deliver(a, c)
	w.vote(a, c)
	return w, a, c
}

// received takes an attempt up to what everybody has received.
func received(t *testing.T) (*network, *asking, *carried) {
	t.Helper()
	w := newNetwork(t, 4)
	a := w.ask()
	c := w.contribute(a)
	w.deliver(a, c)
	return w, a, c
}

// over leaves in a cut what stands at the given points.
func over(points ...uint32) func(*protocol.Cut) {
	return func(c *protocol.Cut) {
		c.Entries = slices.DeleteFunc(c.Entries, func(e protocol.CutEntry) bool { return !slices.Contains(points, e.Point) })
	}
}

// judged is what site 1 says of a cut.
func (w *network) judged(o protocol.CutOffer) error {
	w.t.Helper()
	_, err := w.answer(0, protocol.CallCut, must[[]byte](w.t)(o.Bytes()))
	return err
}

// Two sums over two sets are subtracted, and a site's own counts are left. The set of
// an exact answer would stop this too, and is out: a mode that allows any t sites has
// nothing but the one vote.
func TestAttackSecondCut(t *testing.T) {
	for _, tt := range []struct {
		name   string
		attack func() error
	}{
		{"in the same attempt", func() error {
			w, a, c := voted(t)
			return w.judged(w.cutOffer(a, c, over(1, 2, 3)))
		}},
		{"in another attempt", func() error {
			w, a, _ := voted(t)
			w.try(a, 2)
			c := w.contribute(a)
			w.deliver(a, c)
			return w.judged(w.cutOffer(a, c, over(1, 2, 3)))
		}},
		{"after a start", func() error {
			w, a, c := voted(t)
			w.restart(0)
			w.greet()
			return w.judged(w.cutOffer(a, c, over(1, 2, 3)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, debug.OneCut, func() error { return expect(t, tt.attack(), protocol.OtherCut) }, debug.ExactSet)
		})
	}
}

// A coordinator whose log was set back makes believe that no cut was shown.
func TestAttackForgottenCut(t *testing.T) {
	debug.Defended(t, debug.SetAdoption, func() error {
		w, a, _ := voted(t)
		w.try(a, 2)
		again := must[protocol.Contribution](t)(w.r().ParseContribution(w.must(0, protocol.CallOffer, w.offer(a, 0)), w.roster.Digest()))
		if h := again.Header.Message; slices.Equal(h.Bound, []uint32{1, 2, 3, 4}) && len(again.BoundBy) > 0 {
			return errors.New("the contribution says which set it is bound to, and by which cut")
		}
		return nil
	})
}

func TestAttackCutsThatSiteOneMayNotOpen(t *testing.T) {
	for _, tt := range []struct {
		name    string
		m       debug.Mechanism
		points  []uint32
		besides []debug.Mechanism
	}{
		{"an exact answer over fewer sites than the roster has", debug.ExactSet, []uint32{1, 2, 3}, nil},
		{"without the site", debug.SelfInCut, []uint32{2, 3, 4}, []debug.Mechanism{debug.ExactSet}},
		{"with fewer than t sites", debug.ThresholdInCut, []uint32{1, 2}, []debug.Mechanism{debug.ExactSet, debug.OrganisationsInCut}},
		{"with too few organisations", debug.OrganisationsInCut, []uint32{1, 2}, []debug.Mechanism{debug.ExactSet, debug.ThresholdInCut}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, tt.m, func() error {
				w, a, c := received(t)
				return expect(t, w.judged(w.cutOffer(a, c, over(tt.points...))), protocol.BadCut)
			}, tt.besides...)
		})
	}
}

// Site 2 is handed a share of site 3 that does not open. It says so, and nobody opens
// a cut with the two.
func TestAttackBadKeyShare(t *testing.T) {
	debug.Defended(t, debug.ReceivedByAll, func() error {
		w := newNetwork(t, 3)
		a := w.ask()
		c := w.contribute(a)
		good := c.contributions[2].Shares[1]
		c.contributions[2].Shares[1] = append([]byte("x"), good...)
		w.deliver(a, c)
		if got := c.received[1].Message.Headers; slices.Contains(got, c.headers[2].Digest()) || len(got) != 2 {
			t.Errorf("site 2 says that it received %d shares", len(got))
		}
		return expect(t, w.judged(w.cutOffer(a, c)), protocol.BadCut)
	})
}

// The opening is asked for before anybody keeps the vote: with its disk set back, the
// site would vote again.
func TestAttackUnwitnessedOpening(t *testing.T) {
	debug.Defended(t, debug.HeadWitnessed, func() error {
		w, a, _ := voted(t)
		_, err := w.answer(0, protocol.CallOpen, must[[]byte](t)(protocol.OpenRequest{Session: a.session()}.Bytes()))
		return expect(t, err, protocol.NotWitnessed)
	})
}

// copyOf is a site's directory as a backup has it.
func copyOf(t *testing.T, s *site) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, os.Chmod(path, 0o700))
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// setBack lets a site serve from an old copy of its directory.
func (w *network) setBack(i int, dir string) {
	w.t.Helper()
	if err := w.sites[i].stop(); err != nil {
		w.t.Fatal(err)
	}
	w.sites[i].dir = dir
	w.reopen(w.sites[i])
	w.serve(i)
}

// Site 1 votes, its disk is set back to before, and it is asked to vote again, while
// the coordinator keeps what others have seen to itself.
func TestAttackRestoredCopy(t *testing.T) {
	debug.Defended(t, debug.FreshHead, func() error {
		w, a, c := received(t)
		old := copyOf(t, w.sites[0])
		w.vote(a, c)
		w.setBack(0, old)
		return expect(t, w.judged(w.cutOffer(a, c, over(1, 2, 3))), protocol.NotReady)
	}, debug.ExactSet)
}

// Told what others have seen, the same copy has its vote back.
func TestARestoredCopyLearnsItsVote(t *testing.T) {
	w, a, c := received(t)
	old := copyOf(t, w.sites[0])
	w.vote(a, c)
	w.request(a, c.votes[0])
	w.setBack(0, old)
	w.greet()
	if got := w.state(0); !got.Ready {
		t.Error("it does not answer although it was told")
	}
	if err := w.judged(w.cutOffer(a, c, over(1, 2, 3))); !errors.Is(err, protocol.OtherCut) {
		t.Errorf("another cut: got %v, want %v", err, protocol.OtherCut)
	}
}
