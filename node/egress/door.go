package egress

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

var (
	// ErrClosedList is returned when something was about to leave that no call answers with.
	ErrClosedList = errors.New("egress: not an answer that may leave")
	// ErrLog is returned when a line of the log could not be made durable. What it was
	// about has not left, and nothing else may.
	ErrLog = errors.New("egress: the log could not be written")
)

// Door writes down what leaves, and then lets it.
type Door struct {
	now func() time.Time

	mu  sync.Mutex
	log *os.File
}

// line is one line of the log.
type line struct {
	Time time.Time `json:"time"`
	Call string    `json:"call"`
	// Peer is who gets it: a libp2p peer id, or the base URL of a member.
	Peer string `json:"peer"`
	Size int64  `json:"size"`
	// Digest is the SHA-256 of the bytes; Offset is where a resumed transfer starts.
	Digest protocol.Digest `json:"digest"`
	Offset int64           `json:"offset,omitempty"`
}

// Open opens the log for appending, and makes it when there is none.
func Open(path string, now func() time.Time) (*Door, error) {
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the egress log: %w", err)
	}
	return &Door{now: now, log: log}, nil
}

// Close closes the log. Nothing leaves afterwards.
func (d *Door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.log.Close(); err != nil {
		return fmt.Errorf("close the egress log: %w", err)
	}
	return nil
}

// record makes a line durable.
func (d *Door) record(l line) error {
	l.Time = d.now().UTC()
	raw, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLog, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// One write a line: several processes may append to one log.
	_, err = d.log.Write(append(raw, '\n'))
	if err = errors.Join(err, d.log.Sync()); err != nil {
		return fmt.Errorf("%w: %w", ErrLog, err)
	}
	return nil
}

// Kinds are the calls of the protocol as the transport knows them.
func Kinds() wire.Kinds {
	kinds := make(wire.Kinds)
	for _, c := range protocol.Calls() {
		kinds[wire.Kind(c.Call)] = wire.KindSpec{
			Name: c.Name, MaxRequest: c.MaxRequest, MaxResponse: c.MaxReply, Deadline: c.Deadline,
		}
	}
	return kinds
}

// Guard lets the answers of h leave.
func (d *Door) Guard(h wire.Handler) wire.Handler {
	calls := make(map[wire.Kind]protocol.CallSpec)
	for _, c := range protocol.Calls() {
		calls[wire.Kind(c.Call)] = c
	}
	return &guard{door: d, next: h, calls: calls}
}

type guard struct {
	door  *Door
	next  wire.Handler
	calls map[wire.Kind]protocol.CallSpec
}

// ServeCall answers a call of the closed list.
func (g *guard) ServeCall(ctx context.Context, from wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	spec, ok := g.calls[kind]
	if !ok {
		return nil, wire.CodeUnsupported
	}
	answer, err := g.next.ServeCall(ctx, from, kind, request)
	if err != nil {
		return nil, err
	}
	if err := checkForm(spec, answer); err != nil {
		return nil, err
	}
	return answer, g.door.record(line{
		Call: spec.Name, Peer: string(from), Size: int64(len(answer)), Digest: sha256.Sum256(answer),
	})
}

// checkForm refuses what is no answer to the call.
func checkForm(spec protocol.CallSpec, answer []byte) (err error) {
	switch {
	case len(answer) > spec.MaxReply:
		err = fmt.Errorf("%d bytes, at most %d", len(answer), spec.MaxReply)
	case spec.Call == protocol.CallSync:
		_, err = protocol.ParseNodeState(answer)
	default:
		var r protocol.Reply
		if r, err = protocol.ParseReply(answer); err == nil && spec.Call == protocol.CallCosign {
			_, err = protocol.ParseCosigned(r.Answer)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrClosedList, spec.Name, err)
	}
	return nil
}

// GuardBulk lets stored bytes leave that b opens.
func (d *Door) GuardBulk(b wire.BulkHandler) wire.BulkHandler { return &bulkGuard{d, b} }

type bulkGuard struct {
	door *Door
	next wire.BulkHandler
}

// OpenBulk opens stored bytes whose name is their digest.
func (g *bulkGuard) OpenBulk(ctx context.Context, from wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	bulk, err := g.next.OpenBulk(ctx, from, id, offset)
	if err != nil {
		return wire.Bulk{}, err
	}
	if bulk.Digest != id || bulk.Size < offset {
		return wire.Bulk{}, errors.Join(ErrClosedList, closeBody(bulk.Body))
	}
	err = g.door.record(line{Call: "bulk", Peer: string(from), Size: bulk.Size, Digest: id, Offset: offset})
	if err != nil {
		return wire.Bulk{}, errors.Join(err, closeBody(bulk.Body))
	}
	return bulk, nil
}

func closeBody(c io.Closer) error {
	if c == nil {
		return nil
	}
	return c.Close()
}

// Host is the node's transport: it dials the coordinator and listens nowhere.
func (d *Door) Host(id wire.Identity, endpoints []protocol.Endpoint, observe func(wire.Event)) (*wire.Host, error) {
	var peers []wire.PeerID
	var dial []wire.Address
	for _, e := range endpoints {
		peer, err := wire.ParsePeerID(e.Peer)
		if err != nil {
			return nil, fmt.Errorf("coordinator %q: %w", e.Name, err)
		}
		peers = append(peers, peer)
		for _, a := range e.Addresses {
			at, err := wire.ParseAddress(withPeer(a, e.Peer))
			if err != nil {
				return nil, fmt.Errorf("coordinator %q: %w", e.Name, err)
			}
			if at.Peer != peer {
				return nil, fmt.Errorf("coordinator %q: an address of another peer", e.Name)
			}
			dial = append(dial, at)
		}
	}
	return wire.NewHost(wire.Config{
		Identity: id, Kinds: Kinds(), Allow: wire.NewAllowList(peers...), Dial: dial, Observe: observe,
	})
}

// withPeer puts the peer id at the end of an address that lacks it.
func withPeer(address, peer string) string {
	if bytes.Contains([]byte(address), []byte("/p2p/")) {
		return address
	}
	return address + "/p2p/" + peer
}
