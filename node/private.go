package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// checkBudget requires that the payers of a private answer have enough left. While the
// panel is not here it is left to contribute, which asks again. Without the other sites'
// datasets, which only an offer has, the answer counts as a new one.
func (n *Node) checkBudget(ctx context.Context, q *question) error {
	p, err := priceOf(q)
	if err != nil {
		return err
	}
	if q.contents == nil {
		return n.affordable(ctx, protocol.Hash("locus/preview/v1"), p)
	}
	variants, err := n.panels.kept(q.panel)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return n.affordable(ctx, n.identity(q, variants), p)
}

// imaginePrivately makes a question one of mode dp that costs so much at most.
func imaginePrivately(h *protocol.QueryHeader, r *protocol.Roster, cohort protocol.ExactCohort, most account.Budget) error {
	f := dp.Frequency{Variants: int(h.Size), Missing: true}
	bound, err := f.Person()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPreview, err)
	}
	m, err := account.Calibrate(bound, f.Coordinates(), dp.Sites{All: len(r.Sites), Honest: vector.Honest(r)}, most)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPreview, err)
	}
	share := m.Event().Parameter
	h.Mode, h.Release, h.Noise = protocol.Private, 1, protocol.Noise{Missing: true, Share: (share.Num + share.Den - 1) / share.Den}
	if len(cohort.Points) == len(r.Sites) {
		h.Points = nil
	}
	return nil
}

// priced says in a preview what an answer costs and what is left for it. A question that
// broke a rule before its shape was known has no price, nor has an exact one.
func (n *Node) priced(ctx context.Context, q *question, view *Preview) error {
	p, err := priceOf(q)
	if err != nil {
		return nil
	}
	view.Cost = p.cost
	l, err := n.budget()
	if err != nil {
		return nil // nothing can be spent, and the rule says why
	}
	return n.records.update(ctx, func(tx querier) error {
		now, err := l.Show(ctx, tx)
		if err != nil {
			return err
		}
		view.Left, err = n.left(now, p)
		return err
	})
}

// privateWords counts, and adds this site's share of the noise. The answer is charged
// between the two. A failure to count costs nothing, and before the debit is on the disk
// there is nothing that could be sent: noise comes from a key, the release's identity and
// the counts, so that an answer which was charged and got lost is made again, the same.
//
// From here on nothing that is decided depends on what was counted.
func (s *server) privateWords(ctx context.Context, c *contribution, variants *panel.Panel) ([]int64, error) {
	q := c.question
	p, err := priceOf(q)
	if err != nil {
		return nil, err
	}
	if err := s.affordable(ctx, c.identity, p); err != nil {
		return nil, err
	}
	counts, err := s.countsOf(ctx, q, variants)
	if err != nil {
		return nil, err
	}
	defer clear(counts)
	numbers, err := q.vector.Encode(counts, int64(q.data.People))
	if err != nil {
		return nil, err
	}
	defer clear(numbers)
	hold, err := s.debit(ctx, c.identity, p)
	if err != nil {
		return nil, err
	}
	words := make([]int64, q.vector.Words())
	err = hold.Draw(func() error {
		if debug.Without(debug.NoiseShare) {
			return q.vector.Pack(words, numbers)
		}
		return errors.Join(q.vector.AddNoise(numbers, s.keys.NoiseSeed(c.identity, numbers), s.cfg.Workers), q.vector.Pack(words, numbers))
	})
	if err != nil {
		return nil, fmt.Errorf("add the noise: %w", err)
	}
	return words, nil
}
