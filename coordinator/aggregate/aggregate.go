// Package aggregate adds up hidden words that it cannot read. Start with [Fetch],
// [Sum] and [Forget].
//
// What must hold: the words of a site are added once, whole, and only when they have
// the digest that the site signed; memory does not grow with their number or with
// the number of sites. The words and the sum are files of a [blob.Store].
package aggregate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

const (
	// window is how much of each site is in memory at a time: a multiple of a word.
	window = 6 << 17
	// together is how many sites' windows are in memory, to be added at once: 7 MB with
	// that of the sum.
	together = 8
	// maxPulls bounds the sites whose words are fetched at a time.
	maxPulls = 8
)

var (
	// ErrWords is wrapped by WordsError.
	ErrWords = errors.New("aggregate: not the words that the site signed")
	// ErrParts is returned for a list of parts that cannot be added.
	ErrParts = errors.New("aggregate: parts that cannot be added")
)

// WordsError names the site whose words are not what it signed.
type WordsError struct {
	Point uint32
	Err   error
}

// Error names the site.
func (e *WordsError) Error() string { return fmt.Sprintf("%v: site %d", ErrWords, e.Point) }

// Unwrap makes the error match ErrWords and its cause.
func (e *WordsError) Unwrap() []error { return []error{ErrWords, e.Err} }

// Part is one site's share of a sum.
type Part struct {
	Point uint32
	Peer  wire.PeerID
	// Words is the SHA-256 of its words, Size their bytes, as the site signed them.
	Words protocol.Digest
	Size  int64
}

// Puller fetches bytes by offset. A wire.Transport is one.
type Puller interface {
	Pull(ctx context.Context, to wire.PeerID, item wire.Item, offset int64, w io.Writer) (int64, error)
}

// Sum fetches the words of all parts, adds them and keeps the sum, whose digest it
// returns. The words stay, for the next call, until Forget.
func Sum(ctx context.Context, from Puller, store blob.Store, parts []Part) (protocol.Digest, error) {
	if err := check(parts); err != nil {
		return protocol.Digest{}, err
	}
	pulls, pulling := errgroup.WithContext(ctx)
	pulls.SetLimit(maxPulls)
	begun := make(map[protocol.Digest]bool, len(parts))
	for _, p := range parts {
		if begun[p.Words] {
			continue // two sites signed for the same bytes; they are one file
		}
		begun[p.Words] = true
		pulls.Go(func() error { return Fetch(pulling, from, store, p) })
	}
	if err := pulls.Wait(); err != nil {
		return protocol.Digest{}, err
	}
	return add(ctx, store, parts)
}

// Forget throws the words of all parts away, once their sum is safe.
func Forget(ctx context.Context, store blob.Store, parts []Part, sum protocol.Digest) error {
	for _, p := range parts {
		if p.Words == sum {
			continue // the others added nothing: the sum is kept under the same name
		}
		if err := store.Delete(ctx, blob.ID(p.Words)); err != nil {
			return fmt.Errorf("forget words: %w", err)
		}
	}
	return nil
}

// check refuses a site that is there twice and words of different lengths.
func check(parts []Part) error {
	if len(parts) == 0 || len(parts) > protocol.MaxSites {
		return fmt.Errorf("%w: %d of them", ErrParts, len(parts))
	}
	seen := make(map[uint32]bool, len(parts))
	for _, p := range parts {
		if seen[p.Point] {
			return fmt.Errorf("%w: site %d is there twice", ErrParts, p.Point)
		}
		seen[p.Point] = true
		if p.Size != parts[0].Size || p.Size <= 0 || p.Size%6 != 0 {
			return fmt.Errorf("%w: site %d has %d bytes, site %d %d", ErrParts, p.Point, p.Size, parts[0].Point, parts[0].Size)
		}
	}
	return nil
}

// Fetch brings a site's words into the store, from where it broke off before. Sum
// fetches what is not there; fetched before, a site that dies is not missed.
func Fetch(ctx context.Context, from Puller, store blob.Store, p Part) error {
	have, _, err := store.Open(ctx, blob.ID(p.Words), 0)
	if err == nil {
		return have.Close()
	}
	if !errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("words of site %d: %w", p.Point, err)
	}
	upload, err := store.Begin(ctx, blob.ID(p.Words))
	if err != nil {
		return fmt.Errorf("words of site %d: %w", p.Point, err)
	}
	if upload.Offset() < p.Size {
		item := wire.Item{ID: p.Words, Size: p.Size, Digest: p.Words}
		_, err = from.Pull(ctx, p.Peer, item, upload.Offset(), upload)
	}
	if errors.Is(err, wire.ErrDigest) {
		// Nothing that was pulled is worth going on from.
		return errors.Join(&WordsError{Point: p.Point, Err: err}, upload.Close(), store.Delete(ctx, blob.ID(p.Words)))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("words of site %d: %w", p.Point, err), upload.Close())
	}
	if _, err := upload.Commit(); err != nil {
		err = errors.Join(err, upload.Close())
		if errors.Is(err, blob.ErrDigest) {
			return &WordsError{Point: p.Point, Err: err}
		}
		return fmt.Errorf("words of site %d: %w", p.Point, err)
	}
	return upload.Close()
}

// add reads all parts side by side, a window of some of them at a time.
func add(ctx context.Context, store blob.Store, parts []Part) (sum protocol.Digest, err error) {
	upload, err := store.Begin(ctx, blob.ID{})
	if err != nil {
		return sum, fmt.Errorf("keep sum: %w", err)
	}
	defer func() { err = errors.Join(err, upload.Close()) }()
	total, words := make([]byte, window), make([][]byte, min(together, len(parts)))
	for i := range words {
		words[i] = make([]byte, window)
	}
	for offset := int64(0); offset < parts[0].Size; offset += window {
		n := min(window, parts[0].Size-offset)
		clear(total[:n])
		for some := range slices.Chunk(parts, together) {
			if err := addSome(ctx, store, some, offset, total[:n], words); err != nil {
				return sum, err
			}
		}
		if _, err := upload.Write(total[:n]); err != nil {
			return sum, fmt.Errorf("keep sum: %w", err)
		}
	}
	id, err := upload.Commit()
	if err != nil {
		return sum, fmt.Errorf("keep sum: %w", err)
	}
	return protocol.Digest(id), nil
}

// addSome adds a window of some parts at once, so that the sum is read and written once for
// all of them.
func addSome(ctx context.Context, store blob.Store, parts []Part, offset int64, total []byte, words [][]byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ready := make([][]byte, len(parts))
	for i, p := range parts {
		ready[i] = words[i][:len(total)]
		if err := readWindow(ctx, store, p, offset, ready[i]); err != nil {
			return err
		}
	}
	return he.Add(total, ready...)
}

// readWindow opens the file anew each time, so that the number of open files does
// not grow with the number of sites.
func readWindow(ctx context.Context, store blob.Store, p Part, offset int64, into []byte) error {
	r, size, err := store.Open(ctx, blob.ID(p.Words), offset)
	if err != nil {
		return fmt.Errorf("words of site %d: %w", p.Point, err)
	}
	if size != p.Size {
		err = fmt.Errorf("%w: site %d has %d bytes", ErrParts, p.Point, size)
	} else {
		_, err = io.ReadFull(r, into)
	}
	return errors.Join(err, r.Close())
}
