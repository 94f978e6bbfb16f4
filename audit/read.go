package audit

import (
	"fmt"

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
