package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/locus-genomics/locus/protocol"
)

// maxSnapshot bounds a snapshot before it is sealed: what others keep of a site is at
// most a megabyte, sealing included.
const maxSnapshot = 1<<20 - 64

// errSnapshot is returned for bytes that are no snapshot.
var errSnapshot = errors.New("node: not a snapshot")

// snapshot is what a site needs of its records if its disk is lost: its votes, what was
// released of whom, what the privacy ledger's accounts have spent,
// and its newest pins, as they were when the chain stood at a link. Others keep it and
// cannot read it.
//
//	version (1)  complete (1)  seq (8)  head (32)
//	ledger (4)   ledger.Odometers
//	votes  (4)   identity (32) session (32) set (32) points (2 + 4 each)
//	people (4)   list (32) class (4) panels (2): sites (32) panel (32) size (8) ranges (4 + 16 each)
//	pins   (4)   identity (32) words (32)
type snapshot struct {
	at     link
	ledger []byte // odometers
	// complete tells that no vote and no line of the history was left out for want of
	// room: otherwise nothing is restored from it. Of the pins, older ones may be.
	complete bool
	votes    []votedRelease
	people   []releasedPeople
	pins     [][2]protocol.Digest
}

type votedRelease struct {
	identity protocol.Digest
	ballot
}

const (
	snapshotVersion = 3
	snapshotHead    = 1 + 1 + 8 + 32
	pairSize        = 2 * 32
	voteSize        = 3*32 + 2
)

// backupLabel binds a snapshot to its study.
func backupLabel(study string) string { return "locus/snapshot/v1 " + study }

// snapshot seals the records' votes, history and pins, newest first, as far as there
// is room.
func (n *Node) snapshot(ctx context.Context, q querier, study string, at link) ([]byte, error) {
	s, err := n.takeSnapshot(ctx, q, at)
	if err != nil {
		return nil, err
	}
	sealed, err := n.keys.SealBackup(backupLabel(study), s.encode())
	if err != nil {
		return nil, fmt.Errorf("seal a snapshot: %w", err)
	}
	return sealed, nil
}

func (n *Node) openSnapshot(study string, sealed []byte) (*snapshot, error) {
	plain, err := n.keys.OpenBackup(backupLabel(study), sealed)
	if err != nil {
		return nil, err
	}
	return parseSnapshot(plain)
}

func (n *Node) takeSnapshot(ctx context.Context, q querier, at link) (*snapshot, error) {
	s := &snapshot{at: at, complete: true}
	room := maxSnapshot - snapshotHead - 4*4
	l, err := n.budget()
	if err != nil {
		return nil, err
	}
	if s.ledger, err = l.Odometers(ctx, q); err != nil {
		return nil, err
	}
	if room -= len(s.ledger); room < 0 {
		s.ledger, s.complete = nil, false
		return s, nil
	}
	rows, err := q.QueryContext(ctx, "SELECT identity, points, session, cut_set FROM votes ORDER BY rowid DESC")
	if err != nil {
		return nil, fmt.Errorf("read votes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v votedRelease
		var points []byte
		if err := rows.Scan(digestTo(&v.identity), &points, digestTo(&v.session), digestTo(&v.set)); err != nil {
			return nil, fmt.Errorf("read votes: %w", err)
		}
		if v.points, err = parsePoints(points); err != nil {
			return nil, err
		}
		if room -= voteSize + 4*len(v.points); room < 0 {
			s.complete = false
			return s, nil
		}
		s.votes = append(s.votes, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read votes: %w", err)
	}
	if s.people, s.complete, err = takePeople(ctx, q, &room); err != nil {
		return nil, err
	}
	s.pins, _, err = readPairs(ctx, q, "SELECT identity, words FROM pins ORDER BY rowid DESC", &room)
	return s, err
}

// readPairs takes rows while there is room, and tells whether that was all of them.
func readPairs(ctx context.Context, q querier, query string, room *int) (list [][2]protocol.Digest, all bool, err error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, false, fmt.Errorf("read the records: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p [2]protocol.Digest
		if err := rows.Scan(digestTo(&p[0]), digestTo(&p[1])); err != nil {
			return nil, false, fmt.Errorf("read the records: %w", err)
		}
		if *room < pairSize {
			return list, false, nil
		}
		*room -= pairSize
		list = append(list, p)
	}
	return list, true, rows.Err()
}

func (s *snapshot) encode() []byte {
	b := []byte{snapshotVersion, 0}
	if s.complete {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, s.at.seq)
	b = append(b, s.at.head[:]...)
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(s.ledger))), s.ledger...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.votes)))
	for _, v := range s.votes {
		b = append(append(append(b, v.identity[:]...), v.session[:]...), v.set[:]...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(v.points)))
		b = appendPoints(b, v.points)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.people)))
	for _, p := range s.people {
		b = p.append(b)
	}
	return appendPairs(b, s.pins)
}

func appendPairs(b []byte, list [][2]protocol.Digest) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
	for _, p := range list {
		b = append(append(b, p[0][:]...), p[1][:]...)
	}
	return b
}

// parseSnapshot reads what encode wrote and nothing else.
func parseSnapshot(b []byte) (*snapshot, error) {
	if len(b) < snapshotHead || len(b) > maxSnapshot || b[0] != snapshotVersion || b[1] > 1 {
		return nil, errSnapshot
	}
	r := &reader{b: b[snapshotHead:]}
	s := &snapshot{
		complete: b[1] == 1,
		at:       link{binary.BigEndian.Uint64(b[2:]), protocol.Digest(b[10:snapshotHead])},
	}
	s.ledger = r.take(r.count(1))
	for range r.count(voteSize) {
		v := votedRelease{identity: r.digest(), ballot: ballot{session: r.digest(), set: r.digest()}}
		raw := r.take(4 * int(binary.BigEndian.Uint16(r.take(2))))
		points, err := parsePoints(raw)
		if err != nil || r.short {
			return nil, errSnapshot
		}
		v.points = points
		s.votes = append(s.votes, v)
	}
	for range r.count(peopleSize) {
		s.people = append(s.people, r.people())
	}
	s.pins = r.pairs()
	if r.short || len(r.b) > 0 || s.at.seq < 1 || s.at.seq > math.MaxInt64/2 {
		return nil, errSnapshot
	}
	return s, nil
}

// reader takes bytes off the front. It gives zeros, and says so, where there are none.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return make([]byte, min(n, 4*math.MaxUint16))
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) digest() protocol.Digest { return protocol.Digest(r.take(32)) }

// count is how many entries of at least a size follow; none when they cannot be there.
func (r *reader) count(size int) int {
	n := int(binary.BigEndian.Uint32(r.take(4)))
	if n > len(r.b)/size {
		r.short = true
		return 0
	}
	return n
}

func (r *reader) pairs() (list [][2]protocol.Digest) {
	for range r.count(pairSize) {
		list = append(list, [2]protocol.Digest{r.digest(), r.digest()})
	}
	return list
}

func appendPoints(b []byte, points []uint32) []byte {
	for _, p := range points {
		b = binary.BigEndian.AppendUint32(b, p)
	}
	return b
}

func parsePoints(b []byte) ([]uint32, error) {
	if len(b)%4 != 0 || len(b) > 4*protocol.MaxSites {
		return nil, fmt.Errorf("%w: a set of sites", ErrRecords)
	}
	points := make([]uint32, 0, len(b)/4)
	for ; len(b) > 0; b = b[4:] {
		points = append(points, binary.BigEndian.Uint32(b))
	}
	return points, nil
}

// restore writes a snapshot into the records and lets the chain go on from where it
// was taken. What the records have is not overwritten.
func (n *Node) restore(ctx context.Context, tx querier, s *snapshot) error {
	l, err := n.budget()
	if err != nil {
		return err
	}
	if _, err := l.Raise(ctx, tx, s.ledger); err != nil {
		return fmt.Errorf("restore the ledger: %w", err)
	}
	for _, v := range s.votes {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO votes (identity, points, session, cut_set, cut) VALUES (?, ?, ?, ?, x'')",
			v.identity[:], appendPoints(nil, v.points), v.session[:], v.set[:]); err != nil {
			return err
		}
	}
	for _, p := range s.people {
		if err := p.restore(ctx, tx); err != nil {
			return err
		}
	}
	for _, p := range s.pins {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO pins (identity, words) VALUES (?, ?)", p[0][:], p[1][:]); err != nil {
			return err
		}
	}
	last, err := lastLink(ctx, tx)
	if err != nil {
		return err
	}
	next := s.at
	if last.seq >= next.seq {
		// The copy has gone on by itself: its links stay, and the chain leaves both.
		next = link{last.seq + 1, nextHead(last.head, linkRestored, restoredAt(s.at.seq, s.at.head))}
	}
	digest := restoredAt(s.at.seq, s.at.head)
	if _, err := tx.ExecContext(ctx, "INSERT INTO chain (seq, kind, digest, head) VALUES (?, ?, ?, ?)", next.seq, linkRestored, digest[:], next.head[:]); err != nil {
		return err
	}
	return linkReleases(ctx, tx) // coarser than it was named before
}

// restoredAt names the head at which a snapshot was taken.
func restoredAt(seq uint64, head protocol.Digest) protocol.Digest {
	return protocol.Hash("locus/link/restored/v1", binary.BigEndian.AppendUint64(nil, seq), head[:])
}
