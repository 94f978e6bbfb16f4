package node

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// maxRemotes bounds the sites that are asked to cosign this site's log: it takes no more.
const maxRemotes = 200

// logKeys tells whose log is witnessed here, by the log's name.
type logKeys map[string]protocol.PublicKey

// cosign answers as a witness of the audit logs of those that this site works with. What
// it is brought proves itself: the coordinator's member only carries it.
func (s *server) cosign(ctx context.Context, from wire.PeerID, request []byte) (about, []byte, error) {
	ask, err := protocol.ParseCosign(request)
	if err != nil {
		return about{}, nil, wire.CodeInvalid
	}
	keys, err := s.logKeys(ctx, from)
	if err != nil {
		return about{}, nil, err
	}
	w := &audit.Witness{
		Name: audit.NodeOrigin(s.card.NodeKey.ID()), Key: s.keys.Signing(), Memory: s.memory, Now: s.cfg.Now,
		Log: func(origin string) (protocol.PublicKey, bool) {
			key, ok := keys[origin]
			return key, ok
		},
	}
	said, err := answerAs(ctx, w, ask)
	switch {
	case errors.Is(err, audit.ErrChanged):
		return about{}, nil, wire.CodeBusy
	case err != nil:
		return about{}, nil, fmt.Errorf("%w: remember a log of others: %w", errDisk, err)
	case said.Status == audit.StatusForked:
		s.cfg.Log.Error("ALARM: somebody's audit log does not continue what this site has cosigned of it; what it has shown is kept beside it where that proves a fork", "from", from)
	}
	answer, err := said.Bytes()
	return about{}, answer, err
}

// answerAs answers one question that a witness is asked.
func answerAs(ctx context.Context, w *audit.Witness, ask protocol.Cosign) (protocol.Cosigned, error) {
	if len(ask.Request) > 0 {
		r, err := w.AddCheckpoint(ctx, ask.Request)
		return protocol.Cosigned{Status: r.Status, Body: r.Body}, err
	}
	note, err := w.Known(ctx, ask.Origin)
	if note == nil {
		return protocol.Cosigned{Status: audit.StatusUnknown}, err
	}
	return protocol.Cosigned{Status: audit.StatusDone, Body: note}, err
}

// logKeys are the keys of the logs that are witnessed here: those of the other sites, and
// of the coordinator's members, of every roster in force that names the member who asks.
func (s *server) logKeys(ctx context.Context, from wire.PeerID) (logKeys, error) {
	keys := make(logKeys)
	revoked, err := revocationsIn(ctx, s.records.db)
	if err != nil {
		return nil, err
	}
	err = s.eachInForce(ctx, func(p *pinned) {
		if p.admits(from) != nil || revoked.peer(p, from) != nil {
			return
		}
		for i, site := range p.roster.Message.Sites {
			if uint32(i+1) != p.point {
				keys[audit.NodeOrigin(site.NodeKey.ID())] = site.NodeKey
			}
		}
		for _, m := range p.roster.Message.Members {
			keys[audit.CoordinatorOrigin(m.Key.ID())] = m.Key
		}
	})
	maps.DeleteFunc(keys, func(_ string, key protocol.PublicKey) bool { return revoked.has(key.ID()) })
	return keys, err
}

// eachInForce hands over the rosters in force, by the name of their study.
func (n *Node) eachInForce(ctx context.Context, hand func(*pinned)) error {
	known, err := rostersOf(ctx, n.records.db, "")
	if err != nil {
		return fmt.Errorf("read rosters: %w", err)
	}
	for _, k := range known {
		if k.state == rosterEnded || k.state != rosterInForce && !debug.Without(debug.WitnessRoster) {
			continue
		}
		p, err := n.rosterByDigest(ctx, n.records.db, k.digest)
		if err != nil {
			return err
		}
		hand(p)
	}
	return nil
}

// witnesses are the other sites of every roster in force, by the order of their studies,
// for this site's log to be cosigned by. Calls go to the coordinator, which passes them
// on. They end with their context, and c MUST outlive them.
func (n *Node) witnesses(ctx context.Context, c *egress.Coordinator) (remotes []audit.Remote, err error) {
	own, listed := n.card.NodeKey.ID(), make(map[protocol.KeyID]bool)
	err = n.eachInForce(ctx, func(p *pinned) {
		for _, site := range p.roster.Message.Sites {
			id := site.NodeKey.ID()
			if id == own || listed[id] || len(remotes) == maxRemotes {
				continue
			}
			listed[id] = true
			remotes = append(remotes, remote(c, p.roster.Message.Study, site.NodeKey))
		}
	})
	return remotes, err
}

// remote is a site of a study as a witness.
func remote(c *egress.Coordinator, study string, key protocol.PublicKey) audit.Remote {
	id := key.ID()
	return audit.Remote{
		Name: audit.NodeOrigin(id), Key: key,
		Call: func(ctx context.Context, request []byte) (audit.Reply, error) {
			said, err := c.Cosign(ctx, study, id, protocol.Cosign{Request: request})
			return audit.Reply{Status: said.Status, Body: said.Body}, err
		},
		Known: func(ctx context.Context, origin string) ([]byte, error) {
			said, err := c.Cosign(ctx, study, id, protocol.Cosign{Origin: origin})
			switch {
			case err != nil:
				return nil, err
			case said.Status == audit.StatusUnknown:
				return nil, nil
			case said.Status != audit.StatusDone:
				return nil, fmt.Errorf("node: asked what it remembers, a witness answers %d", said.Status)
			}
			return said.Body, nil
		},
	}
}
