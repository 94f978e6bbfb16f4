package wire

import (
	"fmt"

	"github.com/multiformats/go-multiaddr"
)

// Address is where a peer listens:
// "/dns4/locus.example.org/tcp/7800/p2p/12D3KooW…".
type Address struct {
	Peer PeerID
	at   multiaddr.Multiaddr // without the peer
}

// maxAddressText bounds an address before it is parsed: a DNS name has at most
// 253 characters, a peer id 52.
const maxAddressText = 400

// ParseAddress checks the text form of an address: an IP address or a DNS name,
// a TCP port, a peer id, and nothing else.
func ParseAddress(s string) (Address, error) {
	fault := func(why string) error {
		return fmt.Errorf("%w: address %q: %s (want /dns4/HOST/tcp/PORT/p2p/PEER or /ip4/…)", ErrConfig, s, why)
	}
	if len(s) > maxAddressText {
		return Address{}, fmt.Errorf("%w: an address of %d characters, at most %d", ErrConfig, len(s), maxAddressText)
	}
	whole, err := multiaddr.NewMultiaddr(s)
	if err != nil {
		return Address{}, fault("not a multiaddress")
	}
	if len(whole) != 3 || whole[2].Protocol().Code != multiaddr.P_P2P {
		return Address{}, fault("has no peer id at its end")
	}
	id, err := ParsePeerID(whole[2].Value())
	if err != nil {
		return Address{}, fmt.Errorf("%w: address %q: %w", ErrConfig, s, err)
	}
	at := whole[:2]
	if !isTCP(at) || !isIP(at) && !isName(at) {
		return Address{}, fault("not a host and a TCP port")
	}
	return Address{Peer: id, at: at}, nil
}

// String returns the text form.
func (a Address) String() string {
	if a.at == nil {
		return ""
	}
	return a.at.String() + "/p2p/" + string(a.Peer)
}

// parseListen checks an address to listen on: an IP address and a TCP port.
func parseListen(s string) (multiaddr.Multiaddr, error) {
	at, err := multiaddr.NewMultiaddr(s)
	if err != nil || len(at) != 2 || !isTCP(at) || !isIP(at) {
		return nil, fmt.Errorf("%w: cannot listen on %q (want /ip4/ADDRESS/tcp/PORT)", ErrConfig, s)
	}
	return at, nil
}

func isTCP(at multiaddr.Multiaddr) bool {
	return len(at) == 2 && at[1].Protocol().Code == multiaddr.P_TCP
}

func isIP(at multiaddr.Multiaddr) bool {
	code := at[0].Protocol().Code
	return code == multiaddr.P_IP4 || code == multiaddr.P_IP6
}
