package ledger

import (
	"encoding/hex"
	"errors"
	"fmt"

	accountant "github.com/locus-genomics/locus/dp/account"
)

var (
	// ErrCost is returned when a cost is no cost of a release: nothing at all, more
	// than one release may cost, or other than what was charged for it before.
	ErrCost = errors.New("ledger: the cost cannot be charged")
	// ErrOverflow is returned when an amount would pass what the ledger can count.
	ErrOverflow = errors.New("ledger: the amount is too large to be counted")
)

// maxUnits bounds every amount. SQLite counts to 2^63, and the sum of two amounts must
// not pass it.
const maxUnits = 1<<62 - 1

// Cost is privacy loss as the accountant counts it, in whole units.
type Cost = accountant.Cost

// plus adds, and says whether the sum can still be counted.
func plus(c, d Cost) (Cost, bool) {
	sum, err := c.Add(d)
	return sum, err == nil && sum.Rho <= maxUnits && sum.Delta <= maxUnits
}

// upTo adds and stops at the largest amount. It is for what is spent: a loss that
// can no longer be counted is more than any cap.
func upTo(c, d Cost) Cost {
	return Cost{Rho: min(c.Rho+min(d.Rho, maxUnits), maxUnits), Delta: min(c.Delta+min(d.Delta, maxUnits), maxUnits)}
}

// times multiplies and stops at the largest amount.
func times(c Cost, n uint64) Cost {
	product := func(a uint64) uint64 {
		if n != 0 && a > maxUnits/n {
			return maxUnits
		}
		return a * n
	}
	return Cost{Rho: product(c.Rho), Delta: product(c.Delta)}
}

// minus is what is left of c after d, never below nothing.
func minus(c, d Cost) Cost {
	return Cost{Rho: c.Rho - min(c.Rho, d.Rho), Delta: c.Delta - min(c.Delta, d.Delta)}
}

// within reports whether both parts are at most those of a limit.
func within(c, limit Cost) bool { return c.Rho <= limit.Rho && c.Delta <= limit.Delta }

// most takes the larger of each part.
func most(c, d Cost) Cost { return Cost{Rho: max(c.Rho, d.Rho), Delta: max(c.Delta, d.Delta)} }

// A Key names something of the caller's: a population, a dataset, a study, a
// researcher, a release. The ledger never sees a name.
type Key [32]byte

// String is the beginning of the key, enough to find it in a list.
func (k Key) String() string { return hex.EncodeToString(k[:4]) }

func (k Key) isZero() bool { return k == Key{} }

// keyOf takes a key from a column of the database.
func keyOf(b []byte) (k Key, err error) {
	if len(b) != len(k) {
		return Key{}, fmt.Errorf("%w: a key of %d bytes", ErrDamaged, len(b))
	}
	copy(k[:], b)
	return k, nil
}

// scanKey scans a column of 32 bytes.
type scanKey struct{ *Key }

// Scan takes 32 bytes.
func (s scanKey) Scan(src any) error {
	b, _ := src.([]byte)
	k, err := keyOf(b)
	*s.Key = k
	return err
}
