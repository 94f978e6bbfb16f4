package he

// ShareBytes is a share's plain form, for tests that compare shares.
func ShareBytes(s Share) []byte { return packShare(s.words) }

// UnpackShare is the inner parse of OpenShare, and PackWords what it undoes.
func UnpackShare(b []byte, packing int) ([]uint64, error) { return unpackShare(b, packing) }

// PackWords is the inside of Share.Seal.
func PackWords(words []uint64) []byte { return packShare(words) }

// SubShare is a share of the difference of two secrets that one point holds.
func SubShare(a, b Share) Share {
	d := a
	d.words = make([]uint64, len(a.words))
	for i := range d.words {
		d.words[i] = subMod(a.words[i], b.words[i])
	}
	return d
}

// BumpShare is a share with one number off by one.
func BumpShare(s Share, at int) Share {
	d := s
	d.words = append([]uint64(nil), s.words...)
	d.words[at] = addMod(d.words[at], 1)
	return d
}

// Decrypt is Open without check words: for the benchmark, which shows what they take.
func Decrypt(s Session, sum []byte, shares []Share) ([]int64, error) {
	t, err := transformA50()
	if err != nil {
		return nil, err
	}
	secret, err := combine(s, shares)
	if err != nil {
		return nil, err
	}
	return t.decryptAll(s, sum, secret, workersFor(s.blocks()), func(int, int, []int64) {})
}
