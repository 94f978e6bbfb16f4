package wire

import (
	"bytes"
	"errors"
	"testing"
	"testing/iotest"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0}, 10)
	f.Add([]byte{3, 'a', 'b', 'c', 'd'}, 3)
	f.Add([]byte{11}, 10)
	f.Add([]byte{0x80, 0x00}, 10)
	f.Add(bytes.Repeat([]byte{0xff}, 12), MaxFrame)
	f.Add(append([]byte{0xac, 0x02}, make([]byte, 300)...), 300)
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		limit = min(max(limit, 0), MaxFrame)
		r := bytes.NewReader(data)
		frame, err := readFrame(iotest.OneByteReader(r), limit)
		if err != nil {
			if !errors.Is(err, ErrFrame) {
				t.Fatalf("error of another sort: %v", err)
			}
			return
		}
		if len(frame) > limit {
			t.Fatalf("%d bytes, at most %d are allowed", len(frame), limit)
		}
		if used := data[:len(data)-r.Len()]; !bytes.Equal(appendFrame(nil, frame), used) {
			t.Fatalf("% x was read as a frame that is written otherwise", used)
		}
	})
}

func FuzzReadBulkHeader(f *testing.F) {
	f.Add(make([]byte, bulkHeaderSize))
	f.Add(bytes.Repeat([]byte{0xff}, bulkHeaderSize))
	f.Add(bulkHeader{Item{[32]byte{1}, 10, [32]byte{2}}, 7}.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		header, err := readBulkHeader(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrFrame) {
				t.Fatalf("error of another sort: %v", err)
			}
		} else if !bytes.Equal(header.encode(), data[:bulkHeaderSize]) {
			t.Fatal("read as a header that is written otherwise")
		}
		request, err := readBulkRequest(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrFrame) {
				t.Fatalf("error of another sort: %v", err)
			}
		} else if !bytes.Equal(request.encode(), data[:bulkRequestSize]) {
			t.Fatal("read as a request that is written otherwise")
		}
	})
}

func TestAFrameTakesNoMemoryForBytesThatDoNotCome(t *testing.T) {
	announced := []byte{0x80, 0x80, 0x80, 0x08} // 16 MiB, and not a byte of them
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := readFrame(bytes.NewReader(announced), MaxFrame); !errors.Is(err, ErrFrame) {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > 4*firstGrow {
		t.Errorf("%d bytes were allocated", allocated)
	}
}

func TestANameReachesAnyAddressAtItsPort(t *testing.T) {
	for _, test := range []struct {
		configured, addr string
		want             bool
	}{
		{"/ip4/192.0.2.1/tcp/7800", "/ip4/192.0.2.1/tcp/7800", true},
		{"/ip4/192.0.2.1/tcp/7800", "/ip4/192.0.2.2/tcp/7800", false},
		{"/ip4/192.0.2.1/tcp/7800", "/ip4/192.0.2.1/tcp/7801", false},
		{"/dns4/a.example/tcp/7800", "/ip4/192.0.2.1/tcp/7800", true},
		{"/dns/a.example/tcp/7800", "/ip6/2001:db8::1/tcp/7800", true},
		{"/dns4/a.example/tcp/7800", "/ip4/192.0.2.1/tcp/7801", false},
		{"/dns4/a.example/tcp/7800", "/ip4/192.0.2.1/udp/7800", false},
		{"/dns4/a.example/tcp/7800", "/ip4/192.0.2.1/tcp/7800/ws", false},
	} {
		configured, addr := multiaddr.StringCast(test.configured), multiaddr.StringCast(test.addr)
		if got := reaches(configured, addr); got != test.want {
			t.Errorf("%s reaches %s: %v, want %v", test.configured, test.addr, got, test.want)
		}
	}
}

func TestTheGateOpensForAllowedPeersAtConfiguredAddresses(t *testing.T) {
	alice, bob := testPeer(t, 1), testPeer(t, 2)
	here, there := multiaddr.StringCast("/ip4/192.0.2.1/tcp/7800"), multiaddr.StringCast("/ip4/169.254.169.254/tcp/80")
	configured := map[PeerID][]multiaddr.Multiaddr{PeerID(alice.String()): {here}}
	for _, test := range []struct {
		name                    string
		allow                   *AllowList
		peer                    peer.ID
		addr                    multiaddr.Multiaddr
		dial, dialAddr, secured bool
	}{
		{"an allowed and configured peer", NewAllowList(PeerID(alice.String())), alice, here, true, true, true},
		{"at an address of its own choice", NewAllowList(PeerID(alice.String())), alice, there, true, false, true},
		{"an allowed peer that is not configured", NewAllowList(PeerID(bob.String())), bob, here, false, false, true},
		{"a configured peer that is not allowed", NewAllowList(PeerID(bob.String())), alice, here, false, false, false},
		{"nobody is on an empty list", NewAllowList(), alice, here, false, false, false},
		{"nobody is on no list", nil, alice, here, false, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			refusals := 0
			g := &gate{allow: test.allow, dial: configured, refused: func(PeerID, error) { refusals++ }}
			if got := g.InterceptPeerDial(test.peer); got != test.dial {
				t.Errorf("InterceptPeerDial: %v, want %v", got, test.dial)
			}
			if got := g.InterceptAddrDial(test.peer, test.addr); got != test.dialAddr {
				t.Errorf("InterceptAddrDial: %v, want %v", got, test.dialAddr)
			}
			if got := g.InterceptSecured(network.DirInbound, test.peer, nil); got != test.secured || (refusals == 0) != test.secured {
				t.Errorf("InterceptSecured: %v with %d refusals, want %v", got, refusals, test.secured)
			}
		})
	}
}

func testPeer(t *testing.T, seed byte) peer.ID {
	t.Helper()
	identity, err := NewIdentity([32]byte{seed})
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.ID().decode()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
