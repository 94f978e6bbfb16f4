package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
	"github.com/locus-genomics/locus/protocol/wire"
)

// cut judges a cut and casts the one vote for the release.
func (s *server) cut(ctx context.Context, from wire.PeerID, request []byte) (about, []byte, error) {
	id, err := protocol.CutSession(request)
	if err != nil {
		return about{}, nil, wire.CodeInvalid
	}
	parse := func(p *pinned) (protocol.CutOffer, error) { return p.roster.Message.ParseCutOffer(request, p.digest()) }
	on, row, err := s.task(ctx, from, id, func(p *pinned) error { _, err := parse(p); return err })
	if err != nil {
		return on, nil, err
	}
	o, err := parse(on.pinned)
	if err != nil {
		return on, nil, fmt.Errorf("%w: %w", protocol.BadSignature, err)
	}
	if err := s.signedBy(ctx, s.records.db, on.pinned, o.Cut.Signer()); err != nil {
		return on, nil, err
	}
	if len(row.vote) > 0 && votedFor(&on.pinned.roster.Message, row) == o.Cut.Message.Set() {
		return on, row.vote, nil
	}
	if err := s.ready(on.pinned); err != nil {
		return on, nil, err
	}
	var vote []byte
	err = s.records.update(ctx, func(tx querier) error {
		vote, err = s.vote(ctx, tx, on, &o)
		return err
	})
	return on, vote, err
}

// vote does all of it in one transaction: no vote is cast on what may have changed.
func (s *server) vote(ctx context.Context, tx querier, on about, o *protocol.CutOffer) ([]byte, error) {
	row, err := readSession(ctx, tx, on.session)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, protocol.UnknownSession
	}
	if err := errors.Join(s.signedBy(ctx, tx, on.pinned, o.Cut.Signer()), s.lasts(ctx, tx, on, row)); err != nil {
		return nil, err
	}
	r, cut := &on.pinned.roster.Message, &o.Cut.Message
	bound, err := readBallot(ctx, tx, row.identity)
	if err != nil {
		return nil, err
	}
	if bound != nil && !debug.Without(debug.OneCut) {
		switch {
		case !slices.Equal(bound.points, cut.Points()):
			return nil, boundError{protocol.OtherCut, bound.points}
		case len(row.vote) > 0 && votedFor(r, row) == cut.Set():
			return row.vote, nil
		case len(row.vote) > 0:
			return nil, boundError{protocol.OtherCut, bound.points}
		}
	}
	asked, err := r.OpenQuery(row.asked, row.roster)
	if err != nil {
		return nil, fmt.Errorf("%w: session %s: %w", ErrRecords, row.session.Short(), err)
	}
	shares, err := readShares(ctx, tx, row.session)
	if err != nil {
		return nil, err
	}
	if err := session.CheckCut(r, &asked.Message, *o, on.pinned.point, row.header, held(shares, cut)); err != nil {
		return nil, err
	}
	if err := confirm(ctx, tx, r, row, o.Received); err != nil {
		return nil, err
	}
	for _, h := range o.Headers {
		if h.Message.Point == on.pinned.point {
			continue
		}
		if err := keepHead(ctx, tx, r, h.Message.Point, sighting{seq: h.Message.Sequence, head: h.Message.Head}); err != nil {
			return nil, err
		}
	}
	return s.cast(ctx, tx, on, row, bound, o)
}

// votedFor is the set that a session's vote is for.
func votedFor(r *protocol.Roster, row *stored) protocol.Digest {
	v, err := r.OpenVote(row.vote)
	if err != nil {
		return protocol.Digest{}
	}
	return v.Message.Set
}

// cast binds the release, links the vote and signs where the chain now stands, with
// what this site would need of it if its disk were lost.
func (s *server) cast(ctx context.Context, tx querier, on about, row *stored, bound *ballot, o *protocol.CutOffer) ([]byte, error) {
	set := o.Cut.Message.Set()
	if bound == nil || debug.Without(debug.OneCut) {
		b := &ballot{points: o.Cut.Message.Points(), session: row.session, set: set, cut: o.Cut.Bytes()}
		if err := b.write(ctx, tx, row.identity); err != nil {
			return nil, err
		}
	}
	at, err := appendLink(ctx, tx, linkVote, protocol.Hash("locus/link/vote/v1", row.identity[:], set[:]))
	if err != nil {
		return nil, err
	}
	snapshot, err := s.snapshot(ctx, tx, on.pinned.roster.Message.Study, at)
	if err != nil {
		return nil, err
	}
	signed, err := protocol.Sign(protocol.Vote{
		Study: row.study, Session: row.session, Point: on.pinned.point, Set: set,
		Sequence: at.seq, Head: at.head, Snapshot: snapshot,
	}, s.keys.Signing())
	if err != nil {
		return nil, fmt.Errorf("sign a vote: %w", err)
	}
	vote := signed.Bytes()
	if _, err := tx.ExecContext(ctx, "UPDATE sessions SET vote = ?, opening = NULL WHERE session = ?", vote, row.session[:]); err != nil {
		return nil, err
	}
	s.cfg.Log.Info("voted", "study", row.study, "session", row.session.Short(), "set", set.Short())
	return vote, nil
}
