package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"

	"github.com/locus-genomics/locus/internal/debug"
)

// hybridTLS is libp2p's TLS 1.3 that refuses a classical key exchange. libp2p
// leaves the choice of group to Go's defaults, which offer an ML-KEM hybrid
// first but fall back without an error: for an old peer, or when GODEBUG says
// so. Recorded traffic would then be readable to a later quantum computer.
type hybridTLS struct {
	*libp2ptls.Transport
	refused func(PeerID, error)
}

// newHybridTLS returns the constructor that libp2p.Security wants.
func newHybridTLS(refused func(PeerID, error)) func(protocol.ID, crypto.PrivKey, []upgrader.StreamMuxer) (*hybridTLS, error) {
	return func(id protocol.ID, key crypto.PrivKey, muxers []upgrader.StreamMuxer) (*hybridTLS, error) {
		inner, err := libp2ptls.New(id, key, muxers)
		if err != nil {
			return nil, err
		}
		return &hybridTLS{Transport: inner, refused: refused}, nil
	}
}

// SecureInbound runs the handshake as a server and checks the outcome.
func (t *hybridTLS) SecureInbound(ctx context.Context, insecure net.Conn, p peer.ID) (sec.SecureConn, error) {
	return t.check(t.Transport.SecureInbound(ctx, insecure, p))
}

// SecureOutbound runs the handshake as a client and checks the outcome.
func (t *hybridTLS) SecureOutbound(ctx context.Context, insecure net.Conn, p peer.ID) (sec.SecureConn, error) {
	return t.check(t.Transport.SecureOutbound(ctx, insecure, p))
}

func (t *hybridTLS) check(conn sec.SecureConn, err error) (sec.SecureConn, error) {
	if err != nil {
		return nil, err
	}
	// The type is libp2p's own and embeds *tls.Conn. One that does not say what
	// was negotiated is refused.
	var group tls.CurveID
	if c, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		group = c.ConnectionState().CurveID
	}
	if hybrid(group) || debug.Without(debug.PostQuantum) {
		return conn, nil
	}
	_ = conn.Close()
	err = fmt.Errorf("%w: %v", ErrClassical, group)
	t.refused(PeerID(conn.RemotePeer().String()), err)
	return nil, err
}

// hybrid reports whether a group joins ML-KEM with an elliptic curve.
func hybrid(group tls.CurveID) bool {
	switch group {
	case tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024:
		return true
	}
	return false
}
