package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

func TestPeerIDsHaveOneWrittenForm(t *testing.T) {
	id := wiretest.NewID(t, 1)
	if got, err := wire.ParsePeerID(string(id)); err != nil || got != id {
		t.Errorf("got %s, %v", got, err)
	}
	for name, text := range map[string]string{
		"empty":                    "",
		"cut short":                string(id[:40]),
		"with a space":             string(id) + " ",
		"one letter altered":       "12D3KooX" + string(id[8:]),
		"as a CID":                 "bafzaajaiaejcbw5avvq6uwmlslnx4bzvnbgpxjqspqzxdjcu5rmbqnpgfctgqmgh",
		"an RSA key's hash":        "QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ",
		"a secp256k1 key":          "16Uiu2HAmPLe7Mzm8TsYUubgCAW1aJoeFScxrLj8ppHFivPo97bUZ",
		"longer than any":          strings.Repeat("1", 5000),
		"letters outside base58":   strings.Replace(string(id), "K", "0", 1),
		"a multiaddress in itself": "/p2p/" + string(id),
	} {
		if got, err := wire.ParsePeerID(text); !errors.Is(err, wire.ErrPeerID) {
			t.Errorf("%s: got %q, %v; want ErrPeerID", name, got, err)
		}
	}
}

func TestIdentityHidesItsKey(t *testing.T) {
	id := wiretest.NewIdentity(t, 1)
	encoded, err := json.Marshal(struct{ Key wire.Identity }{id})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(id), fmt.Sprintf("%v %+v %#v %x %d %q", id, id, id, id, id, id), fmt.Sprintf("%+v", struct{ Key wire.Identity }{id}),
		fmt.Sprintf("%v", &id), fmt.Sprintf("%+v", wire.Config{Identity: id}), string(encoded),
	} {
		if !strings.Contains(text, "wire.Identity(…)") {
			t.Errorf("printed as %s", text)
		}
	}
	if _, err := wire.NewIdentity([32]byte{}); !errors.Is(err, wire.ErrConfig) {
		t.Errorf("a seed of zeros: %v, want ErrConfig", err)
	}
}

func TestAddressesAreAHostAPortAndAPeer(t *testing.T) {
	id := string(wiretest.NewID(t, 1))
	for _, good := range []string{
		"/dns4/locus.example.org/tcp/7800/p2p/" + id, "/dns/a/tcp/1/p2p/" + id, "/ip4/192.0.2.1/tcp/7800/p2p/" + id, "/ip6/2001:db8::1/tcp/7800/p2p/" + id,
	} {
		got, err := wire.ParseAddress(good)
		if err != nil || got.String() != good || string(got.Peer) != id {
			t.Errorf("%s: got %v, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", "/", "locus.example.org:7800", "/ip4/192.0.2.1/tcp/7800", "/ip4/192.0.2.1/udp/7800/p2p/" + id, "/ip4/192.0.2.1/p2p/" + id,
		"/ip4/192.0.2.1/udp/7800/quic-v1/p2p/" + id, "/ip4/192.0.2.1/tcp/7800/ws/p2p/" + id, "/tcp/7800/ip4/192.0.2.1/p2p/" + id,
		"/ip4/192.0.2.1/tcp/99999/p2p/" + id, "/dnsaddr/locus.example.org/tcp/1/p2p/" + id, "/unix/tmp/x/p2p/" + id,
		"/ip4/192.0.2.1/tcp/7800/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ",
		"/ip4/192.0.2.1/tcp/7800/p2p/" + id + "/p2p-circuit", strings.Repeat("/ip4/192.0.2.1", 1000),
	} {
		if got, err := wire.ParseAddress(bad); !errors.Is(err, wire.ErrConfig) {
			t.Errorf("%.80q: got %v, %v; want ErrConfig", bad, got, err)
		}
	}
}

func TestConfigNamesAllItsFaults(t *testing.T) {
	id := wiretest.NewIdentity(t, 1)
	self, err := wire.ParseAddress("/ip4/127.0.0.1/tcp/1/p2p/" + string(id.ID()))
	if err != nil {
		t.Fatal(err)
	}
	good := wire.Config{Identity: id, Kinds: wiretest.Kinds()}
	if err := good.Check(); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
	spec := wire.KindSpec{Name: "a", Deadline: time.Second}
	bad := wire.Config{
		Kinds:  wire.Kinds{0: spec, 1: spec, 2: {Name: "", MaxRequest: -1, MaxResponse: wire.MaxFrame + 1}},
		Listen: []string{"0.0.0.0:7800", "/dns4/localhost/tcp/0", "/ip4/0.0.0.0/udp/1"},
		Dial:   []wire.Address{{}},
		Stall:  -1,
	}
	text := fmt.Sprint(bad.Check())
	for _, want := range []string{
		"Identity is missing", "kind 0: zero is no kind", `kind 1: has the name "a" of kind 0`, "kind 2: has no name", "kind 2: MaxRequest -1",
		"kind 2: MaxResponse", "kind 2: Deadline", `"0.0.0.0:7800"`, `"/dns4/localhost/tcp/0"`, `"/ip4/0.0.0.0/udp/1"`, "ParseAddress", "negative",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
	if _, err := wire.NewHost(bad); !errors.Is(err, wire.ErrConfig) {
		t.Errorf("NewHost: %v, want ErrConfig", err)
	}
	good.Dial = []wire.Address{self}
	if err := good.Check(); !errors.Is(err, wire.ErrConfig) {
		t.Errorf("dialling itself: %v, want ErrConfig", err)
	}
}
