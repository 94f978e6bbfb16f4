package he

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tuneinsight/lattigo/v5/core/rlwe"
	"github.com/tuneinsight/lattigo/v5/ring"
)

// TestTransformAgreesWithLattigo multiplies by our own inverse transform and by lattigo's ring.
func TestTransformAgreesWithLattigo(t *testing.T) {
	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	if !new(big.Int).SetUint64(prime).ProbablyPrime(32) || prime%(2*ringDegree) != 1 {
		t.Fatalf("%d is not a prime that is 1 modulo %d", prime, 2*ringDegree)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	value := map[string]func() uint64{
		"random":      func() uint64 { return rng.Uint64N(prime) },
		"all largest": func() uint64 { return prime - 1 },
		"all zero":    func() uint64 { return 0 },
		"largest or zero": func() uint64 {
			return (prime - 1) * rng.Uint64N(2)
		},
	}
	for name, draw := range value {
		t.Run(name, func(t *testing.T) {
			var secret poly
			var s scratch
			a := tr.ring.NewPoly()
			for i := range secret {
				secret[i], a.Coeffs[0][i] = draw(), draw()
				binary.LittleEndian.PutUint64(s.public[8*i:], a.Coeffs[0][i]|rng.Uint64()<<primeBits)
			}
			if !tr.multiply(&s.x, &s.public, tr.prepare(&secret)) {
				t.Fatal("multiply says that a word is not below q")
			}
			want := lattigoProduct(tr.ring, a, &secret)
			for j, x := range s.x {
				if got := reduce(x); got != want.Coeffs[0][j] {
					t.Fatalf("coefficient %d: %d, lattigo has %d", j, got, want.Coeffs[0][j])
				}
			}
		})
	}
}

// lattigoProduct is INTT(a * NTT(secret)).
func lattigoProduct(r *ring.Ring, a ring.Poly, secret *poly) ring.Poly {
	s, out := r.NewPoly(), r.NewPoly()
	copy(s.Coeffs[0], secret[:])
	r.NTT(s, s)
	r.MForm(s, s)
	r.MulCoeffsMontgomery(a, s, out)
	r.INTT(out, out)
	return out
}

// hiddenSum is the sum of what some sites send, and of their secrets.
func hiddenSum(t *testing.T, s Session, sites [][]int64) (sum []byte, secret poly) {
	t.Helper()
	sum = make([]byte, wordBytes*s.Words)
	for i, words := range sites {
		m, err := NewMask(s, SessionRoot{[keySize]byte{byte(i + 1)}}, words)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if err := Add(sum, b.Bytes()); err != nil {
			t.Fatal(err)
		}
		for j := range secret {
			secret[j] = addMod(secret[j], m.secret[j])
		}
	}
	return sum, secret
}

func testSession(t *testing.T, words int) Session {
	t.Helper()
	p, err := ParamsFor(3)
	if err != nil {
		t.Fatal(err)
	}
	return Session{Params: p, ID: SessionID{9}, Points: []uint32{1, 2, 3}, Words: words, Threshold: 2, CheckKey: CheckKey{[keySize]byte{1}}}
}

// TestNoiseIsWhatTheFormulaSays takes c - round(a * s) - 2^g * m, with lattigo's product,
// and looks at what is left: errors of variance 24/16 + 1/12, and of no more than 12 + 1.
func TestNoiseIsWhatTheFormulaSays(t *testing.T) {
	s := testSession(t, ringDegree)
	words := make([]int64, ringDegree)
	for i := range words {
		words[i] = int64(i) - 1000
	}
	hidden, secret := hiddenSum(t, s, [][]int64{words})
	product := publicProduct(t, s, &secret)
	var squares float64
	for j, x := range product.Coeffs[0] {
		noise := int64((word(hidden[wordBytes*j:])-roundExactly(x)-uint64(words[j])<<s.Params.guard)<<16) >> 16
		if noise < -13 || noise > 13 {
			t.Fatalf("word %d is off by %d", j, noise)
		}
		squares += float64(noise * noise)
	}
	// The mean of 2048 squares has a deviation below 0.06: 0.4 is more than six of them.
	if variance := squares / ringDegree; math.Abs(variance-(24.0/16+1.0/12)) > 0.4 {
		t.Errorf("variance %.2f, want %.2f", variance, 24.0/16+1.0/12)
	}
}

// publicProduct is a_0 * secret by lattigo.
func publicProduct(t *testing.T, s Session, secret *poly) ring.Poly {
	t.Helper()
	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	a := publicPoly(t, tr, s)
	return lattigoProduct(tr.ring, a, secret)
}

// publicPoly is a_0 as drawn: a transform.
func publicPoly(t *testing.T, tr *transform, s Session) ring.Poly {
	t.Helper()
	public, err := s.public()
	if err != nil {
		t.Fatal(err)
	}
	a := tr.ring.NewPoly()
	public.uniform(a.Coeffs[0], 0)
	return a
}

// roundExactly is x * 2^48 / q, rounded.
func roundExactly(x uint64) uint64 {
	n := new(big.Int).Lsh(new(big.Int).SetUint64(x), wordBits+1)
	n.Add(n, big.NewInt(prime))
	return n.Div(n, big.NewInt(2*prime)).Uint64()
}

// TestScaleRounds holds scale's promise, for numbers that are not reduced too.
func TestScaleRounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 100_000 {
		x := rng.Uint64N(1 << 52)
		if i < 8 {
			x = uint64(i/2)*prime + uint64(i%2)*(prime-1)
		}
		// 4 * error = 4 * scale(x) - x * 2^50 / q, times q
		off := new(big.Int).Lsh(new(big.Int).SetUint64(x), primeBits)
		off.Sub(new(big.Int).Mul(new(big.Int).SetUint64(4*scale(x, primeGap)), big.NewInt(prime)), off)
		if most := big.NewInt(2*prime + prime>>20); off.CmpAbs(most) > 0 {
			t.Fatalf("scale(%d) = %d is off by more than 1/2 + 2^-22", x, scale(x, primeGap))
		}
	}
}

// TestLattigoOpensOurSum decrypts with lattigo's own decryptor, under the sum of the keys.
func TestLattigoOpensOurSum(t *testing.T) {
	s := testSession(t, ringDegree)
	rng := rand.New(rand.NewPCG(7, 8))
	limit := s.Params.MaxWord(3)
	sites, want := make([][]int64, 3), make([]int64, ringDegree)
	for i := range sites {
		for j := range want {
			w := rng.Int64N(2*limit+1) - limit
			sites[i], want[j] = append(sites[i], w), want[j]+w
		}
	}
	sum, secret := hiddenSum(t, s, sites)
	params, err := rlwe.NewParametersFromLiteral(rlwe.ParametersLiteral{LogN: 11, Q: []uint64{prime}, NTTFlag: true})
	if err != nil {
		t.Fatal(err)
	}
	r := params.RingQ()
	key := rlwe.NewSecretKey(params)
	copy(key.Value.Q.Coeffs[0], secret[:])
	r.NTT(key.Value.Q, key.Value.Q)
	r.MForm(key.Value.Q, key.Value.Q)

	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	hidden := rlwe.NewCiphertext(params, 1, 0) // lattigo computes c0 + c1*s
	hidden.IsNTT = true
	for j := range ringDegree {
		hidden.Value[0].Coeffs[0][j] = scaleUp(word(sum[wordBytes*j:]))
	}
	r.NTT(hidden.Value[0], hidden.Value[0])
	r.Neg(publicPoly(t, tr, s), hidden.Value[1])
	plain := rlwe.NewDecryptor(params, key).DecryptNew(hidden)
	r.INTT(plain.Value, plain.Value)
	got := make([]int64, ringDegree)
	round := uint64(1) << s.Params.guard >> 1
	for j, x := range plain.Value.Coeffs[0] {
		got[j] = int64((roundExactly(x)+round)<<16) >> (16 + s.Params.guard)
	}
	if !slices.Equal(got, want) {
		t.Error("lattigo's decryptor reads another sum")
	}
}

// TestWeOpenWhatLattigoHides has lattigo's own encryptor choose a and the errors, under
// the same key, and opens what it gives with our product, rounding and guard.
func TestWeOpenWhatLattigoHides(t *testing.T) {
	params, err := rlwe.NewParametersFromLiteral(rlwe.ParametersLiteral{LogN: 11, Q: []uint64{prime}, NTTFlag: true})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	r := params.RingQ()
	secret := rlwe.NewKeyGenerator(params).GenSecretKeyNew()
	hidden := rlwe.NewEncryptor(params, secret).EncryptZeroNew(0)
	// lattigo has c0 + c1*s = e, so that a is -c1.
	var work scratch
	for i, x := range hidden.Value[1].Coeffs[0] {
		binary.LittleEndian.PutUint64(work.public[8*i:], subMod(0, x))
	}
	plain := r.NewPoly()
	r.IMForm(secret.Value.Q, plain)
	r.INTT(plain, plain)
	if !tr.begin(&work, tr.prepare((*poly)(plain.Coeffs[0]))) {
		t.Fatal("lattigo has a number that is not below q")
	}
	r.INTT(hidden.Value[0], hidden.Value[0])
	rng := rand.New(rand.NewPCG(13, 14))
	var sum [blockBytes + slack]byte
	var got, want [ringDegree]int64
	for j, x := range hidden.Value[0].Coeffs[0] {
		want[j] = rng.Int64N(1<<40) - 1<<39
		putWord(sum[wordBytes*j:], roundExactly(x)+uint64(want[j])<<8)
	}
	tr.decrypt(&got, &sum, &work, 8)
	if got != want {
		t.Error("we do not read what lattigo hid")
	}
}

// scaleUp is c * q / 2^48, rounded.
func scaleUp(c uint64) uint64 {
	n := new(big.Int).Mul(new(big.Int).SetUint64(c), big.NewInt(prime))
	n.Add(n, new(big.Int).Lsh(big.NewInt(1), wordBits-1))
	return n.Rsh(n, wordBits).Uint64() % prime
}

// TestShareholdersBelowTheThresholdLearnNothing looks at what is free in a dealing:
// seen from any Threshold - Packing sites, it can be anything, whatever the secret is.
// One site more, and something is no longer free.
func TestShareholdersBelowTheThresholdLearnNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ sites, threshold, packing int }{{3, 3, 1}, {7, 5, 1}, {7, 6, 3}, {9, 8, 7}, {30, 25, 4}} {
		free := c.threshold - c.packing
		points := make([]uint64, 0, c.threshold)
		for k := range c.packing {
			points = append(points, secretPoint(k))
		}
		for i := range free {
			points = append(points, uint64(i+1))
		}
		curves := newLagrange(points)
		for range 20 {
			holders := rng.Perm(c.sites)[:free+1]
			var rows [][]uint64
			for _, site := range holders {
				rows = append(rows, curves.at(uint64(site + 1))[c.packing:])
			}
			if got := rank(rows[:free]); got != free {
				t.Errorf("%d of %d sites, packing %d: to %v, only %d of %d numbers are free", c.threshold, c.sites, c.packing, holders[:free], got, free)
			}
			if got := rank(rows); got != free {
				t.Errorf("%d sites see rank %d: nothing was tested", free+1, got)
			}
		}
	}
}

// rank is the rank of a matrix modulo q, which is spoilt.
func rank(rows [][]uint64) (r int) {
	for column := range rows[0] {
		pivot := r
		for pivot < len(rows) && rows[pivot][column] == 0 {
			pivot++
		}
		if pivot == len(rows) {
			continue
		}
		rows[r], rows[pivot] = rows[pivot], rows[r]
		inverse := invMod(rows[r][column])
		for _, row := range rows[r+1:] {
			f := mulMod(row[column], inverse)
			for j := range row {
				row[j] = subMod(row[j], mulMod(f, rows[r][j]))
			}
		}
		r++
	}
	return r
}

// TestTheTagOfManyWordsIsThatOfItsChunks recomputes it as the specification has it, from
// one word to two chunks and a part of a third.
func TestTheTagOfManyWordsIsThatOfItsChunks(t *testing.T) {
	root := SessionRoot{key: [keySize]byte{1}}
	session := [32]byte{2}
	gmac := func(label string, nonce uint64, data []byte) []byte {
		key, err := hkdf.Key(sha256.New, root.key[:], []byte("locus/he/v1"), label+"\x00"+string(session[:]), 32)
		if err != nil {
			t.Fatal(err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		mac, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		return mac.Seal(nil, binary.BigEndian.AppendUint64(make([]byte, 4), nonce), nil, data)
	}
	const inChunk = batch * ringDegree
	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, inChunk, inChunk + 1, 2*inChunk + 2049} {
		m := Mask{transform: tr, session: Session{Params: a50[0], Points: []uint32{1, 2}, Words: n}, words: make([]int64, n)}
		var wire []byte
		for i := range m.words {
			m.words[i] = int64(i) - 5
			wire = append(wire, binary.LittleEndian.AppendUint64(nil, uint64(m.words[i]))[:wordBytes]...)
		}
		var want []byte
		for i := 0; len(wire) > 0; i++ {
			size := min(len(wire), inChunk*wordBytes)
			want = append(want, gmac("words", uint64(i), wire[:size])...)
			wire = wire[size:]
		}
		if len(want) > tagBytes {
			want = gmac("tags", 0, want)
		}
		got, err := m.tag(root, session)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d words: another tag, %v", n, err)
		}
	}
}
