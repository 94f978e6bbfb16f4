package wire

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/gologshim"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"
)

// Host is a Transport over libp2p: TCP, TLS 1.3 with an ML-KEM hybrid, yamux,
// and none of the rest of libp2p.
type Host struct {
	cfg     Config
	dial    map[PeerID][]multiaddr.Multiaddr
	p2p     host.Host
	life    life
	serving atomic.Pointer[served]
	changed signal
	calls   *slots
	pulls   *slots
	once    sync.Once // of closing closed
	closed  chan struct{}
}

// userAgent is all that identify tells peers about the program.
const userAgent = "locus"

// NewHost opens the ports of cfg.Listen, if any. Nothing is dialled or answered
// before Run. The caller MUST Close it.
func NewHost(cfg Config) (*Host, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	gologshim.SetDefaultHandler(cfg.Log)
	h := &Host{
		cfg:    cfg,
		dial:   make(map[PeerID][]multiaddr.Multiaddr),
		calls:  newSlots(callsPerPeer),
		pulls:  newSlots(pullsPerPeer),
		closed: make(chan struct{}),
	}
	for _, a := range cfg.Dial {
		h.dial[a.Peer] = append(h.dial[a.Peer], a.at)
	}
	opts, err := h.options()
	if err != nil {
		return nil, err
	}
	if h.p2p, err = libp2p.New(opts...); err != nil {
		return nil, fmt.Errorf("start libp2p: %w", err)
	}
	h.p2p.Network().Notify(h.notifiee())
	h.p2p.SetStreamHandler(callProtocol, h.inbound(h.calls, h.serveCall))
	h.p2p.SetStreamHandler(bulkProtocol, h.inbound(h.pulls, h.serveBulk))
	return h, nil
}

// options turns on what is used and off what is not.
func (h *Host) options() ([]libp2p.Option, error) {
	key, err := crypto.UnmarshalEd25519PrivateKey(h.cfg.Identity.key)
	if err != nil {
		return nil, fmt.Errorf("network key: %w", err)
	}
	limits, err := resources()
	if err != nil {
		return nil, fmt.Errorf("resource limits: %w", err)
	}
	refused := func(id PeerID, err error) { h.cfg.Observe(Event{What: Refused, Peer: id, Err: err}) }
	dialer := func(multiaddr.Multiaddr) (tcp.ContextDialer, error) { return h.cfg.Dialer, nil }
	opts := []libp2p.Option{
		libp2p.Identity(key),
		libp2p.UserAgent(userAgent),
		libp2p.Transport(tcp.NewTCPTransport, tcp.WithDialerForAddr(dialer)),
		libp2p.Security(libp2ptls.ID, newHybridTLS(refused)), // naming one drops the default, which has Noise
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ConnectionGater(&gate{allow: h.cfg.Allow, dial: h.dial, refused: refused}),
		libp2p.ResourceManager(limits),
		libp2p.ConnectionManager(connmgr.NullConnMgr{}), // the allow-list bounds connections; none is trimmed
		libp2p.NoListenAddrs,
		libp2p.DisableRelay(),
		libp2p.Ping(false),
		libp2p.DisableMetrics(),
		libp2p.DisableIdentifyAddressDiscovery(),
	}
	for _, s := range h.cfg.Listen {
		opts = append(opts, libp2p.ListenAddrStrings(s))
	}
	return opts, nil
}

// ID is this peer.
func (h *Host) ID() PeerID { return h.cfg.Identity.id }

// Addresses returns where this peer listens, for others' Config.Dial.
func (h *Host) Addresses() []Address {
	at, err := h.p2p.Network().InterfaceListenAddresses()
	if err != nil {
		return nil
	}
	addresses := make([]Address, 0, len(at))
	for _, a := range at {
		addresses = append(addresses, Address{Peer: h.ID(), at: a})
	}
	return addresses
}

// Serve says who answers from now on.
func (h *Host) Serve(calls Handler, bulk BulkHandler) {
	h.serving.Store(&served{calls: calls, bulk: bulk})
}

// Run keeps a connection up to every peer in Config.Dial, closes connections
// that are no longer allowed, and lets inbound calls in, until ctx ends.
func (h *Host) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return h.life.run(ctx) })
	work.Go(func() error { h.enforce(ctx); return nil })
	for id := range h.dial {
		work.Go(func() error { h.keep(ctx, id); return nil })
	}
	return work.Wait()
}

// Peers returns who is connected and allowed, and a channel that is closed when
// that may have changed.
func (h *Host) Peers() ([]PeerID, <-chan struct{}) {
	changed := h.changed.next()
	var connected []PeerID
	for _, p := range h.p2p.Network().Peers() {
		if id := PeerID(p.String()); h.cfg.Allow.Allows(id) {
			connected = append(connected, id)
		}
	}
	slices.Sort(connected)
	return connected, changed
}

// Close ends every connection and frees the ports.
func (h *Host) Close() error {
	h.once.Do(func() { close(h.closed) })
	err := h.p2p.Close()
	h.changed.fire()
	return err
}

// enforce closes the connections of peers that were taken from the list.
func (h *Host) enforce(ctx context.Context) {
	for {
		replaced := h.cfg.Allow.next()
		for _, p := range h.p2p.Network().Peers() {
			if !h.cfg.Allow.Allows(PeerID(p.String())) {
				_ = h.p2p.Network().ClosePeer(p)
			}
		}
		h.changed.fire()
		select {
		case <-replaced:
		case <-ctx.Done():
			return
		}
	}
}

// notifiee passes libp2p's news of connections on.
func (h *Host) notifiee() network.Notifiee {
	return &network.NotifyBundle{
		ConnectedF: func(n network.Network, c network.Conn) {
			if len(n.ConnsToPeer(c.RemotePeer())) <= 1 {
				h.cfg.Observe(Event{What: Connected, Peer: peerOf(c)})
			}
			h.changed.fire()
		},
		DisconnectedF: func(n network.Network, c network.Conn) {
			if n.Connectedness(c.RemotePeer()) == network.NotConnected {
				h.cfg.Observe(Event{What: Disconnected, Peer: peerOf(c)})
			}
			h.changed.fire()
		},
	}
}

// peerOf returns who is at the other end, as TLS proved it.
func peerOf(c network.Conn) PeerID { return PeerID(c.RemotePeer().String()) }
