package panel

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

var (
	// ErrSidecar is returned when a file beside a panel is damaged or of another kind.
	ErrSidecar = errors.New("panel: the file is damaged or of another kind; make it again")
	// ErrForeign is returned when a file beside a panel is of another panel.
	ErrForeign = errors.New("panel: the file was made for another panel; make it again for this one")
)

// A sidecar is a file that says more of a panel's variants than what they are. It does
// not change the panel's digest, and names it:
//
//	magic    8 bytes, the kind
//	digest   of the panel
//	size     of the panel, in variants, 8 bytes
//	…        what the kind says
//	digest   SHA-256 of all that stands before

// sidecarHead is the bytes before what a kind says.
const sidecarHead = 8 + 32 + 8

// maxSidecarBlock bounds a packed block of a sidecar.
const maxSidecarBlock = 1 << 20

// sidecarWriter hashes what it writes, and keeps the first error.
type sidecarWriter struct {
	w   *bufio.Writer
	h   hash.Hash
	n   int64
	err error
}

func newSidecar(w io.Writer, magic string, p *Panel) *sidecarWriter {
	s := &sidecarWriter{w: bufio.NewWriterSize(w, 1<<16), h: sha256.New()}
	digest := p.Digest()
	s.write(append([]byte(magic), digest[:]...))
	s.write(binary.LittleEndian.AppendUint64(nil, uint64(p.size)))
	return s
}

func (s *sidecarWriter) write(b []byte) {
	if s.err != nil {
		return
	}
	s.h.Write(b)
	n, err := s.w.Write(b)
	s.n, s.err = s.n+int64(n), err
}

// end writes the digest.
func (s *sidecarWriter) end() (int64, error) {
	s.write(s.h.Sum(nil))
	if err := errors.Join(s.err, s.w.Flush()); err != nil {
		return s.n, fmt.Errorf("write beside a panel: %w", err)
	}
	return s.n, nil
}

// sidecarReader hashes what it reads.
type sidecarReader struct {
	r io.Reader
	h hash.Hash
}

// openSidecar reads the head of a kind of file, and compares it with a panel.
func openSidecar(r io.Reader, magic string, p *Panel) (*sidecarReader, error) {
	s := &sidecarReader{r: r, h: sha256.New()}
	head, err := s.read(sidecarHead)
	switch digest := p.Digest(); {
	case err != nil:
		return nil, err
	case string(head[:8]) != magic:
		return nil, fmt.Errorf("%w: it does not start as one", ErrSidecar)
	case [32]byte(head[8:]) != digest:
		return nil, ErrForeign
	case binary.LittleEndian.Uint64(head[40:]) != uint64(p.size):
		return nil, fmt.Errorf("%w: size", ErrSidecar)
	}
	return s, nil
}

// read reads n bytes. What is read grows with what is there, whatever n says.
func (s *sidecarReader) read(n int64) ([]byte, error) {
	var b bytes.Buffer
	switch _, err := io.CopyN(&b, s.r, n); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: it ends early", ErrSidecar)
	case err != nil:
		return nil, fmt.Errorf("read beside a panel: %w", err)
	}
	s.h.Write(b.Bytes())
	return b.Bytes(), nil
}

func (s *sidecarReader) number() (uint64, error) {
	b, err := s.read(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// end compares the digest with what was read, and takes nothing behind it.
func (s *sidecarReader) end() error {
	want := s.h.Sum(nil)
	got, err := s.read(sha256.Size)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: its digest is another", ErrSidecar)
	}
	if n, err := io.ReadFull(s.r, make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return errors.Join(fmt.Errorf("%w: it goes on after its end", ErrSidecar), ignoreEOF(err))
	}
	return nil
}

func newPacker() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithAllLitEntropyCompression(true))
}
