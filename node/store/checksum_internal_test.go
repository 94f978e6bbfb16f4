package store

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Checksum stands for an AEAD where a test wants to know what stands in a file, or to
// make one whose parts open.
func Checksum() cipher.AEAD { return checksum{} }

var errChecksum = errors.New("store: the checksum differs")

// checksum finds damage and hides nothing.
type checksum struct{}

func (checksum) NonceSize() int { return 12 }
func (checksum) Overhead() int  { return crc32.Size }

func (checksum) sum(plain, ad []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Update(0, table, ad), table, plain)
}

// Seal implements cipher.AEAD.
func (c checksum) Seal(dst, _, plain, ad []byte) []byte {
	sum := c.sum(plain, ad)
	return binary.LittleEndian.AppendUint32(append(dst, plain...), sum)
}

// Open implements cipher.AEAD.
func (c checksum) Open(dst, _, sealed, ad []byte) ([]byte, error) {
	n := len(sealed) - crc32.Size
	if n < 0 || binary.LittleEndian.Uint32(sealed[n:]) != c.sum(sealed[:n], ad) {
		return nil, errChecksum
	}
	if cap(dst) > 0 && n > 0 && len(dst) == 0 && &dst[:1][0] == &sealed[0] {
		return sealed[:n], nil // it is there already
	}
	return append(dst, sealed[:n]...), nil
}
