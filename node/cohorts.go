package node

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrCohort is returned when a cohort cannot be taken in.
	ErrCohort = errors.New("node: this cohort cannot be taken in")
	// ErrNoCohort is returned for the name of a cohort that is not there.
	ErrNoCohort = errors.New("node: no such cohort here")
	// ErrUnsound is returned by CheckCohort when a cohort is not what was taken in.
	ErrUnsound = errors.New("node: the cohort is not as it was taken in, and nothing is answered from it")
)

// maxCohorts bounds the named cohorts of a site.
const maxCohorts = 1024

// Cohort is a named cohort as its custodian sees it.
type Cohort struct {
	Name, Path, Samples, Filter string
	Minimum, People, Variants   int
	Added                       time.Time
	// Stored tells that the node keeps the genotypes; else they are read from Path.
	Stored bool
	// Summary is what was found when the cohort was taken in.
	Summary CohortSummary
}

// AddCohort reads a cohort's files from end to end and keeps what they are, under the
// name, and the genotypes in a sealed store of the node's (CohortSpec.NoStore: it does
// not). The files stay where they are. A cohort of that name is replaced: queries that
// were made for the old one are refused from then on.
func (n *Node) AddCohort(ctx context.Context, spec CohortSpec) (CohortSummary, error) {
	if !plainName(spec.Name) {
		return CohortSummary{}, fmt.Errorf("%w: its name is 1 to %d bytes without control characters", ErrCohort, maxName)
	}
	held, err := n.shelf.lock()
	if err != nil {
		return CohortSummary{}, err
	}
	defer held.Close()
	on := &n.shelf
	if spec.NoStore {
		on = nil
	}
	// Whatever becomes of it, nothing is left on the shelf that is no cohort's.
	defer n.sweep(context.WithoutCancel(ctx))
	if spec.regions, err = readRegions(spec.Callable); err != nil {
		return CohortSummary{}, fmt.Errorf("%w: %w", ErrCohort, err)
	}
	d, summary, err := readDataset(ctx, n.shelf.parsing, spec, on)
	if err != nil {
		return CohortSummary{}, fmt.Errorf("%w: %w", ErrCohort, err)
	}
	if err := n.takeIn(ctx, d); err != nil {
		return CohortSummary{}, err
	}
	return summary, nil
}

// takeIn keeps a cohort under its name, in place of one that may be there. The caller
// holds the shelf's lock; what belongs to the cohort is on the shelf already.
func (n *Node) takeIn(ctx context.Context, d definition) error {
	switch {
	case d.People < max(d.Minimum, protocol.MinCohort):
		return fmt.Errorf("%w: it has fewer people than its minimum of %d", ErrCohort, max(d.Minimum, protocol.MinCohort))
	case uint64(d.People) > uint64(n.card.PeopleCap):
		return fmt.Errorf("%w: it has more people than the site's cap of %d, which the studies reckon with; join with a larger cap", ErrCohort, n.card.PeopleCap)
	}
	if err := n.shelf.keepRegions(d); err != nil {
		return err
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode the cohort: %w", err)
	}
	err = n.records.update(ctx, func(tx querier) error {
		known, err := readCohorts(ctx, tx)
		if err != nil {
			return err
		}
		if len(known) >= maxCohorts && !slices.ContainsFunc(known, func(k keptCohort) bool { return k.Name == d.Name }) {
			return fmt.Errorf("%w: there are %d cohorts already", ErrCohort, maxCohorts)
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO cohorts (name, definition, added) VALUES (?, ?, ?)",
			d.Name, raw, n.cfg.Now().Unix()); err != nil {
			return err
		}
		if err := n.keepPeople(ctx, tx, d); err != nil {
			return err
		}
		_, err = appendLink(ctx, tx, linkCohort, d.content(n.keys.DeclarationTag))
		return err
	})
	if err != nil {
		return err
	}
	n.cfg.Log.Info("cohort taken in", "cohort", d.Name)
	return nil
}

// UpdateCohort adds files to a cohort that has a store: more sites of its samples, or new
// samples. It makes a new version of the dataset, which is declared anew; the old one
// stays whole until then.
func (n *Node) UpdateCohort(ctx context.Context, spec UpdateSpec) (CohortUpdate, error) {
	held, err := n.shelf.lock()
	if err != nil {
		return CohortUpdate{}, err
	}
	defer held.Close()
	defer n.sweep(context.WithoutCancel(ctx))
	old, err := readCohort(ctx, n.records.db, spec.Name)
	if errors.Is(err, protocol.UnknownCohort) {
		return CohortUpdate{}, fmt.Errorf("%w: %q", ErrNoCohort, spec.Name)
	}
	if err != nil {
		return CohortUpdate{}, err
	}
	d, err := n.shelf.update(ctx, old, spec)
	if err != nil {
		return CohortUpdate{}, fmt.Errorf("%w: %w", ErrCohort, err)
	}
	if err := n.takeIn(ctx, d); err != nil {
		return CohortUpdate{}, err
	}
	return CohortUpdate{CohortSummary: *d.Summary, Filter: d.Filter, Before: old.People, SamePeople: old.Persons == d.Persons}, nil
}

// sweep takes away the stores that no cohort has.
func (n *Node) sweep(ctx context.Context) {
	have, err := readCohorts(ctx, n.records.db)
	if err == nil {
		err = n.shelf.sweep(have)
	}
	if err != nil {
		n.cfg.Log.Warn("stores that no cohort has are left", "error", err)
	}
}

// Cohorts lists the named cohorts by name.
func (n *Node) Cohorts(ctx context.Context) ([]Cohort, error) {
	kept, err := readCohorts(ctx, n.records.db)
	if err != nil {
		return nil, err
	}
	list := make([]Cohort, len(kept))
	for i, k := range kept {
		list[i] = k.shown()
	}
	return list, nil
}

// Cohort is one of them, or ErrNoCohort.
func (n *Node) Cohort(ctx context.Context, name string) (Cohort, error) {
	list, err := n.Cohorts(ctx)
	if err != nil {
		return Cohort{}, err
	}
	for _, c := range list {
		if c.Name == name {
			return c, nil
		}
	}
	return Cohort{}, fmt.Errorf("%w: %q", ErrNoCohort, name)
}

// CardSamples names the samples behind a cohort's card: those of which too much is
// missing, and those whose genotypes tell another sex. It is for the custodian's eyes.
func (n *Node) CardSamples(ctx context.Context, name string) (sparse, disagreeing []string, err error) {
	d, err := readCohort(ctx, n.records.db, name)
	if errors.Is(err, protocol.UnknownCohort) {
		return nil, nil, fmt.Errorf("%w: %q", ErrNoCohort, name)
	}
	if err != nil || d.Summary == nil {
		return nil, nil, err
	}
	names, err := n.shelf.samples(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	for _, list := range []struct {
		of []uint32
		to *[]string
	}{{d.Summary.Quality.Sparse, &sparse}, {d.Summary.Quality.Disagreeing, &disagreeing}} {
		for _, i := range list.of {
			if int(i) >= len(names) {
				return nil, nil, errDatasetChanged
			}
			*list.to = append(*list.to, names[i])
		}
	}
	return sparse, disagreeing, nil
}

func (k keptCohort) shown() Cohort {
	c := Cohort{
		Name: k.Name, Path: k.Files[0].Path, Samples: k.Samples.Path, Filter: k.Filter,
		Minimum: k.Minimum, People: k.People, Variants: k.Variants, Added: k.added, Stored: k.Store != nil,
	}
	if k.Summary != nil {
		c.Summary = *k.Summary
	}
	return c
}

// RemoveCohort forgets a cohort, and takes its store away. Questions about it are refused
// from then on. What was charged for it stays charged.
func (n *Node) RemoveCohort(ctx context.Context, name string) error {
	held, err := n.shelf.lock()
	if err != nil {
		return err
	}
	defer held.Close()
	defer n.sweep(context.WithoutCancel(ctx))
	err = n.records.update(ctx, func(tx querier) error {
		gone, err := tx.ExecContext(ctx, "DELETE FROM cohorts WHERE name = ?", name)
		if err != nil {
			return err
		}
		if rows, err := gone.RowsAffected(); err != nil || rows == 0 {
			return errors.Join(fmt.Errorf("%w: %q", ErrNoCohort, name), err)
		}
		_, err = appendLink(ctx, tx, linkCohort, n.keys.DeclarationTag(domainRemoved, []byte(name)))
		return err
	})
	if err == nil {
		n.cfg.Log.Info("cohort removed", "cohort", name)
	}
	return err
}

// CheckCohort reads a cohort again, every block of its store or else its files, and says
// whether it is still what was taken in. It changes nothing.
func (n *Node) CheckCohort(ctx context.Context, name string) (CohortSummary, error) {
	d, err := readCohort(ctx, n.records.db, name)
	if errors.Is(err, protocol.UnknownCohort) {
		return CohortSummary{}, fmt.Errorf("%w: %q", ErrNoCohort, name)
	}
	if err != nil {
		return CohortSummary{}, err
	}
	var (
		now     definition
		summary CohortSummary
	)
	if d.Store != nil {
		now, summary, err = n.shelf.scrub(ctx, d)
	} else if d, err = n.shelf.withRegions(d); err == nil {
		now, summary, err = readDataset(ctx, n.shelf.parsing, CohortSpec{
			Name: d.Name, Path: d.Files[0].Path, Samples: d.Samples.Path, Filter: d.Filter, Minimum: d.Minimum,
			Calling: d.Calling, regions: d.Regions, again: true,
		}, nil)
		if err == nil && d.Summary != nil {
			summary.Personal, summary.UserFolders = d.Summary.Personal, d.Summary.UserFolders
		}
		if err != nil && d.changed() {
			err = errDatasetChanged // whatever it has led to
		}
	}
	switch {
	case ctx.Err() != nil:
		return CohortSummary{}, ctx.Err()
	case err != nil:
		return CohortSummary{}, fmt.Errorf("%w: %q: %w", ErrUnsound, name, err)
	case now.content(n.keys.DeclarationTag) != d.content(n.keys.DeclarationTag) || !slices.Equal(now.Files, d.Files):
		return CohortSummary{}, fmt.Errorf("%w: %q: %w", ErrUnsound, name, errDatasetChanged)
	}
	return summary, nil
}

// keptCohort is a cohort as the records have it.
type keptCohort struct {
	definition
	added time.Time
}

// readCohort returns a cohort's definition, or UnknownCohort.
func readCohort(ctx context.Context, q querier, name string) (definition, error) {
	var raw []byte
	err := q.QueryRowContext(ctx, "SELECT definition FROM cohorts WHERE name = ?", name).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return definition{}, fmt.Errorf("%w: %q is not at this site", protocol.UnknownCohort, name)
	}
	if err != nil {
		return definition{}, fmt.Errorf("read cohort %q: %w", name, err)
	}
	return parseDefinition(name, raw)
}

func parseDefinition(name string, raw []byte) (definition, error) {
	var d definition
	if err := json.Unmarshal(raw, &d); err != nil || d.Name != name || len(d.Files) == 0 || d.People < 1 {
		return definition{}, fmt.Errorf("%w: cohort %q", ErrRecords, name)
	}
	return d, nil
}

func readCohorts(ctx context.Context, q querier) (list []keptCohort, err error) {
	rows, err := q.QueryContext(ctx, "SELECT name, definition, added FROM cohorts ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("read cohorts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var raw []byte
		var added int64
		if err := rows.Scan(&name, &raw, &added); err != nil {
			return nil, fmt.Errorf("read cohorts: %w", err)
		}
		d, err := parseDefinition(name, raw)
		if err != nil {
			return nil, err
		}
		list = append(list, keptCohort{d, time.Unix(added, 0)})
	}
	return list, rows.Err()
}

// plainName is what rosters take for a name.
func plainName(s string) bool {
	return s != "" && len(s) <= maxName && !slices.ContainsFunc([]rune(s), func(c rune) bool { return c < ' ' || c == 0x7f })
}
