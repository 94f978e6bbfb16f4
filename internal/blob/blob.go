// Package blob keeps byte strings under their SHA-256. Start with [Store]; [Dir] is
// the one on a local disk. Every implementation passes blobtest.Run.
//
// What must hold: an item that can be opened is whole, durable and has the digest
// that it is kept under; a write that broke off is not an item, and goes on where
// it ended when it is begun again under the same digest.
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

var (
	// ErrNotFound is returned when no whole item is kept under a digest.
	ErrNotFound = errors.New("blob: not found")
	// ErrDigest is returned by Commit when the bytes are not those of the digest.
	// They are thrown away.
	ErrDigest = errors.New("blob: the bytes have another digest")
	// ErrOffset is returned when an offset lies outside the item.
	ErrOffset = errors.New("blob: offset outside the item")
)

// ID is the SHA-256 of an item.
type ID [32]byte

// Store keeps items. Its methods may be called from many goroutines, but one item
// is written by one of them at a time.
type Store interface {
	// Open reads an item from an offset on, and says how long the whole item is.
	Open(ctx context.Context, id ID, offset int64) (io.ReadCloser, int64, error)
	// Begin writes an item, from where an earlier write of it broke off. The zero
	// ID begins one whose digest is not known yet, always from its start.
	Begin(ctx context.Context, id ID) (Upload, error)
	// Delete forgets an item and what was written of it. It is no error when there
	// is none.
	Delete(ctx context.Context, id ID) error
	// Stale lists what was last written before a time, whole or not.
	Stale(ctx context.Context, before time.Time) ([]ID, error)
}

// Upload is an item on its way into a store. It MUST be closed.
type Upload interface {
	io.Writer
	// Offset is how many bytes are there.
	Offset() int64
	// Commit makes the item durable and known under its digest.
	Commit() (ID, error)
	// Close keeps what was written of an item with a known digest, for the next
	// Begin, and throws away what has none. After Commit it does nothing.
	Close() error
}
