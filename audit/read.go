package audit

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/locus-genomics/locus/protocol"
)

// Read hands the entries of the log in a directory over with their places, from one on and
// up to its newest checkpoint, until each returns an error, which it returns. It takes no
// lock: the log may be written to meanwhile. The checkpoint is the owner's; that the
// entries are those under it, audit/verify verifies.
func Read(dir, origin string, key protocol.PublicKey, from uint64, each func(index uint64, e Entry) error) (Head, error) {
	d := &disk{dir: dir}
	note, err := d.read(checkpointFile)
	if err != nil {
		return Head{}, fmt.Errorf("read the log: %w", err)
	}
	h, err := openCheckpoint(note, origin, key)
	if err != nil {
		return Head{}, fmt.Errorf("read the log in %s: %w", dir, err)
	}
	for i := from; i < h.Size; {
		first := i / tileWidth * tileWidth
		_, list, err := d.bundle(i/tileWidth, int(min(tileWidth, h.Size-first)))
		if err != nil {
			return h, err
		}
		for ; i < first+uint64(len(list)); i++ {
			e, err := ParseEntry(list[i-first])
			if err != nil {
				return h, fmt.Errorf("%w: entry %d: %w", ErrDamaged, i, err)
			}
			if err := each(i, e); err != nil {
				return h, err
			}
		}
	}
	return h, nil
}

// ReadReceipt is Log.Receipt of the log in a directory, which another process may be writing to.
func ReadReceipt(dir, origin string, key protocol.PublicKey, index uint64) ([]byte, error) {
	d := &disk{dir: dir}
	open := func(file string) (h Head, note []byte, err error) {
		if note, err = d.read(file); err == nil {
			h, err = openCheckpoint(note, origin, key)
		}
		return h, note, err
	}
	h, note, err := open(cosignedFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && h.Size <= index {
		h, note, err = open(checkpointFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read the log in %s: %w", dir, err)
	}
	return d.receipt(index, h, note)
}
