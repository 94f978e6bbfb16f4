// Package vector says how the answer to a query stands in the words that he hides: which
// numbers it has, how many go into a word, and how much room noise takes. Start with Of.
// Sites and the researcher make the same Vector of the same roster and header, and
// nothing of it is negotiated.
//
//	mode exact   AC and AN of each variant in turn, packed
//	mode dp      dp.Frequency's numbers with this site's share of the noise, packed, but
//	             for the last: the number of people, which is much larger, has a word
//	             of its own
//
// Room is for what the roster declares: each site's cap on its people, all sites in the
// cut, and in mode dp the most that noise ever is. So no honest sum carries.
package vector

import (
	"errors"
	"fmt"
	"math"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/sample"
	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/he/pack"
	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrUnknown is returned for an analysis or parameters that this version does not know.
	ErrUnknown = errors.New("vector: the question is not one that is known here")
	// ErrTooWide is returned where sums could carry: the cohorts, or the noise, are too large.
	ErrTooWide = errors.New("vector: the sums do not fit")
	// ErrCounts is returned for counts that the roster's caps do not allow.
	ErrCounts = errors.New("vector: the counts are beyond what the roster declares")
	// ErrSum is returned for words that are no sum of honest ones.
	ErrSum = errors.New("vector: the words are no sum of honest ones")
)

// Vector is the shape of one query's answer.
type Vector struct {
	params  he.Params
	numbers int // packed, without the last in mode dp
	words   int
	layout  pack.Layout
	sites   int
	// In mode dp; noise is nil in mode exact.
	frequency dp.Frequency
	noise     dp.Mechanism
	largest   int64 // of the last number of one site, noise included
	honest    int
}

// Of is the shape of the answer to a query over a roster that allows it.
func Of(r *protocol.Roster, h *protocol.QueryHeader) (Vector, error) {
	analysis, err := protocol.ParseAnalysis(h.Analysis)
	if err != nil {
		return Vector{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	v := Vector{sites: len(r.Sites)}
	// The set follows from the roster: nothing is negotiated.
	if v.params, err = he.ParamsFor(v.sites); err != nil {
		return Vector{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if v.params.Name() != h.Params {
		return Vector{}, fmt.Errorf("%w: parameters %.20q where the roster gives %s", ErrUnknown, h.Params, v.params)
	}
	if h.Size > protocol.MaxVariants {
		return Vector{}, fmt.Errorf("%w: %d variants", ErrTooWide, h.Size)
	}
	spec := pack.Spec{Payload: v.params.Payload(), Sites: v.sites, Max: r.MaxCounter(analysis)}
	switch h.Mode {
	case protocol.Exact:
		v.numbers = int(h.Size) * analysis.Counters
	case protocol.Private:
		if err := v.private(r, h); err != nil {
			return Vector{}, err
		}
		// Each number is within 2 N of zero on both sides, and so is what noise adds.
		spec.Max += v.noise.Max()
		spec.Min = -spec.Max
	default:
		return Vector{}, fmt.Errorf("%w: a query without a mode", ErrUnknown)
	}
	if v.layout, err = pack.New(spec); err != nil {
		return Vector{}, fmt.Errorf("%w: %w", ErrTooWide, err)
	}
	v.words = v.layout.Words(v.numbers)
	if v.noise != nil {
		v.words++
	}
	if max(v.layout.MaxWord(), v.largest) > v.params.MaxWord(v.sites) {
		return Vector{}, fmt.Errorf("%w: words that %s does not carry", ErrTooWide, v.params)
	}
	return v, nil
}

// private fills in what mode dp adds.
func (v *Vector) private(r *protocol.Roster, h *protocol.QueryHeader) (err error) {
	v.frequency = dp.Frequency{Variants: int(h.Size), Missing: h.Noise.Missing}
	v.honest = Honest(r)
	if v.noise, err = mechanism(v.frequency, v.sites, v.honest, h.Noise.Share); err != nil {
		return fmt.Errorf("%w: %w", ErrTooWide, err)
	}
	v.numbers = v.frequency.Coordinates() - 1
	most := int64(0)
	for _, s := range r.Sites {
		most = max(most, int64(s.PeopleCap))
	}
	if v.largest = v.frequency.Largest(most); v.largest > math.MaxInt64/2 {
		return fmt.Errorf("%w: %d people at a site", ErrTooWide, most)
	}
	v.largest += v.noise.Max()
	return nil
}

// mechanism is the noise of so many sites of whom each adds a share of a variance.
func mechanism(f dp.Frequency, sites, honest int, share uint64) (dp.Mechanism, error) {
	bound, err := f.Person()
	if err != nil {
		return nil, err
	}
	return dp.NewGaussian(bound, f.Coordinates(), dp.Sites{All: sites, Honest: honest}, sample.Whole(share*uint64(honest)))
}

// Honest is how many sites' noise is reckoned with in mode dp: those of any cut whose keys
// stay theirs when as many are corrupt as the roster says.
func Honest(r *protocol.Roster) int { return r.Secrecy() - r.Corrupt }

// Params is he's set of parameters.
func (v Vector) Params() he.Params { return v.params }

// Words is how many words the answer takes.
func (v Vector) Words() int { return v.words }

// Event is what the release costs, in mode dp.
func (v Vector) Event() (dp.Event, bool) {
	if v.noise == nil {
		return dp.Event{}, false
	}
	return v.noise.Event(), true
}

// Encode makes the numbers of mode dp, before noise, of a site's counts, AC and AN of each
// variant in turn, and of how many people were counted. Nothing depends on the counts but
// what is returned.
func (v Vector) Encode(counts []int64, people int64) ([]int64, error) {
	if v.noise == nil {
		return nil, fmt.Errorf("%w: an exact answer is packed as it is", ErrUnknown)
	}
	numbers := make([]int64, v.frequency.Coordinates())
	if err := v.frequency.Encode(numbers, counts, people); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCounts, err)
	}
	return numbers, nil
}

// AddNoise adds this site's share of the noise, once: see dp.Seed for the seed.
func (v Vector) AddNoise(numbers []int64, seed [32]byte, workers int) error {
	return v.noise.Add(numbers, seed, workers)
}

// Pack writes a site's numbers, in mode exact its counts, as words of which there are
// Words. An error does not tell which number is out of range, nor its value.
func (v Vector) Pack(words, numbers []int64) error {
	if len(words) != v.words {
		return fmt.Errorf("%w: %d words, want %d", ErrCounts, len(words), v.words)
	}
	packed := words
	if v.noise != nil {
		if len(numbers) != v.numbers+1 {
			return fmt.Errorf("%w: %d numbers, want %d", ErrCounts, len(numbers), v.numbers+1)
		}
		last := numbers[v.numbers]
		if last > v.largest || last < -v.largest {
			return ErrCounts
		}
		packed, numbers = words[:v.words-1], numbers[:v.numbers]
		words[v.words-1] = last
	}
	if err := v.layout.Pack(packed, numbers); err != nil {
		clear(words)
		return fmt.Errorf("%w: %w", ErrCounts, err)
	}
	return nil
}

// Unpack is the sums of all numbers over a cut of so many sites.
func (v Vector) Unpack(words []int64, cut int) ([]int64, error) {
	if len(words) != v.words {
		return nil, fmt.Errorf("%w: %d words, want %d", ErrSum, len(words), v.words)
	}
	packed, numbers := words, v.numbers
	if v.noise != nil {
		packed, numbers = words[:v.words-1], v.numbers+1
	}
	sums := make([]int64, numbers)
	if err := v.layout.Unpack(sums[:v.numbers], packed, cut); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSum, err)
	}
	if v.noise != nil {
		last := words[v.words-1]
		if most := int64(cut) * v.largest; last > most || last < -most {
			return nil, ErrSum
		}
		sums[v.numbers] = last
	}
	return sums, nil
}

// Estimates are what the sums of mode dp over a cut of so many sites tell, with intervals
// of a confidence such as 0.95; spread is the standard deviation of the noise in each sum.
func (v Vector) Estimates(sums []int64, cut int, confidence float64) (t dp.Table, spread float64, err error) {
	event, ok := v.Event()
	if !ok {
		return dp.Table{}, 0, fmt.Errorf("%w: an exact answer is no estimate", ErrUnknown)
	}
	spread = math.Sqrt(float64(cut) * event.Parameter.Float())
	t, err = v.frequency.Decode(sums, spread, confidence)
	return t, spread, err
}
