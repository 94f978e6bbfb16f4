package he

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/internal/debug"
)

// ErrSession is returned for a session whose points, threshold or parameters cannot
// be used.
var ErrSession = errors.New("he: not a session")

// minSites is the fewest sites a sum may have: a sum over one site is its table.
const minSites = 2

// SessionID names one attempt to answer one query. It is public and never used twice.
type SessionID [32]byte

// Session is what all parties of one attempt know alike, but for the coordinator,
// which does not know the check key. A secret derived under one session is of no
// use under another: every field goes into its derivation.
type Session struct {
	Params Params
	ID     SessionID
	// Points are the share points of the roster's sites, distinct and not 0.
	Points []uint32
	// Words is how many words each site encrypts.
	Words int
	// Threshold is how many sites open a sum.
	Threshold int
	// Packing is how many numbers of the secret lie on one polynomial (ramp sharing;
	// Blakley and Meadows, 1984): a share is shorter by that much, and Threshold -
	// Packing sites together learn nothing of the secret, where it was Threshold - 1.
	// 0 stands for 1, which is Shamir's scheme.
	Packing int
	// CheckKey weighs the words for the check that the researcher makes.
	CheckKey CheckKey
}

// Check returns what is wrong with the session, or nil.
func (s Session) Check() error {
	n := len(s.Points)
	switch {
	case !s.Params.known():
		return fmt.Errorf("%w: it names no parameter set", ErrSession)
	case n < minSites || n > s.Params.MaxSites():
		return fmt.Errorf("%w: %d sites, %s carries %d to %d", ErrSession, n, s.Params, minSites, s.Params.MaxSites())
	case s.Threshold < 1 || s.Threshold > n:
		return fmt.Errorf("%w: threshold %d of %d sites", ErrSession, s.Threshold, n)
	case s.Packing < 0 || s.Packing > 1 && s.Packing >= s.Threshold:
		// With as many numbers as sites that open it, one site's share would tell
		// something.
		return fmt.Errorf("%w: packing %d with threshold %d", ErrSession, s.Packing, s.Threshold)
	case s.Words < 1 || s.Words > maxWords:
		return fmt.Errorf("%w: %d words, 1 to %d are possible", ErrSession, s.Words, maxWords)
	case s.CheckKey == CheckKey{}:
		return fmt.Errorf("%w: it has no check key", ErrSession)
	}
	seen := make(map[uint32]bool, n)
	for i, x := range s.Points {
		// The share at point 0 is the secret itself, and two equal points
		// would be one site counted twice.
		if x == 0 && !debug.Without(debug.PointZero) || seen[x] {
			return fmt.Errorf("%w: point %d of site %d is zero or used twice", ErrSession, x, i+1)
		}
		seen[x] = true
	}
	return nil
}

// digest binds every field.
func (s Session) digest() [32]byte {
	b := append([]byte("locus/he/session/v1\x00"), s.Params.Name()...)
	b = append(b, 0)
	b = append(b, s.ID[:]...)
	b = append(b, s.CheckKey.key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Words))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Threshold))
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.Points)))
	for _, x := range s.Points {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	if l := s.packing(); l > 1 {
		b = binary.BigEndian.AppendUint32(b, uint32(l))
	}
	return sha256.Sum256(b)
}

// packing is Packing with its default.
func (s Session) packing() int { return max(s.Packing, 1) }

// blocks is how many a vector has; the last may be cut short.
func (s Session) blocks() int { return (s.Words + ringDegree - 1) / ringDegree }
