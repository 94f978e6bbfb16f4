package he

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/internal/debug"
)

// ErrAltered is returned when a sum does not agree with its check words: the sum, the
// check words or a share is not what the sites sent.
var ErrAltered = errors.New("he: the sum does not agree with its check words")

// Open decrypts a sum of hidden words: shares are openings, each the sum of what one
// point holds over exactly the sites in the sum, and check is the sum of those sites'
// check words. It returns the sum of their words.
//
// Openings beyond the threshold are a check on the others: all have to fit. The error is
// a WrongSharesError where there are two or more of them and it is clear which do not.
func Open(s Session, sum []byte, check Check, shares []Share) ([]int64, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if len(sum) != wordBytes*s.Words {
		return nil, fmt.Errorf("%w: a sum of %d bytes, a session of %d words has %d", ErrLength, len(sum), s.Words, wordBytes*s.Words)
	}
	t, err := transformA50()
	if err != nil {
		return nil, err
	}
	secret, err := combine(s, shares)
	if err != nil {
		return nil, err
	}
	weighers, err := newWeighers(s)
	if err != nil {
		return nil, err
	}
	words, err := t.decryptAll(s, sum, secret, len(weighers), func(worker, block int, part []int64) {
		weighers[worker].add(uint64(block), part)
	})
	if err != nil {
		return nil, err
	}
	if want := addWeights(Check(secret[ringDegree:]), weighers); want != check && !debug.Without(debug.CheckWords) {
		clear(words)
		return nil, ErrAltered
	}
	return words, nil
}

// decryptAll returns the words of a sum under the sum of the secrets. It tells done of each
// block when it is decrypted, and which of so many workers did it.
func (t *transform) decryptAll(s Session, sum []byte, secret *[secretWords]uint64, workers int, done func(worker, block int, words []int64)) ([]int64, error) {
	public, err := s.public()
	if err != nil {
		return nil, err
	}
	k := t.prepare((*poly)(secret[:ringDegree]))
	words := make([]int64, s.Words)
	return words, spread(workers, s.blocks(), func(worker, from, to int) error {
		work := new(scratch)
		for b := from; b < to; b++ {
			part := words[b*ringDegree : min(len(words), (b+1)*ringDegree)]
			t.product(work, public, uint64(b), k)
			t.decryptPart(part, sum[b*blockBytes:], work, s.Params.guard)
			done(worker, b, part)
		}
		return nil
	})
}

// decryptPart decrypts a block that may be cut short, or end where its bytes end.
func (t *transform) decryptPart(words []int64, sum []byte, s *scratch, guard uint8) {
	if len(sum) >= blockBytes+slack && len(words) == ringDegree {
		t.decrypt((*[ringDegree]int64)(words), (*[blockBytes + slack]byte)(sum), s, guard)
		return
	}
	copy(s.out[:], sum)
	t.decrypt(&s.words, (*[blockBytes + slack]byte)(s.out[:]), s, guard)
	copy(words, s.words[:])
}

// decrypt takes the key's part off a block and rounds the noise away.
func (t *transform) decrypt(words *[ringDegree]int64, sum *[blockBytes + slack]byte, s *scratch, guard uint8) {
	if t.vectors != nil {
		t.vectors.show(words, &s.x, (*[blockBytes]byte)(sum[:]), guard)
		return
	}
	round := uint64(1) << (guard & 63) >> 1
	up := 16 + guard&31
	p, gap, in, to := t.prime, t.gap, sum[:], words[:]
	for j, x := range s.x[:] {
		x -= p
		x += p & uint64(int64(x)>>63)
		c := binary.LittleEndian.Uint64(in[wordBytes*j:][:8])
		to[j] = int64((c+round-scale(x, gap))<<16) >> up
	}
}
