package node

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
)

// A motion waits for people: a question that the policy asks them about, or a change of what
// the site goes by. Whoever has a role at the site signs yes or no (protocol.Voice); who has
// the node's directory has the custodian's key, which is a steward's.
//
//	question   the rules that ask say who decides; one no is a no
//	policy     the site's own rule of changes says who decides
//	officers   the same, of those who are officers before the change
//	thaw       the same
//
// A change is made under the epoch that it was moved in. When that has passed, it is over.

// ErrMotion is returned when nothing is decided.
var ErrMotion = errors.New("node: nothing is decided")

// governanceSchema keeps what the site goes by, what waits, and what was decided.
const governanceSchema = `
CREATE TABLE policies (
	epoch   INTEGER PRIMARY KEY CHECK (epoch > 0),
	digest  BLOB NOT NULL CHECK (length(digest) = 32),
	files   BLOB NOT NULL,
	applied INTEGER NOT NULL
) STRICT;

CREATE TABLE officers (
	epoch   INTEGER PRIMARY KEY CHECK (epoch > 0),
	raw     BLOB NOT NULL,
	applied INTEGER NOT NULL
) STRICT;

CREATE TABLE motions (
	id      BLOB PRIMARY KEY CHECK (length(id) = 32),
	kind    TEXT NOT NULL CHECK (kind IN ('question', 'policy', 'officers', 'thaw')),
	epoch   INTEGER NOT NULL, -- in which a change was moved, 0 of a question
	payload BLOB NOT NULL,
	made    INTEGER NOT NULL,
	ends    INTEGER NOT NULL,
	state   TEXT NOT NULL CHECK (state IN ('open', 'carried', 'refused', 'over'))
) STRICT;

CREATE TABLE voices (
	motion  BLOB NOT NULL REFERENCES motions (id),
	officer BLOB NOT NULL CHECK (length(officer) = 32), -- the key
	raw     BLOB NOT NULL,
	PRIMARY KEY (motion, officer)
) STRICT;

CREATE TABLE terms ( -- of a whole cohort, beside those of its people
	cohort TEXT PRIMARY KEY,
	codes  TEXT NOT NULL -- with commas
) STRICT;

CREATE TABLE decisions ( -- what was decided last of each question
	query   BLOB PRIMARY KEY CHECK (length(query) = 32),
	study   TEXT NOT NULL,
	at      INTEGER NOT NULL,
	epoch   INTEGER NOT NULL, -- of the policy, 0 without one
	verdict TEXT NOT NULL,
	code    INTEGER NOT NULL, -- that it was refused with, 0 without one
	why     TEXT NOT NULL,
	facts   BLOB NOT NULL
) STRICT;
`

// The kinds of a motion.
const (
	motionQuestion = "question"
	motionPolicy   = "policy"
	motionOfficers = "officers"
	motionThaw     = "thaw"
)

// The states of a motion.
const (
	motionOpen    = "open"
	motionCarried = "carried"
	motionRefused = "refused"
	motionOver    = "over"
)

// motionLife is how long a change waits for people.
const motionLife = 30 * 24 * time.Hour

// maxOpenMotions bounds what waits at one time: nobody reads more.
const maxOpenMotions = 1000

// Motion is what waits for people, as they see it.
type Motion struct {
	ID protocol.Digest
	// Kind is question, policy, officers or thaw; State is open, carried, refused or over.
	Kind, State string
	Made, Ends  time.Time
	// Needs says who has to say yes, each part by itself.
	Needs  []policy.Approval
	Voices []Voice
	// Study, Query and Researcher are of a question.
	Study      string
	Query      protocol.Digest
	Researcher string
}

// Voice is what an officer has said.
type Voice struct {
	Name, Role string
	Yes        bool
	At         time.Time
}

// motion is a stored one.
type motion struct {
	id      protocol.Digest
	kind    string
	epoch   uint64
	payload []byte
	made    time.Time
	ends    time.Time
	state   string
}

func motionID(kind string, epoch uint64, payload []byte) protocol.Digest {
	return protocol.Hash("locus/motion/v1", []byte(kind), binary.BigEndian.AppendUint64(nil, epoch), payload)
}

const motionColumns = "SELECT id, kind, epoch, payload, made, ends, state FROM motions"

func scanMotion(row interface{ Scan(...any) error }) (m motion, err error) {
	var made, ends int64
	err = row.Scan(digestTo(&m.id), &m.kind, &m.epoch, &m.payload, &made, &ends, &m.state)
	m.made, m.ends = time.Unix(made, 0), time.Unix(ends, 0)
	return m, err
}

// readMotion is nil for one that there is not.
func readMotion(ctx context.Context, q querier, id protocol.Digest) (*motion, error) {
	m, err := scanMotion(q.QueryRowContext(ctx, motionColumns+" WHERE id = ?", id[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: what waits: %w", ErrRecords, err)
	}
	return &m, nil
}

// insertMotion writes down what waits, once, and reports whether it did not wait before.
func insertMotion(ctx context.Context, tx querier, m motion) (fresh bool, err error) {
	var open int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM motions WHERE state = 'open' AND id != ?", m.id[:]).Scan(&open); err != nil {
		return false, err
	}
	if open >= maxOpenMotions {
		return false, fmt.Errorf("%w: %d questions wait for people already", protocol.Throttled, open)
	}
	put, err := tx.ExecContext(ctx, "INSERT INTO motions (id, kind, epoch, payload, made, ends, state) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
		m.id[:], m.kind, int64(m.epoch), m.payload, m.made.Unix(), m.ends.Unix(), motionOpen)
	if err != nil {
		return false, err
	}
	rows, err := put.RowsAffected()
	return rows > 0, err
}

// voicesOn are those of people who are officers now.
func (n *Node) voicesOn(ctx context.Context, q querier, id protocol.Digest, o *officers) (list []Voice, err error) {
	rows, err := q.QueryContext(ctx, "SELECT raw FROM voices WHERE motion = ? ORDER BY officer", id[:])
	if err != nil {
		return nil, fmt.Errorf("read what was said: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("%w: what was said: %w", ErrRecords, err)
		}
		v, err := protocol.OpenVoice(raw, o.ring())
		switch {
		case errors.Is(err, protocol.ErrSigner):
			continue // of somebody who is no officer any more
		case err != nil:
			return nil, fmt.Errorf("%w: what was said: %w", ErrRecords, err)
		case v.Message.Motion != id || v.Message.Node != n.card.NodeKey.ID():
			return nil, fmt.Errorf("%w: what was said of something else", ErrRecords)
		}
		who := o.by(v.Signer())
		list = append(list, Voice{Name: who.Name, Role: who.Role, Yes: v.Message.Yes, At: v.Message.Issued})
	}
	return list, rows.Err()
}

// verdictOf is motionOpen until enough people have said yes, or one has said no.
func verdictOf(needs []policy.Approval, voices []Voice) string {
	var yes []string
	for _, v := range voices {
		if !v.Yes {
			return motionRefused
		}
		yes = append(yes, v.Role)
	}
	for _, a := range needs {
		if !a.Given(yes) && !debug.Without(debug.Approval) {
			return motionOpen
		}
	}
	return motionCarried
}

// Vote signs yes or no to what waits, with the key of an officer, or the custodian's without
// one. id is the beginning of the motion's. A change takes effect when enough people have
// said yes; a question is answered when it is asked next, which is soon.
func (n *Node) Vote(ctx context.Context, id string, yes bool, key *protocol.SigningKey) (Motion, error) {
	if key == nil {
		key = n.keys.Custodian()
	}
	var voted motion
	err := n.records.update(ctx, func(tx querier) error {
		m, err := findMotion(ctx, tx, id)
		if err != nil {
			return err
		}
		if m.state != motionOpen || !n.cfg.Now().Before(m.ends) {
			return fmt.Errorf("%w: %s is %s", ErrMotion, m.id.Short(), m.state)
		}
		voted = *m
		return n.say(ctx, tx, m, yes, key)
	})
	if err != nil {
		return Motion{}, err
	}
	return n.showMotion(ctx, n.records.db, voted.id)
}

// say stores a voice, and makes the change when it carries.
func (n *Node) say(ctx context.Context, tx querier, m *motion, yes bool, key *protocol.SigningKey) error {
	o, err := n.officersNow(ctx, tx)
	if err != nil {
		return err
	}
	if _, known := o.ring()[key.Public().ID()]; !known {
		return fmt.Errorf("%w: the key %s is of no officer of this site; locus-node officer list shows them", ErrMotion, key.Public().ID().Short())
	}
	signed, err := protocol.Sign(protocol.Voice{Node: n.card.NodeKey.ID(), Motion: m.id, Yes: yes, Issued: n.cfg.Now()}, key)
	if err != nil {
		return fmt.Errorf("sign a voice: %w", err)
	}
	who := key.Public().ID()
	if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO voices (motion, officer, raw) VALUES (?, ?, ?)", m.id[:], who[:], signed.Bytes()); err != nil {
		return err
	}
	if _, err := appendLink(ctx, tx, linkVoice, signed.Digest()); err != nil {
		return err
	}
	if m.kind == motionQuestion {
		return nil // the policy says who decides, when it is asked again
	}
	voices, err := n.voicesOn(ctx, tx, m.id, o)
	if err != nil {
		return err
	}
	m.state = verdictOf([]policy.Approval{o.Changes}, voices)
	if m.state == motionCarried {
		if err := n.carry(ctx, tx, m); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, "UPDATE motions SET state = ? WHERE id = ?", m.state, m.id[:])
	return err
}

// carry makes a change that was decided.
func (n *Node) carry(ctx context.Context, tx querier, m *motion) error {
	epoch, err := epochOf(ctx, tx, m.kind)
	if err != nil {
		return err
	}
	if epoch != m.epoch {
		m.state = motionOver
		return nil // another change was made since: this one was decided about something else
	}
	now := n.cfg.Now()
	switch m.kind {
	case motionPolicy:
		p, err := parseKept(m.payload)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRecords, err)
		}
		d := p.digest(epoch + 1)
		if _, err := tx.ExecContext(ctx, "INSERT INTO policies (epoch, digest, files, applied) VALUES (?, ?, ?, ?)", int64(epoch+1), d[:], m.payload, now.Unix()); err != nil {
			return err
		}
		_, err = appendLink(ctx, tx, linkPolicy, d)
		return err
	case motionOfficers:
		if _, err := tx.ExecContext(ctx, "INSERT INTO officers (epoch, raw, applied) VALUES (?, ?, ?)", int64(epoch+1), m.payload, now.Unix()); err != nil {
			return err
		}
		_, err := appendLink(ctx, tx, linkOfficers, protocol.Hash("locus/link/officers/v1", binary.BigEndian.AppendUint64(nil, epoch+1), m.payload))
		return err
	case motionThaw:
		_, err := appendLink(ctx, tx, linkThaw, m.id)
		return err
	}
	return fmt.Errorf("%w: a motion of kind %q", ErrRecords, m.kind)
}

// epochOf counts the changes of a kind.
func epochOf(ctx context.Context, q querier, kind string) (epoch uint64, err error) {
	query := map[string]string{
		motionPolicy:   "SELECT coalesce(max(epoch), 0) FROM policies",
		motionOfficers: "SELECT coalesce(max(epoch), 0) FROM officers",
		motionThaw:     "SELECT coalesce(max(seq), 0) FROM chain WHERE kind IN ('freeze', 'thaw')",
	}[kind]
	if err = q.QueryRowContext(ctx, query).Scan(&epoch); err != nil {
		return 0, fmt.Errorf("read the records: %w", err)
	}
	return epoch, nil
}

// change moves a change, with the custodian's yes. It is made at once where that is enough.
func (n *Node) change(ctx context.Context, kind string, payload []byte) (Motion, error) {
	var id protocol.Digest
	err := n.records.update(ctx, func(tx querier) error {
		epoch, err := epochOf(ctx, tx, kind)
		if err != nil {
			return err
		}
		now := n.cfg.Now()
		m := motion{id: motionID(kind, epoch, payload), kind: kind, epoch: epoch, payload: payload, made: now, ends: now.Add(motionLife), state: motionOpen}
		id = m.id
		known, err := readMotion(ctx, tx, m.id)
		if err != nil {
			return err
		}
		if known != nil && known.state != motionOpen {
			return fmt.Errorf("%w: this very change was %s before", ErrMotion, known.state)
		}
		fresh, err := insertMotion(ctx, tx, m)
		if err != nil {
			return err
		}
		if err := n.say(ctx, tx, &m, true, n.keys.Custodian()); err != nil || !fresh || m.state != motionOpen {
			return err
		}
		return n.tellMotion(ctx, tx, "", m.id)
	})
	if err != nil {
		return Motion{}, err
	}
	return n.showMotion(ctx, n.records.db, id)
}

// findMotion finds one by the beginning of its id.
func findMotion(ctx context.Context, q querier, id string) (*motion, error) {
	all, err := listMotions(ctx, q)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m motion) bool { return id == "" || !strings.HasPrefix(m.id.String(), id) })
	if len(all) != 1 {
		return nil, fmt.Errorf("%w: %d that wait begin with %q; locus-node approval list shows them", ErrMotion, len(all), id)
	}
	return &all[0], nil
}

func listMotions(ctx context.Context, q querier) (all []motion, err error) {
	rows, err := q.QueryContext(ctx, motionColumns+" ORDER BY made, id")
	if err != nil {
		return nil, fmt.Errorf("read what waits: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		m, err := scanMotion(rows)
		if err != nil {
			return nil, fmt.Errorf("%w: what waits: %w", ErrRecords, err)
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// Motions lists what waits for people, and what they have decided of late, oldest first.
func (n *Node) Motions(ctx context.Context) (list []Motion, err error) {
	all, err := listMotions(ctx, n.records.db)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		shown, err := n.showMotion(ctx, n.records.db, m.id)
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	return list, nil
}

func (n *Node) showMotion(ctx context.Context, q querier, id protocol.Digest) (Motion, error) {
	m, err := readMotion(ctx, q, id)
	if err != nil || m == nil {
		return Motion{}, errors.Join(err, ErrMotion)
	}
	o, err := n.officersNow(ctx, q)
	if err != nil {
		return Motion{}, err
	}
	shown := Motion{ID: m.id, Kind: m.kind, State: m.state, Made: m.made, Ends: m.ends, Needs: []policy.Approval{o.Changes}}
	if shown.Voices, err = n.voicesOn(ctx, q, id, o); err != nil {
		return Motion{}, err
	}
	if m.state == motionOpen && !n.cfg.Now().Before(m.ends) {
		shown.State = motionOver
	}
	if m.kind == motionQuestion {
		return shown, n.showQuestion(ctx, q, m, &shown)
	}
	return shown, nil
}

// cleanMotions forgets what is over.
func cleanMotions(ctx context.Context, tx querier, now time.Time) error {
	past := now.Add(-motionLife).Unix()
	if _, err := tx.ExecContext(ctx, "DELETE FROM voices WHERE motion IN (SELECT id FROM motions WHERE ends < ?)", past); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM motions WHERE ends < ?", past); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM decisions WHERE at < ?", now.Add(-keepDecisions).Unix())
	return err
}
