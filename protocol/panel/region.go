package panel

import (
	"fmt"
	"strconv"
	"strings"
)

// Region is a stretch of a contig, 1-based and inclusive.
type Region struct {
	Contig   string
	From, To uint32
}

// maxRegion bounds what ParseRegion looks at: a name, two positions with commas.
const maxRegion = maxName + 32

// ParseRegion reads chr7:117,120,016-117,308,718, or chr7:117120016 for one position,
// or chr7 for all of the contig.
func ParseRegion(s string) (Region, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxRegion {
		return Region{}, fmt.Errorf("%w: longer than %d characters", ErrRegion, maxRegion)
	}
	r := Region{Contig: s, From: 1, To: MaxPos}
	// A name may itself hold a colon: HLA-A*01:01:01:01.
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.IndexByte(s, '*') < 0 {
		r.Contig = s[:i]
		from, to, isRange := strings.Cut(s[i+1:], "-")
		var err error
		if r.From, err = parsePos(from); err != nil {
			return Region{}, fmt.Errorf("%w: %q: %w", ErrRegion, s, err)
		}
		r.To = r.From
		if isRange {
			if r.To, err = parsePos(to); err != nil {
				return Region{}, fmt.Errorf("%w: %q: %w", ErrRegion, s, err)
			}
		}
	}
	if r.From > r.To {
		return Region{}, fmt.Errorf("%w: %q ends before it begins", ErrRegion, s)
	}
	if err := checkContig(r.Contig); err != nil {
		return Region{}, fmt.Errorf("%w: %w", ErrRegion, err)
	}
	return r, nil
}

func parsePos(s string) (uint32, error) {
	digits := strings.ReplaceAll(s, ",", "")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n == 0 || n > MaxPos || s[0] == ',' {
		return 0, fmt.Errorf("%q is not a position; want 1 to %d, as in chr7:117,120,016-117,308,718", s, MaxPos)
	}
	return uint32(n), nil
}

// String is what ParseRegion reads.
func (r Region) String() string {
	switch {
	case r.From <= 1 && r.To >= MaxPos:
		return r.Contig
	case r.From == r.To:
		return fmt.Sprintf("%s:%d", r.Contig, r.From)
	}
	return fmt.Sprintf("%s:%d-%d", r.Contig, r.From, r.To)
}
