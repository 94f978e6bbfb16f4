package wiretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/protocol/wire"
)

// Pair is two transports that run and are connected with each other.
type Pair struct {
	Alice, Bob             wire.Transport
	AliceAllows, BobAllows *wire.AllowList
	// Absent is allowed by both and connected with neither.
	Absent wire.PeerID
}

// Run runs the suite. Connect makes a pair with the table Kinds, and starts both
// with Start.
func Run(t *testing.T, connect func(*testing.T) Pair) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Pair)
	}{
		{"a call is answered in both directions", answered},
		{"a message may be empty or exactly as long as allowed", lengths},
		{"a request that is too long is not sent", longRequest},
		{"a response that is too long is the peer's failure", longResponse},
		{"an error crosses as its code, others as internal", codes},
		{"a peer without handlers is unavailable", unserved},
		{"an unknown kind is not sent", unknownKind},
		{"a peer that is absent or not allowed is not called", unreachable},
		{"a call ends at its kind's deadline", deadline},
		{"a call ends when its context does", cancelled},
		{"calls beyond a peer's share are turned away, transfers are not", busy},
		{"bytes are pulled whole and from an offset", pulled},
		{"bytes other than those asked for are refused", otherBytes},
		{"a transfer that breaks resumes to the same bytes", resumed},
		{"an error of the caller's writer is returned", badWriter},
		{"a peer that is taken from the list loses its connection", struck},
		{"a second Run is refused", secondRun},
		{"nobody is connected after Close", closed},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, connect(t)) })
	}
}

// serve gives both ends a peer.
func serve(p Pair) (alice, bob *Peer) {
	alice, bob = NewPeer(), NewPeer()
	p.Alice.Serve(alice, alice)
	p.Bob.Serve(bob, bob)
	return alice, bob
}

// Random returns bytes that depend on the seed alone.
func Random(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	content := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(content)
	return content
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func answered(t *testing.T, p Pair) {
	alice, bob := serve(p)
	for _, way := range []struct {
		from, to wire.Transport
		answers  *Peer
	}{{p.Alice, p.Bob, bob}, {p.Bob, p.Alice, alice}} {
		got, err := way.from.Call(t.Context(), way.to.ID(), Echo, []byte("who is there"))
		if err != nil || string(got) != "who is there" {
			t.Fatalf("got %q, %v", got, err)
		}
		if calls := way.answers.Calls(); !slices.Equal(calls, []wire.PeerID{way.from.ID()}) {
			t.Errorf("the handler saw callers %v, want %v", calls, way.from.ID())
		}
	}
}

func lengths(t *testing.T, p Pair) {
	serve(p)
	for _, n := range []int{0, 1, 127, 128, 16_383, 16_384, EchoLimit} {
		request := Random(uint64(n), n)
		got, err := p.Alice.Call(t.Context(), p.Bob.ID(), Echo, request)
		if err != nil || !bytes.Equal(got, request) {
			t.Errorf("%d bytes: got %d bytes, %v", n, len(got), err)
		}
	}
}

func longRequest(t *testing.T, p Pair) {
	_, bob := serve(p)
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Echo, make([]byte, EchoLimit+1))
	wantError(t, err, wire.ErrFrame)
	if calls := bob.Calls(); len(calls) != 0 {
		t.Errorf("the handler was called %d times", len(calls))
	}
}

func longResponse(t *testing.T, p Pair) {
	_, bob := serve(p)
	bob.Failure = func(wire.PeerID) ([]byte, error) { return make([]byte, 11), nil }
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Fail, nil)
	wantError(t, err, wire.CodeInternal)
}

func codes(t *testing.T, p Pair) {
	_, bob := serve(p)
	for code := wire.CodeInternal; code <= wire.CodeUnsupported; code++ {
		bob.Failure = func(wire.PeerID) ([]byte, error) { return nil, fmt.Errorf("sample NA12878: %w", code) }
		_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Fail, nil)
		wantError(t, err, code)
		if bytes.Contains([]byte(fmt.Sprint(err)), []byte("NA12878")) {
			t.Errorf("the handler's text crossed: %v", err)
		}
	}
	for cause, code := range map[error]wire.Code{
		io.ErrUnexpectedEOF: wire.CodeInternal, wire.Code(0): wire.CodeInternal, wire.Code(77): wire.CodeInternal,
		context.DeadlineExceeded: wire.CodeDeadline, context.Canceled: wire.CodeUnavailable,
	} {
		bob.Failure = func(wire.PeerID) ([]byte, error) { return nil, cause }
		_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Fail, nil)
		wantError(t, err, code)
	}
}

func unserved(t *testing.T, p Pair) {
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Echo, nil)
	wantError(t, err, wire.CodeUnavailable)
	_, err = p.Alice.Pull(t.Context(), p.Bob.ID(), wire.Item{Size: 1}, 0, io.Discard)
	wantError(t, err, wire.CodeUnavailable)
}

func unknownKind(t *testing.T, p Pair) {
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), 200, nil)
	wantError(t, err, wire.ErrKind)
}

func unreachable(t *testing.T, p Pair) {
	serve(p)
	for to, want := range map[wire.PeerID]error{p.Absent: wire.ErrNotConnected, NewID(t, 99): wire.ErrNotAllowed, "nonsense": wire.ErrNotAllowed} {
		_, err := p.Alice.Call(t.Context(), to, Echo, nil)
		wantError(t, err, want)
		_, err = p.Alice.Pull(t.Context(), to, wire.Item{Size: 1}, 0, io.Discard)
		wantError(t, err, want)
	}
}

func deadline(t *testing.T, p Pair) {
	_, bob := serve(p)
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Hasty, nil)
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, wire.CodeDeadline) {
		t.Errorf("got error %v, want a deadline", err)
	}
	Await(t, "held call", bob.Held())
}

func cancelled(t *testing.T, p Pair) {
	_, bob := serve(p)
	defer bob.LetGo()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := p.Alice.Call(ctx, p.Bob.ID(), Hold, nil)
		failed <- err
	}()
	Await(t, "held call", bob.Held())
	cancel()
	wantError(t, Await(t, "end of the call", failed), context.Canceled)
}

func busy(t *testing.T, p Pair) {
	_, bob := serve(p)
	const share = 16
	ended := make(chan error, share)
	for range share {
		go func() {
			_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Hold, nil)
			ended <- err
		}()
	}
	for range share {
		Await(t, "held call", bob.Held())
	}
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Echo, nil)
	wantError(t, err, wire.CodeBusy)
	if _, err := p.Alice.Pull(t.Context(), p.Bob.ID(), bob.Store("x", []byte("x")), 0, io.Discard); err != nil {
		t.Errorf("a transfer meanwhile: %v", err)
	}
	bob.LetGo()
	for range share {
		if err := Await(t, "end of a call", ended); err != nil {
			t.Errorf("a held call: %v", err)
		}
	}
}

func pulled(t *testing.T, p Pair) {
	_, bob := serve(p)
	content := Random(1, 700_001)
	for _, test := range []struct {
		content []byte
		offset  int64
	}{
		{nil, 0}, {content[:1], 0}, {content, 0}, {content, 1}, {content, 262_144}, {content, 700_000}, {content, 700_001},
	} {
		item := bob.Store("item", test.content)
		var got bytes.Buffer
		n, err := p.Alice.Pull(t.Context(), p.Bob.ID(), item, test.offset, &got)
		if err != nil || n != int64(got.Len()) || !bytes.Equal(got.Bytes(), test.content[test.offset:]) {
			t.Errorf("%d bytes from %d: got %d bytes (says %d), %v", len(test.content), test.offset, got.Len(), n, err)
		}
		Await(t, "closed body", bob.Closed())
	}
	_, err := p.Alice.Pull(t.Context(), p.Bob.ID(), wire.Item{ID: [32]byte{7}, Size: 1}, 0, io.Discard)
	wantError(t, err, wire.CodeNotFound)
	_, err = p.Alice.Pull(t.Context(), p.Bob.ID(), wire.Item{Size: 1}, 2, io.Discard)
	wantError(t, err, wire.ErrFrame)
	_, err = p.Alice.Pull(t.Context(), p.Bob.ID(), wire.Item{Size: 1}, -1, io.Discard)
	wantError(t, err, wire.ErrFrame)
}

func otherBytes(t *testing.T, p Pair) {
	_, bob := serve(p)
	item := bob.Store("item", Random(2, 100_000))
	shorter, longer, other := item, item, item
	shorter.Size--
	longer.Size++
	other.Digest[31] ^= 1
	for name, want := range map[string]wire.Item{"another size": shorter, "a larger size": longer, "another digest": other} {
		var got bytes.Buffer
		_, err := p.Alice.Pull(t.Context(), p.Bob.ID(), want, 0, &got)
		if !errors.Is(err, wire.ErrDigest) || got.Len() != 0 {
			t.Errorf("%s: got %d bytes, %v; want ErrDigest before the first", name, got.Len(), err)
		}
	}
	bob.Falsify(item)
	_, err := p.Alice.Pull(t.Context(), p.Bob.ID(), item, 0, io.Discard)
	wantError(t, err, wire.ErrDigest)
}

func resumed(t *testing.T, p Pair) {
	_, bob := serve(p)
	content := Random(3, 900_000)
	item := bob.Store("item", content)
	bob.Body = func(r io.Reader) io.Reader {
		return io.MultiReader(io.LimitReader(r, 300_000), broken{})
	}
	var got bytes.Buffer
	n, err := p.Alice.Pull(t.Context(), p.Bob.ID(), item, 0, &got)
	if err == nil || n == 900_000 || n != int64(got.Len()) {
		t.Fatalf("the transfer should have broken: %d bytes, %v", n, err)
	}
	bob.Body = nil
	if _, err := p.Alice.Pull(t.Context(), p.Bob.ID(), item, n, &got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), content) {
		t.Error("the resumed bytes differ")
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, wire.ErrBroken }

func badWriter(t *testing.T, p Pair) {
	_, bob := serve(p)
	item := bob.Store("item", Random(4, 1000))
	n, err := p.Alice.Pull(t.Context(), p.Bob.ID(), item, 0, fullDisk{})
	if n != 0 {
		t.Errorf("says that %d bytes were written", n)
	}
	wantError(t, err, io.ErrShortWrite)
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func struck(t *testing.T, p Pair) {
	serve(p)
	p.AliceAllows.Replace()
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Echo, nil)
	wantError(t, err, wire.ErrNotAllowed)
	AwaitDown(t, p.Alice, p.Bob.ID())
	AwaitDown(t, p.Bob, p.Alice.ID())
}

func secondRun(t *testing.T, p Pair) {
	// A call that is answered shows that the first Run has begun.
	serve(p)
	if _, err := p.Bob.Call(t.Context(), p.Alice.ID(), Echo, nil); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.Alice.Run(t.Context()), wire.ErrRunning)
}

func closed(t *testing.T, p Pair) {
	serve(p)
	if err := p.Alice.Close(); err != nil {
		t.Fatal(err)
	}
	if peers, _ := p.Alice.Peers(); len(peers) != 0 {
		t.Errorf("still connected with %v", peers)
	}
	_, err := p.Alice.Call(t.Context(), p.Bob.ID(), Echo, nil)
	wantError(t, err, wire.ErrNotConnected)
	AwaitDown(t, p.Bob, p.Alice.ID())
}

// NewID returns the peer id of a seed.
func NewID(t *testing.T, seed byte) wire.PeerID {
	t.Helper()
	return NewIdentity(t, seed).ID()
}

// NewIdentity returns the identity of a seed.
func NewIdentity(t *testing.T, seed byte) wire.Identity {
	t.Helper()
	id, err := wire.NewIdentity([32]byte{seed})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
