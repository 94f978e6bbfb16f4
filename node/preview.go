package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrPreview is returned when it cannot be told what a question would be.
var ErrPreview = errors.New("node: nothing to show")

// wordSize is the bytes of one masked word.
const wordSize = 6

// PreviewSpec is a question that was not asked yet: a query as a researcher keeps it,
// or a cohort and a region of one of the study's panels.
type PreviewSpec struct {
	Study string
	// Query is a signed query, or the file that a researcher's program keeps of it.
	Query []byte
	// Cohort, Region and Panel say the same in a person's terms. No region is all of
	// the panel, and no panel the only one.
	Cohort, Region, Panel string
	// Privately is what such a question may cost, and makes it one of mode dp.
	Privately account.Budget
}

// Rule is one of the rules that a query must keep, and whether this one does.
type Rule struct {
	Says string
	// Code is what the site would refuse with, 0 when the rule holds; Why is for the
	// custodian alone.
	Code protocol.Code
	Why  error
	// Open rules are asked when the signed query comes.
	Open bool
}

// Leaving is one message that would leave the site.
type Leaving struct {
	Name  string
	Bytes int64
	// Holds is what stands in it, in plain words.
	Holds string
}

// Preview is what a question would let leave the site.
type Preview struct {
	Study, Cohort, Panel string
	Variants             uint64
	Researcher, Purpose  string
	// Use is what it is for, in terms that consents are compared with.
	Use  protocol.Use
	Mode protocol.Mode
	// Cost is what an answer in mode dp is charged, Left what one to this researcher may cost
	// at most.
	Cost, Left account.Cost
	Rules      []Rule
	// Leaves is empty when a rule does not hold: then a refusal leaves, which is a code.
	Leaves []Leaving
}

// Preview says which rules a question keeps and exactly what would leave the site for
// it. It counts nothing, changes nothing and sends nothing.
func (n *Node) Preview(ctx context.Context, spec PreviewSpec) (Preview, error) {
	q, signed, err := n.considered(ctx, spec)
	if err != nil {
		return Preview{}, err
	}
	r := &q.pinned.roster.Message
	view := Preview{Study: spec.Study, Mode: q.header.Message.Mode, Variants: q.header.Message.Size, Purpose: q.header.Message.Purpose, Use: q.header.Message.Use}
	if who, ok := r.Researcher(q.header.Message.Researcher); ok {
		view.Researcher = who.Name + ", " + who.Organisation
	}
	sound := n.ask(ctx, q, &view, signed)
	view.Cohort, view.Panel = q.body.Cohort, q.panel.Name
	if err := n.priced(ctx, q, &view); err != nil || !sound {
		return view, err
	}
	view.Leaves, err = n.leaves(ctx, q)
	return view, err
}

// considered is the question that is meant, and whether it was signed.
func (n *Node) considered(ctx context.Context, spec PreviewSpec) (q *question, signed bool, err error) {
	p, err := n.pinnedRoster(ctx, n.records.db, spec.Study)
	if errors.Is(err, protocol.UnknownStudy) {
		return nil, false, fmt.Errorf("%w: %q", ErrNoStudy, spec.Study)
	}
	if err != nil {
		return nil, false, err
	}
	q = &question{pinned: p, now: n.cfg.Now()}
	if signed = len(spec.Query) > 0; signed {
		return q, signed, q.take(spec.Query)
	}
	return q, signed, n.imagine(ctx, q, spec)
}

// ask asks the rules until one does not hold, as an offer would.
func (n *Node) ask(ctx context.Context, q *question, view *Preview, signed bool) (sound bool) {
	sound = true
	for _, c := range n.checks(q.header.Message.Mode) {
		rule := Rule{Says: c.says, Open: !sound || c.signed && !signed}
		if !rule.Open {
			if rule.Why = c.holds(ctx, q); rule.Why != nil {
				sound, rule.Code = false, protocol.Internal
				errors.As(rule.Why, &rule.Code)
			}
		}
		view.Rules = append(view.Rules, rule)
	}
	return sound
}

// take reads a signed query.
func (q *question) take(raw []byte) error {
	if raw[0] == '{' {
		var kept struct {
			Query []byte `json:"query"`
		}
		if err := json.Unmarshal(raw, &kept); err != nil {
			return fmt.Errorf("%w: not a query, nor the file that is kept of one", ErrPreview)
		}
		raw = kept.Query
	}
	query, err := q.pinned.roster.Message.ParseQuery(raw, q.pinned.digest())
	if err != nil {
		return fmt.Errorf("%w: %w: %w", ErrPreview, protocol.BadSignature, err)
	}
	q.header, q.sealed = query.Header, query.Bodies[q.pinned.point-1]
	return nil
}

// imagine makes the question that a researcher would sign.
func (n *Node) imagine(ctx context.Context, q *question, spec PreviewSpec) error {
	r := &q.pinned.roster.Message
	cohort, ok := r.Cohort(spec.Cohort)
	if !ok {
		return fmt.Errorf("%w: the roster has no cohort %q", ErrPreview, spec.Cohort)
	}
	i := slices.IndexFunc(r.Panels, func(p protocol.PanelRef) bool { return p.Name == spec.Panel || spec.Panel == "" && len(r.Panels) == 1 })
	if i < 0 {
		return fmt.Errorf("%w: name one of the roster's panels", ErrPreview)
	}
	selected, err := n.selectRegion(r.Panels[i], spec.Region)
	if err != nil {
		return err
	}
	d, err := currentDeclaration(ctx, n.records.db, r)
	if err != nil {
		return err
	}
	if d.IsZero() {
		return fmt.Errorf("%w: this site has declared nothing in the study yet; let it run first", ErrPreview)
	}
	params, err := he.ParamsFor(len(r.Sites))
	if err != nil {
		return err
	}
	h := &q.header.Message
	*h = protocol.QueryHeader{
		Study: r.Study, Roster: q.pinned.digest(), Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Exact, Params: params.Name(),
		Size: selected.To - selected.From, Points: cohort.Points, Declarations: make([]protocol.Digest, len(r.Sites)),
	}
	h.Declarations[q.pinned.point-1] = d.Digest()
	q.body = protocol.QueryBody{Cohort: spec.Cohort, Panel: r.Panels[i].Digest, Ranges: []protocol.Range{selected}}
	if spec.Privately != (account.Budget{}) {
		return imaginePrivately(h, r, cohort, spec.Privately)
	}
	return nil
}

// selectRegion finds a region's variants in a panel that is here: it is not fetched,
// since that would be sending something.
func (n *Node) selectRegion(ref protocol.PanelRef, region string) (protocol.Range, error) {
	if region == "" {
		return protocol.Range{To: ref.Size}, nil
	}
	where, err := panel.ParseRegion(region)
	if err != nil {
		return protocol.Range{}, err
	}
	p, err := n.panels.kept(ref)
	if errors.Is(err, fs.ErrNotExist) {
		return protocol.Range{}, fmt.Errorf("%w: panel %q is not here yet; leave the region out to see all of it", ErrPreview, ref.Name)
	}
	if err != nil {
		return protocol.Range{}, err
	}
	from, to := p.Select(where)
	if from == to {
		return protocol.Range{}, fmt.Errorf("%w: no variant of panel %q is in %s", ErrPreview, ref.Name, where)
	}
	return protocol.Range{From: uint64(from), To: uint64(to)}, nil
}

// leaves makes each message as it would be, but under a key that is thrown away and
// with nothing in it: its length is what an answer's is, to a few bytes.
func (n *Node) leaves(ctx context.Context, q *question) ([]Leaving, error) {
	var seed [32]byte
	if _, err := io.ReadFull(n.cfg.Entropy, seed[:]); err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	key, err := protocol.NewSigningKey(seed[:])
	if err != nil {
		return nil, err
	}
	r := &q.pinned.roster.Message
	full := protocol.Hash("locus/preview/v1")
	shares := make([][]byte, len(r.Sites))
	for i := range shares {
		shares[i] = make([]byte, he.SealedShareSize(q.vector.Params(), 1))
		if r.Packing > 0 { // as long as it can be: the key of the pair may be known already
			shares[i] = make([]byte, 1+he.SealedPairKeySize+pairsOf(r, q.vector.Params(), full).session.FrameSize(i))
		}
	}
	header, errs0 := protocol.Sign(protocol.ContributionHeader{
		Session: full, Roster: full, Point: q.pinned.point, Declaration: full, Params: q.vector.Params().Name(), Coefficients: uint64(q.vector.Words()),
		Words: full, Check: [2]uint64{1 << 49, 1 << 49}, Shares: full, Sequence: 1, Head: full,
	}, key)
	counts := "the counts of each variant"
	if q.header.Message.Mode == protocol.Private {
		counts += " with this site's share of the noise"
	}
	contribution, errs1 := protocol.Contribution{Header: header, Shares: shares}.Bytes()
	received, errs2 := protocol.Sign(protocol.Received{Session: full, Point: q.pinned.point, Headers: slices.Repeat([]protocol.Digest{full}, len(q.cohort.Points))}, key)
	kept, errs3 := n.takeSnapshot(ctx, n.records.db, link{seq: 1, head: full})
	if err := errors.Join(errs0, errs1, errs2, errs3); err != nil {
		return nil, err
	}
	vote, errs0 := protocol.Sign(protocol.Vote{
		Study: r.Study, Session: full, Point: q.pinned.point, Set: full, Sequence: 1, Head: full, Snapshot: append(kept.encode(), make([]byte, 28)...),
	}, key)
	opening, errs1 := protocol.Sign(protocol.Opening{Session: full, Point: q.pinned.point, Set: full, Recipient: full, Sealed: full}, key)
	opened, errs2 := protocol.SealedOpening{Opening: opening, Sealed: make([]byte, he.SealedShareSize(q.vector.Params(), r.Packing))}.Bytes()
	return []Leaving{
		{"contribution", int64(len(contribution)), "signed: session, roster, declaration, length and digest of the masked words, two check words, where the chain stands; and one sealed key share for each site"},
		{"masked words", wordSize * int64(q.vector.Words()), counts + ", under a key that no single party has"},
		{"received", int64(len(received.Bytes())), "signed: whose key share for this site opened"},
		{"vote", int64(len(vote.Bytes())), "signed: the one set of sites that may be opened, where the chain stands, and this site's votes and pins, sealed to itself"},
		{"opening", int64(len(opened)), "signed: this site's share of the sum of all keys, sealed to the researcher's key"},
		{"receipt", protocol.MaxReceipt, "at most: that the opening is in this site's audit log: its entry, hashes of the log's tree, and two signatures"},
	}, errors.Join(errs0, errs1, errs2)
}
