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
	public, err := s.public()
	if err != nil {
		return nil, err
	}
	weigher, err := newWeigher(s.CheckKey)
	if err != nil {
		return nil, err
	}
	secret, err := combine(s, shares)
	if err != nil {
		return nil, err
	}
	k := t.prepare((*poly)(secret[:ringDegree]))
	words := make([]int64, s.Words)
	var work scratch
	for b := 0; b*ringDegree < len(words); b++ {
		part := words[b*ringDegree : min(len(words), (b+1)*ringDegree)]
		t.product(&work, public, uint64(b), k)
		t.decrypt(part, sum[b*blockBytes:], &work, s.Params.guard)
		weigher.add(uint64(b), part)
	}
	for i, u := range check {
		if u != addMod(weigher.sum[i], secret[ringDegree+i]) && !debug.Without(debug.CheckWords) {
			clear(words)
			return nil, ErrAltered
		}
	}
	return words, nil
}

// decrypt takes the key's part off a block and rounds the noise away.
func (t *transform) decrypt(words []int64, sum []byte, s *scratch, guard uint8) {
	const half = ringDegree / 2
	last := t.roots[1]
	for j := range half {
		y0, y1 := finish(s.x[j], s.x[j+half], last)
		s.x[j], s.x[j+half] = scale(y0), scale(y1)
	}
	round := uint64(1) << (guard & 63) >> 1
	plain := func(c uint64, j int) int64 {
		return int64((c-s.x[j]+round)<<16) >> (16 + guard&31)
	}
	for j := range words[:len(words)-1] {
		words[j] = plain(binary.LittleEndian.Uint64(sum[wordBytes*j:]), j)
	}
	j := len(words) - 1 // its eight bytes may reach beyond the end
	words[j] = plain(word(sum[wordBytes*j:]), j)
}
