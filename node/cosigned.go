package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

const (
	// cosignEvery is how often the other sites are shown the log, where it has grown.
	cosignEvery = 10 * time.Second
	// cosignDeadline bounds one time of asking them.
	cosignDeadline = 30 * time.Second
)

// keepCosigned has the other sites cosign this site's log, and stops the node when one of them
// shows that the log is an old copy or another history.
func (s *server) keepCosigned(ctx context.Context) error {
	tick := time.NewTicker(cosignEvery)
	defer tick.Stop()
	for {
		err := s.cosignRound(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, audit.ErrBehind), errors.Is(err, audit.ErrForked):
			return fmt.Errorf("%w: %w", errJournal, err)
		case err != nil:
			s.cfg.Log.Debug("the audit log is not cosigned", "why", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// cosignRound shows the others what the log has grown by.
func (s *server) cosignRound(ctx context.Context) error {
	endpoints := s.Coordinator()
	if len(endpoints) == 0 {
		return nil
	}
	if err := s.journal.follow(ctx, s.records.db); err != nil {
		return err
	}
	c := s.door.Coordinator(endpoints, s.keys.Signing())
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, cosignDeadline)
	defer cancel()
	return s.journal.cosign(ctx, s.Node, c)
}

// receipt writes an opening down, before it is stored or leaves, and proves that it is in this
// site's log by the site's signature. The others' cosignatures come later, in the log.
func (s *server) receipt(ctx context.Context, on about, opening protocol.Digest) ([]byte, error) {
	if debug.Without(debug.Recorded) {
		return nil, nil
	}
	e := audit.Entry{Kind: audit.KindOpening, Subject: opening, Study: audit.StudyDigest(on.pinned.roster.Message.Study), Session: on.session}
	raw, err := s.journal.receipted(ctx, e)
	if len(raw) > protocol.MaxReceipt { // many sites have cosigned meanwhile
		return nil, err
	}
	return raw, err
}
