package he_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tuneinsight/lattigo/v5/core/rlwe"
	"github.com/tuneinsight/lattigo/v5/he/heint"
	"github.com/tuneinsight/lattigo/v5/mhe"
	"github.com/tuneinsight/lattigo/v5/ring"
	"github.com/tuneinsight/lattigo/v5/utils/sampling"
)

// textbook is what he is measured against: BGV under a collective public key, and
// collective switching to the researcher's key, as lattigo's own multi-party examples
// do it, with their parameters. It is for trusted bytes only: lattigo's decoders are
// not made for others.
//
// It is as secure as it can be made with a fair word for it, and not made slower than
// that. The smudging noise is 2^80 times the noise of a ciphertext, because a study opens
// up to 2^27 coefficients and each may leak (the examples' 2^30 is less than the noise
// that it has to hide). But a site is not asked to read and add up everybody's
// ciphertexts before it helps to open their sum, though a made-up sum reveals its key;
// and each party's objects are made once.
type textbook struct {
	params    heint.Parameters
	encoder   *heint.Encoder
	encryptor *rlwe.Encryptor
	evaluator *heint.Evaluator
	switching mhe.PublicKeySwitchProtocol
	sites     []*rlwe.SecretKey
	secret    *rlwe.SecretKey // the researcher's
	public    *rlwe.PublicKey // the researcher's
}

// The plaintext modulus has room for counters of 20 bits, like the words of he.
const textbookModulus = 9<<17 + 1

var textbookLiterals = map[string]heint.ParametersLiteral{
	"textbook13": {LogN: 13, LogQ: []int{55, 54, 54}, LogP: []int{55}, PlaintextModulus: textbookModulus},
	"textbook14": {LogN: 14, LogQ: []int{44, 34, 34, 34, 34, 34, 34, 34, 34, 34}, LogP: []int{44, 44}, PlaintextModulus: textbookModulus},
}

// Three sites with up to 100,000 people each. The textbook gets fewer counters, a whole
// number of its blocks, because each of them costs it the same.
const (
	benchSites       = 3
	benchMost        = 2 * 100_000
	benchCount       = 1 << 24 // eight million variants
	benchSmall       = 1 << 18 // where only lengths are looked at
	benchCountTextbk = 1 << 15
)

func benchCounters(n int) []uint64 {
	rng := rand.New(rand.NewPCG(3, 4))
	counters := make([]uint64, n)
	for i := range counters {
		counters[i] = rng.Uint64N(benchMost + 1)
	}
	return counters
}

func newTextbook(tb testing.TB, name string, sites int) *textbook {
	tb.Helper()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	params, err := heint.NewParametersFromLiteral(textbookLiterals[name])
	must(err)
	crs, err := sampling.NewKeyedPRNG([]byte(name))
	must(err)
	keys := heint.NewKeyGenerator(params)
	x := &textbook{params: params, encoder: heint.NewEncoder(params), evaluator: heint.NewEvaluator(params, nil)}
	x.secret, x.public = keys.GenKeyPairNew()
	generation := mhe.NewPublicKeyGenProtocol(params)
	common, sum := generation.SampleCRP(crs), generation.AllocateShare()
	for range sites {
		key, share := keys.GenSecretKeyNew(), generation.AllocateShare()
		generation.GenShare(key, common, &share)
		generation.AggregateShares(share, sum, &sum)
		x.sites = append(x.sites, key)
	}
	collective := rlwe.NewPublicKey(params)
	generation.GenPublicKey(sum, common, collective)
	x.encryptor = heint.NewEncryptor(params, collective)
	const smudging = 1 << (80 + 14) // a ciphertext of three has 9*sqrt(3)*3.2*sqrt(1 + 4/3*3*2^14) < 2^14
	x.switching, err = mhe.NewPublicKeySwitchProtocol(params, ring.DiscreteGaussian{Sigma: smudging, Bound: 6 * smudging})
	must(err)
	return x
}

// encrypt is a site's first message: counters, one a slot, under the collective key.
func (x *textbook) encrypt(tb testing.TB, counters []uint64) (blocks [][]byte) {
	tb.Helper()
	plain := heint.NewPlaintext(x.params, x.params.MaxLevel())
	hidden := heint.NewCiphertext(x.params, 1, x.params.MaxLevel())
	for part := range slices.Chunk(counters, x.params.MaxSlots()) {
		if err := x.encoder.Encode(part, plain); err != nil {
			tb.Fatal(err)
		}
		if err := x.encryptor.Encrypt(plain, hidden); err != nil {
			tb.Fatal(err)
		}
		b, err := hidden.MarshalBinary()
		if err != nil {
			tb.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// add is what a coordinator does with one site's message.
func (x *textbook) add(tb testing.TB, sum []*rlwe.Ciphertext, blocks [][]byte) []*rlwe.Ciphertext {
	tb.Helper()
	for i, b := range blocks {
		var hidden rlwe.Ciphertext
		if err := hidden.UnmarshalBinary(b); err != nil {
			tb.Fatal(err)
		}
		if i == len(sum) {
			sum = append(sum, &hidden)
		} else if err := x.evaluator.Add(sum[i], &hidden, sum[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return sum
}

// share is a site's second message: its part of switching the sum to the researcher.
func (x *textbook) share(tb testing.TB, site int, sum []*rlwe.Ciphertext) (blocks [][]byte) {
	tb.Helper()
	share := x.switching.AllocateShare(x.params.MaxLevel())
	for _, hidden := range sum {
		x.switching.GenShare(x.sites[site], x.public, hidden, &share)
		b, err := share.MarshalBinary()
		if err != nil {
			tb.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// switched is what the coordinator makes of the sum and all shares.
func (x *textbook) switched(tb testing.TB, sum []*rlwe.Ciphertext, shares ...[][]byte) (out []*rlwe.Ciphertext) {
	tb.Helper()
	for i, hidden := range sum {
		all := x.switching.AllocateShare(x.params.MaxLevel())
		for _, blocks := range shares {
			share := x.switching.AllocateShare(x.params.MaxLevel())
			if err := share.UnmarshalBinary(blocks[i]); err != nil {
				tb.Fatal(err)
			}
			if err := x.switching.AggregateShares(share, all, &all); err != nil {
				tb.Fatal(err)
			}
		}
		switched := heint.NewCiphertext(x.params, 1, x.params.MaxLevel())
		x.switching.KeySwitch(hidden, all, switched)
		out = append(out, switched)
	}
	return out
}

// decrypt is what the researcher does with the switched sum.
func (x *textbook) decrypt(tb testing.TB, switched []*rlwe.Ciphertext, counters []uint64) {
	tb.Helper()
	decryptor := heint.NewDecryptor(x.params, x.secret)
	plain := heint.NewPlaintext(x.params, x.params.MaxLevel())
	for i, hidden := range switched {
		part := counters[i*x.params.MaxSlots():]
		decryptor.Decrypt(hidden, plain)
		if err := x.encoder.Decode(plain, part[:min(len(part), x.params.MaxSlots())]); err != nil {
			tb.Fatal(err)
		}
	}
}

func size(blocks [][]byte) (n int) { return len(bytes.Join(blocks, nil)) }

// TestTextbookAgrees sees that the yardstick does the same job.
func TestTextbookAgrees(t *testing.T) {
	for name := range textbookLiterals {
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("lattice parameters above toy size")
			}
			x := newTextbook(t, name, 3)
			counters := benchCounters(x.params.MaxSlots() + 100)
			want := make([]uint64, len(counters))
			var sum []*rlwe.Ciphertext
			for range x.sites {
				sum = x.add(t, sum, x.encrypt(t, counters))
				for i, c := range counters {
					want[i] += c
				}
			}
			got := make([]uint64, len(counters))
			x.decrypt(t, x.switched(t, sum, x.share(t, 0, sum), x.share(t, 1, sum), x.share(t, 2, sum)), got)
			if !slices.Equal(got, want) {
				t.Error("the textbook's sum is not exact")
			}
		})
	}
}
