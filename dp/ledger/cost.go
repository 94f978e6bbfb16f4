package ledger

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

var (
	// ErrCost is returned when a cost is no cost of a release: nothing at all, more
	// than one release may cost, or other than what was charged for it before.
	ErrCost = errors.New("ledger: the cost cannot be charged")
	// ErrOverflow is returned when an amount would pass what the ledger can count.
	ErrOverflow = errors.New("ledger: the amount is too large to be counted")
)

const (
	// RhoUnit is how many units of the ledger are a rho of one.
	RhoUnit = 1_000_000_000_000
	// DeltaUnit is how many units of the ledger are a delta of one.
	DeltaUnit = 1_000_000_000_000_000_000

	// maxUnits bounds every amount. SQLite counts to 2^63, and the sum of two
	// amounts must not pass it.
	maxUnits = 1<<62 - 1
)

// Cost is privacy loss in whole units: Rho in 1e-12 of zero-concentrated
// differential privacy, Delta in 1e-18. Who makes a Cost from other numbers rounds
// up. An account.Cost converts to it.
type Cost struct{ Rho, Delta uint64 }

// plus adds, and says whether the sum can still be counted.
func (c Cost) plus(d Cost) (Cost, bool) {
	if c.Rho > maxUnits || d.Rho > maxUnits || c.Delta > maxUnits || d.Delta > maxUnits {
		return Cost{}, false
	}
	sum := Cost{c.Rho + d.Rho, c.Delta + d.Delta}
	return sum, sum.Rho <= maxUnits && sum.Delta <= maxUnits
}

// upTo adds and stops at the largest amount. It is for what is spent: a loss that
// can no longer be counted is more than any cap.
func (c Cost) upTo(d Cost) Cost {
	return Cost{min(c.Rho+min(d.Rho, maxUnits), maxUnits), min(c.Delta+min(d.Delta, maxUnits), maxUnits)}
}

// times multiplies and stops at the largest amount.
func (c Cost) times(n uint64) Cost {
	product := func(a uint64) uint64 {
		if n != 0 && a > maxUnits/n {
			return maxUnits
		}
		return a * n
	}
	return Cost{product(c.Rho), product(c.Delta)}
}

// minus is what is left of c after d, never below nothing.
func (c Cost) minus(d Cost) Cost {
	return Cost{c.Rho - min(c.Rho, d.Rho), c.Delta - min(c.Delta, d.Delta)}
}

// within reports whether both parts are at most those of a limit.
func (c Cost) within(limit Cost) bool { return c.Rho <= limit.Rho && c.Delta <= limit.Delta }

// most takes the larger of each part.
func (c Cost) most(d Cost) Cost { return Cost{max(c.Rho, d.Rho), max(c.Delta, d.Delta)} }

// String writes both parts as exact decimals.
func (c Cost) String() string {
	return "rho " + decimal(c.Rho, RhoUnit) + ", delta " + decimal(c.Delta, DeltaUnit)
}

// decimal writes n/unit without rounding.
func decimal(n, unit uint64) string {
	places := len(fmt.Sprint(unit)) - 1
	text := new(big.Rat).SetFrac(new(big.Int).SetUint64(n), new(big.Int).SetUint64(unit)).FloatString(places)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// A Key names something of the caller's: a population, a dataset, a study, a
// researcher, a cohort, a variant, a release. The ledger never sees a name.
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
