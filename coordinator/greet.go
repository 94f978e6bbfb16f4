package coordinator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// maxAsked bounds the sites that are asked at a time what they have seen of one.
const maxAsked = 8

// greeted is what a connected site has said of itself. It is not changed any more.
type greeted struct {
	// rosters names what it was told; it is told again when that is another.
	rosters protocol.Digest
	next    time.Time
	// ready are the rosters that it contributes under.
	ready map[protocol.Digest]bool
}

// ready tells whether a connected site contributes. The caller holds mu.
func (l *leader) ready(roster protocol.Digest, peer wire.PeerID) bool {
	g := l.sites[peer]
	return g != nil && g.ready[roster]
}

// greetAll greets the connected sites for which it is time, and says when it will be
// time for the next one.
func (l *leader) greetAll(ctx context.Context, connected []wire.PeerID) (again time.Time) {
	now := l.c.cfg.Now()
	rosters := l.rosters()
	l.mu.Lock()
	defer l.mu.Unlock()
	for peer := range l.sites {
		if _, ok := slices.BinarySearch(connected, peer); !ok {
			delete(l.sites, peer)
		}
	}
	for _, peer := range connected {
		list := rosters[peer]
		if len(list) == 0 {
			continue // it is in no study, or another member
		}
		g, told := l.sites[peer], nameOf(list)
		if g != nil && g.rosters == told && now.Before(g.next) {
			again = earliest(again, g.next)
			continue
		}
		at := l.begin(ctx, job{peer: peer}, now, func() time.Duration { return l.greet(ctx, peer, list, connected) })
		again = earliest(again, at)
	}
	return again
}

// rosters are those in force, by the peers of their sites.
func (l *leader) rosters() map[wire.PeerID][]protocol.Signed[protocol.Roster] {
	by := make(map[wire.PeerID][]protocol.Signed[protocol.Roster])
	l.c.machine.View(func(s *state.State) {
		for _, st := range s.Studies {
			open, ok := st.Open()
			if !ok {
				continue
			}
			for _, site := range open.Message.Sites {
				by[wire.PeerID(site.Peer)] = append(by[wire.PeerID(site.Peer)], open)
			}
		}
	})
	for _, list := range by {
		slices.SortFunc(list, func(a, b protocol.Signed[protocol.Roster]) int {
			da, db := a.Digest(), b.Digest()
			return slices.Compare(da[:], db[:])
		})
	}
	return by
}

func nameOf(list []protocol.Signed[protocol.Roster]) protocol.Digest {
	var parts [][]byte
	for _, r := range list {
		d := r.Digest()
		parts = append(parts, d[:])
	}
	return protocol.Hash("greeting", parts...)
}

// greet tells a site which rosters are in force, takes what it declares, and brings
// it what the others have seen of it when it asks.
func (l *leader) greet(ctx context.Context, peer wire.PeerID, list []protocol.Signed[protocol.Roster], connected []wire.PeerID) time.Duration {
	log := l.c.log.With("peer", peer)
	var sync protocol.Sync
	for _, r := range list {
		sync.Rosters = append(sync.Rosters, r.Bytes())
	}
	answer, err := l.sync(ctx, peer, sync)
	if err != nil {
		if ctx.Err() == nil {
			log.Info("site not greeted", "why", err)
		}
		return l.c.cfg.Timing.Retry
	}
	g := &greeted{rosters: nameOf(list), ready: make(map[protocol.Digest]bool)}
	all := true
	for _, r := range list {
		ready, err := l.admit(ctx, r, peer, answer, connected)
		if err != nil {
			log.Info("site not ready", "study", r.Message.Study, "why", err)
		}
		g.ready[r.Digest()] = ready && err == nil
		all = all && g.ready[r.Digest()]
	}
	pause := l.c.cfg.Timing.Greet
	if !all {
		pause = l.c.cfg.Timing.Nudge
	}
	g.next = l.c.cfg.Now().Add(pause)
	l.mu.Lock()
	l.sites[peer] = g
	l.mu.Unlock()
	l.c.news.spread()
	return 0
}

// admit takes what a site says of itself in one study, and tells whether it is ready.
func (l *leader) admit(ctx context.Context, r protocol.Signed[protocol.Roster], peer wire.PeerID, answer protocol.NodeState, connected []wire.PeerID) (bool, error) {
	st, ok := standing(answer, r.Digest())
	if !ok {
		return false, nil // it has not accepted this roster
	}
	if len(st.HeadQuery) > 0 && !st.Ready {
		fresh, err := l.freshen(ctx, r, peer, st.HeadQuery, connected)
		switch {
		case err == nil:
			st = fresh
		case ctx.Err() == nil:
			l.c.log.Debug("site not told what others have seen of it", "study", r.Message.Study, "peer", peer, "why", err)
		}
	}
	return st.Ready, errors.Join(l.declare(ctx, r, peer, st.Declaration), l.report(ctx, r, peer, st.Report))
}

// standing is where a node stands under a roster.
func standing(s protocol.NodeState, roster protocol.Digest) (protocol.StudyState, bool) {
	i := slices.IndexFunc(s.Studies, func(st protocol.StudyState) bool { return st.Roster == roster })
	if i < 0 {
		return protocol.StudyState{}, false
	}
	return s.Studies[i], true
}

func (l *leader) sync(ctx context.Context, peer wire.PeerID, m protocol.Sync) (protocol.NodeState, error) {
	raw, err := m.Bytes()
	if err != nil {
		return protocol.NodeState{}, err
	}
	answer, err := l.c.transport.Call(ctx, peer, wire.Kind(protocol.CallSync), raw)
	if err != nil {
		return protocol.NodeState{}, err
	}
	return protocol.ParseNodeState(answer)
}

// declare commits a site's declaration when it is a new one.
func (l *leader) declare(ctx context.Context, r protocol.Signed[protocol.Roster], peer wire.PeerID, raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	d, err := r.Message.OpenDeclaration(raw)
	if err != nil {
		return err
	}
	if site, ok := r.Message.Site(d.Message.Point); !ok || site.Peer != string(peer) {
		return fmt.Errorf("%w: a declaration of another site", protocol.ErrSigner)
	}
	known := false
	l.c.machine.View(func(s *state.State) {
		if st, ok := s.Studies[r.Message.Study]; ok {
			known = st.Declarations[d.Message.Point].Digest() == d.Digest()
		}
	})
	if known {
		return nil
	}
	_, err = l.c.commit(ctx, state.Declare(r.Message.Study, raw))
	return err
}

// freshen asks the other sites of a study what they have seen of one, and brings it
// the answers. It returns how the site stands then.
func (l *leader) freshen(ctx context.Context, r protocol.Signed[protocol.Roster], peer wire.PeerID, raw []byte, connected []wire.PeerID) (protocol.StudyState, error) {
	q, err := r.Message.OpenHeadQuery(raw)
	if err != nil {
		return protocol.StudyState{}, err
	}
	request, err := protocol.Witness{HeadQueries: []protocol.Signed[protocol.HeadQuery]{q}}.Bytes()
	if err != nil {
		return protocol.StudyState{}, err
	}
	// Each on its own: one that hangs must not keep the others' words back for long.
	heard := make([][]protocol.Signed[protocol.Seen], len(r.Message.Sites))
	var asked errgroup.Group
	asked.SetLimit(maxAsked)
	for i, site := range r.Message.Sites {
		other := wire.PeerID(site.Peer)
		if _, ok := slices.BinarySearch(connected, other); !ok || other == peer {
			continue
		}
		asked.Go(func() error {
			seen, err := l.seenBy(ctx, &r.Message, uint32(i+1), request, &q.Message)
			if err != nil {
				l.c.log.Debug("no word on another site's head", "site", site.Name, "why", err)
			}
			heard[i] = seen
			return nil
		})
	}
	_ = asked.Wait() // nobody returns an error
	return l.testify(ctx, r, peer, protocol.Testimony{Seen: slices.Concat(heard...)})
}

// seenBy asks one site what it has seen of another.
func (l *leader) seenBy(ctx context.Context, r *protocol.Roster, point uint32, request []byte, q *protocol.HeadQuery) ([]protocol.Signed[protocol.Seen], error) {
	site, _ := r.Site(point)
	reply, err := l.ask(ctx, wire.PeerID(site.Peer), protocol.CallWitness, request)
	if err != nil {
		return nil, err
	}
	if len(reply.Answer) == 0 {
		return nil, errNoAnswer
	}
	heard, err := r.ParseTestimony(reply.Answer)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(heard.Seen, func(s protocol.Signed[protocol.Seen]) bool {
		return s.Message.Point != point || s.Message.Of != q.Point || s.Message.Nonce != q.Nonce
	}), nil
}

func (l *leader) testify(ctx context.Context, r protocol.Signed[protocol.Roster], peer wire.PeerID, t protocol.Testimony) (protocol.StudyState, error) {
	if len(t.Seen) == 0 {
		return protocol.StudyState{}, errNoAnswer
	}
	raw, err := t.Bytes()
	if err != nil {
		return protocol.StudyState{}, err
	}
	reply, err := l.ask(ctx, peer, protocol.CallTestify, raw)
	if err != nil {
		return protocol.StudyState{}, err
	}
	if len(reply.Refusal) > 0 {
		refusal, err := r.Message.OpenRefusal(reply.Refusal)
		if err != nil {
			return protocol.StudyState{}, err
		}
		return protocol.StudyState{}, refusal.Message.Code
	}
	answer, err := protocol.ParseNodeState(reply.Answer)
	if err != nil {
		return protocol.StudyState{}, err
	}
	st, ok := standing(answer, r.Digest())
	if !ok {
		return protocol.StudyState{}, errNoAnswer
	}
	return st, nil
}

// errNoAnswer is for a reply that says nothing of what was asked.
var errNoAnswer = errors.New("coordinator: no answer to what was asked")

// ask makes a call whose answer is a Reply.
func (l *leader) ask(ctx context.Context, peer wire.PeerID, call protocol.Call, request []byte) (protocol.Reply, error) {
	return l.c.ask(ctx, peer, call, request)
}

func (c *Coordinator) ask(ctx context.Context, peer wire.PeerID, call protocol.Call, request []byte) (protocol.Reply, error) {
	raw, err := c.transport.Call(ctx, peer, wire.Kind(call), request)
	if err != nil {
		return protocol.Reply{}, err
	}
	return protocol.ParseReply(raw)
}
