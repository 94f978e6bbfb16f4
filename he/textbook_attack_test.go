package he_test

import (
	"math/big"
	"testing"

	"github.com/tuneinsight/lattigo/v5/he/heint"
)

// TestTextbookLosesAKeyToOneRequest is what a site of the textbook has to fear, and for
// the record only: nothing of ours asks a site for anything that it would do with its
// key to bytes that others chose.
//
// The coordinator asks alice for her share of switching a ciphertext to the researcher's
// key, and has put c1 = Q/4 in it. Her share is s * c1 and smudging noise, under the
// researcher's key. The noise, 2^80 times what it was to hide, is nothing beside Q/4: the
// researcher's decryption of that one share is alice's key, each coefficient times Q/4.
func TestTextbookLosesAKeyToOneRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("lattice parameters above toy size")
	}
	x := newTextbook(t, "textbook13", 3)
	level := x.params.MaxLevel()
	r := x.params.RingQ().AtLevel(level)
	quarter := new(big.Int).Rsh(r.ModulusAtLevel[level], 2)

	crafted := heint.NewCiphertext(x.params, 1, level)
	for i, s := range r.SubRings[:level+1] {
		c := new(big.Int).Mod(quarter, new(big.Int).SetUint64(s.Modulus)).Uint64()
		for j := range crafted.Value[1].Coeffs[i] {
			crafted.Value[1].Coeffs[i][j] = c // a constant is its own transform
		}
	}
	alice := x.sites[0]
	share := x.switching.AllocateShare(level)
	x.switching.GenShare(alice, x.public, crafted, &share)

	// The researcher's part: h0 + h1 * secret.
	r.MulCoeffsMontgomeryThenAdd(share.Value[1], x.secret.Value.Q, share.Value[0])
	r.INTT(share.Value[0], share.Value[0])
	read := numbers(r.N())
	r.PolyToBigintCentered(share.Value[0], 1, read)

	key := r.NewPoly()
	r.INTT(alice.Value.Q, key)
	r.IMForm(key, key)
	want := numbers(r.N())
	r.PolyToBigintCentered(key, 1, want)

	half := new(big.Int).Rsh(quarter, 1)
	right := 0
	for i, v := range read {
		guess := new(big.Int)
		if v.CmpAbs(half) > 0 {
			guess.SetInt64(int64(v.Sign()))
		}
		if guess.Cmp(want[i]) == 0 {
			right++
		}
	}
	t.Logf("%d of %d coefficients of a site's key, from one request", right, len(read))
	if right != len(read) {
		t.Errorf("%d of %d coefficients are read: the attack is not tried as it should be", right, len(read))
	}
}

// numbers are new numbers to write to.
func numbers(n int) []*big.Int {
	all := make([]*big.Int, n)
	for i := range all {
		all[i] = new(big.Int)
	}
	return all
}
