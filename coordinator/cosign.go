package coordinator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
)

const (
	// cosignGrace is how long slow sites are waited for once a quorum has cosigned: nothing
	// waits for it, and each site that has cosigned is one more that notices a fork.
	cosignGrace = 5 * time.Second
	// cosignDeadline bounds one time of asking all sites.
	cosignDeadline = 30 * time.Second
	// cosignAgain is after how many pauses the same sites are asked about the same log
	// again, when they were too few.
	cosignAgain = 6
	// maxCosigners bounds the sites that are asked: a log takes no more.
	maxCosigners = 200
)

// keepCosigned has the sites cosign this member's log, a little after it has grown. Nothing
// waits for them. It returns an error when a site shows that the log is an old copy or a
// fork: such a member must stop.
func (c *Coordinator) keepCosigned(ctx context.Context) error {
	var r cosigning
	pause := time.NewTicker(c.cfg.Timing.Cosign)
	defer pause.Stop()
	for {
		// The log grows, and whom to ask changes, with the state.
		changed := c.replica.Changed()
		_, linked := c.transport.Peers()
		again, err := r.round(ctx, c)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, audit.ErrBehind), errors.Is(err, audit.ErrForked):
			return err
		case err != nil:
			c.log.Debug("audit log not cosigned", "why", err)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return nil
		}
		if again {
			continue
		}
		select {
		case <-changed:
		case <-linked:
		case <-ctx.Done():
			return nil
		}
	}
}

// cosigning is what keepCosigned knows of the times before.
type cosigning struct {
	// done is how long a log has had its quorum.
	done uint64
	// size and asked are how long the log was that was shown last, and to whom, and tries
	// counts the pauses since.
	size  uint64
	asked []string
	tries int
}

// round asks the sites if that may lead to something, and says whether to look again
// without news.
func (r *cosigning) round(ctx context.Context, c *Coordinator) (again bool, err error) {
	witnesses, connected := c.witnesses()
	// Whom to ask is a decision that the log has to hold as well.
	if err := c.journal.settled(ctx); err != nil {
		return false, err
	}
	log := c.journal.log
	if err := log.SetWitnesses(witnesses, quorumOf(len(witnesses))); err != nil {
		return false, err
	}
	size := log.Head().Size
	if len(connected) == 0 || size == r.done {
		return false, nil
	}
	if r.tries++; size == r.size && slices.Equal(connected, r.asked) && r.tries < cosignAgain {
		return true, nil
	}
	r.size, r.asked, r.tries = size, connected, 0
	ctx, cancel := context.WithTimeout(ctx, cosignDeadline)
	defer cancel()
	if err := log.Cosign(ctx, size); err != nil {
		return true, err
	}
	r.done = size
	return false, nil
}

// quorumOf is a majority. Two histories that both have one have a witness in common, whose
// two cosignatures prove that it vouched for both.
func quorumOf(witnesses int) int {
	if witnesses == 0 {
		return 0
	}
	return witnesses/2 + 1
}

// witnesses are the sites of all rosters in force, by their name as witnesses, and the
// names of those that are connected to this member.
func (c *Coordinator) witnesses() (remotes []audit.Remote, connected []string) {
	byName := make(map[string]protocol.Site)
	c.machine.View(func(s *state.State) {
		for _, st := range s.Studies {
			open, ok := st.Open()
			if !ok {
				continue
			}
			for _, site := range open.Message.Sites {
				byName[audit.NodeOrigin(site.NodeKey.ID())] = site
			}
		}
	})
	peers, _ := c.transport.Peers()
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if len(remotes) == maxCosigners {
			break
		}
		site := byName[name]
		remotes = append(remotes, c.witness(name, site))
		if slices.Contains(peers, wire.PeerID(site.Peer)) {
			connected = append(connected, name)
		}
	}
	return remotes, connected
}

// witness is a site that cosigns this member's log.
func (c *Coordinator) witness(name string, site protocol.Site) audit.Remote {
	ask := func(ctx context.Context, q protocol.Cosign) (protocol.Cosigned, error) {
		return c.askWitness(ctx, wire.PeerID(site.Peer), q)
	}
	return audit.Remote{
		Name: name, Key: site.NodeKey,
		Call: func(ctx context.Context, request []byte) (audit.Reply, error) {
			said, err := ask(ctx, protocol.Cosign{Request: request})
			return audit.Reply{Status: said.Status, Body: said.Body}, err
		},
		Known: func(ctx context.Context, origin string) ([]byte, error) {
			said, err := ask(ctx, protocol.Cosign{Origin: origin})
			if err == nil && said.Status != audit.StatusDone && said.Status != audit.StatusUnknown {
				err = fmt.Errorf("%w: %d to what it remembers", errSite, said.Status)
			}
			return said.Body, err
		},
	}
}

// askWitness asks a site to cosign, or what it remembers.
func (c *Coordinator) askWitness(ctx context.Context, peer wire.PeerID, q protocol.Cosign) (protocol.Cosigned, error) {
	raw, err := q.Bytes()
	if err != nil {
		return protocol.Cosigned{}, err
	}
	reply, err := c.ask(ctx, peer, protocol.CallCosign, raw)
	if err != nil {
		return protocol.Cosigned{}, err
	}
	if len(reply.Answer) == 0 {
		return protocol.Cosigned{}, errNoAnswer
	}
	return protocol.ParseCosigned(reply.Answer)
}

// Cosign passes what a site asks another of its study on. Both prove what they say, and
// this member keeps nothing of it.
func (b backend) Cosign(ctx context.Context, study string, node protocol.KeyID, raw []byte) ([]byte, error) {
	q, err := protocol.ParseCosign(raw)
	if err != nil {
		return nil, err
	}
	peer, err := wire.PeerID(""), fmt.Errorf("%w: site", api.ErrNotFound)
	b.machine.View(func(s *state.State) {
		st, ok := s.Studies[study]
		if !ok {
			return
		}
		open, ok := st.Open()
		if !ok {
			return
		}
		if point, ok := open.Message.PointOf(node); ok {
			site, _ := open.Message.Site(point)
			peer, err = wire.PeerID(site.Peer), nil
		}
	})
	if err == nil {
		err = b.journal.settled(ctx)
	}
	if err != nil {
		return nil, err
	}
	said, err := b.askWitness(ctx, peer, q)
	switch {
	case err == nil:
		return said.Bytes()
	case ctx.Err() != nil:
		return nil, err
	}
	b.log.Debug("cosign request not passed on", "peer", peer, "why", err)
	return nil, &rest.Problem{
		Type: "about:blank", Title: "the other site did not answer", Status: http.StatusFailedDependency, Code: rest.CodeSiteAway,
		Fix: "ask again later", Unchanged: "nothing was changed",
	}
}

// Policy is what an auditor believes to verify the logs of this coordinator: the keys of
// its members, and of the sites in rosters, a majority of which has to have cosigned. The
// rosters are verified by who calls.
func Policy(members []protocol.Member, rosters []protocol.Signed[protocol.Roster]) string {
	var text strings.Builder
	for _, m := range members {
		fmt.Fprintf(&text, "# %s\nlog %s\n", m.Name, audit.VerifierKey(audit.CoordinatorOrigin(m.Key.ID()), m.Key))
	}
	sites := make(map[string]protocol.Site)
	for _, r := range rosters {
		for _, site := range r.Message.Sites {
			sites[audit.NodeOrigin(site.NodeKey.ID())] = site
		}
	}
	names := slices.Sorted(maps.Keys(sites))
	names = names[:min(len(names), maxCosigners)]
	for i, name := range names {
		short := sites[name].Name
		if strings.ContainsFunc(short, unicode.IsSpace) {
			short = fmt.Sprint("site", i+1)
		}
		fmt.Fprintf(&text, "# %s\nwitness %s %s\n", sites[name].Name, short, audit.VerifierKey(name, sites[name].NodeKey))
	}
	fmt.Fprintf(&text, "quorum %d\n", quorumOf(len(names)))
	return text.String()
}
