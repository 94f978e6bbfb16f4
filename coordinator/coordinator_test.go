package coordinator_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/session"
)

// check verifies a result as a researcher does, and the sum against the sites' words.
func (s *study) check(id protocol.Digest) {
	s.t.Helper()
	result, sum := s.result(id)
	if err := session.CheckResult(&s.roster.Message, id, result); err != nil {
		s.t.Errorf("the result does not hold: %v", err)
	}
	want := make([]byte, len(sum))
	for _, site := range s.sites {
		if err := he.Add(want, site.wordsOf(result.Cut.Message.Session, len(sum)/6)); err != nil {
			s.t.Fatal(err)
		}
	}
	if !bytes.Equal(sum, want) {
		s.t.Error("the sum is not that of the sites' words")
	}
}

func TestAQueryIsCarriedToItsSum(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	query := s.query("first", time.Hour)
	id := s.submit(query)
	if last := s.end(id); last.State != "done" || last.Attempt != 1 {
		t.Fatalf("ended as %+v", last)
	}
	s.check(id)
	if again := s.submit(query); again != id {
		t.Error("submitted again it is another task")
	}
}

func TestManyQueriesAtATime(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	ids := make([]protocol.Digest, 20)
	for i := range ids {
		ids[i] = s.submit(s.query(fmt.Sprint("query ", i), time.Hour))
	}
	for i, id := range ids {
		if last := s.end(id); last.State != "done" || last.Attempt != 1 {
			t.Fatalf("query %d ended as %+v", i, last)
		}
		s.check(id)
	}
	var list rest.Tasks
	s.get(s.asks, "/v1/studies/demo/tasks", &list)
	if len(list.Tasks) != len(ids) || list.Tasks[0].ID != ids[len(ids)-1] {
		t.Errorf("%d tasks are listed, the newest first, want %d", len(list.Tasks), len(ids))
	}
}

func TestAlteredWordsAreNotAdded(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	bob := s.sites[1]
	bob.mu.Lock()
	bob.spoil = func(words []byte) { words[5] ^= 1 }
	bob.mu.Unlock()
	id := s.submit(s.query("altered", 3*time.Second))
	if last := s.end(id); last.State == "done" {
		t.Error("words that the site did not sign are in a sum")
	}
}

// steps are the commits of one query, in some order, each with its two sides.
func (s *study) steps() (list []string) {
	s.t.Helper()
	var mu sync.Mutex
	s.onStep(func(step string) {
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(list, step) {
			list = append(list, step)
		}
	})
	s.end(s.submit(s.query("steps", time.Hour)))
	s.onStep(func(string) {})
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(list)
}

func TestAMemberMayBeStoppedAtAnyStep(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	steps := s.steps()
	for _, want := range []string{"submit", "start", "contributed", "received", "sign cut", "voted", "opened", "set sum"} {
		if !slices.Contains(steps, "before "+want) || !slices.Contains(steps, "after "+want) {
			t.Fatalf("no step %q in %q", want, steps)
		}
	}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			query := s.query(step, time.Hour)
			hit, dying := make(chan struct{}), make(chan struct{})
			var once sync.Once
			s.onStep(func(at string) {
				if at == step {
					once.Do(func() { close(hit) })
					<-dying
				}
			})
			// The researcher asks until somebody answers.
			submitted := make(chan error, 1)
			go func() {
				_, err := s.asks.Bytes(t.Context(), http.MethodPost, "/v1/studies/demo/queries", query)
				submitted <- err
			}()
			<-hit
			s.member.stop()
			close(dying)
			s.stop()
			s.onStep(func(string) {})
			s.start()
			if err := <-submitted; err != nil {
				t.Fatal(err)
			}
			id := s.submit(query)
			if last := s.end(id); last.State != "done" || last.Attempt != 1 {
				t.Fatalf("ended as %+v", last)
			}
			s.check(id)
		})
	}
}

func TestAnAcknowledgedQueryIsNotLost(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	for _, site := range s.sites {
		s.network.Unlink(site.peer, s.home.Network.ID())
	}
	id := s.submit(s.query("kept", time.Hour))
	s.stop()
	s.start()
	if last := s.end(id); last.State != "done" {
		t.Fatalf("ended as %+v", last)
	}
	s.check(id)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	for _, tt := range []struct {
		name   string
		refuse func(call protocol.Call, attempt uint32) protocol.Code
		state  string
		reason string
		// attempt is the last one.
		attempt uint32
	}{
		{"a site that could not is asked in another attempt", func(call protocol.Call, attempt uint32) protocol.Code {
			if call == protocol.CallOffer && attempt == 1 {
				return protocol.Internal
			}
			return 0
		}, "done", "", 2},
		{"a site that lost its bytes is asked in another attempt", func(call protocol.Call, attempt uint32) protocol.Code {
			if call == protocol.CallOpen && attempt == 1 {
				return protocol.Lost
			}
			return 0
		}, "done", "", 2},
		{"a no for good ends the task", func(call protocol.Call, _ uint32) protocol.Code {
			if call == protocol.CallOffer {
				return protocol.CohortTooSmall
			}
			return 0
		}, "failed", "refused by a site", 1},
		{"and so does one to the cut", func(call protocol.Call, _ uint32) protocol.Code {
			if call == protocol.CallCut {
				return protocol.OtherCut
			}
			return 0
		}, "failed", "refused by a site", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bob := s.sites[1]
			bob.mu.Lock()
			bob.refuse = tt.refuse
			bob.mu.Unlock()
			id := s.submit(s.query(tt.name, time.Hour))
			last := s.end(id)
			if last.State != tt.state || last.Attempt != tt.attempt || !strings.Contains(last.Reason, tt.reason) {
				t.Errorf("ended as %+v", last)
			}
			if last.State == "done" {
				s.check(id)
			}
		})
	}
}

func TestASiteThatIsNotReadyIsAskedAgainInTheSameAttempt(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	bob := s.sites[1]
	refused := false
	bob.mu.Lock()
	bob.refuse = func(call protocol.Call, _ uint32) protocol.Code {
		if call == protocol.CallOffer && !refused {
			refused, bob.fresh = true, false
			return protocol.NotReady
		}
		return 0
	}
	bob.mu.Unlock()
	id := s.submit(s.query("not ready", time.Hour))
	if last := s.end(id); last.State != "done" || last.Attempt != 1 {
		t.Fatalf("ended as %+v", last)
	}
	s.check(id)
}

func TestPeopleWhoDecideAreWaitedForInOneAttempt(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	s.stop()
	s.timing.Contribute, s.timing.Attempt = time.Second, 2*time.Second
	s.start()
	s.awaitReady()
	bob := s.sites[1]
	asked, decided := 0, false
	bob.mu.Lock()
	bob.refuse = func(call protocol.Call, _ uint32) protocol.Code {
		if call == protocol.CallOffer && !decided {
			asked++
			return protocol.AwaitingApproval
		}
		return 0
	}
	bob.mu.Unlock()
	began := time.Now()
	id := s.submit(s.query("people decide", time.Hour))
	s.await("it is asked for longer than an attempt lasts", func() bool {
		bob.mu.Lock()
		defer bob.mu.Unlock()
		return asked > 50 && time.Since(began) > s.timing.Attempt
	})
	if at := s.task(id); at.State != "contributing" || at.Attempt != 2 || at.Sites[1].Step != "approval" {
		t.Errorf("while people decide it stands at %+v", at)
	}
	bob.mu.Lock()
	decided = true
	bob.mu.Unlock()
	if last := s.end(id); last.State != "done" || last.Attempt != 2 {
		t.Fatalf("ended as %+v", last)
	}
	s.check(id)
}

func TestASiteThatDiesBeforeItsContributionIsWaitedForInAnotherAttempt(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	s.stop()
	s.timing.Contribute = 2 * time.Second
	s.start()
	s.awaitReady()
	carol := s.sites[2]
	s.onStep(func(step string) {
		if step == "after start" {
			s.network.Unlink(carol.peer, s.home.Network.ID())
		}
	})
	id := s.submit(s.query("dies", time.Hour))
	s.await("the attempt has failed", func() bool { return s.task(id).Reason != "" })
	if last := s.task(id); last.State != "submitted" || last.Attempt != 1 || !strings.Contains(last.Reason, "in time") {
		t.Errorf("after the attempt it stands at %+v", last)
	}
	s.onStep(func(string) {})
	s.link(carol)
	if last := s.end(id); last.State != "done" || last.Attempt != 2 {
		t.Fatalf("ended as %+v", last)
	}
	s.check(id)
}

func TestWordsAreHereBeforeAnyShareIsDelivered(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	var early atomic.Int32
	for _, site := range s.sites {
		site.mu.Lock()
		site.refuse = func(call protocol.Call, _ uint32) protocol.Code {
			if call != protocol.CallDeliver {
				return 0
			}
			for _, a := range site.sessions {
				if !has(t, s.home, blob.ID(a.header.Message.Words)) {
					early.Add(1)
				}
			}
			return 0
		}
		site.mu.Unlock()
	}
	id := s.submit(s.query("words", time.Hour))
	if last := s.end(id); last.State != "done" {
		t.Fatalf("ended as %+v", last)
	}
	s.check(id)
	if n := early.Load(); n > 0 {
		t.Errorf("%d deliveries came before the words", n)
	}
	result, _ := s.result(id)
	for _, h := range result.Headers {
		s.await("the words are forgotten", func() bool { return !has(t, s.home, blob.ID(h.Message.Words)) })
	}
}

func TestASiteThatDiesAfterItsContributionIsWaitedForInTheSame(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	carol := s.sites[2]
	gone := make(chan struct{})
	var once sync.Once
	s.onStep(func(step string) {
		if step == "after sign cut" {
			once.Do(func() { s.network.Unlink(carol.peer, s.home.Network.ID()); close(gone) })
		}
	})
	id := s.submit(s.query("dies later", time.Hour))
	<-gone
	s.await("the others have voted", func() bool {
		sites := s.task(id).Sites
		return sites[0].Step == "voted" && sites[1].Step == "voted"
	})
	s.link(carol)
	if last := s.end(id); last.State != "done" || last.Attempt != 1 {
		t.Fatalf("ended as %+v", last)
	}
	s.check(id)
}

func TestAQueryExpiresWhenASiteStaysAway(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	s.network.Unlink(s.sites[2].peer, s.home.Network.ID())
	id := s.submit(s.query("late", 2*time.Second))
	if step := s.task(id).Sites[2]; step.Step != "waiting" || step.Reason == "" {
		t.Errorf("the site that is away is shown as %+v", step)
	}
	last := s.end(id)
	if last.State != "expired" || last.Attempt != 0 || last.Reason == "" {
		t.Errorf("ended as %+v", last)
	}
}

func TestBadQueriesAreNotCommitted(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	mallory := newKey(t, "mallory")
	for _, tt := range []struct {
		name string
		edit func(*protocol.QueryHeader)
		key  *protocol.SigningKey
		code string
	}{
		{"one that is too old", func(h *protocol.QueryHeader) {
			h.Issued, h.Expires = h.Issued.Add(-2*time.Hour), h.Issued.Add(-time.Hour)
		}, s.alice, "LOC-REQUEST-INVALID"},
		{"one from the future", func(h *protocol.QueryHeader) { h.Issued, h.Expires = h.Issued.Add(time.Hour), h.Expires.Add(time.Hour) }, s.alice, "LOC-REQUEST-INVALID"},
		{"one in another's name", func(*protocol.QueryHeader) {}, mallory, "LOC-REQUEST-INVALID"},
		{"one in a mode that the roster does not allow", func(h *protocol.QueryHeader) { h.Mode, h.Release, h.Noise.Share = protocol.Private, 1, 2 }, s.alice, "LOC-REQUEST-INVALID"},
		{"one to fewer sites than the threshold", func(h *protocol.QueryHeader) { h.Points = h.Points[:2] }, s.alice, "LOC-REQUEST-INVALID"},
		{"one about datasets that were declared before", func(h *protocol.QueryHeader) { h.Declarations[1] = protocol.Hash("old") }, s.alice, "LOC-STATE-CONFLICT"},
		{"one for an unknown analysis", func(h *protocol.QueryHeader) { h.Analysis = "gwas/9" }, s.alice, "LOC-REQUEST-INVALID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := must[protocol.Query](t)(s.roster.Message.ParseQuery(s.query(tt.name, time.Hour), s.roster.Digest()))
			h := q.Header.Message
			h.Declarations = slices.Clone(h.Declarations)
			tt.edit(&h)
			q.Header = must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, tt.key))
			_, err := s.asks.Bytes(t.Context(), http.MethodPost, "/v1/studies/demo/queries", must[[]byte](t)(q.Bytes()))
			if err == nil || !strings.Contains(err.Error(), tt.code) {
				t.Errorf("got %v, want %s", err, tt.code)
			}
		})
	}
	t.Run("one that is too large for the log", func(t *testing.T) {
		q := must[protocol.Query](t)(s.roster.Message.ParseQuery(s.query("large", time.Hour), s.roster.Digest()))
		q.Bodies[0] = make([]byte, 600<<10)
		_, err := s.asks.Bytes(t.Context(), http.MethodPost, "/v1/studies/demo/queries", must[[]byte](t)(q.Bytes()))
		if err == nil || !strings.Contains(err.Error(), "LOC-REQUEST-TOO-LARGE") {
			t.Errorf("got %v", err)
		}
	})
}
