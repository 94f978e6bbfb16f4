package wire

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// pieceSize is what a transfer must move within Config.Stall, and so its
// slowest speed: 256 KiB is yamux's first window.
const pieceSize = 256 << 10

// Pull fetches bytes over the connection that is there; it never dials.
func (h *Host) Pull(ctx context.Context, to PeerID, item Item, offset int64, w io.Writer) (int64, error) {
	if err := checkPull(item, offset); err != nil {
		return 0, err
	}
	written, err := h.pull(ctx, to, item, offset, w)
	if err != nil {
		return written, fmt.Errorf("pull from %s: %w", to, h.fault(ctx, to, err))
	}
	return written, nil
}

func checkPull(item Item, offset int64) error {
	if item.Size < 0 || offset < 0 || offset > item.Size {
		return fmt.Errorf("%w: offset %d of %d bytes", ErrFrame, offset, item.Size)
	}
	return nil
}

func (h *Host) pull(ctx context.Context, to PeerID, item Item, offset int64, w io.Writer) (written int64, err error) {
	s, end, err := h.open(ctx, to, bulkProtocol)
	if err != nil {
		return 0, err
	}
	defer func() { end(err) }()
	alive := func() error { return s.SetDeadline(time.Now().Add(h.cfg.Stall)) }
	if err := alive(); err != nil {
		return 0, err
	}
	if _, err := s.Write(bulkRequest{item.ID, offset}.encode()); err != nil {
		return 0, err
	}
	if err := s.CloseWrite(); err != nil {
		return 0, err
	}
	code, err := readCode(s)
	if err != nil {
		return 0, err
	}
	if code != 0 {
		return 0, code
	}
	header, err := readBulkHeader(s)
	if err == nil {
		err = header.check(item, offset)
	}
	if err != nil {
		return 0, err
	}
	if written, err = receive(w, s, item, offset, alive); err != nil {
		return written, err
	}
	return written, readEnd(s)
}

// receive copies the rest of an item from r to w in pieces, calls alive before
// each, and checks the digest when it saw all of the bytes.
func receive(w io.Writer, r io.Reader, item Item, offset int64, alive func() error) (written int64, err error) {
	hash := sha256.New()
	piece := make([]byte, min(pieceSize, item.Size-offset))
	for rest := item.Size - offset; rest > 0; rest -= int64(len(piece)) {
		piece = piece[:min(int64(len(piece)), rest)]
		if err := alive(); err != nil {
			return written, err
		}
		got, readErr := io.ReadFull(r, piece)
		n, err := w.Write(piece[:got])
		written += int64(n)
		if err != nil {
			return written, &sinkError{err}
		}
		if readErr != nil {
			return written, cutShort(readErr)
		}
		if offset == 0 {
			hash.Write(piece)
		}
	}
	if err := alive(); err != nil {
		return written, err
	}
	if offset == 0 && [32]byte(hash.Sum(nil)) != item.Digest {
		return written, fmt.Errorf("%w: the digest differs", ErrDigest)
	}
	return written, nil
}

// sinkError is an error of the caller's own writer, which is not the stream's.
type sinkError struct{ err error }

func (e *sinkError) Error() string { return "wire: write what was pulled: " + e.err.Error() }
func (e *sinkError) Unwrap() error { return e.err }

// serveBulk answers one transfer. Each piece has the stall deadline: a peer that
// does not read loses the stream.
func (h *Host) serveBulk(ctx context.Context, from PeerID, s network.Stream) error {
	request, err := readBulkRequest(s)
	if err == nil {
		err = readEnd(s)
	}
	if err != nil {
		return fmt.Errorf("transfer: %w", err)
	}
	bulk, code := h.serving.Load().openBulk(ctx, from, request)
	if code != 0 {
		_, err := s.Write([]byte{byte(code)})
		return err
	}
	defer bulk.Body.Close()
	if err := s.SetDeadline(time.Now().Add(h.cfg.Stall)); err != nil {
		return err
	}
	header := bulkHeader{Item{request.id, bulk.Size, bulk.Digest}, request.offset}
	if _, err := s.Write(append([]byte{0}, header.encode()...)); err != nil {
		return err
	}
	piece := make([]byte, min(pieceSize, bulk.Size-request.offset))
	for rest := bulk.Size - request.offset; rest > 0; rest -= int64(len(piece)) {
		piece = piece[:min(int64(len(piece)), rest)]
		if _, err := io.ReadFull(bulk.Body, piece); err != nil {
			return fmt.Errorf("read stored bytes: %w", err)
		}
		if err := s.SetDeadline(time.Now().Add(h.cfg.Stall)); err != nil {
			return err
		}
		if _, err := s.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// openBulk runs the handler and checks what it gave.
func (v *served) openBulk(ctx context.Context, from PeerID, q bulkRequest) (Bulk, Code) {
	if v == nil || v.bulk == nil {
		return Bulk{}, CodeUnavailable
	}
	bulk, err := v.bulk.OpenBulk(ctx, from, q.id, q.offset)
	if err != nil {
		return Bulk{}, codeOf(err)
	}
	if bulk.Body == nil {
		return Bulk{}, CodeInternal
	}
	if bulk.Size < q.offset {
		_ = bulk.Body.Close()
		return Bulk{}, CodeInvalid
	}
	return bulk, 0
}

// isSink reports whether err came from the caller's own writer.
func isSink(err error) bool {
	var sink *sinkError
	return errors.As(err, &sink)
}
