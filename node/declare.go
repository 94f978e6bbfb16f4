package node

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
)

// holdings are what a site has for a study: the cohorts that the study's roster names
// for it, and a digest that changes with anything that decides their answers. What
// else the site holds is no business of the study's.
type holdings struct {
	digest  protocol.Digest
	cohorts []protocol.DeclaredCohort
}

// content looks the site's holdings for a study up.
func (n *Node) content(ctx context.Context, q querier, r *protocol.Roster, point uint32) (holdings, error) {
	kept, err := readCohorts(ctx, q)
	if err != nil {
		return holdings{}, err
	}
	var h holdings
	var parts [][]byte
	for _, k := range kept {
		if c, ok := r.Cohort(k.Name); !ok || !slices.Contains(c.Points, point) {
			continue
		}
		content := k.content(n.keys.DeclarationTag)
		parts = append(parts, []byte(k.Name), content[:])
		epoch, err := consentedIn(ctx, q, k.Name)
		if err != nil {
			return holdings{}, err
		}
		if epoch > 0 {
			parts = append(parts, binary.BigEndian.AppendUint64(nil, epoch))
		}
		h.cohorts = append(h.cohorts, protocol.DeclaredCohort{
			Name: k.Name, SizeClass: protocol.SizeClass(k.People), Modes: declaredModes(r, point, k.People),
		})
	}
	h.digest = n.keys.DeclarationTag(tagContent, parts...)
	return h, nil
}

// declaredModes are the roster's. The room that sums have is of the roster's cap on the
// site's people. Whether an answer fits must not show in whether it is answered, so that a
// cohort which has outgrown the cap is not declared for mode dp in the first place.
func declaredModes(r *protocol.Roster, point uint32, people int) []protocol.Mode {
	modes := slices.Sorted(slices.Values(r.Modes))
	if site, ok := r.Site(point); ok && uint64(people) > uint64(site.PeopleCap) {
		modes = slices.DeleteFunc(modes, func(m protocol.Mode) bool { return m == protocol.Private })
	}
	return modes
}

// declare returns the site's declaration for a study, a new one when what it holds or
// its key is other than it declared last.
func (n *Node) declare(ctx context.Context, p *pinned) (signed protocol.Signed[protocol.Declaration], err error) {
	r := &p.roster.Message
	now := n.cfg.Now()
	kem, err := n.keys.KEM(now)
	if err != nil {
		return signed, err
	}
	// Under a clock that was set back, a key would be declared for longer than it may.
	if latest := now.Add(keystore.KEMLife); kem.Until.After(latest) {
		kem.Until = latest
	}
	err = n.records.update(ctx, func(tx querier) error {
		h, err := n.content(ctx, tx, r, p.point)
		if err != nil {
			return err
		}
		last, err := currentDeclaration(ctx, tx, r)
		if err != nil {
			return err
		}
		d := &last.Message
		if !last.IsZero() && d.Point == p.point && d.Content == h.digest && slices.Equal(d.KEMKey, kem.Public) &&
			slices.EqualFunc(d.Cohorts, h.cohorts, equalDeclared) {
			signed = last
			return nil
		}
		signed, err = protocol.Sign(protocol.Declaration{
			Study: r.Study, Point: p.point, Content: h.digest, Cohorts: h.cohorts,
			KEMKey: kem.Public, KEMUntil: kem.Until, Issued: now,
		}, n.keys.Signing())
		if err != nil {
			return fmt.Errorf("sign a declaration: %w", err)
		}
		return writeDeclaration(ctx, tx, p, signed)
	})
	return signed, err
}

func equalDeclared(a, b protocol.DeclaredCohort) bool {
	return a.Name == b.Name && a.SizeClass == b.SizeClass && slices.Equal(a.Modes, b.Modes)
}

func writeDeclaration(ctx context.Context, tx querier, p *pinned, d protocol.Signed[protocol.Declaration]) error {
	digest, roster := d.Digest(), p.digest()
	if _, err := tx.ExecContext(ctx, "UPDATE declarations SET current = 0 WHERE study = ? AND current = 1", d.Message.Study); err != nil {
		return err
	}
	// Declaring in the same second what was declared before gives the same digest.
	if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO declarations (digest, study, roster, content, raw, current) VALUES (?, ?, ?, ?, ?, 1)",
		digest[:], d.Message.Study, roster[:], d.Message.Content[:], d.Bytes()); err != nil {
		return err
	}
	_, err := appendLink(ctx, tx, linkDeclaration, digest)
	return err
}

// currentDeclaration is the last one of a study. It is zero when there is none that
// the roster knows: the site may have had another point.
func currentDeclaration(ctx context.Context, q querier, r *protocol.Roster) (protocol.Signed[protocol.Declaration], error) {
	var raw []byte
	err := q.QueryRowContext(ctx, "SELECT raw FROM declarations WHERE study = ? AND current = 1", r.Study).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return protocol.Signed[protocol.Declaration]{}, nil
	}
	if err != nil {
		return protocol.Signed[protocol.Declaration]{}, fmt.Errorf("read the declaration: %w", err)
	}
	d, err := r.OpenDeclaration(raw)
	if err != nil {
		return protocol.Signed[protocol.Declaration]{}, nil
	}
	return d, nil
}

// readDeclaration returns one that this site has made, or DeclarationChanged.
func readDeclaration(ctx context.Context, q querier, r *protocol.Roster, digest protocol.Digest) (protocol.Signed[protocol.Declaration], error) {
	var raw []byte
	err := q.QueryRowContext(ctx, "SELECT raw FROM declarations WHERE digest = ? AND study = ?", digest[:], r.Study).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return protocol.Signed[protocol.Declaration]{}, fmt.Errorf("%w: no declaration %s was made here", protocol.DeclarationChanged, digest.Short())
	}
	if err != nil {
		return protocol.Signed[protocol.Declaration]{}, fmt.Errorf("read the declaration: %w", err)
	}
	d, err := r.OpenDeclaration(raw)
	if err != nil {
		return protocol.Signed[protocol.Declaration]{}, fmt.Errorf("%w: declaration %s: %w", ErrRecords, digest.Short(), err)
	}
	return d, nil
}
