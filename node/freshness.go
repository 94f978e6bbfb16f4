package node

import (
	"context"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
	"github.com/locus-genomics/locus/protocol/wire"
)

// freshness is what a serving process knows of one study: whether its records are the
// latest that other sites have seen. Every start begins with nothing.
type freshness struct {
	query protocol.Signed[protocol.HeadQuery]
	// seen are the answers to the query, by who gave them.
	seen          map[uint32]protocol.Signed[protocol.Seen]
	ready, behind bool
}

// freshOf returns where a study stands, and asks anew when nothing was asked yet. A
// roster that gives the site another point asks anew too.
func (s *server) freshOf(p *pinned) (*freshness, error) {
	r := &p.roster.Message
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.fresh[r.Study]; f != nil && f.query.Message.Point == p.point {
		return f, nil
	}
	ask := protocol.HeadQuery{Study: r.Study, Point: p.point}
	if _, err := io.ReadFull(s.cfg.Entropy, ask.Nonce[:]); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	signed, err := protocol.Sign(ask, s.keys.Signing())
	if err != nil {
		return nil, fmt.Errorf("sign a head query: %w", err)
	}
	f := &freshness{query: signed, seen: make(map[uint32]protocol.Signed[protocol.Seen])}
	s.fresh[r.Study] = f
	return f, nil
}

// state says whether a study may be answered.
func (s *server) state(p *pinned) (ready, behind bool, query []byte, err error) {
	f, err := s.freshOf(p)
	if err != nil {
		return false, false, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.ready || debug.Without(debug.FreshHead), f.behind, f.query.Bytes(), nil
}

// ready refuses while the node does not know that its records are the latest.
func (s *server) ready(p *pinned) error {
	ready, behind, _, err := s.state(p)
	switch {
	case err != nil:
		return err
	case ready:
		return nil
	case behind:
		return protocol.BehindItself
	}
	return protocol.NotReady
}

// testify takes in what others have seen of this site.
func (s *server) testify(ctx context.Context, from wire.PeerID, request []byte) (about, []byte, error) {
	study, err := protocol.TestimonyStudy(request)
	if err != nil {
		return about{}, nil, wire.CodeInvalid
	}
	on, err := s.study(ctx, from, study)
	if err != nil {
		return on, nil, err
	}
	t, err := on.pinned.roster.Message.ParseTestimony(request)
	if err != nil {
		return on, nil, fmt.Errorf("%w: %w", protocol.BadSignature, err)
	}
	if err := s.hear(ctx, on.pinned, t.Seen); err != nil {
		return on, nil, err
	}
	state, err := s.nodeState(ctx, from)
	return on, state, err
}

// hear keeps the answers to this process's own question and, once they are enough,
// compares them with the chain.
func (s *server) hear(ctx context.Context, p *pinned, seen []protocol.Signed[protocol.Seen]) error {
	f, err := s.freshOf(p)
	if err != nil {
		return err
	}
	s.mu.Lock()
	ask := f.query.Message
	for _, m := range seen {
		if m.Message.Of == p.point && m.Message.Nonce == ask.Nonce {
			f.seen[m.Message.Point] = m
		}
	}
	heard := make([]protocol.Signed[protocol.Seen], 0, len(f.seen))
	for _, m := range f.seen {
		heard = append(heard, m)
	}
	done, told := f.ready, f.behind
	s.mu.Unlock()
	if _, enough := session.Latest(&p.roster.Message, &ask, heard); done || !enough {
		return nil
	}
	ready, err := s.catchUp(ctx, p, heard, told)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh[ask.Study] == f {
		f.ready, f.behind = ready, !ready
	}
	return nil
}

// catchUp reports whether this site's records are the latest, or have become so: heads
// that others have seen and the chain does not know are made good by the snapshot that
// this site sealed at the furthest of them. That they are not is told to people once.
func (s *server) catchUp(ctx context.Context, p *pinned, heard []protocol.Signed[protocol.Seen], told bool) (ready bool, err error) {
	l := s.cfg.Log.With("study", p.roster.Message.Study)
	err = s.records.update(ctx, func(tx querier) error {
		furthest, head := uint64(0), protocol.Digest{}
		var best *snapshot
		for i := range heard {
			m := &heard[i].Message
			if m.Sequence == 0 {
				continue
			}
			known, err := knowsHead(ctx, tx, m.Sequence, m.Head)
			if err != nil {
				return err
			}
			if !known && m.Sequence > furthest {
				furthest, head = m.Sequence, m.Head
			}
			if b, err := s.openSnapshot(m.Study, m.Snapshot); err == nil && (best == nil || b.at.seq > best.at.seq) {
				best = b
			}
		}
		if furthest == 0 {
			ready = true
			return nil
		}
		if best == nil || best.at.seq < furthest || !best.complete {
			l.Error("the records are behind what other sites have seen, and no snapshot makes them good: nothing is answered in this study")
			if told {
				return nil
			}
			last, err := lastLink(ctx, tx)
			if err != nil {
				return err
			}
			return s.tell(ctx, tx, notify.Notice{
				Kind: notify.HeadBehind, Study: p.roster.Message.Study, About: head, Numbers: []uint64{last.seq, furthest},
			})
		}
		ready = true
		l.Warn("the records were behind what other sites have seen; votes and pins are restored from this site's own snapshot")
		return s.restore(ctx, tx, best)
	})
	if err == nil && ready {
		err = s.settle(ctx) // what the ledger was raised to
	}
	return ready && err == nil, err
}
