package store

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
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
	file    [idSize]byte
	dataset [32]byte
}

func (p prelude) bytes() []byte {
	b := append(make([]byte, 0, preludeSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = append(b, p.file[:]...)
	return append(b, p.dataset[:]...)
}

func parsePrelude(b []byte) (prelude, error) {
	if len(b) < preludeSize || string(b[:len(magic)]) != magic {
		return prelude{}, ErrNotStore
	}
	flags := binary.LittleEndian.Uint32(b[12:])
	if is := binary.LittleEndian.Uint32(b[8:]); is != version || flags != 0 {
		return prelude{}, fmt.Errorf("%w: it is of version %d with flags %d, and this program reads version %d", ErrVersion, is, flags, version)
	}
	var p prelude
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

func newSealer(aead cipher.AEAD, p prelude) (*sealer, error) {
	if aead == nil {
		return nil, ErrKey
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
		return nil, errShort
	}
	s.bind(number, more)
	return s.aead.Open(part[:0], s.nonce, part, s.ad)
}
