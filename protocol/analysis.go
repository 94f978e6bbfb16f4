package protocol

import "fmt"

// Analysis is a question that sites can answer by a sum over people of bounded
// integer vectors, which is the only shape that is ever aggregated.
type Analysis struct {
	// ID is the name and the version of the kernel. Another kernel is another ID.
	ID string
	// Counters is how many counters a variant has, in the order that the kernel states.
	Counters int
	// PerPerson bounds what one person adds to a counter.
	PerPerson uint64
}

// AlleleFrequency counts, a variant, AC (copies of ALT) and AN (called alleles).
var AlleleFrequency = Analysis{ID: "af/1", Counters: 2, PerPerson: 2}

// ParseAnalysis returns the analysis of an ID.
func ParseAnalysis(id string) (Analysis, error) {
	if id != AlleleFrequency.ID {
		return Analysis{}, fmt.Errorf("%w: unknown analysis; this version knows %q", ErrMalformed, AlleleFrequency.ID)
	}
	return AlleleFrequency, nil
}

// Numbers is how many numbers the answer to a query has: its counters, or in mode dp one or
// two a variant, and the number of people.
func (h *QueryHeader) Numbers(a Analysis) uint64 {
	switch {
	case h.Mode == Exact:
		return h.Size * uint64(a.Counters)
	case h.Noise.Missing:
		return 2*h.Size + 1
	}
	return h.Size + 1
}

// MaxCounter is the most that one site's counter can be, whichever site it is. All
// sites pack their counters by it, and the researcher unpacks by it.
func (r *Roster) MaxCounter(a Analysis) int64 {
	largest := uint32(0)
	for _, s := range r.Sites {
		largest = max(largest, s.PeopleCap)
	}
	return int64(a.PerPerson) * int64(largest)
}
