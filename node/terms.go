package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/protocol"
)

// ErrTerms is returned for terms that cannot be a cohort's.
var ErrTerms = errors.New("node: these are no terms of a cohort")

// maxTerms bounds the terms of one cohort.
const maxTerms = 64

// SetTerms says what all data of a cohort may be used for, in codes of the Data Use Ontology:
// what a question is for is compared with them before anything else, and nothing of single
// people's consents is then told by a refusal. No codes are no terms of the cohort's own.
func (n *Node) SetTerms(ctx context.Context, cohort string, codes []string) error {
	if len(codes) > maxTerms {
		return fmt.Errorf("%w: at most %d", ErrTerms, maxTerms)
	}
	for _, c := range codes {
		term, err := duo.ParseTerm(c)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrTerms, err)
		}
		if duo.Label(term.Code) == "" || strings.Contains(c, ",") {
			return fmt.Errorf("%w: %q is not of the Data Use Ontology; write one as in HMB, DUO:0000042 or DS=MONDO:0005015", ErrTerms, c)
		}
	}
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	return n.records.update(ctx, func(tx querier) error {
		if _, err := readCohort(ctx, tx, cohort); errors.Is(err, protocol.UnknownCohort) {
			return fmt.Errorf("%w: %q", ErrNoCohort, cohort)
		} else if err != nil {
			return err
		}
		list := strings.Join(codes, ",")
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO terms (cohort, codes) VALUES (?, ?)", cohort, list); err != nil {
			return err
		}
		_, err := appendLink(ctx, tx, linkTerms, protocol.Hash("locus/link/terms/v1", []byte(cohort), []byte(list)))
		return err
	})
}

// Terms are those of a cohort, none where it has none of its own.
func (n *Node) Terms(ctx context.Context, cohort string) ([]string, error) {
	return termsOf(ctx, n.records.db, cohort)
}

func termsOf(ctx context.Context, q querier, cohort string) ([]string, error) {
	var list string
	err := q.QueryRowContext(ctx, "SELECT codes FROM terms WHERE cohort = ?", cohort).Scan(&list)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the terms: %w", err)
	}
	return words(list), nil
}
