package wire_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"go.uber.org/goleak"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHostIsATransport(t *testing.T) {
	wiretest.Run(t, newHosts)
}

// newHosts returns a coordinator, alice, who listens, and a node, bob, who does
// not, connected and running.
func newHosts(t *testing.T) wiretest.Pair {
	t.Helper()
	p := wiretest.Pair{Absent: wiretest.NewID(t, 3)}
	p.AliceAllows = wire.NewAllowList(wiretest.NewID(t, 2), p.Absent)
	p.BobAllows = wire.NewAllowList(wiretest.NewID(t, 1), p.Absent)
	alice := newHost(t, 1, func(c *wire.Config) { c.Listen, c.Allow = loopback, p.AliceAllows })
	bob := newHost(t, 2, func(c *wire.Config) { c.Dial, c.Allow = alice.Addresses(), p.BobAllows })
	p.Alice, p.Bob = alice, bob
	wiretest.Start(t, alice)
	wiretest.Start(t, bob)
	wiretest.AwaitUp(t, alice, bob.ID())
	wiretest.AwaitUp(t, bob, alice.ID())
	return p
}

var loopback = []string{"/ip4/127.0.0.1/tcp/0"}

// newHost makes a host that is closed, but not run, by the test.
func newHost(t *testing.T, seed byte, set func(*wire.Config)) *wire.Host {
	t.Helper()
	cfg := wire.Config{
		Identity:  wiretest.NewIdentity(t, seed),
		Kinds:     wiretest.Kinds(),
		RedialMin: time.Millisecond,
		RedialMax: 20 * time.Millisecond,
	}
	set(&cfg)
	h, err := wire.NewHost(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func TestACallDoesNotWaitBehindATransfer(t *testing.T) {
	p := newHosts(t)
	bob := wiretest.NewPeer()
	p.Bob.Serve(bob, bob)
	item := bob.Store("item", make([]byte, 40<<20))
	w := &gatedWriter{reached: make(chan struct{}, 1000), open: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		_, err := p.Alice.Pull(t.Context(), p.Bob.ID(), item, 0, w)
		ended <- err
	}()
	wiretest.Await(t, "first piece of the transfer", w.reached)
	for range 10 {
		if _, err := p.Alice.Call(t.Context(), p.Bob.ID(), wiretest.Echo, wiretest.Random(1, wiretest.EchoLimit)); err != nil {
			t.Fatal(err)
		}
	}
	close(w.open)
	if err := wiretest.Await(t, "end of the transfer", ended); err != nil {
		t.Error(err)
	}
}

// gatedWriter lets nothing through before it is opened.
type gatedWriter struct{ reached, open chan struct{} }

func (w *gatedWriter) Write(p []byte) (int, error) {
	w.reached <- struct{}{}
	<-w.open
	return len(p), nil
}

func TestANodeFindsARestartedCoordinator(t *testing.T) {
	bobID := wiretest.NewID(t, 2)
	coordinator := func(at []string) (*wire.Host, func()) {
		h := newHost(t, 1, func(c *wire.Config) { c.Listen, c.Allow = at, wire.NewAllowList(bobID) })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		stop := sync.OnceFunc(func() {
			cancel()
			if err := errors.Join(<-ended, h.Close()); err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(stop)
		return h, stop
	}
	first, stop := coordinator(loopback)
	at, _, _ := strings.Cut(first.Addresses()[0].String(), "/p2p/")
	observe, failed := watched(wire.DialFailed)
	bob := newHost(t, 2, func(c *wire.Config) {
		c.Dial, c.Allow, c.Observe = first.Addresses(), wire.NewAllowList(first.ID()), observe
	})
	served := wiretest.NewPeer()
	bob.Serve(served, served)
	wiretest.Start(t, bob)
	for range 3 {
		wiretest.AwaitUp(t, first, bobID)
		if _, err := first.Call(t.Context(), bobID, wiretest.Echo, nil); err != nil {
			t.Fatal(err)
		}
		stop()
		wiretest.AwaitDown(t, bob, first.ID())
		for range 2 { // the second shows that the pause is ours, not libp2p's five seconds
			if e := wiretest.Await(t, "failed dial", failed); errors.Is(e.Err, swarm.ErrDialBackoff) {
				t.Errorf("libp2p did not dial: %v", e.Err)
			}
		}
		first, stop = coordinator([]string{at})
	}
	wiretest.AwaitUp(t, first, bobID)
}

func TestRunWaitsForTheCallsInside(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	alice := newHost(t, 1, func(c *wire.Config) { c.Listen, c.Allow = loopback, wire.NewAllowList(wiretest.NewID(t, 2)) })
	served := wiretest.NewPeer()
	alice.Serve(served, served)
	ended := make(chan error, 1)
	go func() { ended <- alice.Run(ctx) }()
	bob := newHost(t, 2, func(c *wire.Config) { c.Dial, c.Allow = alice.Addresses(), wire.NewAllowList(alice.ID()) })
	wiretest.Start(t, bob)
	wiretest.AwaitUp(t, bob, alice.ID())
	failed := make(chan error, 1)
	go func() {
		_, err := bob.Call(t.Context(), alice.ID(), wiretest.Hold, nil)
		failed <- err
	}()
	wiretest.Await(t, "held call", served.Held())
	cancel()
	if err := wiretest.Await(t, "end of Run", ended); err != nil {
		t.Error(err)
	}
	if err := wiretest.Await(t, "end of the call", failed); !errors.Is(err, wire.ErrBroken) && !errors.Is(err, wire.CodeUnavailable) {
		t.Errorf("the call ended with %v, want ErrBroken or CodeUnavailable", err)
	}
	_, err := bob.Call(t.Context(), alice.ID(), wiretest.Echo, nil)
	if !errors.Is(err, wire.CodeUnavailable) {
		t.Errorf("a call after Run ended with %v, want CodeUnavailable", err)
	}
}

func TestEventsTellWhoComesAndGoes(t *testing.T) {
	events := make(chan wire.Event, 1000)
	alice := newHost(t, 1, func(c *wire.Config) {
		c.Listen, c.Allow, c.Observe = loopback, wire.NewAllowList(wiretest.NewID(t, 2)), func(e wire.Event) { events <- e }
	})
	wiretest.Start(t, alice)
	m := newMallory(t, 2, withTLS)
	if err := m.connect(alice); err != nil {
		t.Fatal(err)
	}
	if e := wiretest.Await(t, "event", events); e.What != wire.Connected || e.Peer != wiretest.NewID(t, 2) {
		t.Errorf("got %v of %s, want connected", e.What, e.Peer)
	}
	_ = m.Close()
	if e := wiretest.Await(t, "event", events); e.What != wire.Disconnected || e.Peer != wiretest.NewID(t, 2) {
		t.Errorf("got %v of %s, want disconnected", e.What, e.Peer)
	}
}

func TestACallThatComesBeforeRunWaitsForIt(t *testing.T) {
	alice := newHost(t, 1, func(c *wire.Config) { c.Listen, c.Allow = loopback, wire.NewAllowList(wiretest.NewID(t, 2)) })
	served := wiretest.NewPeer()
	alice.Serve(served, served)
	m := newMallory(t, 2, withTLS)
	answered := make(chan error, 1)
	go func() { answered <- m.reaches(alice) }()
	wiretest.AwaitUp(t, alice, wiretest.NewID(t, 2))
	wiretest.Start(t, alice)
	if err := wiretest.Await(t, "answer", answered); err != nil {
		t.Error(err)
	}
}
