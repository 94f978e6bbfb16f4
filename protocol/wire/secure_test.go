package wire_test

import (
	"context"
	"errors"
	"testing"

	"github.com/libp2p/go-libp2p"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

// watched returns an Observe and the events of one sort that it was told.
func watched(what wire.What) (func(wire.Event), <-chan wire.Event) {
	events := make(chan wire.Event, 1000)
	return func(e wire.Event) {
		if e.What == what {
			select {
			case events <- e:
			default:
			}
		}
	}, events
}

// listener returns a running host that listens, answers, allows bob (seed 2),
// and reports whom it refused.
func listener(t *testing.T) (*wire.Host, <-chan wire.Event) {
	t.Helper()
	observe, refused := watched(wire.Refused)
	h := newHost(t, 1, func(c *wire.Config) {
		c.Listen, c.Allow, c.Observe = loopback, wire.NewAllowList(wiretest.NewID(t, 2)), observe
	})
	alice := wiretest.NewPeer()
	h.Serve(alice, alice)
	wiretest.Start(t, h)
	return h, refused
}

func TestInboundConnectionsNeedAnAllowedPeerAndAHybridKeyExchange(t *testing.T) {
	for _, test := range []struct {
		name     string
		seed     byte
		security libp2p.Option
		refused  error // as the host reports it; nil where the handshake has no outcome
		reaches  bool
	}{
		{"an allowed peer with libp2p's TLS is let in", 2, withTLS, nil, true},
		{"a stranger is refused", 5, withTLS, wire.ErrNotAllowed, false},
		{"an allowed peer that knows X25519 alone is refused", 2, withClassical, wire.ErrClassical, false},
		{"an allowed peer that offers Noise alone is refused", 2, withNoise, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, refused := listener(t)
			m := newMallory(t, test.seed, test.security)
			err := m.reaches(h)
			if reaches := err == nil; reaches != test.reaches {
				t.Fatalf("reaches the host: %v (%v), want %v", reaches, err, test.reaches)
			}
			if test.refused != nil {
				e := wiretest.Await(t, "refusal", refused)
				if !errors.Is(e.Err, test.refused) || e.Peer != wiretest.NewID(t, test.seed) {
					t.Errorf("reported %v of %s, want %v", e.Err, e.Peer, test.refused)
				}
			}
		})
	}
}

func TestOutboundConnectionsNeedAnAllowedPeerAndAHybridKeyExchange(t *testing.T) {
	for _, test := range []struct {
		name     string
		security libp2p.Option
		allowed  bool
		want     error // any if nil and not up
		up       bool
	}{
		{"an allowed peer with libp2p's TLS is dialled", withTLS, true, nil, true},
		{"a configured peer that is not allowed is not dialled", withTLS, false, wire.ErrNotAllowed, false},
		{"a peer that knows X25519 alone is refused", withClassical, true, wire.ErrClassical, false},
		{"a peer that offers Noise alone is refused", withNoise, true, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMallory(t, 2, test.security)
			allow := wire.NewAllowList()
			if test.allowed {
				allow.Replace(wiretest.NewID(t, 2))
			}
			observe, failed := watched(wire.DialFailed)
			h := newHost(t, 1, func(c *wire.Config) { c.Dial, c.Allow, c.Observe = []wire.Address{m.address()}, allow, observe })
			wiretest.Start(t, h)
			if test.up {
				wiretest.AwaitUp(t, h, wiretest.NewID(t, 2))
				return
			}
			e := wiretest.Await(t, "failed dial", failed)
			if test.want != nil && !errors.Is(e.Err, test.want) {
				t.Errorf("got %v, want %v", e.Err, test.want)
			}
			if peers, _ := h.Peers(); len(peers) != 0 {
				t.Errorf("connected with %v", peers)
			}
		})
	}
}

// The setting takes the hybrid from Go's defaults, on both sides and without an
// error: the case that the check is for.
func TestHostsDoNotConnectWhenGoIsToldToLeaveTheHybridOut(t *testing.T) {
	t.Setenv("GODEBUG", "tlsmlkem=0")
	observe, failed := watched(wire.DialFailed)
	alice, _ := listener(t)
	bob := newHost(t, 2, func(c *wire.Config) {
		c.Dial, c.Allow, c.Observe = alice.Addresses(), wire.NewAllowList(alice.ID()), observe
	})
	wiretest.Start(t, bob)
	if e := wiretest.Await(t, "failed dial", failed); !errors.Is(e.Err, wire.ErrClassical) {
		t.Errorf("got %v, want ErrClassical", e.Err)
	}
	_, err := bob.Call(t.Context(), alice.ID(), wiretest.Echo, nil)
	if !errors.Is(err, wire.ErrNotConnected) {
		t.Errorf("got %v, want ErrNotConnected", err)
	}
}

func TestAPeerThatIsPutOnTheListIsLetInWithoutARestart(t *testing.T) {
	allow := wire.NewAllowList()
	alice := newHost(t, 1, func(c *wire.Config) { c.Listen, c.Allow = loopback, allow })
	bob := newHost(t, 2, func(c *wire.Config) { c.Dial, c.Allow = alice.Addresses(), wire.NewAllowList(alice.ID()) })
	served := wiretest.NewPeer()
	bob.Serve(served, served)
	wiretest.Start(t, alice)
	wiretest.Start(t, bob)
	allow.Replace(bob.ID())
	wiretest.AwaitUp(t, alice, bob.ID())
	if len(bob.Addresses()) != 0 {
		t.Errorf("the node listens at %v", bob.Addresses())
	}
	ctx, cancel := context.WithTimeout(t.Context(), wiretest.Patience)
	defer cancel()
	if _, err := alice.Call(ctx, bob.ID(), wiretest.Echo, []byte("x")); err != nil {
		t.Errorf("call of the node: %v", err)
	}
}
