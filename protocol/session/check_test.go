package session_test

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

func TestCheckCut(t *testing.T) {
	exact := newStudy(t, 4, protocol.Exact, []uint32{1, 2, 3, 4})
	anyone := newStudy(t, 4, protocol.Private, nil)
	named := newStudy(t, 4, protocol.Private, []uint32{1, 2, 3})
	for _, tt := range []struct {
		name  string
		of    *study
		offer func(*study) protocol.CutOffer
		ok    bool
	}{
		{"all sites", exact, func(s *study) protocol.CutOffer { return s.offer(t, 1, 2, 3, 4) }, true},
		{"the named sites", named, func(s *study) protocol.CutOffer { return s.offer(t, 1, 2, 3) }, true},
		{"any t sites", anyone, func(s *study) protocol.CutOffer { return s.offer(t, 1, 2, 4) }, true},
		{"exact over fewer sites than named", exact, func(s *study) protocol.CutOffer { return s.offer(t, 1, 2, 3) }, false},
		{"more sites than named", named, func(s *study) protocol.CutOffer { return s.offer(t, 1, 2, 3, 4) }, false},
		{"other sites than named", named, func(s *study) protocol.CutOffer { return s.offer(t, 1, 2, 4) }, false},
		{"fewer than t sites", anyone, func(s *study) protocol.CutOffer { return s.offer(t, 1, 2) }, false},
		{"without this site", anyone, func(s *study) protocol.CutOffer { return s.offer(t, 2, 3, 4) }, false},
		{"with another header of this site", anyone, func(s *study) protocol.CutOffer {
			other := *s
			other.headers = append([]protocol.Signed[protocol.ContributionHeader](nil), s.headers...)
			other.headers[0] = s.contribution(t, 1, func(h *protocol.ContributionHeader) { h.Coefficients = 2 })
			return other.offer(t, 1, 2, 3)
		}, false},
		{"without one of the headers", anyone, func(s *study) protocol.CutOffer {
			o := s.offer(t, 1, 2, 3)
			o.Headers = o.Headers[:2]
			return o
		}, false},
		{"with the headers in another order", anyone, func(s *study) protocol.CutOffer {
			o := s.offer(t, 1, 2, 3)
			o.Headers[1], o.Headers[2] = o.Headers[2], o.Headers[1]
			return o
		}, false},
		{"with a contribution to another session", anyone, func(s *study) protocol.CutOffer {
			other := *s
			other.headers = append([]protocol.Signed[protocol.ContributionHeader](nil), s.headers...)
			other.headers[1] = s.contribution(t, 2, func(h *protocol.ContributionHeader) { h.Session = protocol.NewSession(s.query.Digest(), 2) })
			return other.offer(t, 1, 2, 3)
		}, false},
		{"with a contribution under other parameters", anyone, func(s *study) protocol.CutOffer {
			other := *s
			other.headers = append([]protocol.Signed[protocol.ContributionHeader](nil), s.headers...)
			other.headers[1] = s.contribution(t, 2, func(h *protocol.ContributionHeader) { h.Params = "a50g9" })
			return other.offer(t, 1, 2, 3)
		}, false},
		{"with a member that has not received another", anyone, func(s *study) protocol.CutOffer {
			o := s.offer(t, 1, 2, 3)
			o.Received = []protocol.Signed[protocol.Received]{s.received[0], s.receipt(t, 2, 1, 2), s.received[2]}
			return o
		}, false},
		{"with a member that has said nothing", anyone, func(s *study) protocol.CutOffer {
			o := s.offer(t, 1, 2, 3)
			o.Received = o.Received[:2]
			return o
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.of.judge(tt.offer(tt.of))
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, protocol.BadCut) {
				t.Errorf("got %v, may be opened: %v", err, tt.ok)
			}
		})
	}
	t.Run("with a site whose share is not here", func(t *testing.T) {
		s := anyone
		err := session.CheckCut(&s.roster, &s.query.Message, s.offer(t, 1, 2, 3), 1, s.headers[0].Digest(), []uint32{1, 2, 4})
		if !errors.Is(err, protocol.BadCut) {
			t.Errorf("got %v, want %v", err, protocol.BadCut)
		}
	})
}

// With fewer than t sites, two sums over two cuts can be opened and subtracted.
func TestAttackCutOfTooFewSites(t *testing.T) {
	s := newStudy(t, 4, protocol.Private, nil)
	s.roster.MinOrganisations = 2
	debug.Defended(t, debug.ThresholdInCut, func() error { return s.judge(s.offer(t, 1, 2)) })
}

// f sites of one owner are no f organisations.
func TestAttackCutOfTooFewOrganisations(t *testing.T) {
	s := newStudy(t, 4, protocol.Private, nil)
	s.roster.Sites[1].Organisation = s.roster.Sites[0].Organisation
	debug.Defended(t, debug.OrganisationsInCut, func() error { return s.judge(s.offer(t, 1, 2, 3)) })
}

// A site outside the cut would lend its share to a sum that does not hide it.
func TestAttackCutWithoutThisSite(t *testing.T) {
	s := newStudy(t, 4, protocol.Private, nil)
	debug.Defended(t, debug.SelfInCut, func() error { return s.judge(s.offer(t, 2, 3, 4)) })
}

// Two exact answers over two sets are a site's own table.
func TestAttackExactOverAnotherSet(t *testing.T) {
	s := newStudy(t, 4, protocol.Exact, []uint32{1, 2, 3, 4})
	debug.Defended(t, debug.ExactSet, func() error { return s.judge(s.offer(t, 1, 2, 3)) })
}

// A member that lacks a share opens another sum than the others, and is asked again.
func TestAttackCutThatNotAllHaveReceived(t *testing.T) {
	s := newStudy(t, 3, protocol.Exact, []uint32{1, 2, 3})
	o := s.offer(t, 1, 2, 3)
	o.Received = []protocol.Signed[protocol.Received]{s.received[0], s.received[1], s.receipt(t, 3, 1, 3)}
	debug.Defended(t, debug.ReceivedByAll, func() error { return s.judge(o) })
}

// A node that opens before others keep its vote votes again after its disk is set back.
func TestAttackOpeningThatNobodyWitnessed(t *testing.T) {
	s := newStudy(t, 4, protocol.Private, nil)
	vote := protocol.Vote{Study: "demo", Point: 1, Sequence: 7, Head: protocol.Hash("head")}
	enough := []protocol.Signed[protocol.Seen]{
		s.seen(t, 2, 1, 7, vote.Head, protocol.Digest{}), s.seen(t, 3, 1, 7, vote.Head, protocol.Digest{}),
	}
	if err := session.CheckSeen(&s.roster, &vote, enough); err != nil {
		t.Fatalf("t-1 others have seen it: %v", err)
	}
	for _, tt := range []struct {
		name string
		seen []protocol.Signed[protocol.Seen]
	}{
		{"nobody", nil},
		{"one site, twice", []protocol.Signed[protocol.Seen]{enough[0], enough[0]}},
		{"a site that saw another head", []protocol.Signed[protocol.Seen]{enough[0], s.seen(t, 3, 1, 7, protocol.Hash("other"), protocol.Digest{})}},
		{"a site that saw an older head", []protocol.Signed[protocol.Seen]{enough[0], s.seen(t, 3, 1, 6, vote.Head, protocol.Digest{})}},
		{"a site that saw the head of another", []protocol.Signed[protocol.Seen]{enough[0], s.seen(t, 3, 4, 7, vote.Head, protocol.Digest{})}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, debug.HeadWitnessed, func() error { return session.CheckSeen(&s.roster, &vote, tt.seen) })
		})
	}
}

// Any t-1 that have seen a vote, less f liars, and any FreshNeeded that are asked
// about it have a site in common.
func TestFreshNeeded(t *testing.T) {
	for n := 2; n <= protocol.MaxSites; n++ {
		threshold, f := protocol.Thresholds(n)
		r := protocol.Roster{Sites: make([]protocol.Site, n), Threshold: threshold, Corrupt: f}
		needed := session.FreshNeeded(&r)
		if needed != n+f-threshold+1 || needed > n-1 {
			t.Fatalf("n = %d, t = %d, f = %d: %d are asked, of %d others", n, threshold, f, needed, n-1)
		}
		if honestWhoSaw := threshold - 1 - f; needed+honestWhoSaw <= n-1 {
			t.Fatalf("n = %d: %d who are asked may all have missed the vote", n, needed)
		}
	}
}

func TestHeadsThatOthersHaveSeen(t *testing.T) {
	s := newStudy(t, 4, protocol.Private, nil) // t = 3, f = 1: three others are asked
	q := protocol.HeadQuery{Study: "demo", Point: 1, Nonce: protocol.Hash("nonce")}
	mine, forked := protocol.Hash("mine"), protocol.Hash("forked")
	for _, tt := range []struct {
		name   string
		seen   []protocol.Signed[protocol.Seen]
		latest uint64
		heads  int
		enough bool
	}{
		{"nobody has answered", nil, 0, 0, false},
		{"all others have seen nothing", []protocol.Signed[protocol.Seen]{
			s.seen(t, 2, 1, 0, protocol.Digest{}, q.Nonce), s.seen(t, 3, 1, 0, protocol.Digest{}, q.Nonce), s.seen(t, 4, 1, 0, protocol.Digest{}, q.Nonce),
		}, 0, 0, true},
		{"one says it three times", []protocol.Signed[protocol.Seen]{
			s.seen(t, 2, 1, 1, mine, q.Nonce), s.seen(t, 2, 1, 1, mine, q.Nonce), s.seen(t, 2, 1, 1, mine, q.Nonce),
		}, 1, 3, false},
		{"answers to an older question", []protocol.Signed[protocol.Seen]{
			s.seen(t, 2, 1, 5, mine, protocol.Hash("old")), s.seen(t, 3, 1, 5, mine, protocol.Hash("old")), s.seen(t, 4, 1, 5, mine, protocol.Digest{}),
		}, 0, 0, false},
		{"answers about another site", []protocol.Signed[protocol.Seen]{
			s.seen(t, 2, 4, 5, mine, q.Nonce), s.seen(t, 3, 4, 5, mine, q.Nonce), s.seen(t, 4, 3, 5, mine, q.Nonce),
		}, 0, 0, false},
		{"one has seen more", []protocol.Signed[protocol.Seen]{
			s.seen(t, 2, 1, 5, mine, q.Nonce), s.seen(t, 3, 1, 6, mine, q.Nonce), s.seen(t, 4, 1, 0, protocol.Digest{}, q.Nonce),
		}, 6, 2, true},
		{"a liar repeats the head of a copy that went on", []protocol.Signed[protocol.Seen]{
			s.seen(t, 2, 1, 5, mine, q.Nonce), s.seen(t, 3, 1, 5, forked, q.Nonce), s.seen(t, 4, 1, 4, mine, q.Nonce),
		}, 5, 3, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			latest, enough := session.Latest(&s.roster, &q, tt.seen)
			heads := session.Heads(&q, tt.seen)
			if latest.Sequence != tt.latest || enough != tt.enough || len(heads) != tt.heads {
				t.Errorf("latest %d, %d heads, enough %v; want %d, %d, %v", latest.Sequence, len(heads), enough, tt.latest, tt.heads, tt.enough)
			}
		})
	}
}
