package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Three limits stand on exact answers, over all studies and as long as the site's records
// last. While the people of a cohort differ by a few from those of an earlier answer,
// no variant of that answer is given again: the difference would be those few people's
// genotypes. What was added up over some sites is not given over others: the difference
// would be one site's counts. And of nobody are more variants given than a membership test
// needs to be better than a guess, unless the custodian has signed a grant.
//
// What a membership test gains grows with the number of variants over the number of
// people, and adds up over answers. So each list of people that shares somebody with a
// cohort counts with its own share, and the shares together stay under releaseShare. The
// people are counted as the declaration does, rounded down to a size class: a refusal
// then tells nothing about a cohort that the site has not declared.

const (
	// releaseShare is 0.13 in millionths: under it the likelihood-ratio test finds at most
	// one in ten members at one false alarm in twenty.
	releaseShare = 130_000
	shareUnit    = 1_000_000
	// maxReleased is far above what a site can release, and keeps shares from overflowing.
	maxReleased = 1 << 40
)

// released is a list of people of whom exact answers were given.
type released struct {
	list     protocol.Digest
	class    uint64
	variants uint64 // different ones, or more
	tags     []byte // nil where a snapshot brought the list back
}

// share is how much of the limit so many variants of a class of people take, rounded up.
func shareOf(variants, class uint64) uint64 {
	if variants == 0 {
		return 0
	}
	if class == 0 || variants > maxReleased {
		return math.MaxUint32
	}
	return (variants*shareUnit + class - 1) / class
}

// reckoning is what an exact answer would add to what was given before.
type reckoning struct {
	own released
	// near tells that a variant of the question was given for nearly the same people.
	near bool
	// elsewhere tells that one was given of exactly these people over other sites, not all
	// of which have agreed.
	elsewhere bool
	// fresh is how many of its variants were never given for exactly these people.
	fresh uint64
	// given is how many were given of lists that share somebody, and spent is their share
	// of the limit; the answer is in neither.
	given, spent uint64
}

// after is the share of the limit that is taken once the answer is given.
func (a *reckoning) after() uint64 { return a.spent + shareOf(a.own.variants+a.fresh, a.own.class) }

// granted tells that what is given, this answer included, is more than the limit: it takes
// a custodian's grant.
func (a *reckoning) granted() bool { return a.after() > releaseShare }

// reckon compares a question with all that was given before. It fails with
// fs.ErrNotExist where it needs a panel of the question's that was not fetched yet.
func (n *Node) reckon(ctx context.Context, q querier, asked *question) (*reckoning, error) {
	a := &reckoning{own: released{list: asked.data.list(n.keys.PinTag), class: uint64(protocol.SizeClass(asked.data.People))}}
	lists, err := readReleased(ctx, q)
	if err != nil {
		return nil, err
	}
	if a.own.tags, err = readTags(ctx, q, a.own.list); err != nil {
		return nil, err
	}
	if a.own.tags == nil && asked.data.Who != nil {
		a.own.tags = tags(asked.data.Who, n.keys.PinTag)
	}
	a.fresh = size(asked.ranges)
	for i := range lists {
		if err := n.weigh(ctx, q, asked, a, &lists[i]); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// weigh adds one list of people to the account.
func (n *Node) weigh(ctx context.Context, q querier, asked *question, a *reckoning, l *released) (err error) {
	if l.list == a.own.list {
		a.own.variants = l.variants
		a.given += l.variants
		return n.weighOwn(ctx, q, asked, a)
	}
	if l.tags, err = readTags(ctx, q, l.list); err != nil {
		return err
	}
	// People who are not known are taken to be nearly these.
	near, some := true, true
	if l.tags != nil && a.own.tags != nil {
		common, differ := compareTags(a.own.tags, l.tags)
		near, some = differ < apart(asked), common > 0
	}
	if some {
		a.given += l.variants
		a.spent += shareOf(l.variants, l.class)
	}
	if near && !a.near {
		given, err := readGiven(ctx, q, l.list)
		if err != nil {
			return err
		}
		left, err := n.notGiven(asked, given, true)
		if err != nil {
			return err
		}
		a.near = size(left) < size(asked.ranges)
	}
	return nil
}

// weighOwn compares the question with what was given of exactly these people. Over the same
// sites it may be given again; what was given over others would be subtracted, unless the
// sites that make the difference have agreed.
func (n *Node) weighOwn(ctx context.Context, q querier, asked *question, a *reckoning) error {
	given, err := readGiven(ctx, q, a.own.list)
	if err != nil {
		return err
	}
	left, err := n.notGiven(asked, given, false)
	if err != nil {
		return err
	}
	a.fresh = size(left)
	for _, set := range slices.CompactFunc(slices.Clone(given), func(g, h release) bool { return g.sites == h.sites }) {
		over := slices.DeleteFunc(slices.Clone(given), func(g release) bool { return g.sites != set.sites })
		if left, err = n.notGiven(asked, over, true); err != nil {
			return err
		}
		if set.sites == asked.sites() || size(left) == size(asked.ranges) {
			continue
		}
		agreed, err := n.reopened(ctx, q, asked, set.sites)
		if err != nil {
			return err
		}
		a.elsewhere = a.elsewhere || !agreed
	}
	return nil
}

// apart is by how many people two lists differ at least, for the same variant to be
// given of both.
func apart(q *question) int {
	return max(int(q.cohort.Minimum), q.data.Minimum, protocol.MinCohort)
}

// notGiven is which of the question's variants are not among those that were given. A panel
// that is gone is taken to hold all of them, or none.
func (n *Node) notGiven(asked *question, given []release, all bool) ([]panel.Range, error) {
	left := asked.ranges
	for _, g := range given {
		if len(left) == 0 {
			break
		}
		if g.panel == asked.panel.Digest {
			left = minus(left, g.ranges)
			continue
		}
		other, err := n.panels.kept(protocol.PanelRef{Digest: g.panel, Size: g.size})
		if err != nil {
			if all {
				return nil, nil
			}
			continue
		}
		p, err := n.panels.kept(asked.panel)
		if err != nil {
			return nil, err
		}
		left = minusOf(p, left, other, g.ranges)
	}
	return left, nil
}

// checkReleased requires that no variant was given for nearly the same people. While
// the panel is not here it is left to contribute, which asks again.
func (n *Node) checkReleased(ctx context.Context, q *question) error {
	a, err := n.reckon(ctx, n.records.db, q)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.apart(q)
}

// checkLimit requires that no more is given of these people than the limit, or a grant.
func (n *Node) checkLimit(ctx context.Context, q *question) error {
	a, err := n.reckon(ctx, n.records.db, q)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return n.within(ctx, n.records.db, q, a)
}

// mayRelease asks both, once the question's panel is here.
func (n *Node) mayRelease(ctx context.Context, q querier, asked *question) (*reckoning, error) {
	a, err := n.reckon(ctx, q, asked)
	if err != nil {
		return nil, fmt.Errorf("compare with what was released: %w", err)
	}
	return a, errors.Join(a.apart(asked), n.within(ctx, q, asked, a))
}

func (a *reckoning) apart(q *question) error {
	if a.elsewhere {
		return fmt.Errorf("%w: some of these variants of cohort %q were; the custodians of the sites that make the difference may agree with locus-node release reopen", protocol.OtherSet, q.cohort.Name)
	}
	if a.near && !debug.Without(debug.ReleasedVariants) {
		return fmt.Errorf("%w: cohort %q has changed by fewer than %d people since", protocol.AlreadyReleased, q.cohort.Name, apart(q))
	}
	return nil
}

// within lets through what adds nothing: the same people and the same variants.
func (n *Node) within(ctx context.Context, q querier, asked *question, a *reckoning) error {
	if a.fresh == 0 || !a.granted() || debug.Without(debug.LifetimeRelease) {
		return nil
	}
	if ok, err := n.grantFor(ctx, q, asked.header.Message.Study, asked.cohort.Name, asked.now, a.given+a.fresh); ok || err != nil {
		return err
	}
	return fmt.Errorf("%w: cohort %q; the custodian may lift the limit with locus-node release grant", protocol.ReleaseLimit, asked.cohort.Name)
}

// record writes down what leaves, before it does.
func (a *reckoning) record(ctx context.Context, tx querier, q *question) error {
	sites := q.sites()
	given, err := readGivenOf(ctx, tx, a.own.list, sites, q.panel.Digest)
	if err != nil {
		return err
	}
	exact := union(given, q.ranges)
	kept := coarsen(exact, maxStretches)
	more := a.fresh + size(kept) - size(exact)
	done, err := tx.ExecContext(ctx, "UPDATE people SET variants = variants + ? WHERE list = ?", int64(more), a.own.list[:])
	if err != nil {
		return err
	}
	if rows, err := done.RowsAffected(); err != nil || rows != 1 {
		return errors.Join(fmt.Errorf("%w: the people of cohort %q are not in them", ErrRecords, q.cohort.Name), err)
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO released (list, sites, panel, size, ranges) VALUES (?, ?, ?, ?, ?)",
		a.own.list[:], sites[:], q.panel.Digest[:], int64(q.panel.Size), encodeRanges(kept))
	return err
}

// readReleased returns the lists of people of whom anything was given, without their tags.
func readReleased(ctx context.Context, q querier) (lists []released, err error) {
	rows, err := q.QueryContext(ctx, "SELECT list, class, variants FROM people WHERE variants > 0 ORDER BY list")
	if err != nil {
		return nil, fmt.Errorf("read the people: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r released
		if err := rows.Scan(digestTo(&r.list), &r.class, &r.variants); err != nil {
			return nil, fmt.Errorf("%w: the people: %w", ErrRecords, err)
		}
		lists = append(lists, r)
	}
	return lists, rows.Err()
}

// readTags returns a list's people, nil where they are not known.
func readTags(ctx context.Context, q querier, list protocol.Digest) (tags []byte, err error) {
	err = q.QueryRowContext(ctx, "SELECT tags FROM people WHERE list = ?", list[:]).Scan(&tags)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil || len(tags)%tagSize != 0 {
		return nil, errors.Join(fmt.Errorf("%w: the people of a cohort", ErrRecords), err)
	}
	return tags, nil
}

// release is what was given of one list of people from one panel, added up over some sites.
type release struct {
	sites  protocol.Digest
	panel  protocol.Digest
	size   uint64
	ranges []panel.Range
}

func readGiven(ctx context.Context, q querier, list protocol.Digest) (all []release, err error) {
	rows, err := q.QueryContext(ctx, "SELECT sites, panel, size, ranges FROM released WHERE list = ? ORDER BY sites, panel", list[:])
	if err != nil {
		return nil, fmt.Errorf("read what was released: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var g release
		var raw []byte
		if err := rows.Scan(digestTo(&g.sites), digestTo(&g.panel), &g.size, &raw); err != nil {
			return nil, fmt.Errorf("%w: what was released: %w", ErrRecords, err)
		}
		if g.ranges, err = parseRanges(raw, g.size); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, rows.Err()
}

func readGivenOf(ctx context.Context, q querier, list, sites, of protocol.Digest) ([]panel.Range, error) {
	all, err := readGiven(ctx, q, list)
	for _, g := range all {
		if g.sites == sites && g.panel == of {
			return g.ranges, err
		}
	}
	return nil, err
}
