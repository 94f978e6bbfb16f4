package session

import (
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// CheckCut is a site's judgement of a cut, before its one vote for the release.
// own is the digest of the header that the site has stored for the session;
// received are the points whose share it holds. Every signature has been verified
// by protocol.Roster.ParseCutOffer. The error is a protocol.Code.
//
// In the cut are at least t sites of enough organisations, the site itself with
// its own header, and only sites whose share it holds; every member has said that
// it received every member; and where the query names sites, as in mode exact it
// always does, they are the named set.
func CheckCut(r *protocol.Roster, q *protocol.QueryHeader, o protocol.CutOffer, self uint32, own protocol.Digest, received []uint32) error {
	cut := &o.Cut.Message
	points := cut.Points()
	if len(points) < r.Threshold && !debug.Without(debug.ThresholdInCut) {
		return fmt.Errorf("%w: %d sites, fewer than %d", protocol.BadCut, len(points), r.Threshold)
	}
	if r.Organisations(points) < r.MinOrganisations && !debug.Without(debug.OrganisationsInCut) {
		return fmt.Errorf("%w: fewer than %d organisations", protocol.BadCut, r.MinOrganisations)
	}
	if e, ok := cut.Entry(self); (!ok || e.Header != own) && !debug.Without(debug.SelfInCut) {
		return fmt.Errorf("%w: not with this site's own contribution", protocol.BadCut)
	}
	named := q.Mode == protocol.Exact || len(q.Points) > 0
	if named && !slices.Equal(points, q.Points) && !debug.Without(debug.ExactSet) {
		return fmt.Errorf("%w: not the set that the query names", protocol.BadCut)
	}
	if !subset(points, received) {
		return fmt.Errorf("%w: with a site whose key share is not here", protocol.BadCut)
	}
	if err := headersFit(cut, o.Headers); err != nil {
		return err
	}
	if err := everybodyReceived(cut, o.Received); err != nil && !debug.Without(debug.ReceivedByAll) {
		return err
	}
	return nil
}

// headersFit requires the signed header of every member, of one session and with
// one set of parameters.
func headersFit(cut *protocol.Cut, headers []protocol.Signed[protocol.ContributionHeader]) error {
	if len(headers) != len(cut.Entries) {
		return fmt.Errorf("%w: %d headers for %d members", protocol.BadCut, len(headers), len(cut.Entries))
	}
	first := &headers[0].Message
	for i, e := range cut.Entries {
		h := &headers[i].Message
		switch {
		case h.Point != e.Point || headers[i].Digest() != e.Header:
			return fmt.Errorf("%w: without the header of site %d", protocol.BadCut, e.Point)
		case h.Session != cut.Session || h.Roster != cut.Roster:
			return fmt.Errorf("%w: site %d contributed to another session", protocol.BadCut, e.Point)
		case h.Params != first.Params || h.Coefficients != first.Coefficients:
			return fmt.Errorf("%w: site %d used other parameters", protocol.BadCut, e.Point)
		}
	}
	return nil
}

// everybodyReceived requires that every member has signed that it received every member.
func everybodyReceived(cut *protocol.Cut, received []protocol.Signed[protocol.Received]) error {
	by := make(map[uint32][]protocol.Digest, len(received))
	for _, r := range received {
		if r.Message.Session == cut.Session {
			by[r.Message.Point] = r.Message.Headers
		}
	}
	for _, member := range cut.Entries {
		// A set: with 1,500 sites a search of the list would take seconds.
		has := make(map[protocol.Digest]bool, len(by[member.Point]))
		for _, header := range by[member.Point] {
			has[header] = true
		}
		for _, e := range cut.Entries {
			if !has[e.Header] {
				return fmt.Errorf("%w: site %d has not received site %d", protocol.BadCut, member.Point, e.Point)
			}
		}
	}
	return nil
}

// CheckSeen requires that at least t-1 other sites have signed that they keep the
// head of a vote, before the opening leaves.
func CheckSeen(r *protocol.Roster, vote *protocol.Vote, seen []protocol.Signed[protocol.Seen]) error {
	if debug.Without(debug.HeadWitnessed) {
		return nil
	}
	if n := witnesses(vote.Study, vote.Point, seen, func(s *protocol.Seen) bool {
		return s.Sequence == vote.Sequence && s.Head == vote.Head
	}); n < r.Threshold-1 {
		return fmt.Errorf("%w: %d of %d", protocol.NotWitnessed, n, r.Threshold-1)
	}
	return nil
}

// FreshNeeded is how many other sites must say what they have seen of a site before
// it acts after a start: n+f-t+1, so that one of them is honest and has seen its
// last vote.
func FreshNeeded(r *protocol.Roster) int {
	return min(len(r.Sites)-1, len(r.Sites)+r.Corrupt-r.Threshold+1)
}

// Latest is the furthest head that others have seen of a site, in answer to its
// HeadQuery; enough tells whether FreshNeeded of them have answered. That its own
// chain has Latest does not make a site fresh: it MUST have every head of Heads.
func Latest(r *protocol.Roster, q *protocol.HeadQuery, seen []protocol.Signed[protocol.Seen]) (latest protocol.Seen, enough bool) {
	n := witnesses(q.Study, q.Point, seen, func(s *protocol.Seen) bool { return s.Nonce == q.Nonce })
	for _, s := range Heads(q, seen) {
		if s.Sequence > latest.Sequence {
			latest = s
		}
	}
	return latest, n >= FreshNeeded(r)
}

// Heads are all heads that others say, in answer to its HeadQuery, that they have
// seen of a site. A copy that was restored and went on is as long as the chain it
// forgot, and one liar who has seen the copy's head must not outshout the others.
func Heads(q *protocol.HeadQuery, seen []protocol.Signed[protocol.Seen]) (heads []protocol.Seen) {
	witnesses(q.Study, q.Point, seen, func(s *protocol.Seen) bool {
		if s.Nonce == q.Nonce && s.Sequence > 0 {
			heads = append(heads, *s)
		}
		return true
	})
	return heads
}

// witnesses counts the different sites whose word passes.
func witnesses(study string, of uint32, seen []protocol.Signed[protocol.Seen], pass func(*protocol.Seen) bool) int {
	by := make(map[uint32]bool)
	for i := range seen {
		s := &seen[i].Message
		if s.Study == study && s.Of == of && s.Point != of && pass(s) {
			by[s.Point] = true
		}
	}
	return len(by)
}

// CheckResult is the researcher's judgement of a result: one query, its own; one
// attempt at it; one cut that could be opened; and openings by at least t members
// for that cut and the key the query named.
func CheckResult(r *protocol.Roster, query protocol.Digest, res protocol.Result) error {
	cut := &res.Cut.Message
	if res.Header.Digest() != query || res.Task.Message.Query != query || cut.Session != res.Task.Message.Session() {
		return fmt.Errorf("%w: a result of another query", protocol.ErrMalformed)
	}
	points := cut.Points()
	header := &res.Header.Message
	if len(points) < r.Threshold || r.Organisations(points) < r.MinOrganisations {
		return fmt.Errorf("%w: a cut of too few sites", protocol.ErrMalformed)
	}
	if (header.Mode == protocol.Exact || len(header.Points) > 0) && !slices.Equal(points, header.Points) {
		return fmt.Errorf("%w: a cut over other sites than the query names", protocol.ErrMalformed)
	}
	if err := headersFit(cut, res.Headers); err != nil {
		return fmt.Errorf("%w: %w", protocol.ErrMalformed, err)
	}
	for _, h := range res.Headers {
		if h.Message.Declaration != header.Declarations[h.Message.Point-1] || h.Message.Params != header.Params {
			return fmt.Errorf("%w: site %d answered for another dataset", protocol.ErrMalformed, h.Message.Point)
		}
	}
	if err := everybodyReceived(cut, res.Received); err != nil {
		return fmt.Errorf("%w: %w", protocol.ErrMalformed, err)
	}
	opened := make(map[uint32]bool)
	for _, o := range res.Openings {
		m := &o.Opening.Message
		if m.Session != cut.Session || m.Set != cut.Set() || m.Recipient != header.Recipient {
			return fmt.Errorf("%w: site %d opened something else", protocol.ErrMalformed, m.Point)
		}
		if _, ok := cut.Entry(m.Point); !ok || opened[m.Point] {
			return fmt.Errorf("%w: an opening of site %d, which is not in the cut or there twice", protocol.ErrMalformed, m.Point)
		}
		opened[m.Point] = true
	}
	if len(opened) < r.Threshold {
		return fmt.Errorf("%w: %d openings, fewer than %d", protocol.ErrMalformed, len(opened), r.Threshold)
	}
	return nil
}
