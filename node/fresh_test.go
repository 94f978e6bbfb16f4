package node_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
)

// All sites start at once: none is ready, and all must witness for the others.
func TestSitesThatStartTogetherBecomeReady(t *testing.T) {
	w := newQuietNetwork(t, 3)
	for i := range w.sites {
		w.serve(i)
	}
	for i := range w.sites {
		if st := w.state(i); st.Ready || len(st.HeadQuery) == 0 {
			t.Errorf("site %d is ready before anybody said what it has seen", i+1)
		}
	}
	w.greet()
	for i := range w.sites {
		if st := w.state(i); !st.Ready || len(st.HeadQuery) != 0 {
			t.Errorf("site %d is not ready", i+1)
		}
	}
}

func TestNodeThatIsNotReadyAnswersNoTask(t *testing.T) {
	w := newNetwork(t, 2)
	a, b := w.ask(), w.ask(func(b *asking) { b.header.Nonce = protocol.Hash("another") })
	c := w.contribute(a)
	w.deliver(a, c)
	w.restart(0)
	cut := must[[]byte](t)(w.cutOffer(a, c).Bytes())
	for call, request := range map[protocol.Call][]byte{protocol.CallOffer: w.offer(b, 0), protocol.CallCut: cut} {
		if _, err := w.answer(0, call, request); !errors.Is(err, protocol.NotReady) {
			t.Errorf("call %d: got %v, want %v", call, err, protocol.NotReady)
		}
	}
	w.greet()
	w.must(0, protocol.CallOffer, w.offer(b, 0))
	w.must(0, protocol.CallCut, cut)
}

// Only answers to this process's own question count, and only from enough sites.
func TestWordsThatDoNotMakeReady(t *testing.T) {
	w := newQuietNetwork(t, 3)
	for i := range w.sites {
		w.serve(i)
		w.state(i)
	}
	old := w.state(0).HeadQuery
	w.restart(0)
	if st := w.freshen(0, old); st.Ready {
		t.Error("the answers to an earlier process's question make ready")
	}
	// Three sites of which three open and one may lie: the word of both others is needed.
	for _, tt := range []struct {
		name      string
		about, by int
		want      bool
	}{
		{"an answer to another site's question", 1, 2, false},
		{"one answer to its own", 0, 2, false},
		{"the same answer again", 0, 2, false},
		{"the answers of both others", 0, 1, true},
	} {
		q := must[protocol.Signed[protocol.HeadQuery]](t)(w.r().OpenHeadQuery(w.state(tt.about).HeadQuery))
		raw := must[[]byte](t)(protocol.Witness{HeadQueries: []protocol.Signed[protocol.HeadQuery]{q}}.Bytes())
		word := w.must(tt.by, protocol.CallWitness, raw)
		state := must[protocol.NodeState](t)(protocol.ParseNodeState(w.must(0, protocol.CallTestify, word)))
		if state.Studies[0].Ready != tt.want {
			t.Errorf("%s: ready %v", tt.name, state.Studies[0].Ready)
		}
	}
}

// Site 1's disk is set back to before a question that the others have voted on, and no
// snapshot of site 1 says what it did: it stays read-only.
func TestCopyThatNoSnapshotMakesGoodStaysReadOnly(t *testing.T) {
	w := newNetwork(t, 2)
	dir := copyOf(t, w.sites[0])
	a := w.ask()
	c := w.contribute(a)
	w.deliver(a, c)
	w.must(1, protocol.CallCut, must[[]byte](t)(w.cutOffer(a, c).Bytes()))
	w.setBack(0, dir)
	w.greet()
	if st := w.state(0); st.Ready {
		t.Error("it is ready")
	}
	if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, protocol.BehindItself) {
		t.Errorf("got %v, want %v", err, protocol.BehindItself)
	}
}

// A copy that went on by itself has a fork in its chain; its own snapshot mends it, and
// the next start finds nothing amiss.
func TestRestoredCopyGoesOn(t *testing.T) {
	w := newNetwork(t, 2)
	dir := copyOf(t, w.sites[0])
	a := w.ask()
	w.carry(a)
	w.setBack(0, dir)
	spec, truth := writeCohort(t, t.TempDir(), 77, people)
	spec.Name = "others"
	if _, err := w.sites[0].node.AddCohort(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	w.greet()
	for range 2 {
		if st := w.state(0); !st.Ready {
			t.Fatal("it is not ready")
		}
		w.restart(0)
		w.greet()
	}
	w.try(a, 2)
	again := w.carry(a)
	if !cmp.Equal(again.headers[0].Message.Bound, []uint32{1, 2}) {
		t.Error("the vote was forgotten")
	}
	if got := w.read(a, again); !cmp.Equal(got, w.truth(variants)) || cmp.Equal(truth, w.sites[0].truth) {
		t.Error("another sum")
	}
}

// A witness keeps the furthest head that it has seen of a site, and the first of two
// that claim the same place.
func TestWitnessNeverGoesBack(t *testing.T) {
	w := newNetwork(t, 2)
	key := nodeKey(t, w.sites[0])
	vote := func(sequence uint64, head string) protocol.Seen {
		v := must[protocol.Signed[protocol.Vote]](t)(protocol.Sign(protocol.Vote{
			Study: studyName, Session: protocol.Hash("session"), Point: 1, Set: protocol.Hash("set"), Sequence: sequence, Head: protocol.Hash(head),
		}, key))
		raw := w.must(1, protocol.CallWitness, must[[]byte](t)(protocol.Witness{Votes: []protocol.Signed[protocol.Vote]{v}}.Bytes()))
		return must[protocol.Testimony](t)(w.r().ParseTestimony(raw)).Seen[0].Message
	}
	for _, tt := range []struct {
		name     string
		sequence uint64
		head     string
		want     uint64
		wantHead string
	}{
		{"the first is kept", 100, "a", 100, "a"},
		{"a later one takes its place", 200, "b", 200, "b"},
		{"an earlier one does not", 150, "c", 200, "b"},
		{"nor does another one of the same place", 200, "d", 200, "b"},
		{"nor one that no chain reaches", 1 << 63, "e", 200, "b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := vote(tt.sequence, tt.head); got.Sequence != tt.want || got.Head != protocol.Hash(tt.wantHead) {
				t.Errorf("it keeps %d %s", got.Sequence, got.Head.Short())
			}
		})
	}
	w.restart(1)
	if got := vote(50, "f"); got.Sequence != 200 {
		t.Errorf("after a restart it keeps %d", got.Sequence)
	}
}

// A snapshot without every vote restores nothing; one without the older pins does.
func TestSnapshotThatRanOutOfRoom(t *testing.T) {
	for _, tt := range []struct {
		name, fill string
		want       bool
	}{
		{"for votes", "INSERT INTO votes (identity, points, session, cut_set, cut) SELECT randomblob(32), x'0000000100000002', randomblob(32), randomblob(32), x'' FROM n", false},
		{"for what was released", "INSERT INTO released (list, sites, panel, size, ranges) SELECT zeroblob(32), randomblob(32), randomblob(32), 1, x'0001' FROM n", false},
		{"for pins", "INSERT INTO pins (identity, words) SELECT randomblob(32), randomblob(32) FROM n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newNetwork(t, 2)
			dir := copyOf(t, w.sites[0])
			db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(w.sites[0].dir, "records.db")))
			defer db.Close()
			// Somebody who is in no cohort here.
			if _, err := db.Exec("INSERT INTO people (list, class, variants, tags) VALUES (zeroblob(32), 20, 1, randomblob(8))"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 17000) " + tt.fill); err != nil {
				t.Fatal(err)
			}
			w.carry(w.ask())
			w.setBack(0, dir)
			w.greet()
			if st := w.state(0); st.Ready != tt.want {
				t.Errorf("ready %v, want %v", st.Ready, tt.want)
			}
		})
	}
}
