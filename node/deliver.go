package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// deliver keeps the key shares for this site and says, once, which of them opened.
func (s *server) deliver(ctx context.Context, from wire.PeerID, request []byte) (about, []byte, error) {
	id, err := protocol.DeliverySession(request)
	if err != nil {
		return about{}, nil, wire.CodeInvalid
	}
	parse := func(p *pinned) (protocol.Delivery, error) {
		return p.roster.Message.ParseDelivery(request, p.digest(), p.point)
	}
	on, row, err := s.task(ctx, from, id, func(p *pinned) error { _, err := parse(p); return err })
	if err != nil {
		return on, nil, err
	}
	if len(row.received) > 0 {
		return on, row.received, nil
	}
	d, err := parse(on.pinned)
	if err != nil {
		return on, nil, fmt.Errorf("%w: %w", protocol.BadSignature, err)
	}
	opened, err := s.openable(ctx, row, on.pinned, d)
	if err != nil {
		return on, nil, err
	}
	received, err := s.receive(ctx, on, opened)
	return on, received, err
}

// openable are the delivered shares that open. One that does not is left out: its
// dealer is not in what this site says it has received.
func (s *server) openable(ctx context.Context, row *stored, on *pinned, d protocol.Delivery) (opened []share, err error) {
	private, params, err := s.secrets(row)
	if err != nil {
		return nil, err
	}
	defer clear(private)
	open := opener(&on.roster.Message, params, row.session, private, on.point)
	for i, h := range d.Headers {
		if h.Message.Point == on.point {
			continue // its own is here since it contributed
		}
		one := share{point: h.Message.Point, header: h.Digest(), sealed: d.Shares[i]}
		if on.roster.Message.Packing > 0 {
			known, err := s.keyFrom(ctx, on.roster.Message.Sites[one.point-1].NodeKey.ID(), row.kem)
			if err != nil {
				return nil, err
			}
			one.sealed, one.pair, err = pairsOf(&on.roster.Message, params, row.session).keep(h.Message.Salt, d.Shares[i], known)
			if err != nil {
				s.cfg.Log.Warn("a key share does not open", "session", row.session.Short(), "site", one.point, "why", err)
				continue
			}
		}
		got, err := open(one.sealed, one.point)
		if err != nil {
			s.cfg.Log.Warn("a key share does not open", "session", row.session.Short(), "site", one.point, "why", err)
			continue
		}
		got.Wipe()
		opened = append(opened, one)
	}
	return opened, nil
}

// opener opens shares of one session as they are kept, by the point of their dealer.
func opener(r *protocol.Roster, params he.Params, id protocol.SessionID, private []byte, self uint32) func(kept []byte, dealer uint32) (he.Share, error) {
	if r.Packing > 0 {
		p := pairsOf(r, params, id)
		return func(kept []byte, dealer uint32) (he.Share, error) { return p.open(private, kept, dealer, self) }
	}
	return func(kept []byte, dealer uint32) (he.Share, error) {
		return he.OpenShare(params, 1, private, protocol.ShareInfo(id, dealer, self), kept, self)
	}
}

// secrets are what opens the shares of a session.
func (s *server) secrets(row *stored) (private []byte, params he.Params, err error) {
	if params, err = he.ParseParams(row.params); err != nil {
		return nil, params, fmt.Errorf("%w: session %s: %w", ErrRecords, row.session.Short(), err)
	}
	if private, err = s.keys.KEMPrivate(row.kem); err != nil {
		return nil, params, fmt.Errorf("%w: %w", protocol.Lost, err)
	}
	return private, params, nil
}

// receive stores what opened, with the signed list of it.
func (s *server) receive(ctx context.Context, on about, opened []share) (received []byte, err error) {
	err = s.records.update(ctx, func(tx querier) error {
		row, err := readSession(ctx, tx, on.session)
		if err != nil {
			return err
		}
		if row == nil {
			return errors.New("node: a session that was read is gone")
		}
		if err := s.lasts(ctx, tx, on, row); err != nil {
			return err
		}
		if len(row.received) > 0 {
			received = row.received
			return nil
		}
		for _, h := range opened {
			if err := h.insert(ctx, tx, on.session); err != nil {
				return err
			}
			if len(h.pair) == 0 {
				continue
			}
			dealer := on.pinned.roster.Message.Sites[h.point-1].NodeKey.ID()
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO pairs (dealer, kem, sealed) VALUES (?, ?, ?)", dealer[:], row.kem, h.pair); err != nil {
				return err
			}
		}
		all, err := readShares(ctx, tx, on.session)
		if err != nil {
			return err
		}
		said := protocol.Received{Session: on.session, Point: on.pinned.point}
		for _, h := range all {
			said.Headers = append(said.Headers, h.header)
		}
		signed, err := protocol.Sign(said, s.keys.Signing())
		if err != nil {
			return fmt.Errorf("sign what was received: %w", err)
		}
		received = signed.Bytes()
		_, err = tx.ExecContext(ctx, "UPDATE sessions SET received = ? WHERE session = ?", received, on.session[:])
		return err
	})
	return received, err
}

// held are the points whose share is here under the header that a cut names.
func held(shares []share, cut *protocol.Cut) (points []uint32) {
	for _, h := range shares {
		if e, ok := cut.Entry(h.point); ok && e.Header == h.header {
			points = append(points, h.point)
		}
	}
	slices.Sort(points)
	return points
}
