package node

import (
	"context"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// RotateKeys replaces at once what a node can replace by itself, and declares it in every study
// in force: the key that questions and shares are sealed to, and the root that the secrets of
// sessions come from. It returns until when the new key is kept. With erase the older ones go
// now, for a machine that somebody has seen: what was sealed to them, questions and attempts that
// are under way, cannot be opened any more.
//
// No other key can be replaced without making another site of this one. The node's and the
// custodian's are in the rosters that others have signed. The pin key and the noise key make the
// same question have the same answer for ever: with others, what was released would be released
// anew, beside the first. The declaration key and the backup key are what past declarations and
// sealed cohorts are read with.
//
// It is for a node that does not serve (ErrServing): these keys are the serving process's own.
func (n *Node) RotateKeys(ctx context.Context, erase bool) (until time.Time, err error) {
	held, err := lock(n.cfg.Dir)
	if err != nil {
		return until, err
	}
	defer held.Close()
	kem, err := n.keys.Rotate(n.cfg.Now(), erase)
	if err != nil {
		return until, err
	}
	err = n.records.update(ctx, func(tx querier) error {
		_, err := appendLink(ctx, tx, linkKey, protocol.Hash("locus/link/key/v1", kem.Public))
		return err
	})
	if err != nil {
		return until, err
	}
	var inForce []*pinned
	if err := n.eachInForce(ctx, func(p *pinned) { inForce = append(inForce, p) }); err != nil {
		return until, err
	}
	for _, p := range inForce {
		if _, err := n.declare(ctx, p); err != nil {
			return until, err
		}
	}
	n.cfg.Log.Info("keys rotated", "studies", len(inForce), "erased", erase)
	return kem.Until, nil
}
