package panel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

const (
	idsMagic = "LOCUSVA1"
	// idSize is the bytes of one GA4GH digest.
	idSize = 24
)

// AlleleIDs are the GA4GH digests of a panel's variants, in a file beside it: 24 bytes a
// variant, read where they are asked for. The zero digest stands for a variant that has
// none.
type AlleleIDs struct {
	// Version is the version of VRS: 2 for 2.0, 1 for 1.3.
	Version uint8
	// Sequences are the refget digests of the panel's contigs, in its order.
	Sequences [][idSize]byte

	r     io.ReaderAt
	start int64 // of the first digest
	size  int
}

// IDsWriter writes the digests of a panel's variants, in its order.
type IDsWriter struct {
	s    *sidecarWriter
	left int
}

// NewIDsWriter starts a file of the digests of all variants of a panel.
func NewIDsWriter(w io.Writer, p *Panel, version uint8, sequences [][idSize]byte) (*IDsWriter, error) {
	if len(sequences) != len(p.contigs) || version == 0 {
		return nil, fmt.Errorf("%w: %d sequences of %d contigs", ErrVariants, len(sequences), len(p.contigs))
	}
	s := newSidecar(w, idsMagic, p)
	s.write(binary.LittleEndian.AppendUint64(nil, uint64(version)))
	for _, d := range sequences {
		s.write(d[:])
	}
	return &IDsWriter{s: s, left: p.size}, nil
}

// Write adds the digest of the next variant.
func (w *IDsWriter) Write(id [idSize]byte) error {
	w.left--
	w.s.write(id[:])
	return w.s.err
}

// Close ends the file. It does not close what is written to.
func (w *IDsWriter) Close() error {
	if w.left != 0 {
		return fmt.Errorf("%w: %d variants without a digest", ErrVariants, w.left)
	}
	_, err := w.s.end()
	return err
}

// OpenIDs reads a file once, to compare it with its digest, and answers from it. The file
// MUST NOT change.
func OpenIDs(r io.ReaderAt, size int64, p *Panel) (*AlleleIDs, error) {
	want := sidecarHead + 8 + idSize*(int64(len(p.contigs))+int64(p.size)) + 32
	all := io.NewSectionReader(r, 0, size)
	s, err := openSidecar(all, idsMagic, p)
	if err != nil {
		return nil, err
	}
	if size != want {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrSidecar, size, want)
	}
	version, err := s.number()
	if err != nil {
		return nil, err
	}
	if version == 0 || version > 0xff {
		return nil, fmt.Errorf("%w: version", ErrSidecar)
	}
	ids := &AlleleIDs{Version: uint8(version), r: r, size: p.size}
	for range p.contigs {
		d, err := s.read(idSize)
		if err != nil {
			return nil, err
		}
		ids.Sequences = append(ids.Sequences, [idSize]byte(d))
	}
	ids.start = sidecarHead + 8 + idSize*int64(len(p.contigs))
	if err := hashOf(s.h, s.r, idSize*int64(p.size)); err != nil {
		return nil, err
	}
	return ids, s.end()
}

// hashOf hashes n bytes without keeping them.
func hashOf(h hash.Hash, r io.Reader, n int64) error {
	switch _, err := io.CopyN(h, r, n); {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends early", ErrSidecar)
	case err != nil:
		return fmt.Errorf("read beside a panel: %w", err)
	}
	return nil
}

// At is the digest of variant i, for 0 <= i < the panel's Len.
func (ids *AlleleIDs) At(i int) (id [idSize]byte, err error) {
	if i < 0 || i >= ids.size {
		return id, fmt.Errorf("%w: variant %d, of %d", ErrVariants, i, ids.size)
	}
	if _, err := ids.r.ReadAt(id[:], ids.start+idSize*int64(i)); err != nil {
		return id, fmt.Errorf("read beside a panel: %w", err)
	}
	return id, nil
}
