package node

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
	"github.com/locus-genomics/locus/protocol/wire"
)

// open gives the opening, once enough others have signed that they keep the vote.
func (s *server) open(ctx context.Context, from wire.PeerID, request []byte) (about, []byte, error) {
	id, err := protocol.OpenRequestSession(request)
	if err != nil {
		return about{}, nil, wire.CodeInvalid
	}
	parse := func(p *pinned) (protocol.OpenRequest, error) { return p.roster.Message.ParseOpenRequest(request) }
	on, row, err := s.task(ctx, from, id, func(p *pinned) error { _, err := parse(p); return err })
	if err != nil {
		return on, nil, err
	}
	if len(row.opening) > 0 {
		return on, row.opening, nil
	}
	req, err := parse(on.pinned)
	if err != nil {
		return on, nil, fmt.Errorf("%w: %w", protocol.BadSignature, err)
	}
	if err := s.ready(on.pinned); err != nil {
		return on, nil, err
	}
	if len(row.vote) == 0 {
		return on, nil, fmt.Errorf("%w: no vote was cast", protocol.BadCut)
	}
	vote, err := on.pinned.roster.Message.OpenVote(row.vote)
	if err != nil {
		return on, nil, fmt.Errorf("%w: session %s: %w", ErrRecords, id.Short(), err)
	}
	seen, err := s.laterHeads(ctx, &vote.Message, req.Seen)
	if err != nil {
		return on, nil, err
	}
	if err := session.CheckSeen(&on.pinned.roster.Message, &vote.Message, seen); err != nil {
		return on, nil, err
	}
	opening, err := s.unlock(ctx, on, row, &vote.Message)
	return on, opening, err
}

// laterHeads lets a witness that keeps a later head of this chain stand for one that
// keeps the vote's: it holds the later vote's snapshot, in which this vote is.
func (s *server) laterHeads(ctx context.Context, vote *protocol.Vote, seen []protocol.Signed[protocol.Seen]) ([]protocol.Signed[protocol.Seen], error) {
	for i := range seen {
		m := &seen[i].Message
		if m.Sequence <= vote.Sequence {
			continue
		}
		known, err := knowsHead(ctx, s.records.db, m.Sequence, m.Head)
		if err != nil {
			return nil, fmt.Errorf("read the chain: %w", err)
		}
		if known {
			m.Sequence, m.Head = vote.Sequence, vote.Head
		}
	}
	return seen, nil
}

// unlock adds up this site's shares over the cut it voted for, and seals the sum to
// the key that the researcher signed. What is stored afterwards is the opening alone.
func (s *server) unlock(ctx context.Context, on about, row *stored, vote *protocol.Vote) ([]byte, error) {
	asked, err := on.pinned.roster.Message.OpenQuery(row.asked, row.roster)
	if err != nil {
		return nil, fmt.Errorf("%w: session %s: %w", ErrRecords, row.session.Short(), err)
	}
	sum, err := s.sum(ctx, row, on.pinned)
	if err != nil {
		return nil, err
	}
	defer sum.Wipe()
	recipient := asked.Message.Recipient
	sealed, err := sum.Seal(row.recipient, protocol.OpeningInfo(row.session, vote.Set, on.pinned.point, recipient))
	if err != nil {
		return nil, fmt.Errorf("seal the opening: %w", err)
	}
	signed, err := protocol.Sign(protocol.Opening{
		Session: row.session, Point: on.pinned.point, Set: vote.Set, Recipient: recipient, Sealed: sha256.Sum256(sealed),
	}, s.keys.Signing())
	if err != nil {
		return nil, fmt.Errorf("sign the opening: %w", err)
	}
	receipt, err := s.receipt(ctx, on, signed.Digest())
	if err != nil {
		return nil, err
	}
	raw, err := protocol.SealedOpening{Opening: signed, Sealed: sealed, Receipt: receipt}.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode the opening: %w", err)
	}
	return s.keepOpening(ctx, on, row, raw)
}

// sum adds the shares over the set that the release is bound to.
func (s *server) sum(ctx context.Context, row *stored, on *pinned) (he.Share, error) {
	bound, err := readBallot(ctx, s.records.db, row.identity)
	if err != nil {
		return he.Share{}, err
	}
	all, err := readShares(ctx, s.records.db, row.session)
	if err != nil {
		return he.Share{}, err
	}
	private, params, err := s.secrets(row)
	if err != nil {
		return he.Share{}, err
	}
	defer clear(private)
	sealed := make(map[uint32][]byte, len(all))
	for _, h := range all {
		sealed[h.point] = h.sealed
	}
	if bound == nil {
		return he.Share{}, fmt.Errorf("%w: a vote without its ballot", ErrRecords)
	}
	var shares []he.Share
	defer func() {
		for _, h := range shares {
			h.Wipe()
		}
	}()
	open := opener(&on.roster.Message, params, row.session, private, on.point)
	for _, p := range bound.points {
		h, err := open(sealed[p], p)
		if err != nil {
			return he.Share{}, fmt.Errorf("%w: the share of site %d: %w", protocol.Lost, p, err)
		}
		shares = append(shares, h)
	}
	return he.SumShares(shares)
}

// keepOpening stores an opening and forgets the shares it was made of. Of two that
// were made at once, the first is kept: both leave as it.
func (s *server) keepOpening(ctx context.Context, on about, row *stored, raw []byte) ([]byte, error) {
	err := s.records.update(ctx, func(tx querier) error {
		now, err := readSession(ctx, tx, row.session)
		if err != nil {
			return err
		}
		if now == nil || string(now.vote) != string(row.vote) {
			return fmt.Errorf("%w: the vote has changed", ErrRecords)
		}
		if err := s.lasts(ctx, tx, on, now); err != nil {
			return err
		}
		if len(now.opening) > 0 {
			raw = now.opening
			return nil
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM shares WHERE session = ?", row.session[:]); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE sessions SET opening = ? WHERE session = ?", raw, row.session[:])
		return err
	})
	if err == nil {
		s.cfg.Log.Info("opened", "study", row.study, "session", row.session.Short())
	}
	return raw, err
}
