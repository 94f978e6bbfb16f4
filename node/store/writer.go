package store

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/node/genotype"
)

// temporary ends the name of a file that is not whole yet. One that a kill left is
// overwritten by the next Create for the same path.
const temporary = ".new"

// Writer writes a store. It is not safe for concurrent use.
type Writer struct {
	files   files
	path    string
	out     file
	seal    *sealer
	packer  *zstd.Encoder
	samples int
	block   *blockWriter
	sum     *digester
	row     genotype.Row // for classes of calls
	plain   []byte
	offset  int64
	header  int
	dir     directory
	course  course
	key     string              // of the present contig
	contigs map[string]struct{} // keys of all of them
	err     error               // of the first call that failed; ErrClosed after the end
}

// Create begins a store that Commit puts at path, in place of one that may be there.
// The caller MUST call Commit or Abort.
func Create(path string, h Header, aead cipher.AEAD) (*Writer, error) {
	return create(disk{}, path, h, aead)
}

func create(fs files, path string, h Header, aead cipher.AEAD) (*Writer, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	p := prelude{dataset: h.Dataset}
	if _, err := rand.Read(p.file[:]); err != nil {
		return nil, fmt.Errorf("name a store: %w", err)
	}
	seal, err := newSealer(aead, p)
	if err != nil {
		return nil, err
	}
	z, err := newPacker()
	if err != nil {
		return nil, fmt.Errorf("create a store: %w", err)
	}
	out, err := fs.create(path + temporary)
	if err != nil {
		return nil, fmt.Errorf("create a store: %w", err)
	}
	w := &Writer{
		files: fs, path: path, out: out, seal: seal, packer: z, samples: len(h.Samples),
		block: newBlockWriter(len(h.Samples)), sum: newDigester(h.Samples), contigs: make(map[string]struct{}),
	}
	w.write(p.bytes())
	w.header = w.part(h.encode(z), partHeader)
	if err := w.err; err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return w, nil
}

// Add writes the next site, whose genotypes are calls or classes. After an error the
// store can only be aborted.
func (w *Writer) Add(row *genotype.Row) error {
	if w.err == nil {
		w.err = w.add(row)
	}
	return w.err
}

func (w *Writer) add(row *genotype.Row) error {
	if err := w.place(&row.Site); err != nil {
		return err
	}
	classes, err := w.classes(row)
	if err != nil {
		return err
	}
	if err := w.block.add(row, classes); err != nil {
		return fmt.Errorf("%w: %.40s:%d", err, row.Contig, row.Pos)
	}
	w.sum.add(row, classes)
	if w.block.rows == blockRows || w.block.bytes() >= blockBytes {
		w.flush()
	}
	return w.err
}

// classes are those of a row, or what its calls come to.
func (w *Writer) classes(row *genotype.Row) ([]genotype.Classes, error) {
	classes := row.Classes
	if len(classes) == 0 && w.samples > 0 {
		if len(row.Calls) != w.samples {
			return nil, fmt.Errorf("%w: a row of %d calls for %d samples", ErrRow, len(row.Calls), w.samples)
		}
		// Neither the row nor its calls are changed: they are the caller's.
		w.row.Calls, w.row.Alts, w.row.Classes = row.Calls, row.Alts, w.row.Classes[:0]
		w.row.Classify()
		classes = w.row.Classes
	}
	if n := max(1, len(row.Alts)); len(classes) != n {
		if w.samples > 0 || len(classes) > 0 {
			return nil, fmt.Errorf("%w: %d classes for %d ALTs", ErrRow, len(classes), len(row.Alts))
		}
		classes = make([]genotype.Classes, n)
	}
	return classes, nil
}

// place begins a block where a site cannot follow in the one that is open.
func (w *Writer) place(s *genotype.Site) error {
	n, key := len(w.dir.contigs), w.course.key(s)
	if n > 0 && w.key == key && w.dir.contigs[n-1] == s.Contig {
		if s.Pos < w.last() {
			return fmt.Errorf("%w: positions ascend on a contig", ErrRow)
		}
		return nil
	}
	if _, again := w.contigs[key]; again {
		return fmt.Errorf("%w: a contig comes back after another", ErrRow)
	}
	if n >= maxContigs || len(s.Contig) > maxName {
		return fmt.Errorf("%w: contigs", ErrTooLarge)
	}
	w.flush()
	w.key, w.contigs[key] = key, struct{}{}
	w.dir.contigs = append(w.dir.contigs, s.Contig)
	return w.err
}

// last is the position of the last site of the present contig.
func (w *Writer) last() uint32 {
	if w.block.rows > 0 {
		return w.block.last
	}
	if n := len(w.dir.blocks); n > 0 && w.dir.blocks[n-1].contig == len(w.dir.contigs)-1 {
		return w.dir.blocks[n-1].last
	}
	return 0
}

// flush writes the block that is open.
func (w *Writer) flush() {
	if w.block.rows == 0 || w.err != nil {
		return
	}
	if len(w.dir.blocks) >= maxBlocks {
		w.err = fmt.Errorf("%w: blocks", ErrTooLarge)
		return
	}
	e := w.block.entry
	e.contig = len(w.dir.contigs) - 1
	w.plain = w.block.appendTo(w.plain[:0], w.packer)
	e.size = w.part(w.plain, partBlock+uint32(len(w.dir.blocks)))
	w.dir.blocks = append(w.dir.blocks, e)
	w.block.reset()
}

// part seals and writes a part, in place, and says how long it is.
func (w *Writer) part(plain []byte, number uint32) int {
	if len(plain)+w.seal.overhead() > maxPart {
		w.err = errors.Join(w.err, fmt.Errorf("%w: a part of %d bytes", ErrTooLarge, len(plain)))
		return 0
	}
	sealed := w.seal.seal(plain[:0], plain, number)
	if number >= partBlock {
		w.plain = sealed
	}
	w.write(sealed)
	return len(sealed)
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.out.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.err = fmt.Errorf("write a store: %w", err)
	}
	w.offset += int64(n)
}

// Commit writes the rest and puts the store into its place, durably. When it fails
// nothing of the store is left, unless its error is of the directory's last sync: then
// the store may be in its place, whole.
func (w *Writer) Commit() error {
	w.flush()
	w.dir.digest = w.sum.digest()
	size := w.part(w.dir.encode(), partDirectory)
	f := footer{header: uint64(w.header), directory: uint64(size)}.bytes()
	w.write(w.seal.seal(f, nil, partFooter, f...))
	if w.err == nil {
		w.err = w.out.Sync()
	}
	if err := w.err; err != nil {
		return errors.Join(err, w.Abort())
	}
	w.err = ErrClosed
	temp := w.path + temporary
	err := w.out.Close()
	if err == nil {
		err = w.files.rename(temp, w.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("commit a store: %w", err), w.files.remove(temp))
	}
	if err := w.files.syncDir(filepath.Dir(w.path)); err != nil {
		return fmt.Errorf("commit a store: %w", err)
	}
	return nil
}

// Path is where Commit puts the store.
func (w *Writer) Path() string { return w.path }

// Size is the bytes that were written so far.
func (w *Writer) Size() int64 { return w.offset }

// Abort ends the writer and leaves nothing of the store. After Commit or Abort it does
// nothing.
func (w *Writer) Abort() error {
	if errors.Is(w.err, ErrClosed) {
		return nil
	}
	w.err = ErrClosed
	return errors.Join(w.out.Close(), w.files.remove(w.path+temporary))
}

// file is what is written to; files is where it stands.
type file interface {
	io.WriteCloser
	Sync() error
}

type files interface {
	create(name string) (file, error)
	rename(from, to string) error
	remove(name string) error
	syncDir(name string) error
}

// disk is the file system.
type disk struct{}

func (disk) create(name string) (file, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (disk) rename(from, to string) error { return os.Rename(from, to) }
func (disk) remove(name string) error     { return os.Remove(name) }

func (disk) syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
