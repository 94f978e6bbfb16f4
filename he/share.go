package he

import (
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/internal/debug"
)

// ErrShare is returned for shares that do not fit together: other parameters, other
// points, too few, or not on one polynomial.
var ErrShare = errors.New("he: not a share of this sum")

// secretWords counts what is shared: the secret polynomial and the check words' masks.
const secretWords = ringDegree + checkWords

// shareWords is how many numbers a share has: one for each polynomial.
func shareWords(packing int) int { return (secretWords + packing - 1) / packing }

// Share is what one point holds of a secret, or of a sum of secrets. So many shares
// as the threshold says open it; fewer tell nothing, if by less than the packing.
type Share struct {
	params  Params
	packing int
	point   uint32
	words   []uint64 // shareWords(packing) numbers below q
}

// alike reports whether two shares can be of one secret, or be added.
func (s Share) alike(o Share) bool {
	return s.params == o.params && s.packing == o.packing && len(s.words) == len(o.words)
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
	if m.session.packing() > 1 {
		return m.deal(func(i int, row []uint64) error {
			m.shamir.uniform(row, uint64(i)+1)
			return nil
		})
	}
	shares := make([]Share, len(m.session.Points))
	at := make([]factor, len(shares))
	for i, x := range m.session.Points {
		shares[i] = Share{m.session.Params, 1, x, make([]uint64, secretWords)}
		at[i] = newFactor(uint64(x))
	}
	var row [secretWords]uint64
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
	sum := shares[0]
	sum.words = make([]uint64, len(sum.words))
	if len(shares) > sum.params.MaxSites() {
		return Share{}, fmt.Errorf("%w: %d shares, %s carries %d sites", ErrShare, len(shares), sum.params, sum.params.MaxSites())
	}
	for i, s := range shares {
		if !s.alike(sum) || s.point != sum.point {
			return Share{}, fmt.Errorf("%w: share %d is for another point or other parameters", ErrShare, i+1)
		}
		for j, x := range s.words {
			sum.words[j] = addMod(sum.words[j], x)
		}
	}
	return sum, nil
}

// combine interpolates the sum of the secrets from the first t shares, and checks that
// all others lie on the same polynomials. Where two more than t are there it says which
// do not, if that is clear.
func combine(s Session, shares []Share) (*[secretWords]uint64, error) {
	if len(shares) < s.Threshold || len(shares) > len(s.Points) {
		return nil, fmt.Errorf("%w: %d shares, %d to %d are needed", ErrShare, len(shares), s.Threshold, len(s.Points))
	}
	known := make(map[uint32]bool, len(s.Points))
	for _, x := range s.Points {
		known[x] = true
	}
	like := Share{params: s.Params, packing: s.packing(), words: make([]uint64, shareWords(s.packing()))}
	for i, h := range shares {
		if !h.alike(like) || !known[h.point] || h.point == 0 && !debug.Without(debug.PointZero) {
			return nil, fmt.Errorf("%w: share %d has other parameters, or a point that is no site's or comes twice", ErrShare, i+1)
		}
		known[h.point] = false
	}
	base, rest := shares[:s.Threshold], shares[s.Threshold:]
	points, rows := make([]uint64, len(base)), make([][]uint64, len(base))
	for i, h := range base {
		points[i], rows[i] = uint64(h.point), h.words
	}
	curves := newLagrange(points)
	for _, h := range rest {
		if slices.Equal(weigh(curves.at(uint64(h.point)), rows), h.words) {
			continue
		}
		if wrong := blame(s.Threshold, shares); len(wrong) > 0 {
			return nil, &WrongSharesError{Points: wrong}
		}
		return nil, fmt.Errorf("%w: at least one of the %d shares is wrong", ErrShare, len(shares))
	}
	sum := new([secretWords]uint64)
	for k := range s.packing() {
		for g, x := range weigh(curves.at(secretPoint(k)), rows) {
			if at := g*s.packing() + k; at < secretWords {
				sum[at] = x
			}
		}
	}
	return sum, nil
}

// secretPoint is where number k of those on one polynomial lies: 0, and below it, where
// there is no site.
func secretPoint(k int) uint64 { return (prime - uint64(k)) % prime }

// deal puts the secret on polynomials of degree below the threshold. What a polynomial
// is at its last points is free: draw fills in that of the site in place i of the
// session, for each of the first Threshold - Packing, as uniform numbers.
func (m *Mask) deal(draw func(i int, row []uint64) error) ([]Share, error) {
	s, l := m.session, m.session.packing()
	free, length := s.Threshold-l, shareWords(l)
	points, rows := make([]uint64, s.Threshold), make([][]uint64, s.Threshold)
	for i := range rows {
		rows[i] = make([]uint64, length)
	}
	defer func() {
		for _, row := range rows[:l] {
			clear(row)
		}
	}()
	var secret [secretWords]uint64
	defer clear(secret[:])
	copy(secret[copy(secret[:], m.secret[:]):], m.check[:])
	for k := range l {
		points[k] = secretPoint(k)
		for g := range rows[k] {
			if at := g*l + k; at < secretWords { // what is over stays zero
				rows[k][g] = secret[at]
			}
		}
	}
	shares := make([]Share, len(s.Points))
	for i := range free {
		points[l+i] = uint64(s.Points[i])
		if err := draw(i, rows[l+i]); err != nil {
			return nil, err
		}
		shares[i] = Share{s.Params, l, s.Points[i], rows[l+i]}
	}
	curves := newLagrange(points)
	for i, x := range s.Points[free:] {
		shares[free+i] = Share{s.Params, l, x, weigh(curves.at(uint64(x)), rows)}
	}
	return shares, nil
}
