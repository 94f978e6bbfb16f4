package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Network is an in-process network of Loopbacks, for tests and simulations. It
// uses no sockets and no clock but the context's, so it runs in a synctest
// bubble. Links are made and cut by hand; a Fault can befall whatever passes.
type Network struct {
	kinds Kinds

	mu     sync.Mutex
	peers  map[PeerID]*Loopback
	links  map[link]bool
	faults func(Passage) Fault
	passed map[Passage]int
}

// link is an unordered pair of peers.
type link [2]PeerID

func linkOf(a, b PeerID) link {
	if b < a {
		a, b = b, a
	}
	return link{a, b}
}

// NewNetwork makes an empty network whose peers share a table of calls.
func NewNetwork(kinds Kinds) (*Network, error) {
	if err := kinds.Check(); err != nil {
		return nil, err
	}
	return &Network{
		kinds:  maps.Clone(kinds),
		peers:  make(map[PeerID]*Loopback),
		links:  make(map[link]bool),
		passed: make(map[Passage]int),
	}, nil
}

// Join adds a peer, with the list of those it lets connect. A peer that was
// closed may join again under its id.
func (n *Network) Join(id PeerID, allow *AllowList) (*Loopback, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.peers[id] != nil {
		return nil, fmt.Errorf("%w: %s has joined before", ErrConfig, id)
	}
	l := &Loopback{net: n, id: id, allow: allow, calls: newSlots(callsPerPeer), pulls: newSlots(pullsPerPeer)}
	n.peers[id] = l
	return l, nil
}

// Link connects two peers, as a node's dial does. Each must allow the other.
func (n *Network) Link(a, b PeerID) error {
	n.mu.Lock()
	left, right := n.peers[a], n.peers[b]
	switch {
	case left == nil || right == nil || a == b:
		n.mu.Unlock()
		return ErrNotConnected
	case !left.allow.Allows(b) || !right.allow.Allows(a):
		n.mu.Unlock()
		return ErrNotAllowed
	}
	n.links[linkOf(a, b)] = true
	n.mu.Unlock()
	left.changed.fire()
	right.changed.fire()
	return nil
}

// Unlink cuts the connection of two peers. Calls on their way end in ErrBroken.
func (n *Network) Unlink(a, b PeerID) {
	n.mu.Lock()
	delete(n.links, linkOf(a, b))
	ends := []*Loopback{n.peers[a], n.peers[b]}
	n.mu.Unlock()
	for _, end := range ends {
		if end != nil {
			end.changed.fire()
		}
	}
}

// linked returns the peer at the other end of a link that both ends allow.
func (n *Network) linked(from, to PeerID) (*Loopback, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	peer := n.peers[to]
	if peer == nil || !n.links[linkOf(from, to)] || !peer.allow.Allows(from) {
		return nil, false
	}
	return peer, true
}

// Loopback is a Transport in a Network.
type Loopback struct {
	net     *Network
	id      PeerID
	allow   *AllowList
	life    life
	serving atomic.Pointer[served]
	changed signal
	calls   *slots
	pulls   *slots
}

// ID is this peer.
func (l *Loopback) ID() PeerID { return l.id }

// Serve says who answers from now on.
func (l *Loopback) Serve(calls Handler, bulk BulkHandler) {
	l.serving.Store(&served{calls: calls, bulk: bulk})
}

// Run lets inbound calls in and cuts links that are no longer allowed, until
// ctx ends.
func (l *Loopback) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return l.life.run(ctx) })
	work.Go(func() error { l.enforce(ctx); return nil })
	return work.Wait()
}

func (l *Loopback) enforce(ctx context.Context) {
	for {
		replaced := l.allow.next()
		for _, id := range l.neighbours() {
			if !l.allow.Allows(id) {
				l.net.Unlink(l.id, id)
			}
		}
		select {
		case <-replaced:
		case <-ctx.Done():
			return
		}
	}
}

// neighbours returns who is linked, allowed or not, sorted.
func (l *Loopback) neighbours() []PeerID {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	var ids []PeerID
	for pair := range l.net.links {
		switch l.id {
		case pair[0]:
			ids = append(ids, pair[1])
		case pair[1]:
			ids = append(ids, pair[0])
		}
	}
	slices.Sort(ids)
	return ids
}

// Peers returns who is linked and allowed, and a channel that is closed when
// that may have changed.
func (l *Loopback) Peers() ([]PeerID, <-chan struct{}) {
	changed := l.changed.next()
	return slices.DeleteFunc(l.neighbours(), func(id PeerID) bool { return !l.allow.Allows(id) }), changed
}

// Close cuts all links and leaves the network.
func (l *Loopback) Close() error {
	for _, id := range l.neighbours() {
		l.net.Unlink(l.id, id)
	}
	l.net.mu.Lock()
	if l.net.peers[l.id] == l {
		delete(l.net.peers, l.id)
	}
	l.net.mu.Unlock()
	l.changed.fire()
	return nil
}

// Call sends a request to a linked peer.
func (l *Loopback) Call(ctx context.Context, to PeerID, kind Kind, request []byte) ([]byte, error) {
	spec, err := l.net.kinds.outgoing(kind, request)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, spec.Deadline)
	defer cancel()
	got, err := l.pass(ctx, to, Passage{From: l.id, To: to, Kind: kind}, func(ctx context.Context, peer *Loopback) (got outcome) {
		ctx, cancel := context.WithTimeout(ctx, spec.Deadline)
		defer cancel()
		response, code := peer.serving.Load().answer(ctx, l.id, kind, spec, bytes.Clone(request))
		return outcome{response: bytes.Clone(response), code: code}
	})
	if err != nil {
		return nil, fmt.Errorf("call %s of %s: %w", spec.Name, to, err)
	}
	return got.response, nil
}

// Pull fetches bytes from a linked peer.
func (l *Loopback) Pull(ctx context.Context, to PeerID, item Item, offset int64, w io.Writer) (int64, error) {
	if err := checkPull(item, offset); err != nil {
		return 0, err
	}
	var written int64
	got, err := l.pass(ctx, to, Passage{From: l.id, To: to, Pull: true}, func(ctx context.Context, peer *Loopback) outcome {
		bulk, code := peer.serving.Load().openBulk(ctx, l.id, bulkRequest{item.ID, offset})
		return outcome{bulk: bulk, code: code}
	})
	if err == nil {
		written, err = l.copyBulk(ctx, to, got.bulk, item, offset, w)
	}
	if err != nil {
		return written, fmt.Errorf("pull from %s: %w", to, err)
	}
	return written, nil
}

// copyBulk moves the bytes of a transfer, as far as a fault lets it.
func (l *Loopback) copyBulk(ctx context.Context, to PeerID, bulk Bulk, item Item, offset int64, w io.Writer) (int64, error) {
	defer bulk.Body.Close()
	header := bulkHeader{Item{item.ID, bulk.Size, bulk.Digest}, offset}
	if err := header.check(item, offset); err != nil {
		return 0, err
	}
	fault := l.net.befall(Passage{From: l.id, To: to, Pull: true, Bytes: true})
	if err := fault.hold(ctx); err != nil {
		return 0, err
	}
	body := io.Reader(bulk.Body)
	if fault.Break {
		body = &brokenReader{body, fault.After}
	}
	written, err := receive(w, body, item, offset, func() error {
		if _, ok := l.net.linked(l.id, to); !ok {
			return ErrBroken
		}
		return ctx.Err()
	})
	if fault.Unlink {
		l.net.Unlink(l.id, to)
	}
	return written, err
}

// brokenReader breaks after some bytes.
type brokenReader struct {
	r    io.Reader
	left int64
}

// Read reads until it breaks.
func (b *brokenReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrBroken
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
