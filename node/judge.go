package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/wire"
)

// question is a query on its way through the checks. Each check may use what those
// before it have found.
type question struct {
	pinned *pinned
	from   wire.PeerID // who has offered it
	now    time.Time
	header protocol.Signed[protocol.QueryHeader]
	sealed []byte // the body, as sealed to this site
	// contents are those of all sites' datasets, in roster order; nil where they are not
	// known.
	contents []protocol.Digest

	vector   vector.Vector
	declared protocol.Signed[protocol.Declaration] // this site's, as the query lists it
	body     protocol.QueryBody
	cohort   protocol.ExactCohort
	data     definition
	panel    protocol.PanelRef
	ranges   []panel.Range
	// claims are what its passport has shown, nil without one that the site looks at; ruling
	// is what the site's rules have said of it last.
	claims *passport.Claims
	ruling *ruling
}

// check is one rule that a query must keep.
type check struct {
	// says is the rule in plain words.
	says  string
	holds func(context.Context, *question) error
	// signed rules are about a query that was signed and sealed, and about who has signed it, not
	// about what it asks.
	signed bool
	// mode is whose rule it is, 0 for both. In mode dp no rule asks what is in the data.
	mode protocol.Mode
}

// checks are the rules of a mode in the order in which they are asked: all of them before
// a genotype is read.
func (n *Node) checks(mode protocol.Mode) []check {
	all := []check{
		{says: "the query has not expired and is not from the future", holds: checkLife, signed: true},
		{says: "the query asks this site", holds: checkAsked},
		{says: "the roster allows the mode", holds: checkMode},
		{says: "the query lists this site's dataset as it is now", holds: n.checkDeclaration},
		{says: "the sealed question is the one that was signed", holds: n.checkBody, signed: true},
		{says: "the cohort is in the roster and at this site", holds: n.checkCohort},
		{says: "the answer adds up the sites that the roster names", holds: checkSet},
		{says: "the variants are of a panel in the roster", holds: checkVariants},
		{says: "the analysis and its parameters are known, and no sum can overflow", holds: checkVector},
		{says: "the passport, if there is one, is believed", holds: n.checkPassport, signed: true},
		{says: "the data may be used for it, the site's policy allows it, and people who are asked agree", holds: n.checkPolicy, signed: true},
		{says: "the cohort is not below its minimum", holds: checkMinimum, mode: protocol.Exact},
		{says: "no variant was released for nearly the same people, or over other sites", holds: n.checkReleased, mode: protocol.Exact},
		{says: "no more variants are released of these people than the limit, or a grant", holds: n.checkLimit, mode: protocol.Exact},
		{says: "the privacy budget has room for it", holds: n.checkBudget, mode: protocol.Private},
	}
	return slices.DeleteFunc(all, func(c check) bool { return c.mode != 0 && c.mode != mode })
}

// judge asks every rule, and returns the first that does not hold as a code.
func (n *Node) judge(ctx context.Context, q *question) error {
	for _, c := range n.checks(q.header.Message.Mode) {
		if err := c.holds(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func checkLife(_ context.Context, q *question) error {
	return inTime("query", q.header.Message.Issued, q.header.Message.Expires, q.now)
}

// inTime requires issued - MaxSkew <= now < expires.
func inTime(what string, issued, expires, now time.Time) error {
	if debug.Without(debug.Expiry) {
		return nil
	}
	if !now.Before(expires) {
		return fmt.Errorf("%w: the %s is over", protocol.Expired, what)
	}
	if issued.After(now.Add(protocol.MaxSkew)) {
		return fmt.Errorf("%w: the %s is from the future; compare the clocks", protocol.Expired, what)
	}
	return nil
}

func checkAsked(_ context.Context, q *question) error {
	if points := q.header.Message.Points; len(points) > 0 && !slices.Contains(points, q.pinned.point) {
		return fmt.Errorf("%w: the query does not ask this site", protocol.OtherSet)
	}
	return nil
}

func checkMode(_ context.Context, q *question) error {
	mode := q.header.Message.Mode
	if !slices.Contains(q.pinned.roster.Message.Modes, mode) && !debug.Without(debug.ModeSigned) {
		return fmt.Errorf("%w: %s", protocol.ModeNotAllowed, mode)
	}
	return nil
}

// checkDeclaration requires that the query lists a declaration of this site whose
// content is what the site holds now. Its key may be an older one.
func (n *Node) checkDeclaration(ctx context.Context, q *question) error {
	listed := q.header.Message.Declarations[q.pinned.point-1]
	d, err := readDeclaration(ctx, n.records.db, &q.pinned.roster.Message, listed)
	if err != nil {
		return err
	}
	now, err := n.content(ctx, n.records.db, &q.pinned.roster.Message, q.pinned.point)
	if err != nil {
		return err
	}
	if d.Message.Content != now.digest && !debug.Without(debug.OwnDeclaration) {
		return fmt.Errorf("%w: declaration %s", protocol.DeclarationChanged, listed.Short())
	}
	q.declared = d
	return nil
}

func (n *Node) checkBody(_ context.Context, q *question) error {
	private, err := n.keys.KEMPrivate(q.declared.Message.KEMKey)
	if err == nil {
		defer clear(private)
		q.body, err = protocol.OpenBody(q.header, q.pinned.point, private, q.sealed)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", protocol.BadBody, err)
	}
	if len(q.body.Strata) > 0 {
		return fmt.Errorf("%w: strata are not answered by this version", protocol.UnknownAnalysis)
	}
	return nil
}

func (n *Node) checkCohort(ctx context.Context, q *question) error {
	var ok bool
	if q.cohort, ok = q.pinned.roster.Message.Cohort(q.body.Cohort); !ok || !slices.Contains(q.cohort.Points, q.pinned.point) {
		return fmt.Errorf("%w: %q is not in the roster for this site", protocol.UnknownCohort, q.body.Cohort)
	}
	var err error
	if q.data, err = readCohort(ctx, n.records.db, q.cohort.Name); err != nil {
		return err
	}
	if q.data, err = n.consenting(ctx, n.records.db, q.data, q.use()); errors.Is(err, errDatasetChanged) {
		return fmt.Errorf("%w: %w", protocol.DeclarationChanged, err)
	} else if err != nil {
		return err
	}
	d, ok := q.declared.Message.Cohort(q.cohort.Name)
	if !ok || !slices.Contains(d.Modes, q.header.Message.Mode) && !debug.Without(debug.ModeSigned) {
		return fmt.Errorf("%w: %q is not declared for mode %s", protocol.UnknownCohort, q.cohort.Name, q.header.Message.Mode)
	}
	return nil
}

// checkSet requires the sites that the roster names for the cohort. A private query of a
// cohort that all sites have may leave open which of them answer.
func checkSet(_ context.Context, q *question) error {
	h := &q.header.Message
	open := h.Mode == protocol.Private && len(h.Points) == 0 && len(q.cohort.Points) == len(q.pinned.roster.Message.Sites)
	if !open && !slices.Equal(h.Points, q.cohort.Points) {
		return fmt.Errorf("%w: an answer over %v where the roster has %v", protocol.OtherSet, h.Points, q.cohort.Points)
	}
	return nil
}

func checkMinimum(_ context.Context, q *question) error {
	if q.data.People < max(int(q.cohort.Minimum), q.data.Minimum, protocol.MinCohort) && !debug.Without(debug.MinimumCohort) {
		return fmt.Errorf("%w: %q", protocol.CohortTooSmall, q.cohort.Name)
	}
	return nil
}

// checkVariants requires ranges of a panel that the custodians have signed for. A list
// of its own would tell, by what it asks, who has a variant that nobody published.
func checkVariants(_ context.Context, q *question) error {
	var ok bool
	if q.panel, ok = q.pinned.roster.Message.Panel(q.body.Panel); !ok {
		return fmt.Errorf("%w: no such panel in the roster", protocol.UnknownVariants)
	}
	var size uint64
	q.ranges = nil
	for _, r := range q.body.Ranges {
		if r.From >= r.To || r.To > q.panel.Size {
			return fmt.Errorf("%w: a range beyond panel %q", protocol.UnknownVariants, q.panel.Name)
		}
		size += r.To - r.From
		q.ranges = append(q.ranges, panel.Range{From: r.From, To: r.To})
	}
	if size != q.header.Message.Size {
		return fmt.Errorf("%w: the ranges are not as many variants as were signed for", protocol.UnknownVariants)
	}
	return nil
}

// checkVector finds the shape of the answer, which every site and the researcher find.
func checkVector(_ context.Context, q *question) (err error) {
	r := &q.pinned.roster.Message
	q.vector, err = vector.Of(r, &q.header.Message)
	if errors.Is(err, vector.ErrTooWide) && debug.Without(debug.OverflowBound) {
		small := *r
		small.Sites = slices.Clone(r.Sites)
		for i := range small.Sites {
			small.Sites[i].PeopleCap = uint32(q.data.People)
		}
		q.vector, err = vector.Of(&small, &q.header.Message)
	}
	switch {
	case errors.Is(err, vector.ErrTooWide):
		return fmt.Errorf("%w: %w", protocol.TooLarge, err)
	case err != nil:
		return fmt.Errorf("%w: %w", protocol.UnknownAnalysis, err)
	}
	return nil
}

// sites names those that an exact answer adds up; zero where no roster is meant.
func (q *question) sites() protocol.Digest {
	if q.pinned == nil {
		return protocol.Digest{}
	}
	return sitesOf(&q.pinned.roster.Message, q.cohort.Points)
}

// sitesOf names a set of sites, in whichever study: by their keys.
func sitesOf(r *protocol.Roster, points []uint32) protocol.Digest {
	var ids []protocol.KeyID
	for _, p := range points {
		if s, ok := r.Site(p); ok {
			ids = append(ids, s.NodeKey.ID())
		}
	}
	slices.SortFunc(ids, protocol.KeyID.Compare)
	return setOf(ids)
}

// setOf names a set by the ids of its sites' node keys, which ascend.
func setOf(ids []protocol.KeyID) protocol.Digest {
	parts := make([][]byte, len(ids))
	for i := range ids {
		parts[i] = ids[i][:]
	}
	return protocol.Hash("locus/sites/v1", parts...)
}
