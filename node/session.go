package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// stored is what the records hold of a session that this site has contributed to.
type stored struct {
	session      protocol.SessionID
	study        string
	roster       protocol.Digest
	query        protocol.Digest
	attempt      uint32
	task         protocol.Digest
	expires      time.Time
	identity     protocol.Digest
	params       string
	kem          []byte
	asked        []byte
	recipient    []byte
	header       protocol.Digest
	contribution []byte
	words        protocol.Digest
	received     []byte
	vote         []byte
	opening      []byte
}

// readSession returns nil for a session that is not there.
func readSession(ctx context.Context, q querier, id protocol.SessionID) (*stored, error) {
	s := &stored{session: id}
	var expires int64
	err := q.QueryRowContext(ctx, `SELECT study, roster, query, attempt, task, expires, identity, params, kem, asked,
		recipient, header, contribution, words, received, vote, opening FROM sessions WHERE session = ?`, id[:]).
		Scan(&s.study, digestTo(&s.roster), digestTo(&s.query), &s.attempt, digestTo(&s.task), &expires, digestTo(&s.identity),
			&s.params, &s.kem, &s.asked, &s.recipient, digestTo(&s.header), &s.contribution, digestTo(&s.words),
			&s.received, &s.vote, &s.opening)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read session %s: %w", id.Short(), err)
	}
	s.expires = time.Unix(expires, 0)
	return s, nil
}

// insert writes a new session.
func (s *stored) insert(ctx context.Context, tx querier) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sessions (session, study, roster, query, attempt, task, expires, identity,
		params, kem, asked, recipient, header, contribution, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.session[:], s.study, s.roster[:], s.query[:], s.attempt, s.task[:], s.expires.Unix(), s.identity[:],
		s.params, s.kem, s.asked, s.recipient, s.header[:], s.contribution, s.words[:])
	return err
}

// share is a key share that another site, or this one, has sealed to this one.
type share struct {
	point  uint32
	header protocol.Digest
	sealed []byte
	// pair is the sealed key of the pair with the dealer, when it came along.
	pair []byte
}

func readShares(ctx context.Context, q querier, id protocol.SessionID) (list []share, err error) {
	rows, err := q.QueryContext(ctx, "SELECT point, header, sealed FROM shares WHERE session = ? ORDER BY point", id[:])
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var h share
		if err := rows.Scan(&h.point, digestTo(&h.header), &h.sealed); err != nil {
			return nil, fmt.Errorf("read shares: %w", err)
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

func (h share) insert(ctx context.Context, tx querier, id protocol.SessionID) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO shares (session, point, header, sealed) VALUES (?, ?, ?, ?)", id[:], h.point, h.header[:], h.sealed)
	return err
}

// sessionsOfWords lists the sessions in which words have left and may leave again.
func sessionsOfWords(ctx context.Context, q querier, words protocol.Digest, now time.Time) (list []protocol.SessionID, err error) {
	rows, err := q.QueryContext(ctx, "SELECT session FROM sessions WHERE words = ? AND expires > ?", words[:], now.Unix())
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d protocol.Digest
		if err := rows.Scan(digestTo(&d)); err != nil {
			return nil, fmt.Errorf("read sessions: %w", err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// ballot is this site's one vote for a release.
type ballot struct {
	points  []uint32
	session protocol.SessionID
	set     protocol.Digest
	// cut is the signed cut, empty in a ballot that came back in a snapshot.
	cut []byte
}

// readBallot returns nil when no vote was cast for a release.
func readBallot(ctx context.Context, q querier, identity protocol.Digest) (*ballot, error) {
	b := new(ballot)
	var points []byte
	err := q.QueryRowContext(ctx, "SELECT points, session, cut_set, cut FROM votes WHERE identity = ?", identity[:]).
		Scan(&points, digestTo(&b.session), digestTo(&b.set), &b.cut)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read vote: %w", err)
	}
	b.points, err = parsePoints(points)
	return b, err
}

// write keeps the ballot, in place of another only where one was there.
func (b *ballot) write(ctx context.Context, tx querier, identity protocol.Digest) error {
	_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO votes (identity, points, session, cut_set, cut) VALUES (?, ?, ?, ?, ?)",
		identity[:], appendPoints(nil, b.points), b.session[:], b.set[:], b.cut)
	return err
}
