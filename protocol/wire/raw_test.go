package wire_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

// mallory is a peer that has libp2p and not our code.
type mallory struct {
	t *testing.T
	host.Host
}

var (
	withTLS       = libp2p.Security(libp2ptls.ID, libp2ptls.New)
	withNoise     = libp2p.Security(noise.ID, noise.New)
	withClassical = libp2p.Security(libp2ptls.ID, newClassicalTLS)
)

// newMallory makes a listening peer with the identity of a seed.
func newMallory(t *testing.T, seed byte, security libp2p.Option) *mallory {
	t.Helper()
	key, err := crypto.UnmarshalEd25519PrivateKey(privateKey(seed))
	if err != nil {
		t.Fatal(err)
	}
	h, err := libp2p.New(libp2p.Identity(key), security, libp2p.Transport(tcp.NewTCPTransport),
		libp2p.ListenAddrStrings(loopback...), libp2p.DisableRelay(), libp2p.DisableMetrics(),
		libp2p.ResourceManager(&network.NullResourceManager{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return &mallory{t, h}
}

func privateKey(seed byte) []byte {
	return ed25519.NewKeyFromSeed(append([]byte{seed}, make([]byte, 31)...))
}

// address is where mallory listens.
func (m *mallory) address() wire.Address {
	m.t.Helper()
	a, err := wire.ParseAddress(m.Network().ListenAddresses()[0].String() + "/p2p/" + m.ID().String())
	if err != nil {
		m.t.Fatal(err)
	}
	return a
}

// connect dials a host. With TLS 1.3 it may succeed although the host refuses.
func (m *mallory) connect(to *wire.Host) error {
	m.t.Helper()
	info, err := peer.AddrInfoFromString(to.Addresses()[0].String())
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), wiretest.Patience)
	defer cancel()
	return m.Connect(ctx, *info)
}

// reaches reports whether a connection is good enough for a stream to be opened.
func (m *mallory) reaches(to *wire.Host) error {
	if err := m.connect(to); err != nil {
		return err
	}
	s, err := m.open(to, "/locus/call/1")
	if err != nil {
		return err
	}
	defer s.Reset()
	if _, err := s.Write([]byte{byte(wiretest.Echo), 1, 'x'}); err != nil {
		return err
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	var answer [3]byte
	if _, err := s.Read(answer[:]); err != nil {
		return err
	}
	return nil
}

// open starts a stream to a host that is connected.
func (m *mallory) open(to *wire.Host, id protocol.ID) (network.Stream, error) {
	m.t.Helper()
	p, err := peer.Decode(string(to.ID()))
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), wiretest.Patience)
	defer cancel()
	s, err := m.NewStream(network.WithNoDial(ctx, "test"), p, id)
	if err != nil {
		return nil, err
	}
	return s, s.SetDeadline(time.Now().Add(wiretest.Patience))
}

// classicalTLS is libp2p's TLS of a peer that knows X25519 alone.
type classicalTLS struct {
	id       protocol.ID
	identity *libp2ptls.Identity
	local    peer.ID
}

func newClassicalTLS(id protocol.ID, key crypto.PrivKey, _ []upgrader.StreamMuxer) (*classicalTLS, error) {
	identity, err := libp2ptls.NewIdentity(key)
	if err != nil {
		return nil, err
	}
	local, err := peer.IDFromPrivateKey(key)
	return &classicalTLS{id, identity, local}, err
}

func (c *classicalTLS) ID() protocol.ID { return c.id }

func (c *classicalTLS) SecureInbound(ctx context.Context, insecure net.Conn, p peer.ID) (sec.SecureConn, error) {
	return c.handshake(ctx, insecure, p, tls.Server)
}

func (c *classicalTLS) SecureOutbound(ctx context.Context, insecure net.Conn, p peer.ID) (sec.SecureConn, error) {
	return c.handshake(ctx, insecure, p, tls.Client)
}

func (c *classicalTLS) handshake(ctx context.Context, insecure net.Conn, p peer.ID, side func(net.Conn, *tls.Config) *tls.Conn) (sec.SecureConn, error) {
	cfg, keys := c.identity.ConfigForPeer(p)
	cfg.CurvePreferences = []tls.CurveID{tls.X25519}
	conn := side(insecure, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, insecure.Close())
	}
	remoteKey := <-keys
	remote, err := peer.IDFromPublicKey(remoteKey)
	return &classicalConn{Conn: conn, local: c.local, remote: remote, key: remoteKey}, err
}

type classicalConn struct {
	*tls.Conn
	local, remote peer.ID
	key           crypto.PubKey
}

func (c *classicalConn) LocalPeer() peer.ID                 { return c.local }
func (c *classicalConn) RemotePeer() peer.ID                { return c.remote }
func (c *classicalConn) RemotePublicKey() crypto.PubKey     { return c.key }
func (c *classicalConn) ConnState() network.ConnectionState { return network.ConnectionState{} }

func protocolID(name string) protocol.ID { return protocol.ID("/locus/" + name + "/1") }
