package wiretest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol/wire"
)

// The kinds of call that the suite uses.
const (
	Echo  wire.Kind = 1 // answers with the request
	Fail  wire.Kind = 2 // the peer's Fail answers
	Hold  wire.Kind = 3 // waits for its context, or until it is let go
	Hasty wire.Kind = 4 // like Hold, with a short deadline
)

// EchoLimit is the longest request and response of Echo.
const EchoLimit = 300_000

// Kinds is the suite's table of calls.
func Kinds() wire.Kinds {
	return wire.Kinds{
		Echo:  {Name: "echo", MaxRequest: EchoLimit, MaxResponse: EchoLimit, Deadline: time.Minute},
		Fail:  {Name: "fail", MaxRequest: 10, MaxResponse: 10, Deadline: time.Minute},
		Hold:  {Name: "hold", MaxRequest: 0, MaxResponse: 0, Deadline: time.Minute},
		Hasty: {Name: "hasty", MaxRequest: 0, MaxResponse: 0, Deadline: 100 * time.Millisecond},
	}
}

// Peer answers the suite's calls and serves bytes from memory.
type Peer struct {
	// Failure answers Fail. Without it, Fail is refused.
	Failure func(from wire.PeerID) ([]byte, error)
	// Body, if set, stands between stored bytes and the transport.
	Body func(io.Reader) io.Reader

	held, letGo chan struct{}

	closed chan struct{}

	mu    sync.Mutex
	items map[[32]byte]stored
	calls []wire.PeerID
}

type stored struct {
	bytes  []byte
	digest [32]byte
}

// NewPeer makes a peer that stores nothing.
func NewPeer() *Peer {
	return &Peer{
		held:   make(chan struct{}, 1000),
		letGo:  make(chan struct{}),
		closed: make(chan struct{}, 1000),
		items:  make(map[[32]byte]stored),
	}
}

// Store keeps bytes under the digest of a name, and returns how to pull them.
func (p *Peer) Store(name string, content []byte) wire.Item {
	item := wire.Item{ID: sha256.Sum256([]byte(name)), Size: int64(len(content)), Digest: sha256.Sum256(content)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.items[item.ID] = stored{content, item.Digest}
	return item
}

// Falsify alters stored bytes under an unaltered digest.
func (p *Peer) Falsify(item wire.Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.items[item.ID]
	s.bytes = bytes.Clone(s.bytes)
	s.bytes[len(s.bytes)/2] ^= 1
	p.items[item.ID] = s
}

// Held is sent to whenever a call of Hold or Hasty has come in.
func (p *Peer) Held() <-chan struct{} { return p.held }

// LetGo ends all calls of Hold. It may be called once.
func (p *Peer) LetGo() { close(p.letGo) }

// Closed is sent to whenever the transport has closed a body.
func (p *Peer) Closed() <-chan struct{} { return p.closed }

// Calls returns who has called, in order.
func (p *Peer) Calls() []wire.PeerID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// ServeCall answers the suite's calls.
func (p *Peer) ServeCall(ctx context.Context, from wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	p.mu.Lock()
	p.calls = append(p.calls, from)
	p.mu.Unlock()
	switch kind {
	case Echo:
		return request, nil
	case Fail:
		if p.Failure == nil {
			return nil, wire.CodeRefused
		}
		return p.Failure(from)
	case Hold, Hasty:
		p.held <- struct{}{}
		select {
		case <-p.letGo:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, wire.CodeInvalid
}

// OpenBulk opens what Store keeps.
func (p *Peer) OpenBulk(_ context.Context, _ wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.items[id]
	if !ok {
		return wire.Bulk{}, wire.CodeNotFound
	}
	if offset > int64(len(s.bytes)) {
		return wire.Bulk{}, wire.CodeInvalid
	}
	var r io.Reader = bytes.NewReader(s.bytes[offset:])
	if p.Body != nil {
		r = p.Body(r)
	}
	return wire.Bulk{Size: int64(len(s.bytes)), Digest: s.digest, Body: &body{r, p.closed}}, nil
}

type body struct {
	io.Reader
	closed chan<- struct{}
}

func (b *body) Close() error {
	b.closed <- struct{}{}
	return nil
}

// Start runs a transport until the test ends, and closes it then.
func Start(t *testing.T, tr wire.Transport) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- tr.Run(t.Context()) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := tr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// Patience bounds every wait of the suite; a test that needs it has failed.
const Patience = 20 * time.Second

// AwaitUp returns when a transport is connected with a peer.
func AwaitUp(t *testing.T, tr wire.Transport, id wire.PeerID) {
	t.Helper()
	await(t, tr, "connected with "+string(id), func(peers []wire.PeerID) bool { return slices.Contains(peers, id) })
}

// AwaitDown returns when a transport is not connected with a peer.
func AwaitDown(t *testing.T, tr wire.Transport, id wire.PeerID) {
	t.Helper()
	await(t, tr, "no longer connected with "+string(id), func(peers []wire.PeerID) bool { return !slices.Contains(peers, id) })
}

func await(t *testing.T, tr wire.Transport, what string, holds func([]wire.PeerID) bool) {
	t.Helper()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	for {
		peers, changed := tr.Peers()
		if holds(peers) {
			return
		}
		select {
		case <-changed:
		case <-patience.C:
			t.Fatalf("%s is not %s after %v; its peers: %v", tr.ID(), what, Patience, peers)
		}
	}
}

// Await returns the next value of a channel.
func Await[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	select {
	case v := <-ch:
		return v
	case <-patience.C:
		t.Fatalf("no %s after %v", what, Patience)
		panic("unreachable")
	}
}
