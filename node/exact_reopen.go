package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// What was added up over some sites is given over others when the sites that make the
// difference agree: each of their custodians signs a reopening, and each site that is in
// both sets takes all of them in.

// ErrReopening is returned when a reopening cannot be signed or taken in.
var ErrReopening = errors.New("node: not a reopening for this site")

// ReopenSpec is what a custodian lets be answered over two sets of sites: that of the
// newest roster here whose cohort has this site, and the same without this site.
type ReopenSpec struct {
	Study, Cohort string
	// Without are the names of other sites that the second set is without too.
	Without []string
	// With are the ids of the node keys of sites that it has beside.
	With []protocol.KeyID
	// Life is how long it lasts, at most protocol.MaxGrant.
	Life time.Duration
}

// Reopened is a reopening as the custodian sees it.
type Reopened struct {
	// ID names it.
	ID            protocol.Digest
	Study, Cohort string
	// Site is whose custodian has signed; the beginning of the node key's id where no
	// roster here names it.
	Site string
	// Difference are the sites of one set only, named likewise.
	Difference []string
	Expires    time.Time
	// State is in force, over or revoked.
	State string
}

// Reopen signs with the custodian's key that exact variants of a cohort may be given over
// two sets of sites, of which one has this site. It returns the bytes for the other sites.
// They are good until they expire: they cannot be taken back.
func (n *Node) Reopen(ctx context.Context, spec ReopenSpec) ([]byte, Reopened, error) {
	if spec.Life <= 0 || spec.Life > protocol.MaxGrant {
		return nil, Reopened{}, fmt.Errorf("%w: it is for 1 to %d days", ErrReopening, protocol.MaxGrant/(24*time.Hour))
	}
	sets, err := n.setsOf(ctx, spec)
	if err != nil {
		return nil, Reopened{}, err
	}
	now := n.cfg.Now()
	r := protocol.Reopening{
		Study: spec.Study, Cohort: spec.Cohort, Node: n.card.NodeKey.ID(), Sets: sets, Issued: now, Expires: now.Add(spec.Life),
	}
	if _, err := io.ReadFull(n.cfg.Entropy, r.Salt[:]); err != nil {
		return nil, Reopened{}, fmt.Errorf("draw a salt: %w", err)
	}
	signed, err := protocol.Sign(r, n.keys.Custodian())
	if err != nil {
		return nil, Reopened{}, fmt.Errorf("sign a reopening: %w", err)
	}
	shown, err := n.keepReopening(ctx, signed)
	return signed.Bytes(), shown, err
}

// ImportReopening takes in what another site's custodian has signed. This site is in both
// of its sets, and a roster that was accepted here names the other.
func (n *Node) ImportReopening(ctx context.Context, raw []byte) (Reopened, error) {
	known, err := n.sitesKnown(ctx, n.records.db, "")
	if err != nil {
		return Reopened{}, err
	}
	gone, err := revocationsIn(ctx, n.records.db)
	if err != nil {
		return Reopened{}, err
	}
	signed, err := protocol.OpenReopening(raw, custodians(known, gone))
	if err != nil {
		return Reopened{}, fmt.Errorf("%w: it has to be a file of locus-node release reopen, of a site of a roster that was accepted here: %w", ErrReopening, err)
	}
	r := &signed.Message
	if !r.InBoth(n.card.NodeKey.ID()) {
		return Reopened{}, fmt.Errorf("%w: only sites that are in both sets need it", ErrReopening)
	}
	if !n.cfg.Now().Before(r.Expires) {
		return Reopened{}, fmt.Errorf("%w: it ended on %s; ask for another", ErrReopening, r.Expires.UTC().Format(time.DateOnly))
	}
	return n.keepReopening(ctx, signed)
}

// Reopenings lists what this site's custodian has signed and what was taken in, the newest
// first.
func (n *Node) Reopenings(ctx context.Context) ([]Reopened, error) {
	known, err := n.sitesKnown(ctx, n.records.db, "")
	if err != nil {
		return nil, err
	}
	all, err := n.reopenings(ctx, n.records.db, known)
	var list []Reopened
	for _, r := range slices.Backward(all) {
		list = append(list, r.shown(n.cfg.Now(), known))
	}
	return list, err
}

// keepReopening links one in the chain, again where it was revoked.
func (n *Node) keepReopening(ctx context.Context, signed protocol.Signed[protocol.Reopening]) (shown Reopened, err error) {
	digest := signed.Digest()
	err = n.records.update(ctx, func(tx querier) error {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO reopenings (digest, raw) VALUES (?, ?)", digest[:], signed.Bytes()); err != nil {
			return err
		}
		if _, err := appendLink(ctx, tx, linkReopening, digest); err != nil {
			return err
		}
		known, err := n.sitesKnown(ctx, tx, signed.Message.Study)
		shown = reopening{signed: signed, stands: true}.shown(n.cfg.Now(), known)
		return err
	})
	if err == nil {
		n.cfg.Log.Info("reopening kept", "study", shown.Study, "cohort", shown.Cohort, "site", shown.Site, "reopening", shown.ID.Short())
	}
	return shown, err
}

// setsOf is the two sets of a custodian's spec, each with its keys in order.
func (n *Node) setsOf(ctx context.Context, spec ReopenSpec) (sets [2][]protocol.KeyID, err error) {
	r, points, err := n.lastWith(ctx, spec.Study, spec.Cohort)
	if err != nil {
		return sets, err
	}
	without := append([]string{n.card.Name}, spec.Without...)
	for _, name := range without {
		if !slices.ContainsFunc(points, func(p uint32) bool { s, _ := r.Site(p); return s.Name == name }) {
			return sets, fmt.Errorf("%w: cohort %q of study %q has no site %q", ErrReopening, spec.Cohort, spec.Study, name)
		}
	}
	for _, p := range points {
		s, _ := r.Site(p)
		sets[0] = append(sets[0], s.NodeKey.ID())
		if !slices.Contains(without, s.Name) {
			sets[1] = append(sets[1], s.NodeKey.ID())
		}
	}
	for _, id := range spec.With {
		if slices.Contains(sets[0], id) {
			return sets, fmt.Errorf("%w: %s is in the cohort already", ErrReopening, id.Short())
		}
		sets[1] = append(sets[1], id)
	}
	for _, set := range sets {
		slices.SortFunc(set, protocol.KeyID.Compare)
	}
	return sets, nil
}

// lastWith is the newest roster of a study here whose cohort has this site, with the
// cohort's points.
func (n *Node) lastWith(ctx context.Context, study, cohort string) (*protocol.Roster, []uint32, error) {
	known, err := rostersOf(ctx, n.records.db, study)
	if err != nil {
		return nil, nil, err
	}
	if len(known) == 0 {
		return nil, nil, fmt.Errorf("%w: %q", ErrNoStudy, study)
	}
	for _, k := range slices.Backward(known) {
		p, err := n.rosterByDigest(ctx, n.records.db, k.digest)
		if err != nil {
			return nil, nil, err
		}
		if c, ok := p.roster.Message.Cohort(cohort); ok && slices.Contains(c.Points, p.point) {
			return &p.roster.Message, c.Points, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: no roster of study %q asks for cohort %q of this site", ErrReopening, study, cohort)
}

// reopened tells whether what was given over one set of sites may be given over the
// question's: every site of one of the two only has said so.
func (n *Node) reopened(ctx context.Context, q querier, asked *question, given protocol.Digest) (bool, error) {
	if debug.Without(debug.DifferenceGranted) {
		return true, nil
	}
	study := asked.header.Message.Study
	known, err := n.sitesKnown(ctx, q, study)
	if err != nil {
		return false, err
	}
	all, err := n.reopenings(ctx, q, known)
	if err != nil {
		return false, err
	}
	var agreed, needed []protocol.KeyID
	for _, r := range all {
		m := &r.signed.Message
		if r.inForce(asked.now) && m.Study == study && m.Cohort == asked.cohort.Name && between(m, given, asked.sites()) {
			agreed, needed = append(agreed, m.Node), m.Difference()
		}
	}
	missing := func(id protocol.KeyID) bool { return !slices.Contains(agreed, id) }
	return len(needed) > 0 && !slices.ContainsFunc(needed, missing), nil
}

// between tells whether a reopening is for two sets, in either order.
func between(r *protocol.Reopening, a, b protocol.Digest) bool {
	one, other := setOf(r.Sets[0]), setOf(r.Sets[1])
	return one == a && other == b || one == b && other == a
}

// reopening is one that is kept here.
type reopening struct {
	signed protocol.Signed[protocol.Reopening]
	// stands tells that it is in the chain and nothing after it in the chain ends it.
	stands bool
}

func (r reopening) inForce(now time.Time) bool {
	return r.stands && now.Before(r.signed.Message.Expires)
}

func (r reopening) shown(now time.Time, known map[protocol.KeyID]protocol.Site) Reopened {
	m := &r.signed.Message
	s := Reopened{ID: r.signed.Digest(), Study: m.Study, Cohort: m.Cohort, Site: nameOf(known, m.Node), Expires: m.Expires, State: grantOver}
	for _, id := range m.Difference() {
		s.Difference = append(s.Difference, nameOf(known, id))
	}
	switch {
	case !r.stands:
		s.State = grantRevoked
	case r.inForce(now):
		s.State = grantInForce
	}
	return s
}

func nameOf(known map[protocol.KeyID]protocol.Site, id protocol.KeyID) string {
	if s, ok := known[id]; ok {
		return s.Name
	}
	return id.Short()
}

// reopenings reads what is kept, in its order. Like a grant it ends when it is revoked
// here, and when the records are restored.
func (n *Node) reopenings(ctx context.Context, q querier, known map[protocol.KeyID]protocol.Site) (list []reopening, err error) {
	gone, err := revocationsIn(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, "SELECT raw, "+stands(linkReopening, "reopenings")+" FROM reopenings ORDER BY rowid")
	if err != nil {
		return nil, fmt.Errorf("read the reopenings: %w", err)
	}
	defer rows.Close()
	keys := custodians(known, gone)
	for rows.Next() {
		var raw []byte
		var r reopening
		if err := rows.Scan(&raw, &r.stands); err != nil {
			return nil, fmt.Errorf("read the reopenings: %w", err)
		}
		r.signed, err = protocol.OpenReopening(raw, keys)
		switch {
		case errors.Is(err, protocol.ErrSigner):
			// A newer roster has another custodian for the site, or its key was revoked: what
			// the one before signed is good no longer.
			continue
		case err != nil:
			return nil, fmt.Errorf("%w: a reopening: %w", ErrRecords, err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// sitesKnown is every site that a roster accepted here names, by the id of its node key:
// as the newest roster of the study says it, and else as another study's does.
func (n *Node) sitesKnown(ctx context.Context, q querier, study string) (map[protocol.KeyID]protocol.Site, error) {
	all, err := rostersOf(ctx, q, "")
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b knownRoster) int {
		if (a.study == study) == (b.study == study) {
			return 0
		}
		if b.study == study {
			return -1
		}
		return 1
	})
	known := make(map[protocol.KeyID]protocol.Site)
	for _, k := range all {
		p, err := n.rosterByDigest(ctx, q, k.digest)
		if err != nil {
			return nil, err
		}
		for _, s := range p.roster.Message.Sites {
			known[s.NodeKey.ID()] = s
		}
	}
	return known, nil
}

// custodians are the keys that reopenings are signed with, of sites of which no key was revoked.
func custodians(known map[protocol.KeyID]protocol.Site, gone revocations) map[protocol.KeyID]protocol.PublicKey {
	keys := make(map[protocol.KeyID]protocol.PublicKey, len(known))
	for id, s := range known {
		if !gone.has(id) && !gone.has(s.CustodianKey.ID()) {
			keys[id] = s.CustodianKey
		}
	}
	return keys
}
