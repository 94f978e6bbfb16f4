package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// What a witness answers: the numbers are those of c2sp.org/tlog-witness.
const (
	StatusDone      = 200 // the body is the cosignature lines
	StatusBad       = 400
	StatusForbidden = 403 // the checkpoint is not signed by the log's keys
	StatusUnknown   = 404 // the log is not one that is witnessed here
	StatusConflict  = 409 // the body is the size that is known, and a newline
	StatusForked    = 422 // the checkpoint does not continue what is known
)

// Reply is what a witness answers.
type Reply struct {
	Status int
	Body   []byte
}

// ErrChanged is returned by Memory.Advance when something else is remembered.
var ErrChanged = errors.New("audit: the witness remembers another checkpoint")

// Memory is what a witness remembers: a note for each log.
type Memory interface {
	// Load returns the note that is remembered of a log, nil where it is nothing.
	Load(ctx context.Context, origin string) ([]byte, error)
	// Advance puts a note in the place of another, at once and durably, or returns
	// ErrChanged. It MUST NOT return nil before the note would survive a crash.
	Advance(ctx context.Context, origin string, from, to []byte) error
	// Keep stores two notes that prove a fork, durably.
	Keep(ctx context.Context, origin string, known, shown []byte) error
}

// Witness cosigns the checkpoints of other sites' logs: each that continues what it has
// cosigned of that log before, and never two histories.
type Witness struct {
	// Name and Key are the witness's own. Both keys sign.
	Name string
	Key  *protocol.SigningKey
	// Log returns the key of a log that is witnessed here.
	Log func(origin string) (protocol.PublicKey, bool)
	// Memory is where it remembers.
	Memory Memory
	// Now is the clock, time.Now if nil.
	Now func() time.Time
}

// maxProof is the most lines of a proof that c2sp.org/tlog-witness allows.
const maxProof = 63

// addRequest is an add-checkpoint request taken apart.
type addRequest struct {
	old    uint64
	proof  tlog.TreeProof
	note   []byte
	text   []byte
	lines  []sigLine
	origin string
	head   Head
}

func parseRequest(raw []byte) (r addRequest, err error) {
	bad := fmt.Errorf("%w: not an add-checkpoint request", ErrNote)
	head, note, ok := bytes.Cut(raw, []byte("\n\n"))
	if !ok {
		return r, bad
	}
	lines := bytes.Split(head, []byte("\n"))
	size, is := bytes.CutPrefix(lines[0], []byte("old "))
	old, err := strconv.ParseUint(string(size), 10, 62)
	if !is || err != nil || strconv.FormatUint(old, 10) != string(size) || len(lines) > 1+maxProof {
		return r, bad
	}
	r.old, r.note = old, note
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(string(line))
		if err != nil || len(h) != tlog.HashSize {
			return r, bad
		}
		r.proof = append(r.proof, tlog.Hash(h))
	}
	if r.text, r.lines, err = splitNote(note); err != nil {
		return r, err
	}
	r.origin, r.head, err = parseCheckpoint(r.text)
	return r, err
}

// AddCheckpoint answers a request of c2sp.org/tlog-witness. The error is one of this
// witness's memory; the caller then says only that it could not answer.
func (w *Witness) AddCheckpoint(ctx context.Context, request []byte) (Reply, error) {
	r, err := parseRequest(request)
	if err != nil {
		return Reply{Status: StatusBad}, nil
	}
	key, known := w.Log(r.origin)
	if !known {
		return Reply{Status: StatusUnknown}, nil
	}
	if _, err := openCheckpoint(r.note, r.origin, key); err != nil {
		return Reply{Status: StatusForbidden}, nil
	}
	for range maxTries {
		reply, err := w.answer(ctx, r, key)
		if !errors.Is(err, ErrChanged) {
			return reply, err
		}
	}
	return Reply{}, ErrChanged
}

// maxTries bounds how often a request is judged anew because another was faster.
const maxTries = 5

// answer judges a request by what is remembered, and remembers it.
func (w *Witness) answer(ctx context.Context, r addRequest, key protocol.PublicKey) (Reply, error) {
	was, err := w.Memory.Load(ctx, r.origin)
	if err != nil {
		return Reply{}, err
	}
	var last Head
	if was != nil {
		if last, err = openCheckpoint(was, r.origin, key); err != nil {
			return Reply{}, fmt.Errorf("what this witness remembers of %s: %w", r.origin, err)
		}
	}
	status, err := w.judge(ctx, r, last, was)
	switch {
	case err != nil:
		return Reply{}, err
	case status == StatusConflict:
		return Reply{status, fmt.Appendf(nil, "%d\n", last.Size)}, nil
	case status != StatusDone:
		return Reply{Status: status}, nil
	}
	return w.cosign(ctx, r, key, was)
}

// judge says whether a checkpoint continues what is remembered.
func (w *Witness) judge(ctx context.Context, r addRequest, last Head, was []byte) (int, error) {
	if debug.Without(debug.WitnessConsistency) {
		return StatusDone, nil
	}
	if was != nil && r.head.Size == last.Size && r.head.Root != last.Root {
		// Both notes are signed by the log: together they prove that it has forked.
		return StatusForked, w.Memory.Keep(ctx, r.origin, was, r.note)
	}
	switch {
	case r.old > r.head.Size:
		return StatusBad, nil
	case r.old != last.Size:
		return StatusConflict, nil
	case r.head.Size == 0:
		empty := edge{}
		if r.head.Root != empty.root() || len(r.proof) > 0 {
			return StatusForked, nil
		}
	case r.old == 0 || r.old == r.head.Size:
		if len(r.proof) > 0 {
			return StatusForked, nil
		}
	case tlog.CheckTree(r.proof, int64(r.head.Size), r.head.Root, int64(last.Size), last.Root) != nil:
		return StatusForked, nil
	}
	return StatusDone, nil
}

// cosign signs and remembers, and gives the lines out only when they are remembered.
func (w *Witness) cosign(ctx context.Context, r addRequest, key protocol.PublicKey, was []byte) (Reply, error) {
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	lines, err := cosignedLines(w.Name, w.Key, uint64(max(now().Unix(), 1)), r.text)
	if err != nil {
		return Reply{}, err
	}
	// The lines of others are not kept: they would only take room.
	note := string(r.text) + "\n"
	for _, id := range [][4]byte{keyID(r.origin, lineEd25519, edPart(key)), keyID(r.origin, lineMLDSA, mlPart(key))} {
		note += sigLine{r.origin, id, findLine(r.lines, r.origin, id)}.String()
	}
	if err := w.Memory.Advance(ctx, r.origin, was, []byte(note+lines)); err != nil {
		return Reply{}, err
	}
	return Reply{StatusDone, []byte(lines)}, nil
}

// Known returns what is remembered of a log: its last note that was cosigned here.
func (w *Witness) Known(ctx context.Context, origin string) ([]byte, error) {
	if _, known := w.Log(origin); !known {
		return nil, nil
	}
	return w.Memory.Load(ctx, origin)
}
