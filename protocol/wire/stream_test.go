package wire_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

// newMembers returns two members of a coordinator and a node, who is allowed and
// no member. All dial the first; the second dials as it needs.
func newMembers(t *testing.T) (alice, bob, node *wire.Host) {
	t.Helper()
	allow := wire.NewAllowList(wiretest.NewID(t, 1), wiretest.NewID(t, 2), wiretest.NewID(t, 4))
	members := wire.NewAllowList(wiretest.NewID(t, 1), wiretest.NewID(t, 2))
	alice = newHost(t, 1, func(c *wire.Config) { c.Listen, c.Allow, c.Members = loopback, allow, members })
	bob = newHost(t, 2, func(c *wire.Config) { c.Dial, c.Allow, c.Members = alice.Addresses(), allow, members })
	node = newHost(t, 4, func(c *wire.Config) { c.Dial, c.Allow, c.Members = alice.Addresses(), allow, members })
	wiretest.Start(t, alice)
	return alice, bob, node
}

func TestMembersOpenStreamsThatAreConnections(t *testing.T) {
	alice, bob, _ := newMembers(t)
	l := alice.StreamListener("raft/1")
	defer l.Close()
	out, err := bob.DialStream(t.Context(), alice.ID(), "raft/1") // dials: bob does not run
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.Write([]byte("append")); err != nil {
		t.Fatal(err)
	}
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	got := make([]byte, 6)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "append" {
		t.Errorf("got %q, %v", got, err)
	}
	for what, pair := range map[string][2]string{
		"accepted from": {in.RemoteAddr().String(), string(bob.ID())},
		"accepted at":   {in.LocalAddr().String(), string(alice.ID())},
		"dialled to":    {out.RemoteAddr().String(), string(alice.ID())},
		"dialled from":  {out.LocalAddr().String(), string(bob.ID())},
		"listening at":  {l.Addr().String(), string(alice.ID())},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s %s, want %s", what, pair[0], pair[1])
		}
	}
	if err := in.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var slow net.Error
	if _, err := in.Read(got); !errors.As(err, &slow) || !slow.Timeout() {
		t.Errorf("a read past its deadline: %v, want a timeout", err)
	}
}

func TestStreamsAreForMembersAlone(t *testing.T) {
	alice, bob, node := newMembers(t)
	l := alice.StreamListener("raft/1")
	defer l.Close()
	// The node's own list names alice a member, hers does not name the node.
	conn, err := node.DialStream(t.Context(), alice.ID(), "raft/1")
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(wiretest.Patience))
		_, _ = conn.Write([]byte("x"))
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	if err == nil {
		t.Error("the node was answered")
	}
	_, err = bob.DialStream(t.Context(), node.ID(), "raft/1")
	if !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("a stream to a node: %v, want ErrNotAllowed", err)
	}
	_, err = alice.DialStream(t.Context(), bob.ID(), "raft/1")
	if !errors.Is(err, wire.ErrNotConnected) {
		t.Errorf("a stream to a member that is neither connected nor configured: %v, want ErrNotConnected", err)
	}
	// The next stream that Accept returns is bob's: the node's never came in.
	out, err := bob.DialStream(t.Context(), alice.ID(), "raft/1")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if in.RemoteAddr().String() != string(bob.ID()) {
		t.Errorf("accepted a stream from %s", in.RemoteAddr())
	}
}

func TestAListenerThatIsClosedAcceptsNothing(t *testing.T) {
	alice, _, _ := newMembers(t)
	l := alice.StreamListener("raft/1")
	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if err := wiretest.Await(t, "end of Accept", ended); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want net.ErrClosed", err)
	}
}
