package store

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The numbers of a file's parts, which are in their nonces.
const (
	partHeader uint32 = iota
	partDirectory
	partFooter
	partBlock // the first block; others follow
)

// maxBlocks bounds the blocks of a file: their parts are numbered in 32 bits. A
// hundred million sites are 200,000 blocks.
const maxBlocks = 1 << 26

const (
	preludeSize = 64
	idSize      = 16
)

// prelude is the beginning of a file, in the clear.
type prelude struct {
	sealed  bool
	file    [idSize]byte
	dataset [32]byte
}

func (p prelude) bytes() []byte {
	b := append(make([]byte, 0, preludeSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(bit(p.sealed, 1)))
	b = append(b, p.file[:]...)
	return append(b, p.dataset[:]...)
}

func parsePrelude(b []byte) (prelude, error) {
	if len(b) < preludeSize || string(b[:len(magic)]) != magic {
		return prelude{}, ErrNotStore
	}
	flags := binary.LittleEndian.Uint32(b[12:])
	if is := binary.LittleEndian.Uint32(b[8:]); is != version || flags > 1 {
		return prelude{}, fmt.Errorf("%w: it is of version %d with flags %d, and this program reads version %d", ErrVersion, is, flags, version)
	}
	p := prelude{sealed: flags == 1}
	copy(p.file[:], b[16:])
	copy(p.dataset[:], b[32:])
	return p, nil
}

// sealer seals and opens the parts of one file.
type sealer struct {
	aead  cipher.AEAD
	nonce []byte // its last four bytes are the part's number
	ad    []byte // prelude, part's number, and what the footer adds
}

// newSealer takes an AEAD, or nil where p is not sealed.
func newSealer(aead cipher.AEAD, p prelude) (*sealer, error) {
	if p.sealed != (aead != nil) {
		return nil, ErrKey
	}
	if aead == nil {
		aead = checksum{}
	}
	size := aead.NonceSize()
	if size < 12 || size > idSize+4 {
		return nil, errNonce
	}
	return &sealer{aead: aead, nonce: append(p.file[:size-4:size-4], 0, 0, 0, 0), ad: p.bytes()}, nil
}

func (s *sealer) overhead() int { return s.aead.Overhead() }

func (s *sealer) bind(part uint32, more []byte) {
	binary.LittleEndian.PutUint32(s.nonce[len(s.nonce)-4:], part)
	s.ad = append(binary.LittleEndian.AppendUint32(s.ad[:preludeSize], part), more...)
}

// seal appends a part to dst. It may seal plain in place: dst is plain[:0].
func (s *sealer) seal(dst, plain []byte, part uint32, more ...byte) []byte {
	s.bind(part, more)
	return s.aead.Seal(dst, s.nonce, plain, s.ad)
}

// open opens a part in place.
func (s *sealer) open(part []byte, number uint32, more ...byte) ([]byte, error) {
	if len(part) < s.overhead() {
		return nil, errChecksum
	}
	s.bind(number, more)
	return s.aead.Open(part[:0], s.nonce, part, s.ad)
}

var errChecksum = errors.New("store: the checksum differs")

// checksum stands for an AEAD where nothing is secret.
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
