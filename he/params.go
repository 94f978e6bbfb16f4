package he

import (
	"errors"
	"fmt"
	"strings"
)

// ErrParams is returned for a parameter set that is not compiled in, or for more
// sites than any set carries.
var ErrParams = errors.New("he: no such parameter set")

// The family A50: the ring Z_q[X]/(X^2048+1) and words of 48 bits on the wire.
const (
	ringDegree = 2048
	wordBits   = 48
	wordBytes  = wordBits / 8
	primeBits  = 50
	primeGap   = 1<<14 - 1                // q = 2^50 - primeGap
	prime      = 1<<primeBits - primeGap  // 1125899906826241, prime, 1 mod 4096
	blockBytes = ringDegree * wordBytes   // one block on the wire
	coins      = 48                       // a noise coefficient is coins - coins fair coins
	maxWords   = 1 << 32                  // bounds a vector: 25 GB on the wire
	maskPrime  = uint64(1)<<primeBits - 1 // the bits a candidate for Z_q is cut to
	maskWord   = uint64(1)<<wordBits - 1
)

// Params names one compiled-in parameter set. The zero value is none of them.
type Params struct {
	id       uint16 // on the wire, in a sealed share
	guard    uint8  // low bits of a word that the noise of all sites stays within
	maxSites uint16
}

// a50 lists the sets, narrowest guard first. A wider guard carries more sites and
// smaller counters; gate recomputes what each promises.
var a50 = [...]Params{
	{id: 0x5008, guard: 8, maxSites: 90},
	{id: 0x5009, guard: 9, maxSites: 380},
	{id: 0x500a, guard: 10, maxSites: 1500},
}

// ParamsFor returns the set with the widest payload that carries so many sites.
func ParamsFor(sites int) (Params, error) {
	for _, p := range a50 {
		if sites >= minSites && sites <= p.MaxSites() {
			return p, nil
		}
	}
	return Params{}, fmt.Errorf("%w for %d sites: %d to %d are possible", ErrParams, sites, minSites, a50[len(a50)-1].maxSites)
}

// ParseParams returns the set with a name, such as "a50g8".
func ParseParams(name string) (Params, error) {
	names := make([]string, len(a50))
	for i, p := range a50 {
		if names[i] = p.Name(); names[i] == name {
			return p, nil
		}
	}
	return Params{}, fmt.Errorf("%w: %.16q is not one of %s", ErrParams, name, strings.Join(names, ", "))
}

// Name is what the set is called in a query.
func (p Params) Name() string { return fmt.Sprintf("a50g%d", p.guard) }

// String returns the name.
func (p Params) String() string { return p.Name() }

// N is the number of words in a block.
func (p Params) N() int { return ringDegree }

// Guard is the number of low bits of a wire word that belong to the noise.
func (p Params) Guard() int { return int(p.guard) }

// Payload is the number of bits that remain for the sum of all sites' words, sign included.
func (p Params) Payload() int { return wordBits - int(p.guard) }

// MaxSites is the largest number of sites whose noise stays within the guard.
func (p Params) MaxSites() int { return int(p.maxSites) }

// MaxWord is the largest absolute value that each of so many sites may encrypt, so
// that their sum is exact: sites * MaxWord < 2^(47-guard).
func (p Params) MaxWord(sites int) int64 {
	if sites < 1 {
		return 0
	}
	return (1<<(p.Payload()-1) - 1) / int64(sites)
}

// known reports whether p came from ParamsFor or ParseParams.
func (p Params) known() bool { return p.id != 0 }
