package he

import (
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/internal/debug"
)

// ErrShare is returned for shares that do not fit together: other parameters, other
// points, too few, or not on one polynomial.
var ErrShare = errors.New("he: not a share of this sum")

// shareWords counts what is shared: the secret polynomial and the check words' masks.
const shareWords = ringDegree + checkWords

// Share is what one point holds of a secret, or of a sum of secrets. So many shares
// as the threshold says open it; fewer tell nothing.
type Share struct {
	params Params
	point  uint32
	words  []uint64 // shareWords numbers below q
}

// Point is the share's point.
func (s Share) Point() uint32 { return s.point }

// Wipe overwrites the share.
func (s Share) Wipe() { clear(s.words) }

// Shares deals the mask's secret to the session's points, in their order: Shamir's
// scheme over Z_q, word by word, with polynomials drawn from the same derivation as
// the secret. The same mask deals the same shares again.
func (m *Mask) Shares() ([]Share, error) {
	if m.key == nil {
		return nil, ErrWiped
	}
	shares := make([]Share, len(m.session.Points))
	at := make([]factor, len(shares))
	for i, x := range m.session.Points {
		shares[i] = Share{m.session.Params, x, make([]uint64, shareWords)}
		at[i] = newFactor(uint64(x))
	}
	var row [shareWords]uint64
	for d := m.session.Threshold - 1; d >= 0; d-- { // Horner's rule
		if d > 0 {
			m.shamir.uniform(row[:], uint64(d))
		} else {
			copy(row[copy(row[:], m.secret[:]):], m.check[:])
		}
		for i, s := range shares {
			for j := range s.words {
				s.words[j] = at[i].times(s.words[j]) + row[j] // below 3q
			}
		}
	}
	for _, s := range shares {
		for j, x := range s.words {
			s.words[j] = reduce(fold(x))
		}
	}
	clear(row[:])
	return shares, nil
}

// SumShares adds the shares of several secrets that one point holds: a share of the
// sum of the secrets.
func SumShares(shares []Share) (Share, error) {
	if len(shares) == 0 {
		return Share{}, fmt.Errorf("%w: no shares to add", ErrShare)
	}
	sum := Share{shares[0].params, shares[0].point, make([]uint64, shareWords)}
	if len(shares) > sum.params.MaxSites() {
		return Share{}, fmt.Errorf("%w: %d shares, %s carries %d sites", ErrShare, len(shares), sum.params, sum.params.MaxSites())
	}
	for i, s := range shares {
		if s.params != sum.params || s.point != sum.point || len(s.words) != shareWords {
			return Share{}, fmt.Errorf("%w: share %d is for another point or other parameters", ErrShare, i+1)
		}
		for j, x := range s.words {
			sum.words[j] = addMod(sum.words[j], x)
		}
	}
	return sum, nil
}

// combine interpolates the sum of the secrets at 0 from the first t shares, and
// checks that all others lie on the same polynomials. Where two more than t are there it
// says which do not, if that is clear.
func combine(s Session, shares []Share) (*[shareWords]uint64, error) {
	if len(shares) < s.Threshold || len(shares) > len(s.Points) {
		return nil, fmt.Errorf("%w: %d shares, %d to %d are needed", ErrShare, len(shares), s.Threshold, len(s.Points))
	}
	known := make(map[uint32]bool, len(s.Points))
	for _, x := range s.Points {
		known[x] = true
	}
	for i, h := range shares {
		if h.params != s.Params || len(h.words) != shareWords || !known[h.point] || h.point == 0 && !debug.Without(debug.PointZero) {
			return nil, fmt.Errorf("%w: share %d has other parameters, or a point that is no site's or comes twice", ErrShare, i+1)
		}
		known[h.point] = false
	}
	base, rest := shares[:s.Threshold], shares[s.Threshold:]
	for _, h := range rest {
		if got := interpolate(base, uint64(h.point)); got != [shareWords]uint64(h.words) {
			if wrong := blame(s.Threshold, shares); len(wrong) > 0 {
				return nil, &WrongSharesError{Points: wrong}
			}
			return nil, fmt.Errorf("%w: at least one of the %d shares is wrong", ErrShare, len(shares))
		}
	}
	sum := interpolate(base, 0)
	return &sum, nil
}

// interpolate evaluates at x the polynomials through the shares (Lagrange).
func interpolate(shares []Share, x uint64) (sum [shareWords]uint64) {
	for i, s := range shares {
		above, below := uint64(1), uint64(1)
		for j, o := range shares {
			if i != j {
				above = mulMod(above, subMod(x, uint64(o.point)))
				below = mulMod(below, subMod(uint64(s.point), uint64(o.point)))
			}
		}
		f := newFactor(mulMod(above, invMod(below)))
		for j, y := range s.words {
			sum[j] = addMod(sum[j], reduce(f.times(y)))
		}
	}
	return sum
}
