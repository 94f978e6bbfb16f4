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
	opened, err := s.openable(row, on.pinned.point, d)
	if err != nil {
		return on, nil, err
	}
	received, err := s.receive(ctx, on, opened)
	return on, received, err
}

// openable are the delivered shares that open. One that does not is left out: its
// dealer is not in what this site says it has received.
func (s *server) openable(row *stored, point uint32, d protocol.Delivery) (opened []share, err error) {
	private, params, err := s.secrets(row)
	if err != nil {
		return nil, err
	}
	defer clear(private)
	for i, h := range d.Headers {
		if h.Message.Point == point {
			continue // its own is here since it contributed
		}
		got, err := he.OpenShare(params, 1, private, protocol.ShareInfo(row.session, h.Message.Point, point), d.Shares[i], point)
		if err != nil {
			s.cfg.Log.Warn("a key share does not open", "session", row.session.Short(), "site", h.Message.Point, "why", err)
			continue
		}
		got.Wipe()
		opened = append(opened, share{h.Message.Point, h.Digest(), d.Shares[i]})
	}
	return opened, nil
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
		if len(row.received) > 0 {
			received = row.received
			return nil
		}
		for _, h := range opened {
			if err := h.insert(ctx, tx, on.session); err != nil {
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
