package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// ErrBackup is returned for a snapshot that this site has not sealed, or not for
// this place.
var ErrBackup = errors.New("keystore: not a snapshot of this site")

// SealBackup encrypts what others keep for the site (AES-256-GCM). It opens only
// under the same label.
func (s *Store) SealBackup(label string, plain []byte) ([]byte, error) {
	aead, err := s.backup()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(s.entropy, nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return aead.Seal(nonce, nonce, plain, []byte(label)), nil
}

// OpenBackup is the reverse of SealBackup.
func (s *Store) OpenBackup(label string, sealed []byte) ([]byte, error) {
	aead, err := s.backup()
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, ErrBackup
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(label))
	if err != nil {
		return nil, ErrBackup
	}
	return plain, nil
}

func (s *Store) backup() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.backups[:])
	if err != nil {
		return nil, fmt.Errorf("open the backup key: %w", err)
	}
	return cipher.NewGCM(block)
}
