package wire

import (
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// gate is where libp2p asks whether a connection may be. A dial needs a peer
// that is allowed and configured, at a configured address; an inbound
// connection an allowed peer, which is known once TLS has proved who it is.
type gate struct {
	allow   *AllowList
	dial    map[PeerID][]multiaddr.Multiaddr
	refused func(PeerID, error)
}

// InterceptPeerDial is asked before a peer is dialled.
func (g *gate) InterceptPeerDial(p peer.ID) bool {
	id := PeerID(p.String())
	return len(g.dial[id]) > 0 && g.allow.Allows(id)
}

// InterceptAddrDial is asked for each address, after names were resolved.
func (g *gate) InterceptAddrDial(p peer.ID, addr multiaddr.Multiaddr) bool {
	id := PeerID(p.String())
	if !g.allow.Allows(id) {
		return false
	}
	for _, configured := range g.dial[id] {
		if reaches(configured, addr) {
			return true
		}
	}
	return false
}

// InterceptAccept is asked before the peer is known: the resource manager
// bounds these.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured is asked when TLS has proved who the peer is.
func (g *gate) InterceptSecured(_ network.Direction, p peer.ID, _ network.ConnMultiaddrs) bool {
	id := PeerID(p.String())
	if !g.allow.Allows(id) {
		g.refused(id, ErrNotAllowed)
		return false
	}
	return true
}

// InterceptUpgraded is asked last; all has been said.
func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }

// reaches reports whether addr is what a configured address stands for: itself,
// or, for a DNS name, any IP address at its port.
func reaches(configured, addr multiaddr.Multiaddr) bool {
	if configured.Equal(addr) {
		return true
	}
	if !isName(configured) {
		return false
	}
	want, err := configured.ValueForProtocol(multiaddr.P_TCP)
	if err != nil {
		return false
	}
	got, err := addr.ValueForProtocol(multiaddr.P_TCP)
	return err == nil && got == want && len(addr) == 2
}

func isName(addr multiaddr.Multiaddr) bool {
	if len(addr) == 0 {
		return false
	}
	switch addr[0].Protocol().Code {
	case multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6:
		return true
	}
	return false
}
