package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// sweepEvery is how often what nobody names is deleted, and how old it must be.
const sweepEvery = time.Hour

// item is a blob that every member keeps.
type item struct {
	id   protocol.Digest
	size uint64
}

// mirror fetches from the other members what the state names and this member has
// not: panels, sums of tasks, and tables. A disk that cannot be read stops the member.
func (c *Coordinator) mirror(ctx context.Context) error {
	have := make(map[protocol.Digest]bool)
	swept := time.Time{}
	for {
		changed := c.replica.Changed()
		missing, err := c.mirrorAll(ctx, have)
		// Only a leader knows that what its state does not name is named nowhere: after
		// a restart a member's state is older than its disk.
		if now := c.cfg.Now(); err == nil && c.leads.Load() && now.Sub(swept) >= sweepEvery {
			swept, err = now, c.sweep(ctx, now.Add(-sweepEvery))
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		var again <-chan time.Time
		var timer *time.Timer
		if missing {
			timer = time.NewTimer(c.cfg.Timing.Retry)
			again = timer.C
		}
		select {
		case <-changed:
		case <-again:
		case <-ctx.Done():
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// mirrorAll fetches what have lacks, and deletes what the state has forgotten. It
// reports whether something is still missing.
func (c *Coordinator) mirrorAll(ctx context.Context, have map[protocol.Digest]bool) (missing bool, err error) {
	named := c.named()
	for id := range have {
		if _, ok := named[id]; ok {
			continue
		}
		if err := c.blobs.Delete(ctx, blob.ID(id)); err != nil {
			return false, err
		}
		delete(have, id)
	}
	for id, size := range named {
		if have[id] {
			continue
		}
		ok, err := c.obtain(ctx, item{id, size})
		if err != nil {
			return false, err
		}
		have[id] = ok
		missing = missing || !ok
	}
	return missing, nil
}

// sweep deletes what nobody names and was left before a time: the words of attempts
// that failed, and panels and tables that were never committed.
func (c *Coordinator) sweep(ctx context.Context, before time.Time) error {
	stale, err := c.blobs.Stale(ctx, before)
	if err != nil || len(stale) == 0 {
		return err
	}
	named := c.named()
	c.machine.View(func(s *state.State) {
		for _, t := range s.Tasks {
			if t.Final() || t.Attempt == nil {
				continue
			}
			for _, p := range t.Attempt.Contributors() {
				if h, err := t.Contribution(p); err == nil { // it was opened before it was committed
					named[h.Message.Words] = state.WordBytes(&h.Message)
				}
			}
		}
	})
	for _, id := range stale {
		if _, ok := named[protocol.Digest(id)]; ok {
			continue
		}
		if err := c.blobs.Delete(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// named is what the state names, with its size.
func (c *Coordinator) named() map[protocol.Digest]uint64 {
	list := make(map[protocol.Digest]uint64)
	c.machine.View(func(s *state.State) {
		for _, p := range s.Panels {
			list[p.Blob] = p.Size
		}
		for _, t := range s.Tasks {
			if t.Failed == 0 && !t.Sum.IsZero() {
				list[t.Sum] = t.SumSize
			}
		}
		for _, t := range s.Tables {
			p := &t.Record.Publication.Message
			list[p.Content] = p.Size
		}
	})
	return list
}

// obtain reports whether a blob is here, after asking the other members for it.
func (c *Coordinator) obtain(ctx context.Context, it item) (bool, error) {
	if here, err := c.has(ctx, it.id); here || err != nil {
		return here, err
	}
	connected, _ := c.transport.Peers()
	for _, m := range c.cfg.Home.Members {
		for _, peer := range connected {
			if string(peer) != m.Peer {
				continue
			}
			err := c.pull(ctx, peer, it)
			if err == nil {
				return true, nil
			}
			c.log.Debug("blob not fetched", "blob", it.id.Short(), "from", m.Name, "why", err)
		}
	}
	return false, nil
}

func (c *Coordinator) pull(ctx context.Context, from wire.PeerID, it item) (err error) {
	upload, err := c.blobs.Begin(ctx, blob.ID(it.id))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, upload.Close()) }()
	wanted := wire.Item{ID: it.id, Size: int64(it.size), Digest: it.id}
	if _, err := c.transport.Pull(ctx, from, wanted, upload.Offset(), upload); err != nil {
		return err
	}
	_, err = upload.Commit()
	return err
}

// awaitCopies waits until a majority of the members has a blob, this one included.
func (c *Coordinator) awaitCopies(ctx context.Context, it item) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	again := time.NewTicker(c.cfg.Timing.Poll)
	defer again.Stop()
	for {
		copies := 1
		for _, m := range c.cfg.Home.Members {
			if m.Peer != c.cfg.Home.Card.Peer && c.holds(ctx, wire.PeerID(m.Peer), it) {
				copies++
			}
		}
		if 2*copies > len(c.cfg.Home.Members) {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// holds asks a member for the end of a blob: who has none of it says so.
func (c *Coordinator) holds(ctx context.Context, member wire.PeerID, it item) bool {
	wanted := wire.Item{ID: it.id, Size: int64(it.size), Digest: it.id}
	_, err := c.transport.Pull(ctx, member, wanted, wanted.Size, io.Discard)
	return err == nil
}

// has reports whether a whole blob is on this member's disk.
func (c *Coordinator) has(ctx context.Context, id protocol.Digest) (bool, error) {
	r, _, err := c.blobs.Open(ctx, blob.ID(id), 0)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for blob %s: %w", id.Short(), err)
	}
	return true, r.Close()
}
