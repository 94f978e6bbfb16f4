package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// ErrWitness is returned when the witness's file does not hold a head that it signed.
var ErrWitness = errors.New("ledger: the witness cannot be believed")

// Witness remembers the head of a ledger where a restored backup of the ledger does
// not reach it.
type Witness interface {
	// Head returns the last head that was recorded, and whether there is one.
	Head(ctx context.Context) (Head, bool, error)
	// Record remembers a head. It MUST be durable when Record returns nil. A head that
	// is behind the last one is ignored.
	Record(ctx context.Context, h Head) error
}

// Signer signs heads and checks its own signatures.
type Signer interface {
	Sign(message []byte) ([]byte, error)
	Verify(message, signature []byte) error
}

// HeadFile is a Witness in one signed file. It does not tell when file and database
// are put back together: keep it on another disk than the database, and out of its
// backups.
type HeadFile struct {
	path   string
	signer Signer

	// mu is held over the writing of the file: heads reach it in order.
	mu     sync.Mutex
	failed error
}

// headDomain begins what is signed.
const headDomain = "locus/ledger/head/v1\n"

// NewHeadFile returns the witness at path. There need be no file yet.
func NewHeadFile(path string, signer Signer) *HeadFile {
	return &HeadFile{path: path, signer: signer}
}

// Head reads the file. A file that is not whole, or not signed, is an error: only the
// lack of a file says that nothing was recorded.
func (f *HeadFile) Head(context.Context) (Head, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read()
}

func (f *HeadFile) read() (Head, bool, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Head{}, false, nil
	}
	if err != nil {
		return Head{}, false, fmt.Errorf("read the ledger's head: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(file, int64(maxHeadFile)+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return Head{}, false, fmt.Errorf("read the ledger's head: %w", err)
	}
	message, signature, err := parseHeadFile(b)
	if err != nil {
		return Head{}, false, err
	}
	if err := f.signer.Verify(message, signature); err != nil {
		return Head{}, false, fmt.Errorf("%w: the signature of its head: %w", ErrWitness, err)
	}
	r := reader{b: message[len(headDomain):]}
	return Head{Ledger: r.key(), Seq: r.count(), Digest: r.key()}, true, nil
}

const (
	headMessage = len(headDomain) + 32 + 8 + 32
	maxHeadFile = headMessage + 4 + maxSignature
)

// parseHeadFile splits a file into what is signed and the signature.
func parseHeadFile(b []byte) (message, signature []byte, err error) {
	if len(b) < headMessage+4 || len(b) > maxHeadFile || !bytes.HasPrefix(b, []byte(headDomain)) {
		return nil, nil, fmt.Errorf("%w: its file of %d bytes holds no head of this version: put the file back", ErrWitness, min(len(b), maxHeadFile))
	}
	r := reader{b: b[headMessage:]}
	signature = r.bytes(maxSignature)
	seq := reader{b: b[len(headDomain)+32 : headMessage]}
	seq.count()
	if r.bad || len(r.b) != 0 || seq.bad {
		return nil, nil, fmt.Errorf("%w: its file is cut or has been written over: put the file back", ErrWitness)
	}
	return b[:headMessage], signature, nil
}

// Record writes the head beside the file, brings it to the disk, and puts it in place
// of the file. After an error nothing more is written: what the disk holds is not known.
func (f *HeadFile) Record(_ context.Context, h Head) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil {
		return f.failed
	}
	last, known, err := f.read()
	if err != nil {
		return err
	}
	if known && last.Ledger != h.Ledger {
		return fmt.Errorf("%w: its file is of ledger %s, this is %s", ErrWitness, last.Ledger, h.Ledger)
	}
	if known && h.Seq <= last.Seq {
		return nil
	}
	message := append([]byte(headDomain), h.encode()...)
	signature, err := f.signer.Sign(message)
	if err != nil {
		return fmt.Errorf("sign the ledger's head: %w", err)
	}
	if len(signature) > maxSignature {
		return fmt.Errorf("%w: a signature of %d bytes", ErrWitness, len(signature))
	}
	b := append(binary.BigEndian.AppendUint32(message, uint32(len(signature))), signature...)
	if err := replace(f.path, b); err != nil {
		f.failed = fmt.Errorf("write the ledger's head: %w", err)
		return f.failed
	}
	return nil
}

// replace writes a whole file or leaves the old one.
func replace(path string, b []byte) (err error) {
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
