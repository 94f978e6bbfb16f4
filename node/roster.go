package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrRoster is returned when a roster may not be accepted.
	ErrRoster = errors.New("node: this roster cannot be accepted")
	// ErrNoStudy is returned when the site has accepted no roster of a study.
	ErrNoStudy = errors.New("node: no such study here")
)

// The states of a roster at a site.
const (
	rosterEndorsed = "endorsed" // signed here; others' signatures are awaited
	rosterInForce  = "in force" // signed by all
	rosterEnded    = "ended"    // a later one was accepted, or the study was left
)

// pinned is a roster that this site's custodian has accepted.
type pinned struct {
	roster protocol.Signed[protocol.Roster]
	point  uint32
	state  string
}

func (p *pinned) digest() protocol.Digest { return p.roster.Digest() }

// AcceptRoster signs a proposed roster with the custodian's key. The epoch before it
// ends here, durably, before the signature exists outside this call: nothing of it
// is answered any more. Accepting the same roster again gives the signature again.
// The caller has shown the roster to a person who said yes.
func (n *Node) AcceptRoster(ctx context.Context, proposal []byte) (protocol.Signed[protocol.Roster], error) {
	p, err := protocol.ParseProposal(proposal)
	if err != nil {
		return protocol.Signed[protocol.Roster]{}, fmt.Errorf("%w: %w", ErrRoster, err)
	}
	if err := n.checkOwnEntry(&p.Message, n.cfg.Now()); err != nil {
		return protocol.Signed[protocol.Roster]{}, err
	}
	endorsed, err := protocol.Endorse(p, n.keys.Custodian())
	if err != nil {
		return protocol.Signed[protocol.Roster]{}, fmt.Errorf("%w: %w", ErrRoster, err)
	}
	err = n.records.update(ctx, func(tx querier) error {
		known, err := rostersOf(ctx, tx, p.Message.Study)
		if err != nil {
			return err
		}
		for _, k := range known {
			if k.digest == p.Digest() && k.state != rosterEnded {
				return nil // accepted before
			}
		}
		if err := errors.Join(follows(&p.Message, known), namesNoneRevoked(ctx, tx, &p.Message)); err != nil {
			return err
		}
		digest := p.Digest()
		if _, err := tx.ExecContext(ctx, "UPDATE rosters SET state = ? WHERE study = ?", rosterEnded, p.Message.Study); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO rosters (digest, study, epoch, raw, state) VALUES (?, ?, ?, ?, ?)",
			digest[:], p.Message.Study, p.Message.Epoch, endorsed.Bytes(), rosterEndorsed); err != nil {
			return err
		}
		_, err = appendLink(ctx, tx, linkRoster, digest)
		return err
	})
	if err != nil {
		return protocol.Signed[protocol.Roster]{}, err
	}
	n.cfg.Log.Info("roster accepted", "study", p.Message.Study, "epoch", p.Message.Epoch, "roster", p.Digest().Short())
	return endorsed, nil
}

// checkOwnEntry requires that the roster says of this site what the site is.
func (n *Node) checkOwnEntry(r *protocol.Roster, now time.Time) error {
	point, ok := r.PointOf(n.card.NodeKey.ID())
	if !ok {
		return fmt.Errorf("%w: this site is not in it", ErrRoster)
	}
	own, _ := r.Site(point)
	switch {
	case !own.CustodianKey.Equal(n.card.CustodianKey):
		return fmt.Errorf("%w: site %d has this node's key and another custodian's", ErrRoster, point)
	case own.Peer != n.card.Peer:
		return fmt.Errorf("%w: site %d has this node's key and another peer id", ErrRoster, point)
	case own.PeopleCap != n.card.PeopleCap:
		return fmt.Errorf("%w: it caps this site at %d people, the site's own cap is %d", ErrRoster, own.PeopleCap, n.card.PeopleCap)
	case own.Name != n.card.Name || own.Organisation != n.card.Organisation || own.Country != n.card.Country:
		return fmt.Errorf("%w: it gives this site another name, organisation or country", ErrRoster)
	case late(r, now):
		return fmt.Errorf("%w: its deadline has passed; ask for a new epoch", ErrRoster)
	}
	return nil
}

// late reports whether a roster that is not in force yet is void.
func late(r *protocol.Roster, now time.Time) bool {
	return !r.Deadline.IsZero() && now.After(r.Deadline)
}

// follows requires that a roster is the next of its study: one roster an epoch
// number, and each names one that this site knows.
func follows(r *protocol.Roster, known []knownRoster) error {
	if len(known) == 0 || debug.Without(debug.RosterEpochOnce) {
		return nil
	}
	named := false
	for _, k := range known {
		if k.epoch >= r.Epoch {
			return fmt.Errorf("%w: epoch %d was accepted already, and this is another roster of epoch %d", ErrRoster, k.epoch, r.Epoch)
		}
		named = named || k.digest == r.Previous
	}
	if !named {
		return fmt.Errorf("%w: it does not follow a roster that was accepted here", ErrRoster)
	}
	return nil
}

// knownRoster is a roster's row without its bytes.
type knownRoster struct {
	digest protocol.Digest
	study  string
	epoch  uint64
	state  string
}

// rostersOf lists what was accepted of a study, oldest first; of all, with "".
func rostersOf(ctx context.Context, q querier, study string) (list []knownRoster, err error) {
	rows, err := q.QueryContext(ctx, "SELECT digest, study, epoch, state FROM rosters WHERE study = ?1 OR ?1 = '' ORDER BY study, epoch", study)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k knownRoster
		if err := rows.Scan(digestTo(&k.digest), &k.study, &k.epoch, &k.state); err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	return list, rows.Err()
}

// pinnedRoster returns the roster of a study that was accepted last: in force, or
// waiting for others. Without one it is UnknownStudy.
func (n *Node) pinnedRoster(ctx context.Context, q querier, study string) (*pinned, error) {
	var digest protocol.Digest
	err := q.QueryRowContext(ctx, "SELECT digest FROM rosters WHERE study = ? AND state != ?", study, rosterEnded).Scan(digestTo(&digest))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %.64q", protocol.UnknownStudy, study)
	}
	if err != nil {
		return nil, fmt.Errorf("read rosters: %w", err)
	}
	return n.rosterByDigest(ctx, q, digest)
}

// rosterByDigest reads a roster that was accepted once.
func (n *Node) rosterByDigest(ctx context.Context, q querier, digest protocol.Digest) (*pinned, error) {
	var raw []byte
	p := new(pinned)
	err := q.QueryRowContext(ctx, "SELECT raw, state FROM rosters WHERE digest = ?", digest[:]).Scan(&raw, &p.state)
	if err != nil {
		return nil, fmt.Errorf("read roster %s: %w", digest.Short(), err)
	}
	// Parsing is all: what is stored was verified, and its digest is compared.
	if p.roster, err = protocol.ParseProposal(raw); err != nil {
		return nil, fmt.Errorf("%w: roster %s: %w", ErrRecords, digest.Short(), err)
	}
	if p.digest() != digest {
		return nil, fmt.Errorf("%w: roster %s has other bytes", ErrRecords, digest.Short())
	}
	var ok bool
	if p.point, ok = p.roster.Message.PointOf(n.card.NodeKey.ID()); !ok {
		return nil, fmt.Errorf("%w: roster %s is without this site", ErrRecords, digest.Short())
	}
	return p, nil
}

// enforceRoster takes a roster that every custodian has signed, when it is the one
// that was accepted here, and puts it in force.
func (n *Node) enforceRoster(ctx context.Context, raw []byte) error {
	shown, err := protocol.ParseProposal(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", protocol.BadSignature, err)
	}
	study, digest := shown.Message.Study, shown.Digest()
	known, err := rostersOf(ctx, n.records.db, study)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(known, func(k knownRoster) bool { return k.digest == digest && k.state == rosterInForce }) {
		return nil // every greeting shows it again: its signatures were verified once
	}
	r, err := protocol.OpenRoster(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", protocol.BadSignature, err)
	}
	return n.records.update(ctx, func(tx querier) error {
		known, err := rostersOf(ctx, tx, study)
		if err != nil {
			return err
		}
		state := ""
		for _, k := range known {
			if k.digest == digest {
				state = k.state
			}
		}
		switch {
		case state == rosterInForce:
			return nil
		case state == rosterEndorsed && late(&r.Message, n.cfg.Now()):
			return fmt.Errorf("%w: epoch %d of study %q was not signed by all before its deadline", protocol.RosterNotPinned, r.Message.Epoch, study)
		case state == rosterEndorsed:
			_, err := tx.ExecContext(ctx, "UPDATE rosters SET state = ?, raw = ? WHERE digest = ?", rosterInForce, r.Bytes(), digest[:])
			return err
		case !debug.Without(debug.RosterPin):
			return fmt.Errorf("%w: roster %s of study %q was not accepted here", protocol.RosterNotPinned, digest.Short(), study)
		}
		_, err = tx.ExecContext(ctx, "UPDATE rosters SET state = ? WHERE study = ?", rosterEnded, study)
		if err == nil {
			_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO rosters (digest, study, epoch, raw, state) VALUES (?, ?, ?, ?, ?)",
				digest[:], study, r.Message.Epoch, r.Bytes(), rosterInForce)
		}
		return err
	})
}
