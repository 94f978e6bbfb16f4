package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// ErrGrant is returned when a grant cannot be given or taken back.
var ErrGrant = errors.New("node: no such release can be granted")

// GrantSpec is what a custodian lets a study have beyond the limit.
type GrantSpec struct {
	Study, Cohort string
	// Variants is how many exact variants may have been given in all of the cohort's
	// people, those before the grant included. 0 is any number.
	Variants uint64
	// Life is how long the grant lasts, at most protocol.MaxGrant.
	Life time.Duration
}

// ReleaseGrant is a grant as the custodian sees it.
type ReleaseGrant struct {
	// ID names it.
	ID              protocol.Digest
	Study, Cohort   string
	Variants        uint64
	Issued, Expires time.Time
	// State is in force, over or revoked. A grant that was given before the records were
	// restored is revoked: whether it was is not known.
	State string
}

// CohortRelease is how much was given of a cohort's people in exact answers.
type CohortRelease struct {
	Cohort string
	// People is the size class that the limit is reckoned with.
	People uint64
	// Limit is how many variants may be given of people of whom nothing was given yet.
	Limit uint64
	// Given were given of them, or of others together with some of them.
	Given uint64
	// Share is the part of the limit that is taken, 1 for all of it.
	Share float64
}

// The states of a grant.
const (
	grantInForce = "in force"
	grantOver    = "over"
	grantRevoked = "revoked"
)

// GrantRelease signs with the custodian's key that a study may be given more exact
// variants of a named cohort than the limit. The grant stands in the node's chain.
func (n *Node) GrantRelease(ctx context.Context, spec GrantSpec) (ReleaseGrant, error) {
	if spec.Life <= 0 || spec.Life > protocol.MaxGrant {
		return ReleaseGrant{}, fmt.Errorf("%w: a grant is for 1 to %d days", ErrGrant, protocol.MaxGrant/(24*time.Hour))
	}
	if _, err := n.asks(ctx, spec.Study, spec.Cohort, ErrGrant); err != nil {
		return ReleaseGrant{}, err
	}
	now := n.cfg.Now()
	g := protocol.Grant{
		Study: spec.Study, Cohort: spec.Cohort, Node: n.card.NodeKey.ID(), Variants: spec.Variants, Issued: now, Expires: now.Add(spec.Life),
	}
	if _, err := io.ReadFull(n.cfg.Entropy, g.Salt[:]); err != nil {
		return ReleaseGrant{}, fmt.Errorf("draw a salt: %w", err)
	}
	signed, err := protocol.Sign(g, n.keys.Custodian())
	if err != nil {
		return ReleaseGrant{}, fmt.Errorf("sign a grant: %w", err)
	}
	digest := signed.Digest()
	err = n.records.update(ctx, func(tx querier) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO grants (digest, raw) VALUES (?, ?)", digest[:], signed.Bytes()); err != nil {
			return err
		}
		_, err := appendLink(ctx, tx, linkGrant, digest)
		return err
	})
	if err != nil {
		return ReleaseGrant{}, err
	}
	n.cfg.Log.Info("exact release granted", "study", g.Study, "cohort", g.Cohort, "grant", digest.Short())
	return grant{signed: signed, stands: true}.shown(now), nil
}

// asks is the roster of a study that was accepted here, which asks for a cohort of this site.
// The error is unfit where it does not.
func (n *Node) asks(ctx context.Context, study, cohort string, unfit error) (*protocol.Roster, error) {
	known, err := rostersOf(ctx, n.records.db, study)
	if err != nil {
		return nil, err
	}
	for _, k := range known {
		if k.state == rosterEnded {
			continue
		}
		p, err := n.rosterByDigest(ctx, n.records.db, k.digest)
		if err != nil {
			return nil, err
		}
		if c, ok := p.roster.Message.Cohort(cohort); ok && slices.Contains(c.Points, p.point) {
			return &p.roster.Message, nil
		}
		return nil, fmt.Errorf("%w: study %q asks for no cohort %q of this site", unfit, study, cohort)
	}
	return nil, fmt.Errorf("%w: %q", ErrNoStudy, study)
}

// Revoked is what RevokeRelease ended.
type Revoked struct {
	ID            protocol.Digest
	Study, Cohort string
}

// RevokeRelease takes a grant back, or what another site's custodian has signed (see
// ImportReopening). What was given under it stays counted. It is named by the beginning of
// its id.
func (n *Node) RevokeRelease(ctx context.Context, id string) (Revoked, error) {
	var revoked Revoked
	err := n.records.update(ctx, func(tx querier) error {
		all, err := n.revocable(ctx, tx)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(r Revoked) bool { return id == "" || !strings.HasPrefix(r.ID.String(), id) })
		if len(all) != 1 {
			return fmt.Errorf("%w: %d that can be revoked begin with %q; locus-node release list shows them", ErrGrant, len(all), id)
		}
		revoked = all[0]
		_, err = appendLink(ctx, tx, linkRevoked, revoked.ID)
		return err
	})
	if err == nil {
		n.cfg.Log.Info("exact release revoked", "study", revoked.Study, "cohort", revoked.Cohort, "grant", revoked.ID.Short())
	}
	return revoked, err
}

// revocable is what stands, but for this site's own reopenings: others have those.
func (n *Node) revocable(ctx context.Context, tx querier) (all []Revoked, err error) {
	grants, err := n.grants(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if g.stands {
			all = append(all, Revoked{ID: g.signed.Digest(), Study: g.signed.Message.Study, Cohort: g.signed.Message.Cohort})
		}
	}
	known, err := n.sitesKnown(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	kept, err := n.reopenings(ctx, tx, known)
	for _, r := range kept {
		if m := &r.signed.Message; r.stands && m.Node != n.card.NodeKey.ID() {
			all = append(all, Revoked{ID: r.signed.Digest(), Study: m.Study, Cohort: m.Cohort})
		}
	}
	return all, err
}

// Releases says how much was given of each cohort's people, and what was granted, the
// newest grant first.
func (n *Node) Releases(ctx context.Context) ([]CohortRelease, []ReleaseGrant, error) {
	var cohorts []CohortRelease
	var grants []ReleaseGrant
	err := n.records.update(ctx, func(tx querier) error {
		kept, err := readCohorts(ctx, tx)
		if err != nil {
			return err
		}
		for _, k := range kept {
			a, err := n.reckon(ctx, tx, &question{data: k.definition})
			if err != nil {
				return err
			}
			cohorts = append(cohorts, CohortRelease{
				Cohort: k.Name, People: a.own.class, Limit: a.own.class * releaseShare / shareUnit,
				Given: a.given, Share: float64(a.after()) / releaseShare,
			})
		}
		all, err := n.grants(ctx, tx)
		for _, g := range slices.Backward(all) {
			grants = append(grants, g.shown(n.cfg.Now()))
		}
		return err
	})
	return cohorts, grants, err
}

// grant is one that the custodian has signed here.
type grant struct {
	signed protocol.Signed[protocol.Grant]
	// stands tells that it is in the chain and nothing after it in the chain ends it.
	stands bool
}

func (g grant) inForce(now time.Time) bool {
	return g.stands && now.Before(g.signed.Message.Expires)
}

func (g grant) shown(now time.Time) ReleaseGrant {
	m := &g.signed.Message
	r := ReleaseGrant{ID: g.signed.Digest(), Study: m.Study, Cohort: m.Cohort, Variants: m.Variants, Issued: m.Issued, Expires: m.Expires, State: grantOver}
	switch {
	case !g.stands:
		r.State = grantRevoked
	case g.inForce(now):
		r.State = grantInForce
	}
	return r
}

// grantFor tells whether a grant in force lets a study have so many variants of a cohort in
// all.
func (n *Node) grantFor(ctx context.Context, q querier, study, cohort string, now time.Time, variants uint64) (bool, error) {
	all, err := n.grants(ctx, q)
	return err == nil && slices.ContainsFunc(all, func(g grant) bool {
		m := &g.signed.Message
		return g.inForce(now) && m.Study == study && m.Cohort == cohort && (m.Variants == 0 || variants <= m.Variants)
	}), err
}

// grants reads those that this site's custodian has signed, in their order. A grant ends
// when it is revoked, and when the records are restored: its revocation may be lost.
func (n *Node) grants(ctx context.Context, q querier) (list []grant, err error) {
	rows, err := q.QueryContext(ctx, "SELECT raw, "+stands(linkGrant, "grants")+" FROM grants ORDER BY rowid")
	if err != nil {
		return nil, fmt.Errorf("read the grants: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var raw []byte
		var g grant
		if err := rows.Scan(&raw, &g.stands); err != nil {
			return nil, fmt.Errorf("read the grants: %w", err)
		}
		if g.signed, err = protocol.OpenGrant(raw, n.card.CustodianKey); err != nil {
			return nil, fmt.Errorf("%w: a grant: %w", ErrRecords, err)
		}
		if g.signed.Message.Node == n.card.NodeKey.ID() {
			list = append(list, g)
		}
	}
	return list, rows.Err()
}

// stands is the SQL for whether what a row of a table names is in the chain, with no link
// after it that ends it.
func stands(kind, table string) string {
	return fmt.Sprintf(`EXISTS (SELECT 1 FROM chain given WHERE given.kind = '%s' AND given.digest = %s.digest AND NOT EXISTS
			(SELECT 1 FROM chain WHERE seq > given.seq AND (kind = '%s' OR kind = '%s' AND digest = given.digest)))`,
		kind, table, linkRestored, linkRevoked)
}

// hasGrant reports whether an exact release is granted for a study and a cohort now.
func (n *Node) hasGrant(ctx context.Context, q querier, study, cohort string) (bool, error) {
	all, err := n.grants(ctx, q)
	if err != nil {
		return false, err
	}
	now := n.cfg.Now()
	return slices.ContainsFunc(all, func(g grant) bool {
		m := &g.signed.Message
		return g.stands && m.Study == study && m.Cohort == cohort && !now.Before(m.Issued) && now.Before(m.Expires)
	}), nil
}
