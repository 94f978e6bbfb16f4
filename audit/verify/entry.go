package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// Entry is one leaf of a log.
type Entry struct {
	Kind    string
	Time    time.Time
	Subject [32]byte
	Fields  map[string][]byte // the rest, by name: 32, 8 or 2 bytes each
}

// kinds are in the order of their numbers, from 1.
var kinds = strings.Fields("task decision debit contribution received cut vote opening refusal consent-epoch policy-epoch roster declaration" +
	" cohort grant reopening budget released verdict key revoked restored query publication start officers voice freeze thaw terms erased left evidence")

// fields are in the order of their tags, from 1, and sizes are theirs.
var fields, sizes = strings.Fields("study session party head sequence epoch code"), []int{32, 32, 32, 32, 8, 8, 2}

// ParseEntry reads a leaf as docs/reference/audit-log.md specifies it.
func ParseEntry(b []byte) (Entry, error) {
	if len(b) < 42 || b[0] != 1 || b[1] == 0 || int(b[1]) > len(kinds) {
		return Entry{}, fmt.Errorf("%w: an entry of %d bytes that begin %x", ErrFormat, len(b), b[:min(2, len(b))])
	}
	ms := binary.BigEndian.Uint64(b[2:10])
	e := Entry{Kind: kinds[b[1]-1], Time: time.UnixMilli(int64(ms)).UTC(), Subject: [32]byte(b[10:42]), Fields: map[string][]byte{}}
	if ms == 0 || ms >= 1<<48 || e.Subject == [32]byte{} {
		return Entry{}, fmt.Errorf("%w: a %s without a time or a subject", ErrFormat, e.Kind)
	}
	for rest, next := b[42:], 1; len(rest) > 0; {
		tag := int(rest[0])
		if tag < next || tag > len(fields) {
			return Entry{}, fmt.Errorf("%w: field %d of an entry is unknown or out of order", ErrFormat, tag)
		}
		end := 1 + sizes[tag-1]
		if len(rest) < end || strings.Trim(string(rest[1:end]), "\x00") == "" {
			return Entry{}, fmt.Errorf("%w: the field %s of an entry is cut short or zero", ErrFormat, fields[tag-1])
		}
		e.Fields[fields[tag-1]] = rest[1:end]
		rest, next = rest[end:], tag+1
	}
	return e, nil
}

// Hash is a node of a tree, RFC 6962 section 2.1.
type Hash = [sha256.Size]byte

func leafHash(entry []byte) Hash { return sha256.Sum256(append([]byte{0}, entry...)) }

func nodeHash(left, right Hash) Hash {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// tree takes leaves in one after the other and keeps one hash for each bit of its size.
type tree struct {
	size  uint64
	peaks []Hash // from the largest to the smallest
}

// push adds a leaf, and hands out what that adds to the tiles of each level.
func (t *tree) push(h Hash, full func(level int, h Hash)) {
	full(0, h)
	t.size++
	for height := 1; t.size>>(height-1)&1 == 0; height++ {
		last := len(t.peaks) - 1
		h, t.peaks = nodeHash(t.peaks[last], h), t.peaks[:last]
		if height%8 == 0 {
			full(height/8, h)
		}
	}
	t.peaks = append(t.peaks, h)
}

func (t *tree) root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	h := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		h = nodeHash(t.peaks[i], h)
	}
	return h
}

// included checks a proof of RFC 6962 section 2.1.1.
func included(c Checkpoint, index uint64, h Hash, proof []byte) bool {
	inner := bits.Len64(index ^ (c.Size - 1)) // below it the path has neighbours on both sides
	if index >= c.Size || len(proof) != (inner+bits.OnesCount64(index>>inner))*len(h) {
		return false
	}
	for i := 0; len(proof) > 0; i, proof = i+1, proof[len(h):] {
		if p := Hash(proof); i < inner && index>>i&1 == 0 {
			h = nodeHash(h, p)
		} else {
			h = nodeHash(p, h)
		}
	}
	return h == c.Root
}

// Receipt verifies a receipt, c2sp.org/tlog-proof, whose extra line holds the entry. It
// returns the entry, its place, and the checkpoint that it is under.
func Receipt(raw []byte, p *Policy) (e Entry, index uint64, c Checkpoint, err error) {
	head, note, _ := bytes.Cut(raw, []byte("\n\n"))
	line := append(strings.Split(string(head), "\n"), "", "")
	extra, hasEntry := strings.CutPrefix(line[1], "extra ")
	place, hasIndex := strings.CutPrefix(line[2], "index ")
	leaf, bad := decode(extra)
	index, worse := parseSize(place)
	var proof []byte
	for _, text := range line[min(3, len(line)-2) : len(line)-2] {
		h, err := decode(text)
		proof = append(proof, h...)
		hasEntry = hasEntry && err == nil && len(h) == len(Hash{})
	}
	if line[0] != "c2sp.org/tlog-proof@v1" || !hasEntry || bad != nil || !hasIndex || worse != nil {
		return e, 0, c, fmt.Errorf("%w: a receipt of %d bytes without its entry, its index or its proof", ErrFormat, len(raw))
	}
	if c, err = p.Checkpoint(note); err == nil {
		err = p.Quorum(c)
	}
	if err == nil && !included(c, index, leafHash(leaf), proof) {
		err = fmt.Errorf("%w: entry %d is not in %s at %d entries", ErrAltered, index, c.Origin, c.Size)
	}
	if err == nil {
		e, err = ParseEntry(leaf)
	}
	return e, index, c, err
}
