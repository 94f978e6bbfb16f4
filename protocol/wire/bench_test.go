package wire_test

import (
	"io"
	"testing"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

// benchmarkPair connects a coordinator with a node that stores an item.
func benchmarkPair(b *testing.B, size int) (alice *wire.Host, bob wire.PeerID, item wire.Item) {
	b.Helper()
	aliceID, err := wire.NewIdentity([32]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	bobID, err := wire.NewIdentity([32]byte{2})
	if err != nil {
		b.Fatal(err)
	}
	allow := wire.NewAllowList(aliceID.ID(), bobID.ID())
	start := func(cfg wire.Config) *wire.Host {
		cfg.Kinds, cfg.Allow = wiretest.Kinds(), allow
		h, err := wire.NewHost(cfg)
		if err != nil {
			b.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- h.Run(b.Context()) }()
		b.Cleanup(func() { <-ended; _ = h.Close() })
		return h
	}
	served := wiretest.NewPeer()
	item = served.Store("item", make([]byte, size))
	alice = start(wire.Config{Identity: aliceID, Listen: loopback})
	start(wire.Config{Identity: bobID, Dial: alice.Addresses()}).Serve(served, served)
	for {
		peers, changed := alice.Peers()
		if len(peers) > 0 {
			return alice, bobID.ID(), item
		}
		<-changed
	}
}

func BenchmarkCall(b *testing.B) {
	alice, bob, _ := benchmarkPair(b, 0)
	request := make([]byte, 1000)
	for b.Loop() {
		if _, err := alice.Call(b.Context(), bob, wiretest.Echo, request); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPull(b *testing.B) {
	const size = 64 << 20
	alice, bob, item := benchmarkPair(b, size)
	b.SetBytes(size)
	for b.Loop() {
		if _, err := alice.Pull(b.Context(), bob, item, 0, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
