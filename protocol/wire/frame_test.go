package wire_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

// echoOf is what a caller of Echo sends, with any length in front.
func echoOf(length uint64, payload []byte) []byte {
	return append(binary.AppendUvarint([]byte{byte(wiretest.Echo)}, length), payload...)
}

func TestMalformedRequestsAreResetAndReported(t *testing.T) {
	for _, test := range []struct {
		name     string
		protocol string
		request  []byte
		code     network.StreamErrorCode
		reported bool
	}{
		{"a length above the kind's bound, before its bytes", "call", echoOf(wiretest.EchoLimit+1, nil), network.StreamProtocolViolation, true},
		{"a length of gigabytes", "call", echoOf(1<<34, nil), network.StreamProtocolViolation, true},
		{"a length that never ends", "call", append([]byte{1}, bytes.Repeat([]byte{0xff}, 20)...), network.StreamProtocolViolation, true},
		{"a length in a longer form", "call", []byte{1, 0x81, 0x00, 'x'}, network.StreamProtocolViolation, true},
		{"more bytes than announced", "call", echoOf(1, []byte("xy")), network.StreamProtocolViolation, true},
		{"fewer bytes than announced", "call", echoOf(5, []byte("xy")), network.StreamProtocolViolation, true},
		{"no bytes at all", "call", nil, network.StreamProtocolViolation, true},
		{"a kind that is not in the table", "call", []byte{200, 0}, 0x4c4f00 + network.StreamErrorCode(wire.CodeUnsupported), false},
		{"a transfer cut short", "bulk", make([]byte, 39), network.StreamProtocolViolation, true},
		{"a transfer with bytes after it", "bulk", make([]byte, 41), network.StreamProtocolViolation, true},
		{"a transfer from before the start", "bulk", bytes.Repeat([]byte{0xff}, 40), network.StreamProtocolViolation, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			observe, misbehaved := watched(wire.Misbehaved)
			h := newHost(t, 1, func(c *wire.Config) {
				c.Listen, c.Allow, c.Observe = loopback, wire.NewAllowList(wiretest.NewID(t, 2)), observe
			})
			alice := wiretest.NewPeer()
			h.Serve(alice, alice)
			wiretest.Start(t, h)
			m := newMallory(t, 2, withTLS)
			if err := m.connect(h); err != nil {
				t.Fatal(err)
			}
			s, err := m.open(h, protocolID(test.protocol))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Reset()
			_, writeErr := s.Write(test.request)
			// Requests that are wrong from the start are refused before the end.
			_ = s.CloseWrite()
			_, readErr := io.ReadAll(s)
			var reset *network.StreamError
			if !errors.As(readErr, &reset) || reset.ErrorCode != test.code {
				t.Errorf("got %v (wrote: %v), want a reset with code %#x", readErr, writeErr, test.code)
			}
			if test.reported {
				if e := wiretest.Await(t, "report", misbehaved); !errors.Is(e.Err, wire.ErrFrame) || e.Peer != wiretest.NewID(t, 2) {
					t.Errorf("reported %v", e)
				}
			}
			if calls := alice.Calls(); len(calls) != 0 {
				t.Error("the request reached the handler")
			}
		})
	}
}

// answering returns a host that is connected with a raw peer, which answers each
// stream of a protocol with serve.
func answering(t *testing.T, protocol string, stall time.Duration, serve func(network.Stream)) (h *wire.Host, raw wire.PeerID) {
	t.Helper()
	m := newMallory(t, 2, withTLS)
	m.SetStreamHandler(protocolID(protocol), serve)
	raw = wiretest.NewID(t, 2)
	h = newHost(t, 1, func(c *wire.Config) {
		c.Dial, c.Allow, c.Stall = []wire.Address{m.address()}, wire.NewAllowList(raw), stall
	})
	wiretest.Start(t, h)
	wiretest.AwaitUp(t, h, raw)
	return h, raw
}

// replying answers with fixed bytes.
func replying(answer []byte) func(network.Stream) {
	return func(s network.Stream) {
		_, _ = io.ReadAll(s)
		_, _ = s.Write(answer)
		_ = s.Close()
	}
}

func TestMalformedResponsesAreErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer []byte
	}{
		{"a length above the kind's bound", []byte{0, 11}},
		{"a length of gigabytes", []byte{0, 0xff, 0xff, 0xff, 0xff, 0x3f}},
		{"more bytes than announced", []byte{0, 1, 'x', 'y'}},
		{"fewer bytes than announced", []byte{0, 5, 'x', 'y'}},
		{"no bytes at all", nil},
		{"a success without a frame", []byte{0}},
		{"an unknown code", []byte{99}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, raw := answering(t, "call", 0, replying(test.answer))
			got, err := h.Call(t.Context(), raw, wiretest.Fail, nil)
			if !errors.Is(err, wire.ErrFrame) || got != nil {
				t.Errorf("got %q, %v; want ErrFrame", got, err)
			}
		})
	}
}

func TestTransfersThatBreakTheirAnnouncementAreErrors(t *testing.T) {
	content := wiretest.Random(1, 1000)
	item := wiretest.NewPeer().Store("item", content)
	header := bytes.Join([][]byte{{0}, item.ID[:], binary.BigEndian.AppendUint64(nil, 1000), make([]byte, 8), item.Digest[:]}, nil)
	otherID := bytes.Clone(header)
	otherID[1] ^= 1
	otherOffset := bytes.Clone(header)
	otherOffset[1+32+8+7] = 1
	for _, test := range []struct {
		name   string
		answer []byte
		want   error
	}{
		{"as announced", append(bytes.Clone(header), content...), nil},
		{"one byte more than announced", append(append(bytes.Clone(header), content...), 'x'), wire.ErrFrame},
		{"one byte less than announced", append(bytes.Clone(header), content[:999]...), wire.ErrFrame},
		{"a header cut short", header[:40], wire.ErrFrame},
		{"another item", append(otherID, content...), wire.ErrDigest},
		{"another offset", append(otherOffset, content...), wire.ErrDigest},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, raw := answering(t, "bulk", 0, replying(test.answer))
			var got bytes.Buffer
			n, err := h.Pull(t.Context(), raw, item, 0, &got)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if n > 1000 || int64(got.Len()) != n {
				t.Errorf("wrote %d bytes and says %d", got.Len(), n)
			}
		})
	}
}

func TestAPeerThatStopsReadingLosesItsTransfer(t *testing.T) {
	h := newHost(t, 1, func(c *wire.Config) {
		c.Listen, c.Allow, c.Stall = loopback, wire.NewAllowList(wiretest.NewID(t, 2)), 100*time.Millisecond
	})
	alice := wiretest.NewPeer()
	item := alice.Store("item", make([]byte, 40<<20)) // above all that yamux buffers
	h.Serve(alice, alice)
	wiretest.Start(t, h)
	m := newMallory(t, 2, withTLS)
	if err := m.connect(h); err != nil {
		t.Fatal(err)
	}
	s, err := m.open(h, "/locus/bulk/1")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Reset()
	if _, err := s.Write(append(item.ID[:], make([]byte, 8)...)); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	wiretest.Await(t, "closed body", alice.Closed())
	if _, err := io.Copy(io.Discard, s); err == nil {
		t.Error("the stream ended well")
	}
}

func TestAPeerThatStopsSendingLosesItsStream(t *testing.T) {
	silent := func(s network.Stream) { _, _ = io.ReadAll(s) }
	t.Run("a transfer", func(t *testing.T) {
		h, raw := answering(t, "bulk", 50*time.Millisecond, silent)
		_, err := h.Pull(t.Context(), raw, wire.Item{Size: 1}, 0, io.Discard)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline", err)
		}
	})
	t.Run("a response", func(t *testing.T) {
		h, raw := answering(t, "call", 0, silent)
		_, err := h.Call(t.Context(), raw, wiretest.Hasty, nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline", err)
		}
	})
	t.Run("a request", func(t *testing.T) {
		h := newHost(t, 1, func(c *wire.Config) {
			c.Listen, c.Allow, c.Stall = loopback, wire.NewAllowList(wiretest.NewID(t, 2)), 50*time.Millisecond
		})
		wiretest.Start(t, h)
		m := newMallory(t, 2, withTLS)
		if err := m.connect(h); err != nil {
			t.Fatal(err)
		}
		for _, start := range [][]byte{{}, {byte(wiretest.Hasty)}} {
			s, err := m.open(h, "/locus/call/1")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = s.Write(start)
			if _, err := io.ReadAll(s); err == nil {
				t.Errorf("after %v the stream ended well", start)
			}
			_ = s.Reset()
		}
	})
}
