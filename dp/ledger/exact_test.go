package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

// exactly is an exact release of the one cohort.
func exactly(release string, people uint64, variants ...string) ledger.Exact {
	x := ledger.Exact{Release: key(release), Cohort: key("cohort"), Study: key("study"), People: people}
	for _, v := range variants {
		x.Variants = append(x.Variants, key(v))
	}
	slices.SortFunc(x.Variants, func(a, b ledger.Key) int { return bytes.Compare(a[:], b[:]) })
	return x
}

// many are n variants that have nothing in common with v1 and v2.
func many(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("many", i))
	}
	return names
}

func (h *house) exact(x ledger.Exact) (hold *ledger.Hold, err error) {
	err = h.in(func(tx ledger.Tx) error {
		hold, err = h.l.ReserveExact(context.Background(), tx, x)
		return err
	})
	return hold, err
}

func lift(t testing.TB, study string) ledger.Signed {
	t.Helper()
	return order(t, ledger.Order{Kind: ledger.Lift, Cohort: key("cohort"), Study: key(study)}, "lift"+study)
}

func TestReserveExact(t *testing.T) {
	of := func(x ledger.Exact, change func(*ledger.Exact)) ledger.Exact {
		change(&x)
		return x
	}
	hundred := func(release, study string) ledger.Exact {
		return of(exactly(release, 100, many(100)...), func(x *ledger.Exact) { x.Study = key(study) })
	}
	for _, c := range []struct {
		name     string
		lifted   string
		releases []ledger.Exact
		refused  error // of the last one
		want     []ledger.Cohort
	}{
		{"13 variants of 100 people are the limit", "", []ledger.Exact{exactly("x", 100, many(13)...)}, nil, []ledger.Cohort{{People: 100, Released: 13, Limit: 13}}},
		{"14 are above it", "", []ledger.Exact{exactly("x", 100, many(14)...)}, ledger.ErrExact, nil},
		{"seven people have none", "", []ledger.Exact{exactly("x", 7, "v1")}, ledger.ErrExact, nil},
		{"eight have one", "", []ledger.Exact{exactly("x", 8, "v1")}, nil, []ledger.Cohort{{People: 8, Released: 1, Limit: 1}}},
		{"a release is counted once", "", []ledger.Exact{exactly("x", 100, many(13)...), exactly("x", 100, many(13)...)}, nil, []ledger.Cohort{{People: 100, Released: 13, Limit: 13}}},
		{"a variant is counted once", "", []ledger.Exact{exactly("x", 100, many(13)...), exactly("y", 100, many(12)...)}, nil, []ledger.Cohort{{People: 100, Released: 13, Limit: 13}}},
		{"one more variant is one too many", "", []ledger.Exact{exactly("x", 100, many(13)...), exactly("y", 100, "v1")}, ledger.ErrExact, []ledger.Cohort{{People: 100, Released: 13, Limit: 13}}},
		{"other studies share the limit", "", []ledger.Exact{exactly("x", 100, many(13)...), of(exactly("y", 100, "v1"), func(x *ledger.Exact) { x.Study = key("other") })}, ledger.ErrExact, []ledger.Cohort{{People: 100, Released: 13, Limit: 13}}},
		{"new people bring no new variants", "", []ledger.Exact{exactly("x", 100, many(13)...), exactly("y", 1000, "v1")}, ledger.ErrExact, []ledger.Cohort{{People: 100, Released: 13, Limit: 13}}},
		{"people who left take theirs with them", "", []ledger.Exact{exactly("x", 100, many(10)...), exactly("y", 80, "v1")}, ledger.ErrExact, []ledger.Cohort{{People: 100, Released: 10, Limit: 13}}},
		{"a lifted study has no limit", "study", []ledger.Exact{hundred("x", "study")}, nil, []ledger.Cohort{{People: 100, Released: 100, Limit: 13, Lifted: []ledger.Key{key("study")}}}},
		{"another study than the lifted one has it", "other", []ledger.Exact{hundred("x", "study")}, ledger.ErrExact, nil},
		{"what a lifted study was told counts for the others", "study", []ledger.Exact{hundred("x", "study"), of(exactly("y", 100, "v1"), func(x *ledger.Exact) { x.Study = key("other") })}, ledger.ErrExact, []ledger.Cohort{{People: 100, Released: 100, Limit: 13, Lifted: []ledger.Key{key("study")}}}},
		{"an empty list is refused", "", []ledger.Exact{exactly("x", 100)}, ledger.ErrVariants, nil},
		{"a variant twice is refused", "", []ledger.Exact{exactly("x", 100, "v1", "v1")}, ledger.ErrVariants, nil},
		{"an empty cohort is refused", "", []ledger.Exact{exactly("x", 0, "v1")}, ledger.ErrOverflow, nil},
		{"a cohort that cannot be counted is refused", "", []ledger.Exact{exactly("x", 1<<63, "v1")}, ledger.ErrOverflow, nil},
		{"a release without a name is refused", "", []ledger.Exact{of(exactly("x", 100, "v1"), func(x *ledger.Exact) { x.Release = ledger.Key{} })}, ledger.ErrPath, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			if c.lifted != "" {
				h.follow(lift(t, c.lifted))
			}
			for i, x := range c.releases {
				var want error
				if i == len(c.releases)-1 {
					want = c.refused
				}
				if _, err := h.exact(x); !errors.Is(err, want) {
					t.Fatalf("release %d: got %v, want %v", i, err, want)
				}
			}
			for i := range c.want {
				c.want[i].ID = key("cohort")
			}
			if diff := cmp.Diff(c.want, h.show().Cohorts); diff != "" {
				t.Errorf("cohorts (-want +got):\n%s", diff)
			}
			before := h.show()
			if err := h.reopen(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, h.show()); diff != "" {
				t.Errorf("after a restart (-before +after):\n%s", diff)
			}
		})
	}
}
