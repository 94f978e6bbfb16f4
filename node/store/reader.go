package store

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/node/genotype"
)

var _ genotype.Reader = (*Reader)(nil)

// Reader reads a store. It is not safe for concurrent use; a file may have many.
type Reader struct {
	src      io.ReaderAt
	size     int64
	close    io.Closer
	seal     *sealer
	unpacker *zstd.Decoder
	head     Header
	dir      directory

	only  regions
	next  int // the block after the open one
	block blockReader
	buf   []uint64
	err   error // what Next ended with
}

// Open opens the store at a path. The caller MUST close the Reader and compares Dataset
// with the one that it means.
func Open(path string, aead cipher.AEAD) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open a store: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a store: %w", err), f.Close())
	}
	r, err := New(f, info.Size(), aead)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = f
	return r, nil
}

// New opens a store of so many bytes.
func New(src io.ReaderAt, size int64, aead cipher.AEAD) (*Reader, error) {
	z, err := newUnpacker()
	if err != nil {
		return nil, fmt.Errorf("open a store: %w", err)
	}
	r := &Reader{src: src, size: size, unpacker: z}
	if err := r.open(aead); err != nil {
		z.Close()
		return nil, err
	}
	r.block.samples = len(r.head.Samples)
	return r, nil
}

func (r *Reader) open(aead cipher.AEAD) error {
	var raw [preludeSize]byte
	if r.size < preludeSize {
		return ErrNotStore
	}
	if _, err := r.src.ReadAt(raw[:], 0); err != nil {
		return fmt.Errorf("read a store: %w", err)
	}
	p, err := parsePrelude(raw[:])
	if err != nil {
		return err
	}
	if r.seal, err = newSealer(aead, p); err != nil {
		return err
	}
	r.head.Dataset = p.dataset
	f, end, err := r.footer()
	if err != nil {
		return err
	}
	room := uint64(end - preludeSize)
	if f.header > room || f.directory > room-f.header {
		return &Damage{Block: -1, Offset: end, Err: errColumns}
	}
	blocks, dir := preludeSize+int64(f.header), end-int64(f.directory)
	if err := r.part(preludeSize, int(f.header), partHeader, func(b []byte) error { return r.head.decode(b, r.unpacker) }); err != nil {
		return err
	}
	return r.part(dir, int(f.directory), partDirectory, func(b []byte) error { return r.dir.decode(b, blocks, dir) })
}

// footer opens the footer and says where it begins.
func (r *Reader) footer() (f footer, at int64, err error) {
	size := footerSize + r.seal.overhead()
	at = r.size - int64(size)
	if at < preludeSize {
		return footer{}, at, &Damage{Block: -1, Offset: max(at, 0), Err: errShort}
	}
	raw := make([]byte, size)
	if _, err := r.src.ReadAt(raw, at); err != nil && !errors.Is(err, io.EOF) {
		return footer{}, at, fmt.Errorf("read a store: %w", err)
	}
	if _, err := r.seal.open(raw[footerSize:], partFooter, raw[:footerSize]...); err != nil {
		return footer{}, at, &Damage{Block: -1, Offset: at, Err: err}
	}
	return parseFooter(raw), at, nil
}

// part reads and opens a part. What it hands on is valid until the next one.
func (r *Reader) part(at int64, size int, number uint32, use func([]byte) error) error {
	damage := &Damage{Block: -1, Offset: at}
	if number >= partBlock {
		damage.Block = int(number - partBlock)
	}
	if size > maxPart || size < r.seal.overhead() || at+int64(size) > r.size {
		damage.Err = errColumns
		return damage
	}
	if need := (size + 7) / 8; need > cap(r.buf) {
		r.buf = make([]uint64, need+need/8)
	}
	raw := bytesOf(r.buf[:cap(r.buf)])[:size]
	if _, err := r.src.ReadAt(raw, at); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read a store: %w", err)
	}
	plain, err := r.seal.open(raw, number)
	if err == nil {
		err = use(plain)
	}
	if err != nil {
		damage.Err = err
		return damage
	}
	return nil
}

// Samples are the names in the order of the source.
func (r *Reader) Samples() []string { return r.head.Samples }

// Header is what the store says of all its sites. It MUST NOT be changed.
func (r *Reader) Header() Header { return r.head }

// Contigs are the names of the contigs that have sites, in the file's order. They MUST
// NOT be changed.
func (r *Reader) Contigs() []string { return r.dir.contigs }

// Sites is how many sites the store has.
func (r *Reader) Sites() int {
	n := 0
	for i := range r.dir.blocks {
		n += r.dir.blocks[i].rows
	}
	return n
}

// Size is the bytes of the store.
func (r *Reader) Size() int64 { return r.size }

// Next fills row with the classes of the next site, of those that Only left.
func (r *Reader) Next(row *genotype.Row) error {
	if r.err != nil {
		return r.err
	}
	for {
		if r.block.left == 0 {
			if r.err = r.advance(); r.err != nil {
				return r.err
			}
		}
		if err := r.block.next(row); err != nil {
			r.err = &Damage{Block: r.next - 1, Offset: r.dir.blocks[r.next-1].offset, Err: err}
			return r.err
		}
		if r.only.covers(&row.Site) {
			return nil
		}
	}
}

// advance opens the next block that is asked for; io.EOF when there is none.
func (r *Reader) advance() error {
	for r.next < len(r.dir.blocks) && !r.only.touch(r.dir.contigs, r.dir.blocks[r.next]) {
		r.next++
	}
	if r.next == len(r.dir.blocks) {
		return io.EOF
	}
	r.next++
	return r.load(r.next-1, &r.block)
}

func (r *Reader) load(i int, b *blockReader) error {
	e := r.dir.blocks[i]
	return r.part(e.offset, e.size, partBlock+uint32(i), func(plain []byte) error {
		return b.open(plain, e, r.dir.contigs[e.contig], r.unpacker)
	})
}

func (r *Reader) rewind() { r.next, r.block.left, r.err = 0, 0, nil }

// Close closes the file.
func (r *Reader) Close() error {
	r.unpacker.Close()
	r.err = os.ErrClosed
	if r.close == nil {
		return nil
	}
	return r.close.Close()
}
