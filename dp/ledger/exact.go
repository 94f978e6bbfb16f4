package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrExact is returned when an exact release would pass the lifetime limit of its
	// cohort. The error is an *OverLimit.
	ErrExact = errors.New("ledger: the cohort's lifetime limit of exact variants is reached")
	// ErrVariants is returned when the list of an exact release is empty, too long, or
	// not sorted without repeats.
	ErrVariants = errors.New("ledger: the list of variants cannot be counted")
)

// maxVariants bounds the list of one exact release: the variants of a genome-wide
// panel and room.
const maxVariants = 1 << 26

// limitOf is how many variants of a cohort may ever be released exactly: 0.13 of its
// people. With that many the likelihood-ratio test tells a member from others with at
// most 10 % true positives at 5 % false ones.
func limitOf(people uint64) uint64 { return people/100*13 + people%100*13/100 }

// limit is that of a cohort. Once entries were lost it is what was released: those may
// have released any number of variants.
func (c cohort) limit(losses uint64) uint64 {
	if losses > 0 {
		return min(limitOf(c.people), c.released)
	}
	return limitOf(c.people)
}

// Exact is a release without noise.
type Exact struct {
	Release Key
	// Cohort names the cohort through all its changes. It MUST NOT be a digest of who
	// is in it today: a person's withdrawal would begin a new account for the others.
	Cohort Key
	Study  Key
	// People is how many are in it now. The limit follows the fewest it ever had.
	People uint64
	// Variants are what is released, sorted and each once.
	Variants []Key
}

// OverLimit says how far an exact release is over the limit.
type OverLimit struct{ Limit, Released, Fresh uint64 }

// Error says what was released, what is asked and who can mend it.
func (e *OverLimit) Error() string {
	return fmt.Sprintf("%v: %d of %d variants are released, %d more are asked for: ask for fewer or with noise, or have the operator sign a lift",
		ErrExact, e.Released, e.Limit, e.Fresh)
}

// Unwrap is ErrExact.
func (e *OverLimit) Unwrap() error { return ErrExact }

// ReserveExact counts an exact release in the caller's transaction, against the
// lifetime limit of its cohort. Variants of the cohort that were released before are
// not counted again, and a release that was counted before is not either. Under a
// Lift for the study there is no limit, and every variant is counted.
func (l *Ledger) ReserveExact(ctx context.Context, tx Tx, x Exact) (*Hold, error) {
	if err := l.alive(); err != nil {
		return nil, err
	}
	if err := x.check(); err != nil {
		return nil, err
	}
	var seq uint64
	err := tx.QueryRowContext(ctx, "SELECT seq FROM ledger_exact WHERE release = ? AND cohort = ?", x.Release[:], x.Cohort[:]).Scan(&seq)
	if err == nil {
		at, err := headAt(ctx, tx, l.cfg.ID, seq)
		if err != nil {
			return nil, err
		}
		return l.hold(at, true)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, damage(err)
	}
	c, lifted, losses, err := readCohort(ctx, tx, x)
	if err != nil {
		return nil, err
	}
	fresh := x.Variants
	if !lifted {
		if fresh, err = unreleased(ctx, tx, x, limitOf(c.people)); err != nil {
			return nil, err
		}
		limit := c.limit(losses)
		if n := uint64(len(fresh)); c.released > limit || n > limit-c.released {
			return nil, &OverLimit{Limit: limit, Released: c.released, Fresh: n}
		}
	}
	return l.countExact(ctx, tx, x, c, fresh, lifted)
}

func (l *Ledger) countExact(ctx context.Context, tx Tx, x Exact, c cohort, fresh []Key, lifted bool) (*Hold, error) {
	e := exact{
		release: x.Release, cohort: x.Cohort, study: x.Study, people: x.People,
		fresh: uint64(len(fresh)), variants: digestOf(fresh), lifted: lifted,
	}
	head, err := add(ctx, tx, l.cfg.ID, e)
	if err != nil {
		return nil, err
	}
	if !lifted {
		for _, v := range fresh {
			if _, err := tx.ExecContext(ctx, "INSERT INTO ledger_variants VALUES (?, ?, ?)", x.Cohort[:], v[:], head.Seq); err != nil {
				return nil, wrote(err)
			}
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO ledger_cohorts VALUES (?, ?, ?)
		ON CONFLICT (cohort) DO UPDATE SET people = excluded.people, released = excluded.released`,
		x.Cohort[:], c.people, min(c.released+e.fresh, maxUnits))
	if err != nil {
		return nil, wrote(err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO ledger_exact VALUES (?, ?, ?)", x.Release[:], x.Cohort[:], head.Seq); err != nil {
		return nil, wrote(err)
	}
	return l.hold(head, false)
}

func (x Exact) check() error {
	if x.Release.isZero() || x.Cohort.isZero() || x.Study.isZero() {
		return fmt.Errorf("%w: an exact release needs a release, a cohort and a study", ErrPath)
	}
	if x.People == 0 || x.People > maxUnits {
		return fmt.Errorf("%w: a cohort of %d people", ErrOverflow, x.People)
	}
	if len(x.Variants) == 0 || len(x.Variants) > maxVariants {
		return fmt.Errorf("%w: it has %d, and 1 to %d can be counted", ErrVariants, len(x.Variants), maxVariants)
	}
	for i := range x.Variants[1:] {
		if slices.Compare(x.Variants[i][:], x.Variants[i+1][:]) >= 0 {
			return fmt.Errorf("%w: number %d is not after the one before: sort them, each once", ErrVariants, i+2)
		}
	}
	return nil
}

// readCohort reads a cohort's account. Its people are the fewest that it ever had.
func readCohort(ctx context.Context, tx Tx, x Exact) (c cohort, lifted bool, losses uint64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT people, released FROM ledger_cohorts WHERE cohort = ?", x.Cohort[:]).Scan(&c.people, &c.released)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.people = x.People
	case err != nil:
		return c, false, 0, damage(err)
	}
	c.people = min(c.people, x.People)
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ledger_lifts WHERE cohort = ? AND study = ?)", x.Cohort[:], x.Study[:]).Scan(&lifted)
	if err != nil {
		return c, false, 0, damage(err)
	}
	s, err := readState(ctx, tx)
	return c, lifted, s.losses, err
}

// unreleased are the variants that the cohort has not released before. A list that is
// longer than the limit and all that was listed can only be over it; it is not looked
// up variant by variant.
func unreleased(ctx context.Context, tx Tx, x Exact, limit uint64) ([]Key, error) {
	var listed uint64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ledger_variants WHERE cohort = ?", x.Cohort[:]).Scan(&listed); err != nil {
		return nil, damage(err)
	}
	if uint64(len(x.Variants)) > limit+listed {
		return x.Variants, nil
	}
	var fresh []Key
	for _, v := range x.Variants {
		var known bool
		err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ledger_variants WHERE cohort = ? AND variant = ?)", x.Cohort[:], v[:]).Scan(&known)
		if err != nil {
			return nil, damage(err)
		}
		if !known {
			fresh = append(fresh, v)
		}
	}
	return fresh, nil
}
