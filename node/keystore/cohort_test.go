package keystore_test

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
)

// sealed is what a cipher makes of some genotypes.
func sealed(t *testing.T, aead cipher.AEAD, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return aead.Seal(nil, make([]byte, aead.NonceSize()), []byte("genotypes"), nil)
}

func TestACohortOpensAtThisSiteAsItsDatasetOnly(t *testing.T) {
	s, c := newStore(t)
	one, two := protocol.Hash("first"), protocol.Hash("second")
	aead, err := s.NewCohortCipher(one)
	first := sealed(t, aead, err)
	aead, err = open(t, c).CohortCipher(one)
	if !bytes.Equal(first, sealed(t, aead, err)) {
		t.Error("another key after opening")
	}
	aead, err = s.NewCohortCipher(two)
	second := sealed(t, aead, err)
	other, _ := newStore(t)
	aead, err = other.NewCohortCipher(one)
	if bytes.Equal(first, second) || bytes.Equal(first, sealed(t, aead, err)) {
		t.Error("two datasets, or two sites, have one key")
	}
}

// With the key goes what it has sealed: no other key of the site leads to it.
func TestAnErasedCohortKeyIsGone(t *testing.T) {
	s, c := newStore(t)
	one, two := protocol.Hash("first"), protocol.Hash("second")
	for _, d := range []protocol.Digest{one, two} {
		if _, err := s.NewCohortCipher(d); err != nil {
			t.Fatal(err)
		}
	}
	files := func() []string { return must(filepath.Glob(filepath.Join(c.Dir, "cohort-*"))) }
	thief := must(os.Open(files()[0]))
	defer thief.Close()
	if len(files()) != 2 {
		t.Fatalf("the keys are in %v", files())
	}
	for range 2 { // again is harmless
		if err := errors.Join(s.EraseCohortKey(one), s.EraseCohortKey(protocol.Hash("third"))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.CohortCipher(one); !errors.Is(err, keystore.ErrErased) {
		t.Errorf("got %v, want %v", err, keystore.ErrErased)
	}
	if _, err := s.CohortCipher(two); err != nil {
		t.Errorf("the other's: %v", err)
	}
	// What a kill has left of a key that no cohort got.
	if err := os.WriteFile(filepath.Join(c.Dir, "cohort-00.new"), []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.KeepCohortKeys([]protocol.Digest{two}); err != nil || len(files()) != 1 {
		t.Errorf("%v are left, %v", files(), err)
	}
	if err := s.KeepCohortKeys(nil); err != nil || len(files()) != 0 {
		t.Errorf("%v are left, %v", files(), err)
	}
	left := make([]byte, 32)
	if _, err := thief.ReadAt(left, 0); err != nil || !bytes.Equal(left, make([]byte, 32)) {
		t.Errorf("the key is still in its file: %v", err)
	}
	if _, err := keystore.Open(c); err != nil {
		t.Errorf("the keys that are left: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
