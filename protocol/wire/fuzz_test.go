package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/protocol/wire"
)

// FuzzParseAddress feeds addresses as a token or a settings file has them: what is
// accepted is written back as it was read, and names a peer and a TCP port.
func FuzzParseAddress(f *testing.F) {
	const id = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X"
	for _, seed := range []string{
		"", "/", "/p2p/" + id, "/ip4/192.0.2.1/tcp/7800/p2p/" + id, "/ip6/2001:db8::1/tcp/7800/p2p/" + id,
		"/ip6/2001:DB8:0::1/tcp/07800/p2p/" + id, "/dns4/locus.example.org/tcp/7800/p2p/" + id, "/dns/a/tcp/1/p2p/" + id,
		"/ip6zone/eth0/ip6/fe80::1/tcp/1/p2p/" + id, "/ip4/1.2.3.4/tcp/1/ws/p2p/" + id, "/ip4/1.2.3.4/tcp/1/p2p/" + id + "/p2p-circuit",
		"/dns4/" + strings.Repeat("a", 300) + "/tcp/1/p2p/" + id, "/unix/tmp%2Fx/p2p/" + id, "/dns4/a\nb/tcp/1/p2p/" + id,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := wire.ParseAddress(text)
		if err != nil {
			if !errors.Is(err, wire.ErrConfig) {
				t.Fatalf("error of another sort: %v", err)
			}
			return
		}
		again, err := wire.ParseAddress(a.String())
		if err != nil || again.String() != a.String() || again.Peer != a.Peer {
			t.Fatalf("%q was read as %s, which is read as %s: %v", text, a, again, err)
		}
		if _, err := wire.ParsePeerID(string(a.Peer)); err != nil {
			t.Fatalf("%q names no peer: %v", text, err)
		}
	})
}

// FuzzParsePeerID feeds peer ids: equal peers are equal strings.
func FuzzParsePeerID(f *testing.F) {
	for _, seed := range []string{
		"", "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X", "QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ",
		"16Uiu2HAmPLe7Mzm8TsYUubgCAW1aJoeFScxrLj8ppHFivPo97bUZ", "bafzaajaiaejcbw5avvq6uwmlslnx4bzvnbgpxjqspqzxdjcu5rmbqnpgfctgqmgh",
		strings.Repeat("1", 64),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := wire.ParsePeerID(text)
		if err != nil {
			if !errors.Is(err, wire.ErrPeerID) {
				t.Fatalf("error of another sort: %v", err)
			}
		} else if string(id) != text {
			t.Fatalf("%q was read as %q", text, id)
		}
	})
}
