package node_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

func TestEveryStepIsAnsweredWithTheSameBytesAfterARestart(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	c := w.carry(a)
	calls := []struct {
		call    protocol.Call
		request []byte
	}{
		{protocol.CallOffer, w.offer(a, 0)},
		{protocol.CallDeliver, w.delivery(a, c, 0)},
		{protocol.CallCut, must[[]byte](t)(w.cutOffer(a, c).Bytes())},
		{protocol.CallOpen, w.request(a, c.votes[0])},
	}
	var first [][]byte
	for _, s := range calls {
		first = append(first, w.must(0, s.call, s.request))
	}
	w.restart(0)
	for i, s := range calls {
		if !bytes.Equal(w.must(0, s.call, s.request), first[i]) {
			t.Errorf("call %d is answered with other bytes", s.call)
		}
	}
}

// What a site has received is said once: a coordinator that hands in more later hears
// the same.
func TestReceivedIsSaidOnce(t *testing.T) {
	w := newNetwork(t, 3)
	a := w.ask()
	c := w.contribute(a)
	few := *c
	few.contributions, few.headers = c.contributions[:2], c.headers[:2]
	first := w.must(0, protocol.CallDeliver, w.delivery(a, &few, 0))
	if !bytes.Equal(w.must(0, protocol.CallDeliver, w.delivery(a, c, 0)), first) {
		t.Error("it says something else")
	}
}

// Site 2 sees two votes of site 1 in the wrong order. It keeps the later one, which is
// as good for the earlier.
func TestALaterHeadWitnessesTheEarlierVote(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	b := w.ask(func(b *asking) { b.body.Ranges[0].To, b.header.Size, b.header.Nonce = 3, 3, protocol.Hash("another") })
	ca, cb := w.contribute(a), w.contribute(b)
	w.deliver(a, ca)
	w.deliver(b, cb)
	w.vote(a, ca)
	w.vote(b, cb)
	w.open(b, cb)
	w.open(a, ca)
	if got, want := w.read(a, ca), w.truth(variants); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if got, want := w.read(b, cb), w.truth(3); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

// truth is the sum over all sites of the first variants.
func (w *network) truth(n int) []int64 {
	want := make([]int64, 2*n)
	for _, s := range w.sites {
		for i := range want {
			want[i] += s.truth[i]
		}
	}
	return want
}

// A second attempt at a release gives the same sum, under fresh keys.
func TestAnotherAttemptHasOtherBytesAndTheSameSum(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	first := w.carry(a)
	if got := w.read(a, first); !cmp.Equal(got, w.truth(variants)) {
		t.Error("another sum")
	}
	w.try(a, 2)
	second := w.carry(a)
	if got := w.read(a, second); !cmp.Equal(got, w.truth(variants)) {
		t.Error("another sum in the second attempt")
	}
	if first.headers[0].Message.Words == second.headers[0].Message.Words {
		t.Error("the same words under two sessions")
	}
	if !cmp.Equal(second.headers[0].Message.Bound, []uint32{1, 2}) || !bytes.Equal(second.contributions[0].BoundBy, first.cut.Bytes()) {
		t.Error("the second attempt does not say which cut bound the release")
	}
}

func TestNothingIsAnsweredLate(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	c := w.contribute(a)
	w.deliver(a, c)
	w.vote(a, c)
	w.clock.Move(time.Hour)
	for call, request := range map[protocol.Call][]byte{
		protocol.CallOffer: w.offer(a, 0), protocol.CallDeliver: w.delivery(a, c, 0),
		protocol.CallCut: must[[]byte](t)(w.cutOffer(a, c).Bytes()), protocol.CallOpen: w.request(a, c.votes[0]),
	} {
		if _, err := w.answer(0, call, request); !errors.Is(err, protocol.Expired) {
			t.Errorf("call %d: got %v, want %v", call, err, protocol.Expired)
		}
	}
	h := &c.headers[0].Message
	item := wire.Item{ID: h.Words, Size: int64(h.Coefficients) * 6, Digest: h.Words}
	_, err := w.carrier.Pull(t.Context(), wire.PeerID(w.sites[0].node.Card().Peer), item, 0, new(bytes.Buffer))
	if !errors.Is(err, wire.CodeNotFound) {
		t.Errorf("the words: got %v, want %v", err, wire.CodeNotFound)
	}
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	c := w.contribute(a)
	words := filepath.Join(w.sites[0].dir, "outbox", c.headers[0].Message.Words.String())
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(words, old, old); err != nil {
		t.Fatal(err)
	}
	w.restart(0)
	w.state(0) // it serves once it has cleaned up
	if _, err := os.Stat(words); err != nil {
		t.Errorf("the words of an attempt that is not over: %v", err)
	}
	w.clock.Move(time.Hour)
	w.restart(0)
	w.state(0)
	if _, err := os.Stat(words); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the words are still there: %v", err)
	}
	db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(w.sites[0].dir, "records.db")))
	defer db.Close()
	var shares, contributions int
	if err := db.QueryRow("SELECT (SELECT count(*) FROM shares), (SELECT count(*) FROM sessions WHERE contribution IS NOT NULL)").Scan(&shares, &contributions); err != nil {
		t.Fatal(err)
	}
	if shares != 0 || contributions != 0 {
		t.Errorf("%d shares and %d contributions are kept", shares, contributions)
	}
}

func TestEpochThatEndedIsNotAnswered(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	c := w.contribute(a)
	next := *w.r()
	next.Epoch, next.Previous, next.Deadline = 2, w.roster.Digest(), w.clock.Now().Add(time.Hour)
	proposal := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(next))
	must[protocol.Signed[protocol.Roster]](t)(w.sites[0].node.AcceptRoster(t.Context(), proposal.Bytes()))
	for call, request := range map[protocol.Call][]byte{
		protocol.CallOffer: w.offer(a, 0), protocol.CallDeliver: w.delivery(a, c, 0),
	} {
		if _, err := w.answer(0, call, request); !errors.Is(err, protocol.RosterNotPinned) {
			t.Errorf("call %d: got %v, want %v", call, err, protocol.RosterNotPinned)
		}
	}
	if st := w.state(0); st.Study != "" {
		t.Error("a study without a roster in force is shown")
	}
}

func TestUnknownSessionIsRefused(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	c := w.contribute(a)
	w.try(a, 2)
	if _, err := w.answer(0, protocol.CallOpen, must[[]byte](t)(protocol.OpenRequest{Session: a.session()}.Bytes())); !errors.Is(err, protocol.UnknownSession) {
		t.Errorf("got %v, want %v", err, protocol.UnknownSession)
	}
	w.try(a, 1)
	if _, err := w.answer(0, protocol.CallOpen, must[[]byte](t)(protocol.OpenRequest{Session: a.session()}.Bytes())); !errors.Is(err, protocol.BadCut) {
		t.Errorf("before the vote: got %v, want %v", err, protocol.BadCut)
	}
	w.deliver(a, c)
	for _, call := range []protocol.Call{protocol.CallTestify, protocol.CallOffer, protocol.CallDeliver, protocol.CallCut, protocol.CallWitness, protocol.CallOpen} {
		if _, err := w.raw(0, call, []byte("not a message")); !errors.Is(err, wire.CodeInvalid) {
			t.Errorf("call %d with no message: got %v, want %v", call, err, wire.CodeInvalid)
		}
	}
}

// A stop while genotypes are counted loses nothing: the attempt is counted again.
func TestStopWhileCounting(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	counting, goOn := make(chan struct{}), make(chan struct{})
	w.sites[0].node.ChangeCounts(func([]int64) { close(counting); <-goOn })
	asked := make(chan error, 1)
	go func() {
		_, err := w.raw(0, protocol.CallOffer, w.offer(a, 0))
		asked <- err
	}()
	<-counting
	stopped := make(chan error, 1)
	go func() { stopped <- w.sites[0].stop() }()
	if err := <-asked; err == nil {
		t.Error("an answer left before it was counted")
	}
	close(goOn)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	w.reopen(w.sites[0])
	w.serve(0)
	w.greet()
	if got := w.read(a, w.carry(a)); !cmp.Equal(got, w.truth(variants)) {
		t.Error("another sum")
	}
}

// When the disk does not take what must be durable, the node ends: it does not answer
// from what may not be there.
func TestDiskThatFailsEndsTheNode(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	s := w.sites[0]
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	ended := w.serveUntilItEnds(0)
	w.greet()
	if err := os.RemoveAll(filepath.Join(s.dir, "outbox")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.raw(0, protocol.CallOffer, w.offer(a, 0)); err == nil {
		t.Error("answered")
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "could not be written") {
		t.Errorf("Serve returned %v", err)
	}
}

// serveUntilItEnds lets a site serve that will end by itself.
func (w *network) serveUntilItEnds(i int) (ended chan error) {
	w.t.Helper()
	s := w.sites[i]
	l := must[*wire.Loopback](w.t)(w.wires.Join(wire.PeerID(s.node.Card().Peer), wire.NewAllowList(w.carrier.ID())))
	ended = make(chan error, 1)
	go func() { ended <- errors.Join(s.node.Serve(w.t.Context(), l), l.Close()) }()
	if err := w.wires.Link(w.carrier.ID(), l.ID()); err != nil {
		w.t.Fatal(err)
	}
	return ended
}

func TestOneProcessServesADirectory(t *testing.T) {
	w := newNetwork(t, 2)
	second := must[*node.Node](t)(node.Open(node.Config{Dir: w.sites[0].dir}))
	defer second.Close()
	if err := second.Serve(t.Context(), nil); !errors.Is(err, node.ErrServing) {
		t.Errorf("got %v, want %v", err, node.ErrServing)
	}
}

func TestRecordsThatWereAlteredAreNotServedFrom(t *testing.T) {
	w := newQuietNetwork(t, 2)
	db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(w.sites[0].dir, "records.db")))
	defer db.Close()
	if _, err := db.Exec("DELETE FROM chain WHERE seq = 1"); err == nil {
		t.Fatal("the chain lets itself be cut")
	}
	for _, statement := range []string{"DROP TRIGGER chain_is_not_changed", "UPDATE chain SET digest = zeroblob(32) WHERE seq = 1"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.sites[0].node.Serve(t.Context(), nil); !errors.Is(err, node.ErrRecords) {
		t.Errorf("got %v, want %v", err, node.ErrRecords)
	}
}

// Every answer that came had its line in the log of the door, and the node's own log
// tells nothing of a person.
func TestWhatLeftIsInTheLog(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	answer := must[[]byte](t)(w.raw(0, protocol.CallOffer, w.offer(a, 0)))
	f := must[*os.File](t)(os.Open(filepath.Join(w.sites[0].dir, "egress.log")))
	defer f.Close()
	found := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l struct {
			Call, Peer string
			Size       int
			Digest     protocol.Digest
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		found = found || l.Call == "offer" && l.Peer == w.endpoint.Peer && l.Size == len(answer) && l.Digest == sha256.Sum256(answer)
	}
	if !found {
		t.Error("an answer left that is not in the log")
	}
	for _, secret := range []string{"S0-0", "P0-0"} {
		if strings.Contains(w.log.String(), secret) || bytes.Contains(answer, []byte(secret)) {
			t.Errorf("%q was written or has left", secret)
		}
	}
}
