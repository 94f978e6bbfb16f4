package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/locus-genomics/locus/protocol"
)

// CohortCipher seals the genotypes of one version of a dataset where the node keeps
// them (AES-256-GCM). Its key comes from the backup key by HKDF and is no other's: a
// site that has its keys back reads its cohorts again.
func (s *Store) CohortCipher(dataset protocol.Digest) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.backups[:], dataset[:], "locus/cohort-store/v1", 32)
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
