package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// maxTestimony leaves a reply room below what a call may answer: a site that asks for
// its head and finds no room is asked for again.
const maxTestimony = protocol.MaxMessage - 2<<20

// maxSequence is more links than a chain can get.
const maxSequence = 1 << 62

// sighting is the furthest that this site has seen another's chain.
type sighting struct {
	seq  uint64
	head protocol.Digest
	// snapshot is the last one that the other sent, which it alone can open.
	snapshot []byte
}

// witness keeps what others say of their heads, and signs what it keeps. It needs to
// know nothing of its own records: all sites may start at once.
func (s *server) witness(ctx context.Context, from wire.PeerID, request []byte) (about, []byte, error) {
	study, err := protocol.WitnessStudy(request)
	if err != nil {
		return about{}, nil, wire.CodeInvalid
	}
	on, err := s.study(ctx, from, study)
	if err != nil {
		return on, nil, err
	}
	r := &on.pinned.roster.Message
	w, err := r.ParseWitness(request)
	if err != nil {
		return on, nil, fmt.Errorf("%w: %w", protocol.BadSignature, err)
	}
	var seen []protocol.Seen
	err = s.records.update(ctx, func(tx querier) error {
		seen, err = s.look(ctx, tx, on.pinned, w)
		return err
	})
	if err != nil {
		return on, nil, err
	}
	answer, err := s.testimony(seen)
	return on, answer, err
}

// look keeps the votes' heads and finds what was asked for.
func (s *server) look(ctx context.Context, tx querier, p *pinned, w protocol.Witness) (seen []protocol.Seen, err error) {
	r := &p.roster.Message
	for _, v := range w.Votes {
		m := &v.Message
		if m.Point == p.point {
			continue
		}
		if err := keepHead(ctx, tx, r, m.Point, sighting{m.Sequence, m.Head, m.Snapshot}); err != nil {
			return nil, err
		}
		kept, err := readHead(ctx, tx, r, m.Point)
		if err != nil {
			return nil, err
		}
		seen = append(seen, protocol.Seen{Study: r.Study, Point: p.point, Of: m.Point, Sequence: kept.seq, Head: kept.head})
	}
	for _, q := range w.HeadQueries {
		m := &q.Message
		if m.Point == p.point {
			continue
		}
		kept, err := readHead(ctx, tx, r, m.Point)
		if err != nil {
			return nil, err
		}
		seen = append(seen, protocol.Seen{
			Study: r.Study, Point: p.point, Of: m.Point, Sequence: kept.seq, Head: kept.head, Nonce: m.Nonce, Snapshot: kept.snapshot,
		})
	}
	return seen, nil
}

func (s *server) testimony(seen []protocol.Seen) ([]byte, error) {
	var t protocol.Testimony
	size := 0
	for _, m := range seen {
		signed, err := protocol.Sign(m, s.keys.Signing())
		if err != nil {
			return nil, fmt.Errorf("sign what was seen: %w", err)
		}
		if size += len(signed.Bytes()); size > maxTestimony {
			break
		}
		t.Seen = append(t.Seen, signed)
	}
	raw, err := t.Bytes()
	if err == nil && len(raw) == 0 {
		err = fmt.Errorf("%w: nothing of another site", protocol.BadSignature)
	}
	return raw, err
}

// keepHead never goes back: of two heads, the one with the higher sequence stays, and
// of two with the same, the first. A sequence that no chain reaches is passed over.
func keepHead(ctx context.Context, tx querier, r *protocol.Roster, point uint32, of sighting) error {
	site, ok := r.Site(point)
	if !ok || of.seq == 0 || of.seq > maxSequence {
		return nil
	}
	node := site.NodeKey.ID()
	_, err := tx.ExecContext(ctx, `INSERT INTO seen (study, node, seq, head, snapshot) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (study, node) DO UPDATE SET seq = excluded.seq, head = excluded.head, snapshot = coalesce(excluded.snapshot, snapshot)
		WHERE excluded.seq > seq OR excluded.seq = seq AND excluded.head = head`,
		r.Study, node[:], int64(of.seq), of.head[:], nullable(of.snapshot))
	return err
}

// readHead returns the zero sighting of a site that was never seen.
func readHead(ctx context.Context, q querier, r *protocol.Roster, point uint32) (sighting, error) {
	site, ok := r.Site(point)
	if !ok {
		return sighting{}, fmt.Errorf("%w: site %d", protocol.BadSignature, point)
	}
	var of sighting
	node := site.NodeKey.ID()
	err := q.QueryRowContext(ctx, "SELECT seq, head, snapshot FROM seen WHERE study = ? AND node = ?", r.Study, node[:]).
		Scan(&of.seq, digestTo(&of.head), &of.snapshot)
	if errors.Is(err, sql.ErrNoRows) {
		return sighting{}, nil
	}
	if err != nil {
		return sighting{}, fmt.Errorf("read what was seen: %w", err)
	}
	return of, nil
}

// nullable is NULL for no bytes.
func nullable(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}
