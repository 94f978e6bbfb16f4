package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
)

// site is an institution whose node runs or is stopped.
type site struct {
	Site
	dir  string
	card protocol.Card
	node *node.Node // nil while it is stopped
	stop context.CancelFunc
	done chan error
}

// join lets a site join with its three commands, and runs its node.
func (n *Network) join(ctx context.Context, s Site) error {
	var token rest.InvitationToken
	if err := n.operator.JSON(ctx, http.MethodPost, "/v1/invitations", rest.Invitation{Name: s.Name}, &token); err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	at := &site{Site: s, dir: n.dir(s.Name)}
	err := node.Init(at.dir, node.InitConfig{Name: s.Name, Organisation: strings.ToUpper(s.Name), Country: "CH", Region: "eu"})
	if err != nil {
		return err
	}
	opened, err := node.Open(node.Config{Dir: at.dir})
	if err != nil {
		return err
	}
	at.card = opened.Card()
	err = n.load(ctx, opened, s, token.Token)
	if err := errors.Join(err, opened.Close()); err != nil {
		return err
	}
	n.sites = append(n.sites, at)
	return n.StartSite(len(n.sites) - 1)
}

func (n *Network) load(ctx context.Context, opened *node.Node, s Site, token string) error {
	words, _, err := opened.Join(ctx, token)
	if err != nil {
		return err
	}
	if err := n.operator.JSON(ctx, http.MethodPost, "/v1/sites/"+s.Name+"/approval", rest.Approval{Words: words}, nil); err != nil {
		return fmt.Errorf("approve: %w", err)
	}
	for _, c := range s.Cohorts {
		if _, err := opened.AddCohort(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// accept reads the proposal as the site's custodian, and signs it.
func (s *site) accept(ctx context.Context) error {
	p, err := s.node.Proposal(ctx, study)
	if err != nil {
		return err
	}
	if err := s.node.Accept(ctx, p); err != nil {
		return err
	}
	return s.grant(ctx, p.Roster)
}

// grant lifts the limit on exact answers: a network's cohorts are small and its
// questions are not.
func (s *site) grant(ctx context.Context, r protocol.Signed[protocol.Roster]) error {
	point, _ := r.Message.PointOf(s.card.NodeKey.ID())
	for _, c := range r.Message.Cohorts {
		if !slices.Contains(c.Points, point) {
			continue
		}
		if _, err := s.node.GrantRelease(ctx, node.GrantSpec{Study: study, Cohort: c.Name, Life: 24 * time.Hour}); err != nil {
			return err
		}
	}
	return nil
}

// StartSite runs a site's node from what it has on disk.
func (n *Network) StartSite(i int) error {
	s := n.sites[i]
	opened, err := node.Open(node.Config{Dir: s.dir, Log: n.cfg.Log.With("party", s.Name), Version: "sim"})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	run := opened.Run
	if n.cfg.Transport == Loopback {
		if run, err = n.loopback(i, opened); err != nil {
			stop()
			return errors.Join(err, opened.Close())
		}
	}
	s.node, s.stop, s.done = opened, stop, make(chan error, 1)
	go func() { s.done <- run(ctx) }()
	return nil
}

// loopback serves a node over wire.Loopback, linked with the member.
func (n *Network) loopback(site int, opened *node.Node) (func(context.Context) error, error) {
	id := wire.PeerID(opened.Card().Peer)
	member := n.members[0].home.Network.ID()
	t, err := n.loop.Join(id, wire.NewAllowList(member))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		go n.keepLinked(ctx, id, member)
		return errors.Join(opened.Serve(ctx, n.overheard(site, t)), t.Close())
	}, nil
}

// keepLinked dials as a node does: again and again, until it is let in.
func (n *Network) keepLinked(ctx context.Context, a, b wire.PeerID) {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		// An error is a member that is away, or has not approved the site yet.
		_ = n.loop.Link(a, b)
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// StopSite stops a node as its operator would. It may be stopped already.
func (n *Network) StopSite(i int) error {
	s := n.sites[i]
	if s.node == nil {
		return nil
	}
	s.stop()
	err := errors.Join(<-s.done, s.node.Close())
	s.node = nil
	if err != nil {
		return fmt.Errorf("site %s: %w", s.Name, err)
	}
	return nil
}
