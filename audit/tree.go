package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of a tree: the tiles that are not full yet, lowest level first.
// All that lies left of it is on the disk and not touched again.
type edge struct {
	size  uint64
	tiles [][]tlog.Hash
}

// push adds a leaf. Each tile that becomes full is handed to full, and its root goes to
// the level above.
func (e *edge) push(leaf tlog.Hash, full func(level int, index uint64, tile []tlog.Hash) error) error {
	e.size++
	for level, h, at := 0, leaf, e.size-1; ; level++ {
		if level == len(e.tiles) {
			e.tiles = append(e.tiles, nil)
		}
		e.tiles[level] = append(e.tiles[level], h)
		at /= tileWidth
		if len(e.tiles[level]) < tileWidth {
			return nil
		}
		if err := full(level, at, e.tiles[level]); err != nil {
			return err
		}
		h = perfect(e.tiles[level])
		e.tiles[level] = nil
	}
}

// index is that of the tile of a level which is not full.
func (e *edge) index(level int) uint64 { return e.size >> (8 * (level + 1)) }

// root is the root of the tree, RFC 6962 section 2.1.
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // of an empty tree it reads no hash
		return h
	}
	var sum *tlog.Hash
	for _, tile := range e.tiles {
		for width := 1; len(tile) > 0; width *= 2 {
			if len(tile)&width == 0 {
				continue
			}
			h := perfect(tile[len(tile)-width:])
			if sum != nil {
				h = tlog.NodeHash(h, *sum)
			}
			sum, tile = &h, tile[:len(tile)-width]
		}
	}
	return *sum
}

// perfect is the root over a power of two of hashes.
func perfect(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(perfect(hashes[:half]), perfect(hashes[half:]))
}

func tileBytes(tile []tlog.Hash) []byte {
	b := make([]byte, 0, len(tile)*tlog.HashSize)
	for _, h := range tile {
		b = append(b, h[:]...)
	}
	return b
}

// loadEdge reads the edge of a tree and holds it against the head.
func (d *disk) loadEdge(h Head) (*edge, error) {
	e := &edge{size: h.Size}
	for level := 0; h.Size>>(8*level) > 0; level++ {
		width := int(h.Size >> (8 * level) % tileWidth)
		e.tiles = append(e.tiles, nil)
		if width == 0 {
			continue
		}
		raw, err := d.readWidth(level, e.index(level), width)
		if err != nil {
			return nil, err
		}
		for chunk := range slices.Chunk(raw, tlog.HashSize) {
			e.tiles[level] = append(e.tiles[level], tlog.Hash(chunk))
		}
	}
	if e.root() != h.Root {
		return nil, fmt.Errorf("%w: the tiles at the end of the log have another root than its checkpoint of %d entries", ErrDamaged, h.Size)
	}
	return e, nil
}

// readWidth reads the first hashes of a tile. The whole tile serves for a partial one.
func (d *disk) readWidth(level int, index uint64, width int) ([]byte, error) {
	raw, err := d.read(tilePath(level, index, width))
	if errors.Is(err, fs.ErrNotExist) && width < tileWidth {
		raw, err = d.read(tilePath(level, index, tileWidth))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if len(raw) != tlog.HashSize*width && len(raw) != tlog.HashSize*tileWidth {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrDamaged, tilePath(level, index, width), len(raw))
	}
	return raw[:tlog.HashSize*width], nil
}

// Height is that of the tiles of c2sp.org/tlog-tiles.
func (d *disk) Height() int { return 8 }

// ReadTiles reads tiles for tlog, which holds each against the root.
func (d *disk) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if data[i], err = d.readWidth(t.L, uint64(t.N), t.W); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// SaveTiles keeps nothing: the tiles are here.
func (d *disk) SaveTiles([]tlog.Tile, [][]byte) {}

// hashes reads the tree of a head; each tile is verified against its root.
func (d *disk) hashes(h Head) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(h.Size), Hash: h.Root}, d)
}

// rootAt is the root that the tree of a head had at a smaller size.
func (d *disk) rootAt(h Head, size uint64) (tlog.Hash, error) {
	return tlog.TreeHash(int64(size), d.hashes(h))
}

// consistency is the proof that a tree continues a smaller one, RFC 6962 section 2.1.2.
func (d *disk) consistency(h Head, from uint64) ([]tlog.Hash, error) {
	if from == 0 || from == h.Size {
		return nil, nil
	}
	return tlog.ProveTree(int64(h.Size), int64(from), d.hashes(h))
}

// bundle reads the entries of a bundle, first so many of them.
func (d *disk) bundle(index uint64, width int) ([]byte, [][]byte, error) {
	name := tilePath(-1, index, width)
	raw, err := d.read(name)
	if errors.Is(err, fs.ErrNotExist) && width < tileWidth {
		raw, err = d.read(tilePath(-1, index, tileWidth))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	entries, rest := make([][]byte, 0, width), raw
	for len(entries) < width {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return nil, nil, fmt.Errorf("%w: %s holds %d entries, not %d", ErrDamaged, name, len(entries), width)
		}
		n := 2 + int(binary.BigEndian.Uint16(rest))
		entries, rest = append(entries, rest[2:n]), rest[n:]
	}
	return raw[:len(raw)-len(rest)], entries, nil
}
