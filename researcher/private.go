package researcher

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/sample"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrPrecision is returned for a question in mode dp that cannot have the noise it asks for.
var ErrPrecision = errors.New("researcher: the question cannot have this noise")

// Precision is how much noise a question in mode dp has: by what it may cost, or by how
// large the error may be.
type Precision struct {
	// Epsilon at Delta is what the answer costs each site's people at most; Epsilon is 0
	// where Error says the noise.
	Epsilon, Delta float64
	// Error is the root mean square of the error of a rare allele's frequency.
	Error float64
	// AllCalled takes everybody as called at every variant. The error is 1.4 times less;
	// frequencies are wrong where calls are missing or a site did not assay a variant.
	AllCalled bool
	// Again asks for another release of a question that was asked from this home before:
	// new noise, charged again. Without it the same release is asked for, for no charge.
	Again bool
}

// Private is what a question in mode dp costs and how well it answers. It is of what is
// public or the researcher's own.
type Private struct {
	Noise protocol.Noise
	// Cost is what each site charges: Epsilon at Delta.
	Cost           account.Cost
	Epsilon, Delta float64
	// Exact is the least epsilon that this noise has at Delta; what is charged is a little
	// above.
	Exact float64
	// Spread is the standard deviation of the noise in the sum over all sites.
	Spread float64
	// People is how many are counted at least, by what the sites declare; RMSE is the error
	// of a rare allele's frequency that noise makes then.
	People int64
	RMSE   float64
	// Honest of Sites is how many shares of the noise must stay secret.
	Honest, Sites int
	// Release is which release of the question it is. Before is set where it was asked for
	// from this home: it is given again for no charge while the sites' data are the same.
	Release uint32
	Before  bool

	frequency dp.Frequency
}

// ErrorOf is RMSE with so many people.
func (p Private) ErrorOf(people int64) float64 { return p.frequency.RMSE(p.Spread, people) }

// Price finds the noise of a question about so many variants and what it costs.
func (v View) Price(cohort protocol.ExactCohort, variants uint64, p Precision) (Private, error) {
	r := &v.Roster.Message
	f := dp.Frequency{Variants: int(variants), Missing: !p.AllCalled}
	bound, err := f.Person()
	if err != nil {
		return Private{}, fmt.Errorf("%w: %w", ErrPrecision, err)
	}
	q := Private{frequency: f, Delta: p.Delta, Honest: vector.Honest(r), Sites: len(cohort.Points), People: v.people(cohort)}
	sites := dp.Sites{All: q.Sites, Honest: q.Honest}
	var m dp.Mechanism
	switch {
	case (p.Epsilon != 0) == (p.Error != 0):
		return Private{}, fmt.Errorf("%w: say how much it may cost (epsilon) or how large the error may be, one of the two", ErrPrecision)
	case p.Epsilon != 0:
		m, err = account.Calibrate(bound, f.Coordinates(), sites, account.Budget{Epsilon: p.Epsilon, Delta: p.Delta})
	case q.People == 0:
		return Private{}, fmt.Errorf("%w: no site has declared how many people it has, so that an error cannot be promised; say epsilon", ErrPrecision)
	default:
		if m, err = dp.GaussianForError(bound, f.Coordinates(), sites, f.Spread(p.Error, q.People)); err != nil {
			of := func(share float64) float64 { return f.RMSE(math.Sqrt(float64(sites.All)*share), q.People) }
			err = fmt.Errorf("an error of %g is not one that noise has here, which is %.2g to %.2g: %w", p.Error, of(protocol.MinShare), of(protocol.MaxShare), err)
		}
	}
	if err == nil {
		m, err = wholeShares(m, bound, f.Coordinates(), sites)
	}
	if err != nil {
		return Private{}, fmt.Errorf("%w: %w", ErrPrecision, err)
	}
	event := m.Event()
	if q.Cost, err = account.Of(event); err != nil {
		return Private{}, fmt.Errorf("%w: %w", ErrPrecision, err)
	}
	q.Noise = protocol.Noise{Missing: f.Missing, Share: event.Parameter.Num}
	q.Spread, q.Epsilon = m.Spread(), q.Cost.Epsilon(p.Delta)
	q.Exact = account.GaussianEpsilon(sensitivity(event), p.Delta)
	if q.People > 0 {
		q.RMSE = q.ErrorOf(q.People)
	}
	return q, nil
}

// wholeShares is a mechanism as a question says it, whose shares have whole variances of at
// least protocol.MinShare. It has no less noise.
func wholeShares(m dp.Mechanism, b dp.Bound, coordinates int, s dp.Sites) (dp.Mechanism, error) {
	v := m.Event().Parameter
	share := max(protocol.MinShare, (v.Num+v.Den-1)/v.Den)
	return dp.NewGaussian(b, coordinates, s, sample.Whole(share*uint64(s.Honest)))
}

// sensitivity is a person's L2 change in standard deviations of the honest sites' noise.
func sensitivity(e dp.Event) float64 {
	return math.Sqrt(float64(e.Bound.L2Squared) / float64(e.Honest) / e.Parameter.Float())
}

// people is how many people the sites that answer in mode dp declare for a cohort, at least.
func (v View) people(cohort protocol.ExactCohort) (n int64) {
	for _, p := range cohort.Points {
		if int(p) > len(v.Declarations) || v.Declarations[p-1].IsZero() {
			continue
		}
		if d, ok := v.Declarations[p-1].Message.Cohort(cohort.Name); ok && slices.Contains(d.Modes, protocol.Private) {
			n += int64(d.SizeClass)
		}
	}
	return n
}

// Price finds the noise of what a question selects, what it costs, and whether it was
// asked before. It refuses what Compose refuses, and asks nobody for anything but a panel.
func (c *Client) Price(ctx context.Context, view View, ask Ask, selected Selected) (Private, error) {
	r := &view.Roster.Message
	cohort, err := CohortOf(r, ask.Cohort)
	if err != nil {
		return Private{}, err
	}
	if err := allowed(r, ask.Mode); err != nil {
		return Private{}, err
	}
	ref, err := choosePanel(r, ask.Panel)
	if err != nil {
		return Private{}, err
	}
	if ask.Private.AllCalled {
		p, err := c.Panel(ctx, ref)
		if err != nil {
			return Private{}, err
		}
		if at, ok := notAutosomal(p, selected.Ranges); ok {
			return Private{}, fmt.Errorf("%w: people have one allele or none at %s, so that not everybody is called there; leave --all-called out, or sex chromosomes and MT", ErrPrecision, at)
		}
	}
	q, err := view.Price(cohort, selected.Size(), ask.Private)
	if err != nil {
		return Private{}, err
	}
	q.Release, q.Before, err = c.release(view, ask, ref, selected, q.Noise)
	return q, err
}

// release is which release of a question is asked for, and whether it was before. Sites
// name a release by what is compared here, and by their data.
func (c *Client) release(view View, ask Ask, ref protocol.PanelRef, selected Selected, noise protocol.Noise) (last uint32, before bool, err error) {
	list, err := c.home.AllAsked()
	if err != nil {
		return 0, false, err
	}
	for _, b := range list {
		if b.Private != nil && b.Private.Noise == noise && b.Study == view.Roster.Message.Study && b.Roster == view.Roster.Digest() &&
			b.Cohort == ask.Cohort && b.Panel == ref.Digest && slices.Equal(b.Ranges, selected.Ranges) {
			last = max(last, b.Private.Release)
		}
	}
	if last == 0 || ask.Private.Again {
		return last + 1, false, nil
	}
	return last, true, nil
}

// notAutosomal is the first selected variant on a chromosome of which people have another
// number than two.
func notAutosomal(p *panel.Panel, ranges []protocol.Range) (string, bool) {
	for _, r := range ranges {
		for i := r.From; i < r.To; i++ {
			switch v := p.At(int(i)); panel.CanonicalContig(v.Contig) {
			case "X", "Y", "MT":
				return v.String(), true
			}
		}
	}
	return "", false
}
