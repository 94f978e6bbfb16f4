package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// sync takes the rosters that the leader holds to be in force, and says where this
// site stands in each of its own. A roster that may not be in force here is written
// to the log: it is no reason to say nothing of the others.
func (s *server) sync(ctx context.Context, from wire.PeerID, request []byte) ([]byte, error) {
	greeting, err := protocol.ParseSync(request)
	if err != nil {
		return nil, wire.CodeInvalid
	}
	for _, raw := range greeting.Rosters {
		if err := s.enforceRoster(ctx, raw); fatal(err) || ctx.Err() != nil {
			return nil, err
		} else if err != nil {
			s.cfg.Log.Warn("the coordinator holds a roster in force that is not in force here", "why", err)
		}
	}
	return s.nodeState(ctx, from)
}

// nodeState is what a member of the coordinator is told of every study in force in which
// it is heard.
func (s *server) nodeState(ctx context.Context, from wire.PeerID) ([]byte, error) {
	known, err := rostersOf(ctx, s.records.db, "")
	if err != nil {
		return nil, fmt.Errorf("read rosters: %w", err)
	}
	state := protocol.NodeState{Version: s.cfg.Version}
	for _, k := range known {
		if k.state != rosterInForce {
			continue
		}
		p, err := s.rosterByDigest(ctx, s.records.db, k.digest)
		if err != nil {
			return nil, err
		}
		if err := s.heard(ctx, s.records.db, p, from); errors.Is(err, protocol.BadSignature) {
			s.cfg.Log.Warn("a study is kept from who asks about it", "study", k.study, "peer", from, "why", err)
			continue
		} else if err != nil {
			return nil, err
		}
		d, err := s.declare(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("declare for study %q: %w", k.study, err)
		}
		ready, _, query, err := s.state(p)
		if err != nil {
			return nil, err
		}
		report, err := s.siteReport(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("report to study %q: %w", k.study, err)
		}
		st := protocol.StudyState{Study: k.study, Roster: k.digest, Ready: ready, Declaration: d.Bytes(), Report: report}
		if !ready {
			st.HeadQuery = query
		}
		state.Studies = append(state.Studies, st)
	}
	return state.Bytes()
}
