package egress_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const peer = wire.PeerID("carol")

// line is a line of the log.
type line struct {
	Time   time.Time       `json:"time"`
	Call   string          `json:"call"`
	Peer   string          `json:"peer"`
	Size   int64           `json:"size"`
	Digest protocol.Digest `json:"digest"`
	Offset int64           `json:"offset"`
}

func newDoor(t *testing.T) (*egress.Door, func() []line) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "egress.log")
	d, err := egress.Open(path, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, func() (list []line) {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			var l line
			if err := json.Unmarshal(s.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			list = append(list, l)
		}
		return list
	}
}

// says answers every call with some bytes.
type says []byte

// ServeCall says them.
func (s says) ServeCall(context.Context, wire.PeerID, wire.Kind, []byte) ([]byte, error) {
	return s, nil
}

func reply(t *testing.T, r protocol.Reply) []byte {
	t.Helper()
	raw, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Nothing leaves but what a call of the protocol answers with, in its form and below
// its bound.
func TestClosedList(t *testing.T) {
	answer := reply(t, protocol.Reply{Answer: []byte("an answer")})
	state, err := protocol.NodeState{Version: "test"}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := protocol.Cosigned{Status: 404}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		call   protocol.Call
		leaves []byte
		want   error
	}{
		{"a state answers a greeting", protocol.CallSync, state, nil},
		{"a reply answers an offer", protocol.CallOffer, answer, nil},
		{"a word of patience answers an offer", protocol.CallOffer, reply(t, protocol.Reply{Working: true}), nil},
		{"text does not answer an offer", protocol.CallOffer, []byte("sample S0001 has 0/1"), egress.ErrClosedList},
		{"nothing does not answer an offer", protocol.CallOffer, nil, egress.ErrClosedList},
		{"a reply of two forms does not", protocol.CallOpen, reply(t, protocol.Reply{Answer: []byte("x"), Working: true}), egress.ErrClosedList},
		{"a reply over its bound does not", protocol.CallOpen, reply(t, protocol.Reply{Answer: make([]byte, 1<<20)}), egress.ErrClosedList},
		{"a reply does not answer a greeting", protocol.CallSync, reply(t, protocol.Reply{Answer: []byte("x")}), egress.ErrClosedList},
		{"a witness's answer answers what a witness is asked", protocol.CallCosign, reply(t, protocol.Reply{Answer: cosigned}), nil},
		{"another answer does not", protocol.CallCosign, answer, egress.ErrClosedList},
		{"a call that the protocol does not have", 99, answer, wire.CodeUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, log := newDoor(t)
			got, err := d.Guard(says(tt.leaves)).ServeCall(t.Context(), peer, wire.Kind(tt.call), nil)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			lines := log()
			if tt.want != nil {
				if len(lines) != 0 || got != nil {
					t.Error("something left")
				}
				return
			}
			want := line{Time: now, Call: nameOf(tt.call), Peer: string(peer), Size: int64(len(tt.leaves)), Digest: sha256.Sum256(tt.leaves)}
			if !bytes.Equal(got, tt.leaves) || len(lines) != 1 || lines[0] != want {
				t.Errorf("logged %+v, want %+v", lines, want)
			}
		})
	}
}

func nameOf(call protocol.Call) string {
	for _, c := range protocol.Calls() {
		if c.Call == call {
			return c.Name
		}
	}
	return ""
}

func TestErrorsOfTheNodeLeaveAsTheyAre(t *testing.T) {
	d, log := newDoor(t)
	if _, err := d.Guard(fails{}).ServeCall(t.Context(), peer, wire.Kind(protocol.CallOffer), nil); !errors.Is(err, wire.CodeBusy) {
		t.Errorf("got %v, want %v", err, wire.CodeBusy)
	}
	if len(log()) != 0 {
		t.Error("an answer that never was is in the log")
	}
}

// fails refuses everything.
type fails struct{}

// ServeCall refuses.
func (fails) ServeCall(context.Context, wire.PeerID, wire.Kind, []byte) ([]byte, error) {
	return nil, wire.CodeBusy
}

// OpenBulk opens nothing.
func (fails) OpenBulk(context.Context, wire.PeerID, [32]byte, int64) (wire.Bulk, error) {
	return wire.Bulk{}, wire.CodeNotFound
}

// What cannot be written down does not leave.
func TestNothingLeavesWithoutItsLine(t *testing.T) {
	d, _ := newDoor(t)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	answer := reply(t, protocol.Reply{Answer: []byte("x")})
	if _, err := d.Guard(says(answer)).ServeCall(t.Context(), peer, wire.Kind(protocol.CallOffer), nil); !errors.Is(err, egress.ErrLog) {
		t.Errorf("an answer: got %v, want %v", err, egress.ErrLog)
	}
	body := &watched{Reader: strings.NewReader("words")}
	if _, err := d.GuardBulk(box{body, sha256.Sum256([]byte("words")), 5}).OpenBulk(t.Context(), peer, sha256.Sum256([]byte("words")), 0); !errors.Is(err, egress.ErrLog) {
		t.Errorf("words: got %v, want %v", err, egress.ErrLog)
	}
	if !body.closed {
		t.Error("the body of what does not leave stays open")
	}
	if _, err := d.Coordinator([]protocol.Endpoint{{URL: "https://127.0.0.1:1"}}, nil).Join(t.Context(), []byte("card")); !errors.Is(err, egress.ErrLog) {
		t.Errorf("a card: got %v, want %v", err, egress.ErrLog)
	}
}

// box opens one item.
type box struct {
	body   io.ReadCloser
	digest [32]byte
	size   int64
}

// OpenBulk opens it.
func (b box) OpenBulk(context.Context, wire.PeerID, [32]byte, int64) (wire.Bulk, error) {
	return wire.Bulk{Size: b.size, Digest: b.digest, Body: b.body}, nil
}

type watched struct {
	io.Reader
	closed bool
}

// Close remembers.
func (w *watched) Close() error { w.closed = true; return nil }

func TestBulkIsNamedByItsDigest(t *testing.T) {
	words := sha256.Sum256([]byte("words"))
	for _, tt := range []struct {
		name   string
		box    box
		offset int64
		want   error
	}{
		{"its own bytes", box{nil, words, 5}, 0, nil},
		{"the rest of them", box{nil, words, 5}, 3, nil},
		{"other bytes", box{nil, sha256.Sum256([]byte("genotypes")), 5}, 0, egress.ErrClosedList},
		{"beyond their end", box{nil, words, 5}, 6, egress.ErrClosedList},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, log := newDoor(t)
			body := &watched{Reader: strings.NewReader("words")}
			tt.box.body = body
			_, err := d.GuardBulk(tt.box).OpenBulk(t.Context(), peer, words, tt.offset)
			if !errors.Is(err, tt.want) || body.closed != (tt.want != nil) {
				t.Fatalf("got %v, want %v; closed: %v", err, tt.want, body.closed)
			}
			lines := log()
			if tt.want == nil && (len(lines) != 1 || lines[0] != line{now, "bulk", string(peer), 5, words, tt.offset}) || tt.want != nil && len(lines) != 0 {
				t.Errorf("logged %+v", lines)
			}
		})
	}
	d, log := newDoor(t)
	if _, err := d.GuardBulk(fails{}).OpenBulk(t.Context(), peer, words, 0); !errors.Is(err, wire.CodeNotFound) || len(log()) != 0 {
		t.Errorf("got %v", err)
	}
}

// Every call of the protocol is in the transport's table, and no other.
func TestKindsAreTheCallsOfTheProtocol(t *testing.T) {
	kinds := egress.Kinds()
	if err := kinds.Check(); err != nil {
		t.Error(err)
	}
	if len(kinds) != len(protocol.Calls()) {
		t.Errorf("%d kinds for %d calls", len(kinds), len(protocol.Calls()))
	}
}

// The log is appended to by every process of the site.
func TestLogIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "egress.log")
	for range 2 {
		d, err := egress.Open(path, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Guard(says(reply(t, protocol.Reply{Answer: []byte("x")}))).ServeCall(t.Context(), peer, wire.Kind(protocol.CallOffer), nil); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil || bytes.Count(raw, []byte("\n")) != 2 {
		t.Errorf("%q, %v", raw, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestHostDialsTheMembersThatWerePinned(t *testing.T) {
	d, _ := newDoor(t)
	id, err := wire.NewIdentity(sha256.Sum256([]byte("node")))
	if err != nil {
		t.Fatal(err)
	}
	member, err := wire.NewIdentity(sha256.Sum256([]byte("member")))
	if err != nil {
		t.Fatal(err)
	}
	other, err := wire.NewIdentity(sha256.Sum256([]byte("other")))
	if err != nil {
		t.Fatal(err)
	}
	good := protocol.Endpoint{Name: "c1", Peer: string(member.ID()), Addresses: []string{"/ip4/127.0.0.1/tcp/7101"}}
	h, err := d.Host(id, []protocol.Endpoint{good}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Addresses()) != 0 {
		t.Error("it listens")
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*protocol.Endpoint){
		"no peer id": func(e *protocol.Endpoint) { e.Peer = "carol" },
		"no address": func(e *protocol.Endpoint) { e.Addresses = []string{"127.0.0.1:7101"} },
		"another peer's address": func(e *protocol.Endpoint) {
			e.Addresses = []string{"/ip4/127.0.0.1/tcp/7101/p2p/" + string(other.ID())}
		},
	} {
		bad := good
		change(&bad)
		if _, err := d.Host(id, []protocol.Endpoint{bad}, nil); err == nil {
			t.Errorf("an endpoint with %s is taken", name)
		}
	}
}
