package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/protocol"
)

// cohortPrefix begins the file of a key that seals one version of a dataset.
const cohortPrefix = "cohort-"

func cohortName(dataset protocol.Digest) string {
	return cohortPrefix + hex.EncodeToString(dataset[:16])
}

// NewCohortCipher draws the key that seals the genotypes of one version of a dataset where the
// node keeps them (AES-256-GCM). The key is in a file of its own and comes from nothing else, so
// that they end with it. It is on the disk before anything is sealed.
func (s *Store) NewCohortCipher(dataset protocol.Digest) (cipher.AEAD, error) {
	seed, err := s.draw()
	if err != nil {
		return nil, err
	}
	defer clear(seed[:])
	if err := s.write(cohortName(dataset), seed[:]); err != nil {
		return nil, err
	}
	return cohortCipher(seed[:], dataset, "locus/cohort-store/v2")
}

// CohortCipher opens what NewCohortCipher has sealed, or is ErrErased.
func (s *Store) CohortCipher(dataset protocol.Digest) (cipher.AEAD, error) {
	name := cohortName(dataset)
	if _, err := os.Lstat(filepath.Join(s.dir, name)); os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: the key of a cohort's genotypes", ErrErased)
	}
	seed, err := s.read(name)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	if len(seed) != seedSize {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, filepath.Join(s.dir, name))
	}
	return cohortCipher(seed, dataset, "locus/cohort-store/v2")
}

// DerivedCipher is a key for a dataset that comes from the backup key, by HKDF. Stores of before
// datasets had keys of their own are sealed with it; they cannot be erased by a key.
func (s *Store) DerivedCipher(dataset protocol.Digest) (cipher.AEAD, error) {
	return cohortCipher(s.backups[:], dataset, "locus/cohort-store/v1")
}

// EraseCohortKey ends what is sealed with the key of a dataset. It is no error that it is gone.
func (s *Store) EraseCohortKey(dataset protocol.Digest) error { return s.erase(cohortName(dataset)) }

// KeepCohortKeys erases the keys of all other datasets, and what a kill has left of such. The
// caller lets nobody draw one meanwhile.
func (s *Store) KeepCohortKeys(keep []protocol.Digest) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("read the key directory: %w", err)
	}
	for _, e := range entries {
		kept := func(d protocol.Digest) bool { return cohortName(d) == e.Name() }
		if !strings.HasPrefix(e.Name(), cohortPrefix) || slices.ContainsFunc(keep, kept) {
			continue
		}
		if err := s.erase(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func cohortCipher(secret []byte, dataset protocol.Digest, domain string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, dataset[:], domain, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a cohort's key: %w", err)
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive a cohort's key: %w", err)
	}
	return cipher.NewGCM(block)
}
