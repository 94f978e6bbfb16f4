package coordinator_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// logOf is a member's audit log as it is on its disk.
func logOf(t testing.TB, h *coordinator.Home) (list []audit.Entry) {
	t.Helper()
	key := h.Signing.Public()
	if _, err := audit.Read(filepath.Join(h.Dir, "audit"), audit.CoordinatorOrigin(key.ID()), key, 0, func(_ uint64, e audit.Entry) error {
		list = append(list, e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// records are the entries about what members agree on.
func records(list []audit.Entry) []audit.Entry {
	return slices.DeleteFunc(slices.Clone(list), func(e audit.Entry) bool { return e.Sequence == 0 })
}

// whole requires that no record is missing and none is there twice.
func whole(t testing.TB, list []audit.Entry) {
	t.Helper()
	for i, e := range records(list) {
		if e.Sequence != uint64(i+1) {
			t.Fatalf("record %d of the log has number %d", i+1, e.Sequence)
		}
	}
}

// about counts the entries of a kind about something.
func about(list []audit.Entry, kind audit.Kind, subject protocol.Digest) (n int) {
	for _, e := range list {
		if e.Kind == kind && (e.Subject == subject || subject.IsZero()) {
			n++
		}
	}
	return n
}

func TestAMembersLogHoldsWhatItTookInAndDecided(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	id := s.submit(s.query("first", time.Hour))
	s.end(id)
	result, _ := s.result(id)
	list := logOf(t, s.home)
	whole(t, list)
	if list[0].Kind != audit.KindStart {
		t.Errorf("it begins with a %s, want its start", list[0].Kind)
	}
	session := result.Cut.Message.Session
	for _, tt := range []struct {
		name    string
		kind    audit.Kind
		subject protocol.Digest
		want    int
	}{
		{"the sites that were approved", audit.KindKey, protocol.Digest{}, siteCount},
		{"the roster", audit.KindRoster, s.roster.Digest(), 1},
		{"the query", audit.KindQuery, id, 1},
		{"the attempt", audit.KindTask, result.Task.Digest(), 1},
		{"a contribution", audit.KindContribution, result.Headers[0].Digest(), 1},
		{"what a site has received", audit.KindReceived, result.Received[0].Digest(), 1},
		{"the cut", audit.KindCut, result.Cut.Digest(), 1},
		{"an opening", audit.KindOpening, result.Openings[0].Opening.Digest(), 1},
		{"all contributions", audit.KindContribution, protocol.Digest{}, siteCount},
		{"the sum", audit.KindReleased, result.Sum, 1},
	} {
		if got := about(list, tt.kind, tt.subject); got != tt.want {
			t.Errorf("%s: %d entries, want %d", tt.name, got, tt.want)
		}
	}
	for _, e := range list {
		if e.Kind == audit.KindCut && (e.Session != session || e.Study != audit.StudyDigest("demo") || !e.Party.IsZero()) {
			t.Errorf("the cut that this member has signed: %+v", e)
		}
		if e.Kind == audit.KindQuery && e.Party != s.alice.Public().ID() {
			t.Errorf("the query of alice: %+v", e)
		}
	}
	s.stop()
	s.start()
	if again := logOf(t, s.home); about(again, audit.KindStart, protocol.Digest{}) != 2 || about(again, audit.KindQuery, id) != 1 {
		t.Errorf("after a restart %d starts and %d times the query", about(again, audit.KindStart, protocol.Digest{}), about(again, audit.KindQuery, id))
	}
}

func TestARefusalIsInTheLogWithItsCode(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	bob := s.sites[1]
	bob.mu.Lock()
	bob.refuse = func(protocol.Call, uint32) protocol.Code { return protocol.CohortTooSmall }
	bob.mu.Unlock()
	s.end(s.submit(s.query("refused", time.Hour)))
	list := logOf(t, s.home)
	i := slices.IndexFunc(list, func(e audit.Entry) bool { return e.Kind == audit.KindRefusal })
	if i < 0 || list[i].Code != uint16(protocol.CohortTooSmall) || list[i].Party != bob.key.Public().ID() {
		t.Errorf("the refusal is not in the log: %v", list)
	}
	if about(list, audit.KindDecision, protocol.Digest{}) != 1 {
		t.Error("that the task has failed is not in the log")
	}
}

// While an entry is not durable nobody is told of it, no site is called for it, and no site
// that it approves may connect.
func TestNothingTakesEffectBeforeItIsInTheLog(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	query := s.query("held", time.Hour)
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.onStep(func(step string) {
		if step == "before record" {
			once.Do(func() { close(held); <-release })
		}
	})
	var mu sync.Mutex
	var order []string
	tell := func(what string) { mu.Lock(); defer mu.Unlock(); order = append(order, what) }
	for _, site := range s.sites {
		site.mu.Lock()
		site.refuse = func(call protocol.Call, _ uint32) protocol.Code { tell("a site was called"); return 0 }
		site.mu.Unlock()
	}
	var asked sync.WaitGroup
	asked.Go(func() {
		_, err := s.asks.Bytes(t.Context(), http.MethodPost, "/v1/studies/demo/queries", query)
		tell(fmt.Sprint("the query was answered: ", err))
	})
	<-held
	// The query is in the state. It is shown to nobody.
	before := len(logOf(t, s.home))
	for path, c := range map[string]*rest.Client{"/v1/studies/demo/tasks": s.asks, "/v1/sites": s.operator, "/v1/cluster": s.operator} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := c.Bytes(ctx, http.MethodGet, path, nil); err == nil {
			t.Errorf("%s is answered", path)
		}
		cancel()
	}
	tell("recorded")
	close(release)
	asked.Wait()
	s.onStep(func(string) {})
	mu.Lock()
	if order[0] != "recorded" || len(logOf(t, s.home)) <= before {
		t.Errorf("in order: %q", order)
	}
	mu.Unlock()
	var list rest.Tasks
	s.get(s.asks, "/v1/studies/demo/tasks", &list)
	if len(list.Tasks) != 1 || s.end(list.Tasks[0].ID).State != "done" {
		t.Errorf("%d tasks", len(list.Tasks))
	}
}

// An attempt that is committed and not in the log is not brought to any site, whatever
// makes the leader look again.
func TestNoSiteIsCalledForWhatIsNotInTheLog(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	called := make(chan struct{}, 100)
	for _, site := range s.sites {
		site.mu.Lock()
		site.refuse = func(protocol.Call, uint32) protocol.Code {
			called <- struct{}{}
			return 0
		}
		site.mu.Unlock()
	}
	held, release := make(chan struct{}), make(chan struct{})
	letGo := sync.OnceFunc(func() { close(release) })
	defer letGo()
	starts := false
	var mu sync.Mutex
	s.onStep(func(step string) {
		mu.Lock()
		hold := starts && step == "before record"
		if starts = (starts || step == "before start") && !hold; hold {
			close(held)
		}
		mu.Unlock()
		if hold {
			<-release
		}
	})
	query := s.query("held", time.Hour)
	submitted := make(chan error, 1)
	go func() { // the answer may have to wait for the attempt too
		_, err := s.asks.Bytes(t.Context(), http.MethodPost, "/v1/studies/demo/queries", query)
		submitted <- err
	}()
	<-held
	quiet := time.After(100 * time.Millisecond)
	for looks := true; looks; {
		select {
		case <-called:
			t.Fatal("a site was called")
		case <-quiet:
			looks = false
		default:
			// The leader looks when a site comes or goes.
			s.network.Unlink(s.sites[2].peer, s.home.Network.ID())
			s.link(s.sites[2])
		}
	}
	s.onStep(func(string) {})
	letGo()
	if err := <-submitted; err != nil {
		t.Fatal(err)
	}
	if last := s.end(s.submit(query)); last.State != "done" {
		t.Errorf("ended as %+v", last)
	}
}

// image is a copy of a member's disk, as a kill at that moment leaves it.
func (s *study) image() string {
	dir := filepath.Join(s.t.TempDir(), "image")
	if err := os.CopyFS(dir, os.DirFS(s.home.Dir)); err != nil {
		s.t.Error(err)
	}
	return dir
}

// moveTo lets the member go on with what is on another disk.
func (s *study) moveTo(dir string) {
	s.t.Helper()
	s.home = must[*coordinator.Home](s.t)(coordinator.LoadHome(dir))
	s.start()
}

func TestKilledBetweenCommitAndLogNothingIsLost(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"before record", "after record"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newStudy(t)
			for _, site := range s.sites { // so that nothing else is under way
				s.network.Unlink(site.peer, s.home.Network.ID())
			}
			query := s.query("killed", time.Hour)
			var image string
			s.onStep(func(at string) {
				if at == step && image == "" {
					image = s.image()
				}
			})
			id := s.submit(query)
			s.onStep(func(string) {})
			s.stop()
			want := 0
			if step == "after record" {
				want = 1
			}
			s.home = must[*coordinator.Home](t)(coordinator.LoadHome(image))
			if got := about(logOf(t, s.home), audit.KindQuery, id); got != want {
				t.Fatalf("on the disk of the killed member the query stands %d times, want %d", got, want)
			}
			s.start()
			if again := s.submit(query); again != id {
				t.Error("it is another task")
			}
			list := logOf(t, s.home)
			whole(t, list)
			if got := about(list, audit.KindQuery, id); got != 1 {
				t.Errorf("after a restart the query stands %d times in the log", got)
			}
			if last := s.end(id); last.State != "done" {
				t.Errorf("ended as %+v", last)
			}
		})
	}
}

// ended waits until the member has ended by itself, and returns how.
func (s *study) ended() error {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	select {
	case err := <-s.member.done:
		s.member = nil
		return err
	case <-ctx.Done():
		return errors.New("it has not ended")
	}
}

// block makes the next entries of a log impossible to write.
func (s *study) block() {
	s.t.Helper()
	width := len(logOf(s.t, s.home)) % 256
	for i := width + 1; i < width+64; i++ {
		if err := os.MkdirAll(filepath.Join(s.home.Dir, "audit", "tile", "entries", "000.p", fmt.Sprint(i), "x"), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
}

// The operator fills the disk of the log so that a question leaves no trace.
func TestAttackUnrecordedQuestion(t *testing.T) {
	debug.Defended(t, debug.LogBeforeEffect, func() error {
		s := newStudy(t)
		query := s.query("unrecorded", time.Hour)
		s.block()
		s.asks.Patience = 3 * time.Second
		_, err := s.asks.Bytes(t.Context(), http.MethodPost, "/v1/studies/demo/queries", query)
		if err != nil {
			if end := s.ended(); !errors.Is(end, coordinator.ErrJournal) {
				t.Errorf("the member ended with %v, want %v", end, coordinator.ErrJournal)
			}
			for _, site := range s.sites {
				site.mu.Lock()
				if len(site.tasks) > 0 {
					t.Error("a site was asked for what is in no log")
				}
				site.mu.Unlock()
			}
			return err
		}
		if about(logOf(t, s.home), audit.KindQuery, protocol.Digest{}) > 0 {
			t.Error("the question left a trace")
		}
		return nil
	})
}

// The operator puts an old state back under a log that has gone on, so that numbers of
// decisions that are in the log are used again for others.
func TestAttackStateOfAnotherPast(t *testing.T) {
	debug.Defended(t, debug.LogPast, func() error {
		s := newStudy(t)
		s.stop()
		old := s.image()
		s.start()
		s.awaitReady()
		for _, site := range s.sites {
			s.network.Unlink(site.peer, s.home.Network.ID())
		}
		s.submit(s.query("first", time.Hour))
		second := s.query("second", time.Hour)
		s.stop()
		if err := errors.Join(os.RemoveAll(filepath.Join(s.home.Dir, "raft")), os.CopyFS(filepath.Join(s.home.Dir, "raft"), os.DirFS(filepath.Join(old, "raft")))); err != nil {
			t.Fatal(err)
		}
		sites := s.sites
		s.sites = nil // nobody connects: there is nobody who could notice
		s.start()
		s.sites = sites
		s.asks.Patience = 3 * time.Second
		_, err := s.asks.Bytes(t.Context(), http.MethodPost, "/v1/studies/demo/queries", second)
		if err != nil {
			if end := s.ended(); !errors.Is(end, coordinator.ErrOtherPast) {
				t.Errorf("the member ended with %v, want %v", end, coordinator.ErrOtherPast)
			}
			return err
		}
		if got := about(logOf(t, s.home), audit.KindQuery, protocol.Digest{}); got != 1 {
			t.Errorf("%d queries in the log", got)
		}
		return nil
	})
}

// A state that has gone another way under a log of the same length is seen too.
func TestAMemberComparesTheLastDecisionOfItsLog(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	for _, site := range s.sites {
		s.network.Unlink(site.peer, s.home.Network.ID())
	}
	first, second := s.query("first", time.Hour), s.query("second", time.Hour)
	s.stop()
	other := s.image()
	sites := s.sites
	s.sites = nil
	here := s.home.Dir
	s.start()
	s.submit(first)
	s.stop()
	s.moveTo(other)
	s.submit(second)
	s.stop()
	if err := errors.Join(os.RemoveAll(filepath.Join(here, "raft")), os.CopyFS(filepath.Join(here, "raft"), os.DirFS(filepath.Join(other, "raft")))); err != nil {
		t.Fatal(err)
	}
	s.moveTo(here)
	s.sites = sites
	if end := s.ended(); !errors.Is(end, coordinator.ErrOtherPast) {
		t.Errorf("the member ended with %v, want %v", end, coordinator.ErrOtherPast)
	}
}
