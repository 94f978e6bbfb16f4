package node_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// revoke has the first site's custodian revoke a key.
func (w *network) revoke(key protocol.PublicKey) {
	w.t.Helper()
	if _, err := w.sites[0].node.RevokeKey(w.t.Context(), key.ID().String()); err != nil {
		w.t.Error(err)
	}
}

// Alice's key was stolen. The thief asks with it, or has asked with it.
func TestAttackQuestionOfAKeyThatWasRevoked(t *testing.T) {
	for name, attack := range map[string]func(w *network, a *asking) error{
		"a new question": func(w *network, a *asking) error {
			w.revoke(w.alice.Public())
			return w.offered(a)
		},
		"one that is being counted": func(w *network, a *asking) error {
			w.sites[0].node.ChangeCounts(func([]int64) { w.revoke(w.alice.Public()) })
			return w.offered(a)
		},
		"one that was counted": func(w *network, a *asking) error {
			w.contribute(a)
			w.revoke(w.alice.Public())
			return w.offered(a)
		},
		"one whose shares come": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.revoke(w.alice.Public())
			_, err := w.answer(0, protocol.CallDeliver, w.delivery(a, c, 0))
			return err
		},
		"one whose cut comes": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.deliver(a, c)
			w.revoke(w.alice.Public())
			_, err := w.answer(0, protocol.CallCut, must[[]byte](w.t)(w.cutOffer(a, c).Bytes()))
			return err
		},
		"one that was voted on": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.deliver(a, c)
			w.vote(a, c)
			request := w.request(a, c.votes[0])
			w.revoke(w.alice.Public())
			_, err := w.answer(0, protocol.CallOpen, request)
			return err
		},
		"one that was opened": func(w *network, a *asking) error {
			c := w.carry(a)
			request := w.request(a, c.votes[0])
			w.revoke(w.alice.Public())
			_, err := w.answer(0, protocol.CallOpen, request)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.KeyRevoked, func() error {
				w := newNetwork(t, 2)
				err := expect(t, attack(w, w.ask()), protocol.BadSignature)
				if err != nil && !strings.Contains(w.log.String(), "was revoked at this site") {
					t.Error("the log does not say why")
				}
				return err
			})
		})
	}
}

// The key of the coordinator's member was stolen. The thief speaks with it.
func TestAttackTaskOfAMemberWhoseKeyWasRevoked(t *testing.T) {
	for name, attack := range map[string]func(w *network, a *asking) error{
		"a task": func(w *network, a *asking) error {
			w.revoke(w.member.Public())
			return w.offered(a)
		},
		"a task that is being counted": func(w *network, a *asking) error {
			w.sites[0].node.ChangeCounts(func([]int64) { w.revoke(w.member.Public()) })
			return w.offered(a)
		},
		"a cut": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.deliver(a, c)
			w.revoke(w.member.Public())
			_, err := w.answer(0, protocol.CallCut, must[[]byte](w.t)(w.cutOffer(a, c).Bytes()))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.KeyRevoked, func() error {
				w := newNetwork(t, 2)
				return expect(t, attack(w, w.ask()), protocol.BadSignature)
			})
		})
	}
}

func TestTheWordsOfARevokedKeysQuestionDoNotLeave(t *testing.T) {
	w := newNetwork(t, 2)
	c := w.contribute(w.ask())
	pull := func() error {
		h := &c.headers[0].Message
		item := wire.Item{ID: h.Words, Size: int64(h.Coefficients) * 6, Digest: h.Words}
		_, err := w.carrier.Pull(t.Context(), wire.PeerID(w.sites[0].node.Card().Peer), item, 0, new(bytes.Buffer))
		return err
	}
	if err := pull(); err != nil {
		t.Fatal(err)
	}
	w.revoke(w.alice.Public())
	if err := pull(); !errors.Is(err, wire.CodeNotFound) {
		t.Errorf("got %v, want %v", err, wire.CodeNotFound)
	}
}

// Who has one key of a member has its machine: it is told nothing, whoever signed what it carries.
func TestAMemberWhoseKeyWasRevokedIsNotHeard(t *testing.T) {
	second := newKey(t, "second member")
	w := newNetwork(t, 2, func(r *protocol.Roster) {
		r.Members = append(r.Members, protocol.Member{Name: "c2", Key: second.Public(), Peer: "another peer"})
	})
	a := w.ask()
	w.revoke(w.member.Public())
	a.task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(a.task.Message, second))
	if err := w.offered(a); !errors.Is(err, protocol.BadSignature) {
		t.Errorf("a task of another member through the peer of this one: got %v, want %v", err, protocol.BadSignature)
	}
	if st := w.state(0); st.Study != "" {
		t.Error("it is told where the site stands")
	}
}

// A session that another member carries on is answered, unless it began before the revocation:
// nothing says whose task it was.
func TestAnotherMemberBeginsAnew(t *testing.T) {
	stolen := newKey(t, "stolen member")
	w := newNetwork(t, 2, func(r *protocol.Roster) {
		r.Members = append(r.Members, protocol.Member{Name: "c2", Key: stolen.Public(), Peer: "another peer"})
	})
	a := w.ask()
	c := w.contribute(a)
	w.revoke(stolen.Public())
	if _, err := w.answer(0, protocol.CallDeliver, w.delivery(a, c, 0)); !errors.Is(err, protocol.BadSignature) {
		t.Errorf("an attempt from before: got %v, want %v", err, protocol.BadSignature)
	}
	w.try(a, 2)
	if got := w.read(a, w.carry(a)); !slices.Equal(got, w.truth(variants)) {
		t.Error("another sum")
	}
}

// What sites say together is worth no more than each of their keys.
func TestAStudyWithARevokedKeyOfASiteIsNotAnswered(t *testing.T) {
	for name, key := range map[string]func(protocol.Card) protocol.PublicKey{
		"its node's":      func(c protocol.Card) protocol.PublicKey { return c.NodeKey },
		"its custodian's": func(c protocol.Card) protocol.PublicKey { return c.CustodianKey },
	} {
		t.Run(name, func(t *testing.T) {
			w := newNetwork(t, 2)
			a := w.ask()
			w.revoke(key(w.sites[1].node.Card()))
			if err := w.offered(a); !errors.Is(err, protocol.BadSignature) {
				t.Errorf("got %v, want %v", err, protocol.BadSignature)
			}
		})
	}
}

func TestWhatIsNotRevoked(t *testing.T) {
	w := newQuietNetwork(t, 2)
	n, ctx := w.sites[0].node, t.Context()
	officer := w.officer("Dora", "dpo")
	for name, id := range map[string]string{
		"its own node's key":       n.Card().NodeKey.ID().String(),
		"its own custodian's key":  n.Card().CustodianKey.ID().String(),
		"an officer's key":         officer.Public().ID().String(),
		"nothing":                  "",
		"the beginning of no key":  "zz",
		"a beginning of none here": "0123456789",
	} {
		if _, err := n.RevokeKey(ctx, id); !errors.Is(err, node.ErrKey) {
			t.Errorf("%s: got %v, want %v", name, err, node.ErrKey)
		}
	}
}

func TestKeysAreListedAsTheyAre(t *testing.T) {
	w := newQuietNetwork(t, 2)
	n, ctx := w.sites[0].node, t.Context()
	stranger := newKey(t, "stranger")
	w.revoke(w.alice.Public())
	w.revoke(stranger.Public())
	w.revoke(stranger.Public()) // again is harmless
	got := make(map[protocol.KeyID]node.KnownKey)
	for _, k := range must[[]node.KnownKey](t)(n.KnownKeys(ctx)) {
		got[k.ID] = k
	}
	for _, tt := range []struct {
		name string
		key  protocol.PublicKey
		want node.KnownKey
	}{
		{"alice", w.alice.Public(), node.KnownKey{Role: "researcher", Name: "Alice", Organisation: "Elsewhere", Revoked: true}},
		{"the member", w.member.Public(), node.KnownKey{Role: "coordinator", Name: "c1"}},
		{"its own node", n.Card().NodeKey, node.KnownKey{Role: "node", Name: "site-1", Organisation: "Hospital 1", Own: true}},
		{"the other's custodian", w.sites[1].node.Card().CustodianKey, node.KnownKey{Role: "custodian", Name: "site-2", Organisation: "Hospital 2"}},
		{"a stranger", stranger.Public(), node.KnownKey{Revoked: true}},
	} {
		k := got[tt.key.ID()]
		if k.Role != tt.want.Role || k.Name != tt.want.Name || k.Organisation != tt.want.Organisation || k.Own != tt.want.Own || k.Revoked != tt.want.Revoked {
			t.Errorf("%s: got %+v, want %+v", tt.name, k, tt.want)
		}
	}
	if len(got) != 7 {
		t.Errorf("%d keys", len(got))
	}
}

// next is the roster of the next epoch, after change.
func (w *network) next(change func(*protocol.Roster)) protocol.Roster {
	r := *w.r()
	r.Epoch, r.Previous, r.Deadline = r.Epoch+1, w.roster.Digest(), w.clock.Now().Add(time.Hour)
	r.Researchers = slices.Clone(r.Researchers)
	change(&r)
	return r
}

// Alice has lost her key. Her site revokes it at once, and the next epoch has her new one: the old
// is refused everywhere, what ran under the old roster is refused as such, and she is answered.
func TestAnotherKeyOfAResearcherTakesTheNextEpoch(t *testing.T) {
	w := newNetwork(t, 2)
	old, running := w.ask(), w.ask(func(a *asking) { a.header.Nonce = protocol.Hash("running") })
	c := w.contribute(running)
	w.revoke(w.alice.Public())
	same := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(w.next(func(r *protocol.Roster) { r.Title = "The same people" })))
	if _, err := w.sites[0].node.AcceptRoster(t.Context(), same.Bytes()); !errors.Is(err, node.ErrRoster) {
		t.Errorf("a roster with the revoked key: got %v, want %v", err, node.ErrRoster)
	}
	thief := w.alice
	w.alice = newKey(t, "alice's new key")
	w.agree(w.next(func(r *protocol.Roster) { r.Researchers[0].Key = w.alice.Public() }))
	w.greet()
	for i := range w.sites {
		if _, err := w.answer(i, protocol.CallOffer, w.offer(old, i)); !errors.Is(err, protocol.RosterNotPinned) {
			t.Errorf("site %d, a question under the old roster: got %v, want %v", i+1, err, protocol.RosterNotPinned)
		}
		if _, err := w.answer(i, protocol.CallDeliver, w.delivery(running, c, i)); !errors.Is(err, protocol.RosterNotPinned) {
			t.Errorf("site %d, one that ran: got %v, want %v", i+1, err, protocol.RosterNotPinned)
		}
	}
	stolen := w.ask(func(a *asking) {
		a.signer, a.header.Researcher = thief, thief.Public().ID()
	})
	for i := range w.sites {
		if _, err := w.answer(i, protocol.CallOffer, w.offer(stolen, i)); !errors.Is(err, protocol.BadSignature) {
			t.Errorf("site %d, the old key under the new roster: got %v, want %v", i+1, err, protocol.BadSignature)
		}
	}
	a := w.ask()
	if got := w.read(a, w.carry(a)); !slices.Equal(got, w.truth(variants)) {
		t.Error("another sum")
	}
}

// A node that rotates its keys is asked under its new declaration, and still answers what was
// sealed to the old one. One that erases the old does not.
func TestRotatedKeysAreDeclared(t *testing.T) {
	for name, erase := range map[string]bool{"kept": false, "erased": true} {
		t.Run(name, func(t *testing.T) {
			w := newNetwork(t, 2)
			before, old := w.state(0).Declaration, w.ask()
			n := w.sites[0].node
			if _, err := n.RotateKeys(t.Context(), erase); !errors.Is(err, node.ErrServing) {
				t.Fatalf("while it serves: got %v, want %v", err, node.ErrServing)
			}
			if err := w.sites[0].stop(); err != nil {
				t.Fatal(err)
			}
			if _, err := n.RotateKeys(t.Context(), erase); err != nil {
				t.Fatal(err)
			}
			w.restart(0)
			w.greet()
			if bytes.Equal(w.state(0).Declaration, before) {
				t.Fatal("the declaration is the old one")
			}
			var want error
			if erase {
				want = protocol.BadBody
			}
			if err := w.offered(old); !errors.Is(err, want) {
				t.Errorf("a question to the old key: got %v, want %v", err, want)
			}
			a := w.ask(func(a *asking) { a.header.Nonce = protocol.Hash("after") })
			if got := w.read(a, w.carry(a)); !slices.Equal(got, w.truth(variants)) {
				t.Error("another sum")
			}
		})
	}
}

// Who has stolen Alice's key hands in a table of her answer.
func TestATableOfARevokedKeyIsNotApproved(t *testing.T) {
	p := newPublishing(t)
	p.revoke(p.alice.Public())
	table := must[node.TableRelease](t)(p.publish())
	if !errors.Is(table.Fault, node.ErrTable) || !errors.Is(table.Fault, protocol.BadSignature) {
		t.Errorf("got %v, want %v", table.Fault, protocol.BadSignature)
	}
}

// A log under a stolen key is not vouched for, and a member whose key was stolen gets no word.
func TestALogUnderARevokedKeyIsNotCosigned(t *testing.T) {
	stolen := newKey(t, "stolen member")
	w := newNetwork(t, 2, func(r *protocol.Roster) {
		r.Members = append(r.Members, protocol.Member{Name: "c2", Key: stolen.Public(), Peer: "another peer"})
	})
	log := func(key *protocol.SigningKey) *audit.Log {
		return w.auditLog(t.TempDir(), audit.CoordinatorOrigin(key.Public().ID()), key, "history", 2)
	}
	w.revoke(stolen.Public())
	if got := w.shown(0, log(stolen)); got.Status != audit.StatusUnknown {
		t.Errorf("the log under the stolen key: answered %d, want %d", got.Status, audit.StatusUnknown)
	}
	if got := w.shown(0, log(w.member)); got.Status != audit.StatusDone {
		t.Errorf("another member's: answered %d, want %d", got.Status, audit.StatusDone)
	}
	w.revoke(w.member.Public())
	second := nodeKey(t, w.sites[1])
	if got := w.shown(0, w.auditLog(t.TempDir(), audit.NodeOrigin(second.Public().ID()), second, "history", 2)); got.Status != audit.StatusUnknown {
		t.Errorf("a site's log, brought by a revoked member: answered %d, want %d", got.Status, audit.StatusUnknown)
	}
}

// A custodian's stolen key agrees that the difference of two sums is given away.
func TestAReopeningUnderARevokedKeyIsNotTakenIn(t *testing.T) {
	w := newQuietNetwork(t, 3)
	raw := w.agreed(2, leave())
	if err := w.takenIn(0, raw); err != nil {
		t.Fatal(err)
	}
	w.revoke(w.sites[2].node.Card().CustodianKey)
	if list := must[[]node.Reopened](t)(w.sites[0].node.Reopenings(t.Context())); len(list) > 0 {
		t.Errorf("taken in before, it stands: %+v", list)
	}
	if err := w.takenIn(0, raw); !errors.Is(err, node.ErrReopening) {
		t.Errorf("got %v, want %v", err, node.ErrReopening)
	}
}
