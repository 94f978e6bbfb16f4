package node_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// leave has the first site leave the study.
func (w *network) leave() {
	w.t.Helper()
	if _, err := w.sites[0].node.LeaveStudy(w.t.Context(), studyName); err != nil {
		w.t.Error(err)
	}
}

// Whatever comes under a study that the site has left is refused, and signed: nobody waits for it.
func TestNothingIsAnsweredUnderAStudyThatWasLeft(t *testing.T) {
	for name, call := range map[string]func(w *network, a *asking) error{
		"a question": func(w *network, a *asking) error {
			w.leave()
			return w.offered(a)
		},
		"one that is being counted": func(w *network, a *asking) error {
			w.sites[0].node.ChangeCounts(func([]int64) { w.leave() })
			return w.offered(a)
		},
		"one that was answered": func(w *network, a *asking) error {
			w.contribute(a)
			w.leave()
			return w.offered(a)
		},
		"shares": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.leave()
			_, err := w.answer(0, protocol.CallDeliver, w.delivery(a, c, 0))
			return err
		},
		"a cut": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.deliver(a, c)
			w.leave()
			_, err := w.answer(0, protocol.CallCut, must[[]byte](w.t)(w.cutOffer(a, c).Bytes()))
			return err
		},
		"an opening": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.deliver(a, c)
			w.vote(a, c)
			request := w.request(a, c.votes[0])
			w.leave()
			_, err := w.answer(0, protocol.CallOpen, request)
			return err
		},
		"an opening that was given": func(w *network, a *asking) error {
			c := w.carry(a)
			request := w.request(a, c.votes[0])
			w.leave()
			_, err := w.answer(0, protocol.CallOpen, request)
			return err
		},
		"words of another site": func(w *network, a *asking) error {
			c := w.contribute(a)
			w.deliver(a, c)
			raw := must[[]byte](w.t)(w.cutOffer(a, c).Bytes())
			vote := must[protocol.Signed[protocol.Vote]](w.t)(w.r().OpenVote(w.must(1, protocol.CallCut, raw)))
			w.leave()
			_, err := w.answer(0, protocol.CallWitness, must[[]byte](w.t)(protocol.Witness{Votes: []protocol.Signed[protocol.Vote]{vote}}.Bytes()))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newNetwork(t, 2)
			if err := call(w, w.ask()); !errors.Is(err, protocol.RosterNotPinned) {
				t.Errorf("got %v, want %v", err, protocol.RosterNotPinned)
			}
		})
	}
}

// The coordinator shows the roster again, which every custodian has signed, the one who left too.
func TestAttackStudyThatWasLeftIsPutInForceAgain(t *testing.T) {
	debug.Defended(t, debug.RosterPin, func() error {
		w := newNetwork(t, 2)
		// Two variants are within the limit: the site's grants ended with its part.
		a := w.ask(func(a *asking) { a.body.Ranges[0].To, a.header.Size = 2, 2 })
		w.leave()
		w.state(0)
		return expect(t, w.offered(a), protocol.RosterNotPinned)
	})
}

func TestWhatAStudyHadIsTakenAwayAndWhatPeopleGaveStays(t *testing.T) {
	w := newNetwork(t, 2)
	opened := w.carry(w.ask())
	running := w.contribute(w.ask(func(a *asking) { a.header.Nonce = protocol.Hash("running") }))
	s := w.sites[0]
	db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(s.dir, "records.db")))
	defer db.Close()
	count := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	given := count("SELECT sum(variants) FROM people")
	if given == 0 {
		t.Fatal("nothing was given of the people")
	}
	w.leave()
	for _, c := range []*carried{opened, running} {
		h := &c.headers[0].Message
		if _, err := os.Stat(filepath.Join(s.dir, "outbox", h.Words.String())); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("words are still there: %v", err)
		}
		item := wire.Item{ID: h.Words, Size: int64(h.Coefficients) * 6, Digest: h.Words}
		if _, err := w.carrier.Pull(t.Context(), wire.PeerID(s.node.Card().Peer), item, 0, new(bytes.Buffer)); !errors.Is(err, wire.CodeNotFound) {
			t.Errorf("the words: got %v, want %v", err, wire.CodeNotFound)
		}
	}
	for query, want := range map[string]int{
		"SELECT count(*) FROM shares": 0, "SELECT count(*) FROM sessions WHERE contribution IS NOT NULL": 0,
		"SELECT count(*) FROM declarations WHERE current = 1": 0,
		"SELECT sum(variants) FROM people":                    given, "SELECT count(*) FROM votes": 1, "SELECT count(*) FROM pins": 1,
		"SELECT count(*) FROM chain WHERE kind = 'left'": 1,
	} {
		if got := count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	_, grants, err := s.node.Releases(t.Context())
	if err != nil || len(grants) != 1 || grants[0].State != "revoked" {
		t.Errorf("the grants stand at %+v, %v", grants, err)
	}
	if list := must[[]node.Study](t)(s.node.Studies(t.Context())); len(list) > 0 {
		t.Errorf("the site is still in %+v", list)
	}
	if st := w.state(0); st.Study != "" {
		t.Error("the coordinator is told of the study")
	}
	if _, err := s.node.LeaveStudy(t.Context(), studyName); !errors.Is(err, node.ErrNoStudy) {
		t.Errorf("left again: got %v, want %v", err, node.ErrNoStudy)
	}
}

// Words that a power loss left in the outbox are cleaned up with what is over.
func TestWordsOfAStudyThatWasLeftAreCleanedUp(t *testing.T) {
	w := newNetwork(t, 2)
	c := w.contribute(w.ask())
	s := w.sites[0]
	path := filepath.Join(s.dir, "outbox", c.headers[0].Message.Words.String())
	words := must[[]byte](t)(os.ReadFile(path))
	w.leave()
	old := w.clock.Now().AddDate(0, 0, -1)
	if err := errors.Join(os.WriteFile(path, words, 0o600), os.Chtimes(path, old, old)); err != nil {
		t.Fatal(err)
	}
	w.restart(0)
	w.state(0) // it serves once it has cleaned up
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("they are still there: %v", err)
	}
}

// A question that waits for people has nobody to be answered to.
func TestAQuestionOfAStudyThatWasLeftIsOver(t *testing.T) {
	w := newNetwork(t, 2)
	w.govern(rules(oneAsks))
	if err := w.offered(w.ask()); !errors.Is(err, protocol.AwaitingApproval) {
		t.Fatal(err)
	}
	id := w.waiting().ID
	w.leave()
	if _, err := w.sites[0].node.Vote(t.Context(), id.String(), true, nil); !errors.Is(err, node.ErrMotion) {
		t.Errorf("got %v, want %v", err, node.ErrMotion)
	}
}

// The others go on under the next epoch, without the site that left, and it comes back by one after.
func TestTheOthersGoOnAndTheSiteMayComeBack(t *testing.T) {
	w := newNetwork(t, 3)
	left := w.sites[0]
	all, first := w.sites, w.roster
	w.leave()
	if _, err := left.node.AcceptRoster(t.Context(), w.proposal.Bytes()); !errors.Is(err, node.ErrRoster) {
		t.Errorf("the roster that was left is accepted again: got %v, want %v", err, node.ErrRoster)
	}
	w.sites = all[1:]
	w.agree(w.next(func(r *protocol.Roster) {
		r.Sites = r.Sites[1:]
		r.Threshold, r.Corrupt = protocol.Thresholds(2)
		r.MinOrganisations = 2
		r.Cohorts = []protocol.ExactCohort{{Name: cohortName, Points: r.Points(), Minimum: protocol.MinCohort}}
	}))
	w.grantAll()
	w.greet()
	a := w.ask()
	if got := w.read(a, w.carry(a)); !slices.Equal(got, w.truth(variants)) {
		t.Error("the others: another sum")
	}
	w.sites = all
	w.agree(w.next(func(r *protocol.Roster) {
		*r = first.Message
		r.Epoch, r.Previous, r.Deadline = 3, first.Digest(), w.clock.Now().AddDate(0, 0, 1)
	}))
}
