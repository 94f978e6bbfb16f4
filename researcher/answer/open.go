package answer

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/session"
)

// wordSize is the bytes of one masked word.
const wordSize = 6

// Checked is a result of which all is known to be right but the sum.
type Checked struct {
	// Confidence is that of the intervals of a private answer, above 0 and below 1. Check
	// sets the usual one.
	Confidence float64

	asked   Asked
	roster  *protocol.Roster
	panel   protocol.PanelRef
	result  protocol.Result
	secrets Secrets
	vector  vector.Vector
}

// Check verifies every signature of a result, that its parts fit together, and that it is
// the answer to a question that was asked with this seed over this roster.
func Check(seed Seed, roster protocol.Signed[protocol.Roster], asked Asked, raw []byte) (*Checked, error) {
	r := &roster.Message
	result, err := r.ParseResult(raw, roster.Digest())
	if err == nil {
		err = session.CheckResult(r, asked.Task, result)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	c := &Checked{Confidence: Confidence, asked: asked, roster: r, result: result}
	header := &result.Header.Message
	if c.secrets, err = claim(seed, asked, header); err != nil {
		return nil, err
	}
	if c.vector, err = vector.Of(r, header); err != nil {
		return nil, err
	}
	for _, h := range result.Headers {
		if h.Message.Coefficients != uint64(c.vector.Words()) {
			return nil, fmt.Errorf("%w: %d words, want %d", ErrAltered, h.Message.Coefficients, c.vector.Words())
		}
	}
	var known bool
	if c.panel, known = r.Panel(asked.Panel); !known {
		return nil, fmt.Errorf("answer: the roster has no panel %s", asked.Panel.Short())
	}
	return c, nil
}

// claim derives the secrets of a question that was asked with this seed, and holds what
// is remembered of it against what was signed: a result is of the variants and the
// cohort that the header commits to, whatever a file says.
func claim(seed Seed, asked Asked, header *protocol.QueryHeader) (Secrets, error) {
	key, err := seed.SigningKey()
	if err != nil {
		return Secrets{}, err
	}
	s, err := seed.Secrets(header.Nonce)
	if err != nil {
		return Secrets{}, err
	}
	if header.Researcher != key.Public().ID() || protocol.RecipientDigest(s.KEMPublic) != header.Recipient {
		return Secrets{}, ErrNotMine
	}
	body := s.Body(asked.Cohort, asked.Panel, asked.Ranges, asked.Passport)
	commitment, err := body.Commitment()
	if err != nil || commitment != header.Commitment || Size(asked.Ranges) != header.Size {
		return Secrets{}, errors.Join(fmt.Errorf("%w: it is of other variants or another cohort than the task remembers", ErrAltered), err)
	}
	return s, nil
}

// Size is the number of variants in ranges.
func Size(ranges []protocol.Range) uint64 {
	var n uint64
	for _, r := range ranges {
		n += r.To - r.From
	}
	return n
}

// SumSize is the bytes of the hidden sum, which are known before it is read.
func (c *Checked) SumSize() int { return c.vector.Words() * wordSize }

// Panel is the panel that was asked about.
func (c *Checked) Panel() protocol.PanelRef { return c.panel }

// Variants is a panel, or what of it was asked about.
type Variants interface {
	Len() int
	Digest() [32]byte
	At(i int) panel.Variant
}

// Open reads the hidden sum. Variants MUST have all that was asked about.
func (c *Checked) Open(sum []byte, variants Variants) (Answer, error) {
	if len(sum) != c.SumSize() || sha256.Sum256(sum) != c.result.Sum {
		return Answer{}, fmt.Errorf("%w: the sum is not the one the result names", ErrAltered)
	}
	if uint64(variants.Len()) != c.panel.Size || protocol.Digest(variants.Digest()) != c.panel.Digest {
		return Answer{}, fmt.Errorf("%w: the variants are not of the panel that was asked about", ErrAltered)
	}
	counters, wrong, err := c.open(sum)
	if err != nil {
		return Answer{}, err
	}
	a, err := c.answer(counters, variants)
	a.Wrong = c.names(wrong)
	return a, err
}

// names are those of the sites at some points.
func (c *Checked) names(points []uint32) (list []string) {
	for _, p := range points {
		site, _ := c.roster.Site(p)
		list = append(list, site.Name)
	}
	return list
}

// open interpolates the sum of keys, decrypts, and compares the check words. A site that
// opened something else is left out where the others are enough, and its point returned.
func (c *Checked) open(sum []byte) (counters []int64, wrong []uint32, err error) {
	r, v := c.roster, c.vector
	cut := &c.result.Cut.Message
	shares, wrong, err := c.shares()
	if err != nil {
		return nil, nil, err
	}
	var check he.Check
	for _, h := range c.result.Headers {
		check = he.AddCheck(check, he.Check(h.Message.Check))
	}
	key, err := he.NewCheckKey(c.secrets.Check[:])
	if err != nil {
		return nil, nil, err
	}
	s := he.Session{
		Params: v.Params(), ID: he.SessionID(cut.Session), Points: r.Points(), Words: v.Words(), Threshold: r.Threshold, Packing: r.Packing, CheckKey: key,
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
	if counters, err = v.Unpack(words, len(cut.Entries)); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	return counters, wrong, nil
}

// shares opens what the sites sealed to this question's key. One that does not open is
// left out, and its point returned, where the others are enough.
func (c *Checked) shares() (shares []he.Share, wrong []uint32, err error) {
	header, cut := &c.result.Header.Message, &c.result.Cut.Message
	set := cut.Set()
	for _, o := range c.result.Openings {
		m := &o.Opening.Message
		info := protocol.OpeningInfo(cut.Session, set, m.Point, header.Recipient)
		share, err := he.OpenShare(c.vector.Params(), c.roster.Packing, c.secrets.KEMPrivate, info, o.Sealed, m.Point)
		switch {
		case err == nil:
			shares = append(shares, share)
		case len(c.result.Openings)-len(wrong) > c.roster.Threshold:
			wrong = append(wrong, m.Point)
		default:
			return nil, nil, fmt.Errorf("%w: the opening of site %d: %w", ErrAltered, m.Point, err)
		}
	}
	return shares, wrong, nil
}

// answer names the variants of counters.
func (c *Checked) answer(counters []int64, variants Variants) (Answer, error) {
	header, cut := &c.result.Header.Message, &c.result.Cut.Message
	a := Answer{
		Asked: c.asked, Mode: header.Mode, Purpose: header.Purpose, Assembly: c.panel.Assembly,
		Attempt: c.result.Task.Message.Attempt, Cut: cut.Set(), Sum: c.result.Sum, Sites: c.names(cut.Points()),
	}
	for _, h := range c.result.Headers {
		if h.Message.Granted {
			a.Granted = append(a.Granted, c.names([]uint32{h.Message.Point})...)
		}
	}
	var err error
	if a.Logged, err = c.logged(); err != nil {
		return Answer{}, err
	}
	for _, rng := range c.asked.Ranges {
		if rng.To > uint64(variants.Len()) {
			return Answer{}, fmt.Errorf("%w: the panel ends before the variants asked for", ErrAltered)
		}
	}
	if header.Mode == protocol.Private {
		err := c.estimate(&a, counters, variants)
		return a, err
	}
	most := int64(len(a.Sites)) * c.roster.MaxCounter(protocol.AlleleFrequency)
	a.Rows = make([]Row, 0, header.Size)
	for i := range c.selected() {
		row := Row{Variant: variants.At(i), AC: counters[0], AN: counters[1]}
		counters = counters[2:]
		if row.AC < 0 || row.AC > row.AN || row.AN > most {
			return Answer{}, fmt.Errorf("%w: a site has sent counts that cannot be, at %s", ErrAltered, row.Variant)
		}
		a.Rows = append(a.Rows, row)
	}
	return a, nil
}

// selected are the places in the panel of what was asked about.
func (c *Checked) selected() iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, rng := range c.asked.Ranges {
			for i := rng.From; i < rng.To; i++ {
				if !yield(int(i)) {
					return
				}
			}
		}
	}
}

// estimate makes of the noisy sums what they tell.
func (c *Checked) estimate(a *Answer, sums []int64, variants Variants) error {
	header := &c.result.Header.Message
	told, spread, err := c.vector.Estimates(sums, len(a.Sites), c.Confidence)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAltered, err)
	}
	event, _ := c.vector.Event()
	cost, err := account.Of(event)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAltered, err)
	}
	delta := defaultDelta
	if p := c.asked.Private; p != nil && p.Delta > 0 && p.Delta < 1 {
		delta = p.Delta
	}
	a.Noise = &Noise{
		Spread: spread, Cost: cost, Epsilon: cost.Epsilon(delta), Delta: delta, Honest: event.Honest, Release: header.Release, People: told.People, Confidence: c.Confidence,
	}
	a.Estimates, a.Rows = told.Estimates, make([]Row, 0, header.Size)
	for i := range c.selected() {
		e := &told.Estimates[len(a.Rows)]
		a.Rows = append(a.Rows, Row{Variant: variants.At(i), AC: int64(math.Round(e.AC)), AN: int64(math.Round(e.AN))})
	}
	return nil
}

// logged are the sites whose opening comes with a proof that it is in their audit log. A proof
// that proves something else is refused.
func (c *Checked) logged() (names []string, err error) {
	for _, o := range c.result.Openings {
		if len(o.Receipt) == 0 {
			continue
		}
		m := &o.Opening.Message
		site, _ := c.roster.Site(m.Point)
		key := site.NodeKey.VerifierKey(logOrigin + site.NodeKey.ID().String())
		only, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", key))
		if err != nil {
			return nil, fmt.Errorf("%w: the log of site %q: %w", ErrAltered, site.Name, err)
		}
		e, _, _, err := verify.Receipt(o.Receipt, only)
		if err != nil {
			return nil, fmt.Errorf("%w: the receipt of site %q: %w", ErrAltered, site.Name, err)
		}
		if e.Kind != "opening" || protocol.Digest(e.Subject) != o.Opening.Digest() || !bytes.Equal(e.Fields["session"], m.Session[:]) {
			return nil, fmt.Errorf("%w: the receipt of site %q is of something else", ErrAltered, site.Name)
		}
		names = append(names, site.Name)
	}
	return names, nil
}

// logOrigin begins the name of a site's audit log: docs/reference/audit-log.md.
const logOrigin = "locus/node/"
