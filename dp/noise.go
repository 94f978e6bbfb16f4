package dp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/locus-genomics/locus/dp/sample"
)

var (
	// ErrSites is returned where honest sites are more than there are, or none.
	ErrSites = errors.New("dp: the numbers of sites do not fit")
	// ErrTooWide is returned for noise that has no room where it is to be added.
	ErrTooWide = errors.New("dp: the noise is too wide")
	// ErrPrecision is returned for a precision or a parameter that cannot be reached.
	ErrPrecision = errors.New("dp: the precision is out of range")
	// ErrLength is returned for a vector that is not as long as the release.
	ErrLength = errors.New("dp: the vector has another length")
	// ErrCounts is returned for counts that no people have.
	ErrCounts = errors.New("dp: the counts are impossible")
)

const (
	maxSites = 1 << 16
	// maxPeople of one site: sums over all sites and their weights fit in 62 bits.
	maxPeople = 1 << 36
	// leastShare: from here on a sum of shares is as good as one draw, but for tau.
	leastShare = 2
)

// Sites says who adds noise to a sum.
type Sites struct {
	// All of them add a share.
	All int
	// Honest is how many of them are reckoned with: whoever looks at the sum knows the
	// shares of the others. With 1, each site's own noise is enough.
	Honest int
}

// Check reports whether the numbers fit.
func (s Sites) Check() error {
	if s.Honest < 1 || s.Honest > s.All || s.All > maxSites {
		return fmt.Errorf("%w: %d honest of %d, want 1 <= honest <= all <= %d", ErrSites, s.Honest, s.All, maxSites)
	}
	return nil
}

// Mechanism adds one site's noise to its vector.
type Mechanism interface {
	// Event is what the release costs, and is written down first.
	Event() Event
	// Add adds one site's share of the noise. The seed is for this site and this release
	// alone: see Seed.
	Add(dst []int64, seed [32]byte, workers int) error
	// Max is the most that one site's noise is, in size. Whoever adds it leaves room.
	Max() int64
	// Spread is the standard deviation of the whole noise in a sum over all sites.
	Spread() float64
}

// noise is what all mechanisms that add noise have in common.
type noise struct {
	event   Event
	spread  float64
	sampler sample.Sampler
}

func newNoise(e Event, spread float64, s sample.Sampler) (Mechanism, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	return &noise{e, spread, s}, nil
}

func (n *noise) Event() Event    { return n.event }
func (n *noise) Spread() float64 { return n.spread }
func (n *noise) Max() int64      { return n.sampler.Max() }

func (n *noise) Add(dst []int64, seed [32]byte, workers int) error {
	if len(dst) != n.event.Coordinates {
		return fmt.Errorf("%w: %d numbers, want %d", ErrLength, len(dst), n.event.Coordinates)
	}
	for i, x := range dst {
		if x > maxValue || x < -maxValue {
			return fmt.Errorf("%w: number %d is beyond 2^62", ErrCounts, i)
		}
	}
	sample.AddNoise(dst, n.sampler, seed, workers)
	return nil
}

// maxValue leaves room for any noise, which is less than 2^36.
const maxValue = 1 << 62

// NewGaussian makes the mechanism for vectors: discrete Gaussian noise of a variance that
// the honest sites reach together. Each site adds a share of ceil(variance / honest), of
// at least 2 where there are several.
func NewGaussian(b Bound, coordinates int, s Sites, variance sample.Ratio) (Mechanism, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if variance.Num == 0 || variance.Den == 0 {
		return nil, fmt.Errorf("%w: a variance of %v", ErrPrecision, variance)
	}
	share := variance
	if s.Honest > 1 {
		share = sample.Whole(max(leastShare, ceilQuo(variance, uint64(s.Honest))))
	}
	g, err := sample.NewGaussian(share)
	if err != nil {
		return nil, fmt.Errorf("%w: shares of variance %v for %d honest sites: %w", ErrTooWide, share, s.Honest, err)
	}
	return newNoise(Event{KindGaussian, b, coordinates, s.Honest, g.Variance()}, math.Sqrt(float64(s.All)*g.Variance().Float()), g)
}

// NewLaplace makes the mechanism for a few counts under pure differential privacy: discrete
// Laplace noise, of which each honest site adds a Pólya share. Of one honest site
// the scale is at most 2^20, and of several 64.
func NewLaplace(b Bound, coordinates int, s Sites, scale sample.Ratio) (Mechanism, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	var sampler sample.Sampler
	var err error
	if s.Honest == 1 {
		sampler, err = sample.NewLaplace(scale)
	} else {
		sampler, err = sample.NewPolya(scale, s.Honest)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTooWide, err)
	}
	// The variance of a discrete Laplace is 2q/(1-q)^2 where q = exp(-1/scale).
	spread := math.Sqrt(float64(s.All)/float64(s.Honest)/2) / math.Sinh(1/scale.Float()/2)
	return newNoise(Event{KindLaplace, b, coordinates, s.Honest, scale}, spread, sampler)
}

// ceilQuo is r/n rounded up.
func ceilQuo(r sample.Ratio, n uint64) uint64 {
	den := new(big.Int).SetUint64(r.Den)
	den.Mul(den, new(big.Int).SetUint64(n))
	num := new(big.Int).SetUint64(r.Num)
	num.Add(num, den).Sub(num, big.NewInt(1))
	if num.Quo(num, den); num.IsUint64() {
		return num.Uint64()
	}
	return math.MaxUint64
}

// GaussianForError makes the mechanism whose noise, over all sites, has at most so large a
// standard deviation: what a precision costs is then its Event's price.
func GaussianForError(b Bound, coordinates int, s Sites, spread float64) (Mechanism, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	share := math.Floor(spread * spread / float64(s.All))
	if !(share >= leastShare) || share > maxSquare {
		return nil, fmt.Errorf("%w: noise of standard deviation %g from %d sites, of whom each adds a variance of at least %d and at most 2^44",
			ErrPrecision, spread, s.All, leastShare)
	}
	return NewGaussian(b, coordinates, s, sample.Whole(uint64(share)*uint64(s.Honest)))
}

// Select chooses one of the scores by the exponential mechanism at a given epsilon, where
// one person changes a score by at most so much. It gives the event of what it did, which
// is known before: SelectionEvent.
func Select(scores []int64, change uint64, epsilon sample.Ratio, seed [32]byte) (int, error) {
	e, err := SelectionEvent(change, epsilon)
	if err != nil {
		return 0, err
	}
	w := e.Parameter
	if w.Den > math.MaxUint64/change {
		return 0, fmt.Errorf("%w: an epsilon of %v for scores that change by %d", ErrPrecision, epsilon, change)
	}
	b := sample.NewBits(seed, 0)
	defer b.Wipe()
	return sample.Select(scores, sample.Ratio{Num: w.Num, Den: w.Den * change}, b)
}

// SelectionEvent is the event of Select.
func SelectionEvent(change uint64, epsilon sample.Ratio) (Event, error) {
	if epsilon.Den > maxSquare/2 {
		return Event{}, fmt.Errorf("%w: an epsilon of %v, want a denominator of at most 2^51", ErrPrecision, epsilon)
	}
	if change > 1<<26 {
		return Event{}, fmt.Errorf("%w: scores that change by %d, want at most 2^26", ErrBound, change)
	}
	e := Event{KindSelection, Bound{change, change * change}, 1, 1, sample.Ratio{Num: epsilon.Num, Den: 2 * epsilon.Den}}
	return e, e.Check()
}

// Seed is the seed of one site's noise for a release: HMAC-SHA-256 under the site's noise
// key, of the release's identity and the exact answer. The same release gives the same
// noise for ever, so that there is nothing to average, and any other answer gives
// unrelated noise, so that there is nothing to subtract. The identity MUST tell
// everything that the answer's meaning depends on: query, dataset, sites, and the event.
func Seed(key, release [32]byte, answer []int64) [32]byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("locus/dp/noise/v1\x00"))
	mac.Write(release[:])
	buffer := binary.BigEndian.AppendUint64(make([]byte, 0, 8192), uint64(len(answer)))
	for _, x := range answer {
		if len(buffer)+8 > cap(buffer) {
			mac.Write(buffer)
			buffer = buffer[:0]
		}
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(x))
	}
	mac.Write(buffer)
	return [32]byte(mac.Sum(nil))
}
