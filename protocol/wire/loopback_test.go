package wire_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

func TestLoopbackIsATransport(t *testing.T) {
	wiretest.Run(t, func(t *testing.T) wiretest.Pair {
		_, p := newLoopbacks(t)
		return p
	})
}

// newLoopbacks returns alice and bob, linked and running.
func newLoopbacks(t *testing.T) (*wire.Network, wiretest.Pair) {
	t.Helper()
	n, err := wire.NewNetwork(wiretest.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	p := wiretest.Pair{Absent: wiretest.NewID(t, 3)}
	alice, bob := wiretest.NewID(t, 1), wiretest.NewID(t, 2)
	p.AliceAllows = wire.NewAllowList(bob, p.Absent)
	p.BobAllows = wire.NewAllowList(alice, p.Absent)
	p.Alice = join(t, n, alice, p.AliceAllows)
	p.Bob = join(t, n, bob, p.BobAllows)
	if err := n.Link(alice, bob); err != nil {
		t.Fatal(err)
	}
	return n, p
}

func join(t *testing.T, n *wire.Network, id wire.PeerID, allow *wire.AllowList) *wire.Loopback {
	t.Helper()
	l, err := n.Join(id, allow)
	if err != nil {
		t.Fatal(err)
	}
	wiretest.Start(t, l)
	return l
}

// Faults are virtual time: the tests run in a bubble.

func TestFaultsBefallCallsAsTold(t *testing.T) {
	only := func(want wire.Passage, fault wire.Fault) func(wire.Passage) wire.Fault {
		return func(p wire.Passage) wire.Fault {
			if p.Kind == want.Kind && p.Reply == want.Reply && p.Nth == want.Nth {
				return fault
			}
			return wire.Fault{}
		}
	}
	request, reply := wire.Passage{Kind: wiretest.Echo}, wire.Passage{Kind: wiretest.Echo, Reply: true}
	second := wire.Passage{Kind: wiretest.Echo, Nth: 1}
	for _, test := range []struct {
		name   string
		faults func(wire.Passage) wire.Fault
		want   []error       // of three calls of Echo
		calls  int           // that reached the handler
		took   time.Duration // all three
	}{
		{"none", nil, []error{nil, nil, nil}, 3, 0},
		{"a lost request waits for its deadline", only(request, wire.Fault{Lose: true}), []error{context.DeadlineExceeded, nil, nil}, 2, time.Minute},
		{"a lost reply was answered", only(reply, wire.Fault{Lose: true}), []error{context.DeadlineExceeded, nil, nil}, 3, time.Minute},
		{"a request that comes twice is answered twice", only(second, wire.Fault{Twice: true}), []error{nil, nil, nil}, 4, 0},
		{"a late request arrives", only(request, wire.Fault{Delay: time.Second}), []error{nil, nil, nil}, 3, time.Second},
		{"one later than its deadline does not", only(second, wire.Fault{Delay: time.Hour}), []error{nil, context.DeadlineExceeded, nil}, 2, time.Minute},
		{"a stream that breaks on the way there", only(second, wire.Fault{Break: true}), []error{nil, wire.ErrBroken, nil}, 2, 0},
		{"a stream that breaks on the way back", only(reply, wire.Fault{Break: true}), []error{wire.ErrBroken, nil, nil}, 3, 0},
		{"a connection that is cut stays so", only(second, wire.Fault{Unlink: true}), []error{nil, wire.ErrBroken, wire.ErrNotConnected}, 1, 0},
		{"faults of another kind do not matter", only(wire.Passage{Kind: wiretest.Fail}, wire.Fault{Break: true}), []error{nil, nil, nil}, 3, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, p := newLoopbacks(t)
				bob := wiretest.NewPeer()
				p.Bob.Serve(bob, bob)
				n.SetFaults(test.faults)
				began := time.Now()
				for i, want := range test.want {
					if _, err := p.Alice.Call(t.Context(), p.Bob.ID(), wiretest.Echo, nil); !errors.Is(err, want) {
						t.Errorf("call %d: got %v, want %v", i, err, want)
					}
				}
				if took := time.Since(began); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if calls := len(bob.Calls()); calls != test.calls {
					t.Errorf("the handler was called %d times, want %d", calls, test.calls)
				}
			})
		})
	}
}

func TestATransferBreaksWhereToldAndResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, p := newLoopbacks(t)
		bob := wiretest.NewPeer()
		p.Bob.Serve(bob, bob)
		content := wiretest.Random(9, 1_000_000)
		item := bob.Store("item", content)
		const after = 123_457
		breaks := 0
		n.SetFaults(func(p wire.Passage) wire.Fault { return wire.Fault{Break: p.Bytes, After: after} })
		var got bytes.Buffer
		for offset := int64(0); offset < item.Size; breaks++ {
			written, err := p.Alice.Pull(t.Context(), p.Bob.ID(), item, offset, &got)
			if offset += written; offset < item.Size && (!errors.Is(err, wire.ErrBroken) || written != after) {
				t.Fatalf("%d bytes, %v", written, err)
			}
		}
		if !bytes.Equal(got.Bytes(), content) || breaks != 9 {
			t.Errorf("got %d bytes after %d parts, want %d after 9", got.Len(), breaks, len(content))
		}
	})
}

func TestALinkThatIsCutEndsTheCallOnIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, p := newLoopbacks(t)
		bob := wiretest.NewPeer()
		p.Bob.Serve(bob, bob)
		ended := make(chan error, 1)
		go func() {
			_, err := p.Alice.Call(t.Context(), p.Bob.ID(), wiretest.Hold, nil)
			ended <- err
		}()
		<-bob.Held()
		n.Unlink(p.Alice.ID(), p.Bob.ID())
		if err := <-ended; !errors.Is(err, wire.ErrBroken) {
			t.Errorf("got %v, want ErrBroken", err)
		}
		bob.LetGo()
		if err := n.Link(p.Bob.ID(), p.Alice.ID()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Alice.Call(t.Context(), p.Bob.ID(), wiretest.Echo, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestLinksNeedBothLists(t *testing.T) {
	n, p := newLoopbacks(t)
	stranger := join(t, n, wiretest.NewID(t, 5), wire.NewAllowList(p.Alice.ID()))
	if err := n.Link(stranger.ID(), p.Alice.ID()); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("got %v, want ErrNotAllowed", err)
	}
	if err := n.Link(p.Alice.ID(), p.Absent); !errors.Is(err, wire.ErrNotConnected) {
		t.Errorf("got %v, want ErrNotConnected", err)
	}
	if _, err := n.Join(p.Alice.ID(), nil); !errors.Is(err, wire.ErrConfig) {
		t.Errorf("joining twice: %v, want ErrConfig", err)
	}
}
