package coordinator

import (
	"context"
	"fmt"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// report commits what a site says of its budget when it is other than before, and forgets
// what it has said when it says nothing.
func (l *leader) report(ctx context.Context, r protocol.Signed[protocol.Roster], peer wire.PeerID, raw []byte) error {
	point := uint32(0)
	for i, site := range r.Message.Sites {
		if site.Peer == string(peer) {
			point = uint32(i + 1)
		}
	}
	var said protocol.Digest
	if len(raw) > 0 {
		s, err := r.Message.OpenSiteReport(raw, r.Digest())
		if err != nil {
			return err
		}
		if s.Message.Point != point {
			return fmt.Errorf("%w: a report of another site", protocol.ErrSigner)
		}
		said = s.Digest()
	}
	var known protocol.Digest
	l.c.machine.View(func(s *state.State) {
		st, ok := s.Studies[r.Message.Study]
		if !ok {
			return
		}
		if old, ok := st.Reports[point]; ok {
			known = old.Digest()
		}
	})
	if said == known {
		return nil
	}
	_, err := l.c.commit(ctx, state.Report(r.Message.Study, point, raw))
	return err
}
