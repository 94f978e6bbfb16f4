package researcher

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/he/pack"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/session"
)

var (
	// ErrAltered is returned when a result does not verify: the sum is not the one
	// that the sites' check words vouch for, or a signature does not fit.
	ErrAltered = errors.New("researcher: the result does not verify; nothing was opened")
	// ErrNotMine is returned when a result is of a question another seed asked.
	ErrNotMine = errors.New("researcher: this question was asked with another key")
)

// wordSize is the bytes of one masked word.
const wordSize = 6

// Row is one variant's answer.
type Row struct {
	Variant panel.Variant
	// AC is the copies of ALT, AN the called alleles, over all sites of the cut.
	AC, AN int64
}

// Answer is what a result says once everything in it has verified.
type Answer struct {
	Asked Asked
	Mode  protocol.Mode
	// Assembly is the reference that positions are of.
	Assembly string
	// Sites are the names of those whose counts are in the sum.
	Sites []string
	// Wrong are the names of those whose share of the key did not fit the others'. The
	// rest was enough, and the check words agree.
	Wrong   []string
	Purpose string
	Attempt uint32
	// Cut and Sum are what an auditor is given.
	Cut, Sum protocol.Digest
	Rows     []Row
}

// Open fetches a result, verifies all of it, and reads the sum.
func (c *Client) Open(ctx context.Context, asked Asked) (Answer, error) {
	view, err := c.Study(ctx)
	if err != nil {
		return Answer{}, err
	}
	path := "/v1/tasks/" + asked.Task.String()
	raw, err := c.rest.Bytes(ctx, http.MethodGet, path+"/result", nil)
	if err != nil {
		return Answer{}, fmt.Errorf("fetch result: %w", err)
	}
	r := &view.Roster.Message
	result, err := r.ParseResult(raw, view.Roster.Digest())
	if err == nil {
		err = session.CheckResult(r, asked.Task, result)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	secrets, err := c.home.claim(asked, &result.Header.Message)
	if err != nil {
		return Answer{}, err
	}
	layout, err := layoutOf(r, &result.Header.Message)
	if err != nil {
		return Answer{}, err
	}
	sum, err := c.sum(ctx, path, result, layout)
	if err != nil {
		return Answer{}, err
	}
	counters, wrong, err := open(r, result, secrets, layout, sum)
	if err != nil {
		return Answer{}, err
	}
	a, err := c.answer(ctx, r, asked, result, counters)
	a.Wrong = names(r, wrong)
	return a, err
}

// claim derives the secrets of a question that was asked with this seed, and holds what
// is remembered of it against what was signed: a result is of the variants and the
// cohort that the header commits to, whatever a file here says.
func (h *Home) claim(asked Asked, header *protocol.QueryHeader) (secrets, error) {
	s, err := h.secrets(header.Nonce)
	if err != nil {
		return secrets{}, err
	}
	if header.Researcher != h.key.Public().ID() || protocol.RecipientDigest(s.kemPublic) != header.Recipient {
		return secrets{}, ErrNotMine
	}
	body := s.body(asked.Cohort, asked.Panel, asked.Ranges)
	commitment, err := body.Commitment()
	if err != nil || commitment != header.Commitment || size(asked.Ranges) != header.Size {
		return secrets{}, errors.Join(fmt.Errorf("%w: it is of other variants or another cohort than the task remembers", ErrAltered), err)
	}
	return s, nil
}

// layout is how the counters of a query stand in words.
type layout struct {
	params   he.Params
	pack     pack.Layout
	counters int
	words    int
}

func layoutOf(r *protocol.Roster, h *protocol.QueryHeader) (layout, error) {
	analysis, err := protocol.ParseAnalysis(h.Analysis)
	if err != nil {
		return layout{}, err
	}
	params, err := he.ParseParams(h.Params)
	if err != nil {
		return layout{}, err
	}
	l := layout{params: params, counters: int(h.Size) * analysis.Counters}
	spec := pack.Spec{Payload: params.Payload(), Sites: len(r.Sites), Max: r.MaxCounter(analysis)}
	if l.pack, err = pack.New(spec); err != nil {
		return layout{}, err
	}
	l.words = l.pack.Words(l.counters)
	return l, nil
}

// sum fetches the masked sum, of the length and digest that are known beforehand.
func (c *Client) sum(ctx context.Context, path string, result protocol.Result, l layout) ([]byte, error) {
	if got := result.Headers[0].Message.Coefficients; got != uint64(l.words) {
		return nil, fmt.Errorf("%w: %d words, want %d", ErrAltered, got, l.words)
	}
	body, err := c.rest.Stream(ctx, path+"/sum")
	if err != nil {
		return nil, fmt.Errorf("fetch sum: %w", err)
	}
	defer body.Close()
	sum := make([]byte, l.words*wordSize)
	if _, err := io.ReadFull(body, sum); err != nil {
		return nil, fmt.Errorf("fetch sum: %w", err)
	}
	if sha256.Sum256(sum) != result.Sum {
		return nil, fmt.Errorf("%w: the sum is not the one the result names", ErrAltered)
	}
	return sum, nil
}

// names are those of the sites at some points.
func names(r *protocol.Roster, points []uint32) (list []string) {
	for _, p := range points {
		site, _ := r.Site(p)
		list = append(list, site.Name)
	}
	return list
}

// open interpolates the sum of keys, decrypts, and compares the check words. A site that
// opened something else is left out where the others are enough, and its point returned.
func open(r *protocol.Roster, result protocol.Result, secrets secrets, l layout, sum []byte) (counters []int64, wrong []uint32, err error) {
	header := &result.Header.Message
	cut := &result.Cut.Message
	set := cut.Set()
	shares := make([]he.Share, 0, len(result.Openings))
	for _, o := range result.Openings {
		m := &o.Opening.Message
		info := protocol.OpeningInfo(cut.Session, set, m.Point, header.Recipient)
		share, err := he.OpenShare(l.params, r.Packing, secrets.kemPrivate, info, o.Sealed, m.Point)
		switch {
		case err == nil:
			shares = append(shares, share)
		case len(result.Openings)-len(wrong) > r.Threshold:
			wrong = append(wrong, m.Point)
		default:
			return nil, nil, fmt.Errorf("%w: the opening of site %d: %w", ErrAltered, m.Point, err)
		}
	}
	var check he.Check
	for _, c := range result.Headers {
		check = he.AddCheck(check, he.Check(c.Message.Check))
	}
	key, err := he.NewCheckKey(secrets.check[:])
	if err != nil {
		return nil, nil, err
	}
	s := he.Session{
		Params: l.params, ID: he.SessionID(cut.Session), Points: r.Points(), Words: l.words, Threshold: r.Threshold, Packing: r.Packing, CheckKey: key,
	}
	words, err := he.Open(s, sum, check, shares)
	var named *he.WrongSharesError
	if errors.As(err, &named) {
		wrong = append(wrong, named.Points...)
		shares = slices.DeleteFunc(shares, func(h he.Share) bool { return slices.Contains(wrong, h.Point()) })
		words, err = he.Open(s, sum, check, shares)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	counters = make([]int64, l.counters)
	if err := l.pack.Unpack(counters, words, len(cut.Entries)); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	return counters, wrong, nil
}

func (c *Client) answer(ctx context.Context, r *protocol.Roster, asked Asked, result protocol.Result, counters []int64) (Answer, error) {
	ref, ok := r.Panel(asked.Panel)
	if !ok {
		return Answer{}, fmt.Errorf("researcher: the roster has no panel %s", asked.Panel.Short())
	}
	variants, err := c.Panel(ctx, ref)
	if err != nil {
		return Answer{}, err
	}
	cut := &result.Cut.Message
	a := Answer{
		Asked: asked, Mode: result.Header.Message.Mode, Purpose: result.Header.Message.Purpose, Assembly: ref.Assembly,
		Attempt: result.Task.Message.Attempt, Cut: cut.Set(), Sum: result.Sum,
	}
	a.Sites = names(r, cut.Points())
	if uint64(variants.Len()) < lastOf(asked.Ranges) {
		return Answer{}, fmt.Errorf("%w: the panel ends before the variants asked for", ErrAltered)
	}
	most := int64(len(a.Sites)) * r.MaxCounter(protocol.AlleleFrequency)
	for _, rng := range asked.Ranges {
		for i := rng.From; i < rng.To; i++ {
			row := Row{Variant: variants.At(int(i)), AC: counters[0], AN: counters[1]}
			counters = counters[2:]
			if row.AC < 0 || row.AC > row.AN || row.AN > most {
				return Answer{}, fmt.Errorf("%w: a site has sent counts that cannot be, at %s", ErrAltered, row.Variant)
			}
			a.Rows = append(a.Rows, row)
		}
	}
	return a, nil
}
