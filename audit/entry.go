package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// ErrEntry is returned when bytes are no entry, or an entry cannot be written.
var ErrEntry = errors.New("audit: not an entry")

// Entry is one leaf of a log. It names things by digest and has no room for text, an
// identifier of a person or a count: what a Merkle log has taken in it cannot forget.
type Entry struct {
	// Kind says what is recorded.
	Kind Kind
	// Time is when the log took the entry in, in whole milliseconds. The log sets it, and
	// it never runs backwards: nobody writes an entry of yesterday.
	Time time.Time
	// Subject is the digest of what the entry is about. It is required.
	Subject protocol.Digest

	// The rest is left out where it is zero.

	// Study is the digest that names the study.
	Study protocol.Digest
	// Session is the session of a task.
	Session protocol.Digest
	// Party is the key of who did it, where that is another than the log's owner.
	Party protocol.KeyID
	// Head is the head of the owner's ledger after what is recorded.
	Head protocol.Digest
	// Sequence is the place of that head in the ledger.
	Sequence uint64
	// Epoch numbers a roster, a policy or a consent table.
	Epoch uint64
	// Code is a refusal's, a decision's or a verdict's.
	Code uint16
}

// The encoding, which docs/reference/audit-log.md specifies: version, kind, time, subject,
// then tag and value of each field that is not zero, in the order of the tags.
const (
	entryVersion = 1
	entryFixed   = 1 + 1 + 8 + 32
	// maxEntry is that of an entry with every field. C2SP tiles would take 65,535 bytes.
	maxEntry  = entryFixed + 4*33 + 2*9 + 3
	maxMillis = 1<<48 - 1

	tagStudy    = 1
	tagSession  = 2
	tagParty    = 3
	tagHead     = 4
	tagSequence = 5
	tagEpoch    = 6
	tagCode     = 7
)

// encode is the only encoding of an entry.
func (e Entry) encode() ([]byte, error) {
	ms := e.Time.UnixMilli()
	switch {
	case !e.Kind.known():
		return nil, fmt.Errorf("%w: %v is not in the list of kinds", ErrEntry, e.Kind)
	case e.Subject.IsZero():
		return nil, fmt.Errorf("%w: a %v without the digest of what it is about", ErrEntry, e.Kind)
	case ms <= 0 || ms > maxMillis:
		return nil, fmt.Errorf("%w: the time %d ms is not one; see that the clock is set", ErrEntry, ms)
	}
	b := append(make([]byte, 0, maxEntry), entryVersion, byte(e.Kind))
	b = binary.BigEndian.AppendUint64(b, uint64(ms))
	b = append(b, e.Subject[:]...)
	for i, d := range []protocol.Digest{e.Study, e.Session, e.Party, e.Head} {
		if !d.IsZero() {
			b = append(append(b, byte(tagStudy+i)), d[:]...)
		}
	}
	for i, n := range []uint64{e.Sequence, e.Epoch} {
		if n != 0 {
			b = binary.BigEndian.AppendUint64(append(b, byte(tagSequence+i)), n)
		}
	}
	if e.Code != 0 {
		b = binary.BigEndian.AppendUint16(append(b, tagCode), e.Code)
	}
	return b, nil
}

// ParseEntry takes the bytes of a leaf, and none that encode would not have written.
func ParseEntry(b []byte) (Entry, error) {
	if len(b) < entryFixed || len(b) > maxEntry || b[0] != entryVersion {
		return Entry{}, fmt.Errorf("%w: %d bytes of another version or length", ErrEntry, len(b))
	}
	ms := binary.BigEndian.Uint64(b[2:])
	e := Entry{Kind: Kind(b[1]), Time: time.UnixMilli(int64(ms & maxMillis)).UTC(), Subject: protocol.Digest(b[10:entryFixed])}
	if !e.Kind.known() || e.Subject.IsZero() || ms == 0 || ms > maxMillis {
		return Entry{}, fmt.Errorf("%w: an unknown kind, no subject or no time", ErrEntry)
	}
	last := byte(0)
	for rest := b[entryFixed:]; len(rest) > 0; {
		tag := rest[0]
		n := e.take(tag, rest[1:])
		if tag <= last || n == 0 {
			return Entry{}, fmt.Errorf("%w: field %d is unknown, zero, cut short or out of order", ErrEntry, tag)
		}
		last, rest = tag, rest[1+n:]
	}
	return e, nil
}

// take reads a field and says how many bytes it has, 0 where it is none.
func (e *Entry) take(tag byte, b []byte) int {
	digests := map[byte]*protocol.Digest{tagStudy: &e.Study, tagSession: &e.Session, tagParty: &e.Party, tagHead: &e.Head}
	numbers := map[byte]*uint64{tagSequence: &e.Sequence, tagEpoch: &e.Epoch}
	switch d, n := digests[tag], numbers[tag]; {
	case d != nil && len(b) >= 32:
		if *d = protocol.Digest(b[:32]); !d.IsZero() {
			return 32
		}
	case n != nil && len(b) >= 8:
		if *n = binary.BigEndian.Uint64(b); *n != 0 {
			return 8
		}
	case tag == tagCode && len(b) >= 2:
		if e.Code = binary.BigEndian.Uint16(b); e.Code != 0 {
			return 2
		}
	}
	return 0
}
