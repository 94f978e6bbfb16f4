package keystore_test

import (
	"bytes"
	"testing"

	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
)

func TestACohortOpensAtThisSiteAsItsDatasetOnly(t *testing.T) {
	s, c := newStore(t)
	seal := func(s *keystore.Store, dataset string) []byte {
		aead, err := s.CohortCipher(protocol.Hash(dataset))
		if err != nil {
			t.Fatal(err)
		}
		return aead.Seal(nil, make([]byte, aead.NonceSize()), []byte("genotypes"), nil)
	}
	first := seal(s, "first")
	if !bytes.Equal(first, seal(open(t, c), "first")) {
		t.Error("another key after opening")
	}
	other, _ := newStore(t)
	if bytes.Equal(first, seal(s, "second")) || bytes.Equal(first, seal(other, "first")) {
		t.Error("two datasets, or two sites, have one key")
	}
}
