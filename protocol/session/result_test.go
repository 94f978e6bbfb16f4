package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

// result is what alice fetches of a cut that was opened by some sites.
func (s *study) result(t testing.TB, points, openedBy []uint32) protocol.Result {
	t.Helper()
	o := s.offer(t, points...)
	r := protocol.Result{Header: s.query, Task: s.task, Cut: o.Cut, Headers: o.Headers, Received: o.Received}
	for _, p := range openedBy {
		r.Openings = append(r.Openings, s.opening(t, p, &o.Cut.Message))
	}
	return r
}

func TestCheckResult(t *testing.T) {
	exact := newStudy(t, 4, protocol.Exact, []uint32{1, 2, 3, 4})
	anyone := newStudy(t, 4, protocol.Private, nil)
	all, three := []uint32{1, 2, 3, 4}, []uint32{1, 2, 3}
	for _, tt := range []struct {
		name   string
		of     *study
		result func(*study) protocol.Result
		ok     bool
	}{
		{"all sites, opened by all", exact, func(s *study) protocol.Result { return s.result(t, all, all) }, true},
		{"all sites, opened by t", exact, func(s *study) protocol.Result { return s.result(t, all, three) }, true},
		{"any t sites", anyone, func(s *study) protocol.Result { return s.result(t, three, three) }, true},
		{"opened by fewer than t", exact, func(s *study) protocol.Result { return s.result(t, all, []uint32{1, 2}) }, false},
		{"opened by one site twice", exact, func(s *study) protocol.Result { return s.result(t, all, []uint32{1, 2, 2}) }, false},
		{"opened by a site that is not in the cut", anyone, func(s *study) protocol.Result { return s.result(t, three, []uint32{1, 2, 4}) }, false},
		{"over fewer sites than named", exact, func(s *study) protocol.Result { return s.result(t, three, three) }, false},
		{"over fewer than t sites", anyone, func(s *study) protocol.Result { return s.result(t, []uint32{1, 2}, []uint32{1, 2}) }, false},
		{"of another query", exact, func(s *study) protocol.Result {
			r := s.result(t, all, all)
			h := s.query.Message
			h.Nonce = protocol.Hash("another")
			r.Header = must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, s.alice))
			return r
		}, false},
		{"of another attempt than the task's", exact, func(s *study) protocol.Result {
			r := s.result(t, all, all)
			task := s.task.Message
			task.Attempt = 2
			r.Task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(task, s.member))
			return r
		}, false},
		{"of a task for another query", exact, func(s *study) protocol.Result {
			r := s.result(t, all, all)
			task := s.task.Message
			task.Query = protocol.Hash("another")
			r.Task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(task, s.member))
			return r
		}, false},
		{"opened for another set", exact, func(s *study) protocol.Result {
			r := s.result(t, all, all)
			other := s.offer(t, 1, 2, 3)
			r.Openings[1] = s.opening(t, 2, &other.Cut.Message)
			return r
		}, false},
		{"opened to another key", exact, func(s *study) protocol.Result {
			r := s.result(t, all, all)
			other := *s
			other.recipient = protocol.Hash("mallory")
			r.Openings[1] = other.opening(t, 2, &r.Cut.Message)
			return r
		}, false},
		{"answered for another dataset", exact, func(s *study) protocol.Result {
			other := *s
			other.headers = append([]protocol.Signed[protocol.ContributionHeader](nil), s.headers...)
			other.headers[2] = s.contribution(t, 3, func(h *protocol.ContributionHeader) { h.Declaration = protocol.Hash("another") })
			return other.result(t, all, all)
		}, false},
		{"with a member that has not received another", exact, func(s *study) protocol.Result {
			r := s.result(t, all, all)
			r.Received = append([]protocol.Signed[protocol.Received]{s.receipt(t, 1, 1, 2, 3)}, r.Received[1:]...)
			return r
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := session.CheckResult(&tt.of.roster, tt.of.query.Digest(), tt.result(tt.of))
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, believed: %v", err, tt.ok)
			}
		})
	}
}

// A thousand sites send any lists they like: the cut is found at once, and it is
// the honest ones.
func TestManyLiarsDoNotStopTheCut(t *testing.T) {
	const n, liars = protocol.MaxSites, 250
	r := rules(n, false)
	a := session.NewAttempt(1, r, start.Add(time.Minute), start.Add(time.Hour))
	for _, p := range r.Asked() {
		if err := a.Contributed(p, protocol.Hash("header", []byte{byte(p >> 8), byte(p)}), nil, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range r.Asked() {
		list := r.Asked()
		if p <= liars { // each has received itself alone
			list = []uint32{p}
		}
		if err := a.Received(p, list, r); err != nil {
			t.Fatal(err)
		}
	}
	members := a.Members()
	if a.Phase != session.Opening || len(members) != n-liars || members[0] != liars+1 {
		t.Errorf("%s with %d members, want %d", a.Phase, len(members), n-liars)
	}
}
