package node

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
)

// Freeze stops everything at once: nothing is contributed, voted on or opened until a thaw.
// Anybody who has the node's directory may freeze it; a thaw is a change, which takes those who
// decide on changes.
func (n *Node) Freeze(ctx context.Context) error {
	err := n.records.update(ctx, func(tx querier) error {
		frozen, err := isFrozen(ctx, tx)
		if err != nil || frozen {
			return err
		}
		at := binary.BigEndian.AppendUint64(nil, uint64(n.cfg.Now().Unix()))
		if _, err = appendLink(ctx, tx, linkFreeze, protocol.Hash("locus/link/freeze/v1", at)); err != nil {
			return err
		}
		return n.tell(ctx, tx, notify.Notice{Kind: notify.Frozen, About: n.card.NodeKey.ID(), Numbers: []uint64{0}})
	})
	if err == nil {
		n.cfg.Log.Warn("frozen: nothing is answered until a thaw")
	}
	return err
}

// Thaw ends a freeze, when those have agreed who have to.
func (n *Node) Thaw(ctx context.Context) (Motion, error) {
	frozen, err := n.Frozen(ctx)
	if err != nil {
		return Motion{}, err
	}
	if !frozen {
		return Motion{}, fmt.Errorf("%w: the site is not frozen", ErrMotion)
	}
	return n.change(ctx, motionThaw, []byte{})
}

// Frozen reports whether everything is stopped.
func (n *Node) Frozen(ctx context.Context) (bool, error) { return isFrozen(ctx, n.records.db) }

func isFrozen(ctx context.Context, q querier) (bool, error) {
	var kind string
	err := q.QueryRowContext(ctx, "SELECT kind FROM chain WHERE kind IN ('freeze', 'thaw') ORDER BY seq DESC LIMIT 1").Scan(&kind)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read the chain: %w", err)
	}
	return kind == linkFreeze, nil
}

// notFrozen refuses while everything is stopped.
func notFrozen(ctx context.Context, q querier) error {
	frozen, err := isFrozen(ctx, q)
	if err != nil || !frozen || debug.Without(debug.Freeze) {
		return err
	}
	return fmt.Errorf("%w: locus-node thaw ends it", protocol.Frozen)
}
