package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/node/genotype"
)

var (
	// ErrNotStore is returned for a file that does not begin as a store does.
	ErrNotStore = errors.New("store: this is no store of genotypes")
	// ErrVersion is returned for a store of another version of the format.
	ErrVersion = errors.New("store: the store is of another version; add the cohort again")
	// ErrKey is returned when there is nothing to seal a store with, or to open it.
	ErrKey = errors.New("store: there is no key")
	// ErrDamaged is what every Damage is. A store whose key is another looks the same.
	ErrDamaged = errors.New("store: damaged, or sealed with another key; add the cohort again")
	// ErrRow is returned for a row that does not fit the store: another number of
	// samples, samples out of order, or a site before the last one.
	ErrRow = errors.New("store: a row does not fit")
	// ErrTooLarge is returned for what is over a bound of the format.
	ErrTooLarge = errors.New("store: over a bound of the format")
	// ErrClosed is returned by a Writer that was committed or aborted.
	ErrClosed = errors.New("store: the writer has ended")

	errNonce = errors.New("store: the nonces of this cipher are too short or too long")
)

// Damage is where a store is damaged.
type Damage struct {
	// Block is the block, from 0; -1 for header, directory and footer.
	Block int
	// Offset is where the part begins in the file.
	Offset int64
	// Err is what was found.
	Err error
}

// Error names the place.
func (d *Damage) Error() string {
	if d.Block < 0 {
		return fmt.Sprintf("%v (at byte %d)", ErrDamaged, d.Offset)
	}
	return fmt.Sprintf("%v (block %d, at byte %d)", ErrDamaged, d.Block, d.Offset)
}

// Unwrap makes a Damage an ErrDamaged.
func (d *Damage) Unwrap() []error { return []error{ErrDamaged, d.Err} }

// What a decoder finds. They tell of the form and never of a genotype.
var (
	errShort   = errors.New("it ends too early")
	errLong    = errors.New("it goes on after its end")
	errColumns = errors.New("its columns do not fit each other")
	errSet     = errors.New("a set is no set of its samples")
)

const (
	magic   = "LOCUSGT1"
	version = 1

	// maxSamples bounds the samples of a store; the largest cohort has a million.
	maxSamples = 1 << 24
	// maxName bounds a sample's name and a contig's.
	maxName = 1 << 10
	// maxContigs is genotype.Order's bound.
	maxContigs = 1 << 16
	// maxText bounds what zstd may unpack to: the header's names, a block's alleles.
	// A line of VCF has no more.
	maxText = 64 << 20
	// maxPart bounds a part, and so what is held of a file.
	maxPart = 1 << 28
	// blockRows and blockBytes end a block.
	blockRows  = 512
	blockBytes = 1 << 20
	// chunk is how many samples 16 bits number.
	chunk = 1 << 16
)

// Header is what a store says of all its sites.
type Header struct {
	// Dataset names the version of the dataset, so that one file cannot stand for
	// another. It is written in the clear.
	Dataset [32]byte
	// Assembly is the reference of the positions, as far as the source tells it.
	Assembly genotype.Assembly
	// Samples are their names, in the order of the calls.
	Samples []string
	// Sexes has one sex a sample, or is empty where the source tells none.
	Sexes []genotype.Sex
}

func bit(b bool, mask byte) byte {
	if b {
		return mask
	}
	return 0
}

func (h *Header) check() error {
	if len(h.Samples) > maxSamples {
		return fmt.Errorf("%w: %d samples", ErrTooLarge, len(h.Samples))
	}
	if len(h.Sexes) != 0 && len(h.Sexes) != len(h.Samples) {
		return fmt.Errorf("%w: %d sexes for %d samples", ErrRow, len(h.Sexes), len(h.Samples))
	}
	size := 0
	for _, name := range h.Samples {
		if len(name) > maxName {
			return fmt.Errorf("%w: the name of a sample", ErrTooLarge)
		}
		size += len(name) + binary.MaxVarintLen16 + 1
	}
	if size+binary.MaxVarintLen64 > maxText {
		return fmt.Errorf("%w: the names of the samples", ErrTooLarge)
	}
	return nil
}

func (h *Header) encode(z *zstd.Encoder) []byte {
	b := []byte{byte(h.Assembly), bit(len(h.Sexes) > 0, 1)}
	b = binary.AppendUvarint(b, uint64(len(h.Samples)))
	for _, s := range h.Sexes {
		b = append(b, byte(s))
	}
	for _, name := range h.Samples {
		b = appendText(b, name)
	}
	return z.EncodeAll(b, nil)
}

func (h *Header) decode(packed []byte, z *zstd.Decoder) error {
	plain, err := z.DecodeAll(packed, nil)
	if err != nil {
		return err
	}
	d := decoder{rest: plain}
	h.Assembly = genotype.Assembly(d.byte())
	sexes := d.byte()
	n := int(d.uvarint(uint64(min(maxSamples, len(d.rest)))))
	if sexes == 1 {
		for _, s := range d.take(n) {
			h.Sexes = append(h.Sexes, genotype.Sex(s))
			d.fault(s > byte(genotype.Female), errColumns)
		}
	}
	d.fault(sexes > 1 || h.Assembly > genotype.GRCh38, errColumns)
	if d.err != nil {
		return d.err
	}
	names := textDecoder{rest: string(d.rest)} // which they share
	h.Samples = make([]string, 0, min(n, len(d.rest)))
	for range n {
		size := names.uvarint()
		name := names.take(size)
		if names.bad || size > maxName {
			return errShort
		}
		h.Samples = append(h.Samples, name)
	}
	if names.rest != "" {
		return errLong
	}
	return nil
}

// entry is a block in the directory.
type entry struct {
	offset int64 // not written: blocks stand one behind another
	size   int
	rows   int
	contig int
	first  uint32 // position of its first site
	last   uint32 // position of its last site
	low    uint32 // the first position that a site tells of, which is before first where one was aligned
	reach  uint32 // the last position that a site tells of
}

type directory struct {
	contigs []string
	blocks  []entry
	digest  [32]byte // of all rows
}

func (d *directory) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(d.contigs)))
	for _, name := range d.contigs {
		b = appendText(b, name)
	}
	b = binary.AppendUvarint(b, uint64(len(d.blocks)))
	for _, e := range d.blocks {
		for _, v := range [...]uint64{uint64(e.size), uint64(e.rows), uint64(e.contig), uint64(e.first), uint64(e.last - e.first), uint64(e.reach - e.last), uint64(e.first - e.low)} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return append(b, d.digest[:]...)
}

// decode reads a directory of the blocks between two offsets.
func (dir *directory) decode(b []byte, from, to int64) error {
	d := decoder{rest: b}
	for range d.uvarint(uint64(min(maxContigs, len(b)))) {
		dir.contigs = append(dir.contigs, d.text(maxName))
	}
	n := int(d.uvarint(uint64(min(maxBlocks, len(d.rest)))))
	contig := 0
	for range n {
		e := entry{
			offset: from, size: int(d.uvarint(uint64(min(maxPart, to-from)))), rows: int(d.uvarint(blockRows)),
			contig: int(d.uvarint(maxContigs)), first: uint32(d.uvarint(maxUint32)),
		}
		e.last = e.first + uint32(d.uvarint(uint64(maxUint32-e.first)))
		e.reach = e.last + uint32(d.uvarint(uint64(maxUint32-e.last)))
		e.low = e.first - uint32(d.uvarint(uint64(e.first)))
		d.fault(e.size == 0 || e.rows == 0 || e.contig < contig || e.contig >= len(dir.contigs), errColumns)
		if d.err != nil {
			return d.err
		}
		contig, from = e.contig, from+int64(e.size)
		dir.blocks = append(dir.blocks, e)
	}
	d.fault(from != to, errLong)
	copy(dir.digest[:], d.take(len(dir.digest)))
	return d.end()
}

// footer is where the parts are that are not in the directory.
type footer struct{ header, directory uint64 }

const footerSize = 16

func (f footer) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, footerSize), f.header)
	return binary.LittleEndian.AppendUint64(b, f.directory)
}

func parseFooter(b []byte) footer {
	return footer{header: binary.LittleEndian.Uint64(b), directory: binary.LittleEndian.Uint64(b[8:])}
}
