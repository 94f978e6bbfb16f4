package keystore

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/locus-genomics/locus/he"
)

// PairKey is what this site deals shares under to the site that declared a KEM key. It
// comes from the seed of the site's own KEM key, and can no longer be made when that
// is erased.
func (s *Store) PairKey(own, receiver []byte) (he.PairKey, error) {
	seed, err := s.KEMPrivate(own)
	if err != nil {
		return he.PairKey{}, err
	}
	defer clear(seed)
	to := sha256.Sum256(receiver)
	key, err := hkdf.Key(sha256.New, seed, to[:], "locus/pair-key/v1", 32)
	if err != nil {
		return he.PairKey{}, fmt.Errorf("derive the key of a pair: %w", err)
	}
	defer clear(key)
	return he.NewPairKey(key)
}
