package index

import (
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrIndex is returned for what is no index of a VCF or BCF, or a damaged one.
	ErrIndex = errors.New("index: this is no index of a VCF or BCF; make it anew (bcftools index)")
	// ErrStale is returned for an index of another file, or of an older version of it.
	ErrStale = errors.New("index: the index does not fit the file; make it anew (bcftools index -f)")
)

// maxIndex bounds an unpacked index. That of a whole genome takes some megabytes.
const maxIndex = 64 << 20

// Config is an index, and the file that it is said to be of.
type Config struct {
	// Index is the tbi or csi, read to its end. Needed.
	Index io.Reader
	// Data is the BGZF file, Size its bytes. Needed.
	Data io.ReaderAt
	Size int64
	// Contigs are the names of a BCF's contigs by their numbers, as bcf.Reader has
	// them. The index of a VCF has names of its own.
	Contigs []string
}

// Index tells where in a file the records of a region are.
type Index struct {
	data    io.ReaderAt
	size    int64
	text    bool // of a VCF
	scheme  scheme
	contigs []contig
	begin   offset // of the first record
	end     offset // behind the last one
}

// contig is one contig's chunks, in the order of the file.
type contig struct {
	name   string
	chunks []chunk
	named  []offset // offsets that are not used, but have to be right
}

// chunk is a run of records, the first of which belongs to the bin.
type chunk struct {
	bin      uint32
	from, to offset
}

// offset is where in the file a block begins, and where in it unpacked.
type offset uint64

func (o offset) block() int64 { return int64(o >> 16) }
func (o offset) within() int  { return int(o & 0xffff) }

// Region is the positions From to To of a contig, from 1, both of them in it. The
// contig is found by any of its names.
type Region struct {
	Contig   string
	From, To uint32
}

// Open reads an index and compares it with its file.
func Open(cfg Config) (*Index, error) {
	raw, err := io.ReadAll(io.LimitReader(bgzf.NewReader(cfg.Index), maxIndex+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIndex, err)
	}
	if len(raw) > maxIndex {
		return nil, fmt.Errorf("%w: over %d bytes", ErrIndex, maxIndex)
	}
	x := &Index{data: cfg.Data, size: cfg.Size}
	if err := x.parse(raw, cfg.Contigs); err != nil {
		return nil, err
	}
	if err := x.verify(); err != nil {
		return nil, err
	}
	return x, nil
}

// Part is the header of the file, and of its records those that touch the regions with
// some others, in the order of the file. Errors in reading it are ErrStale and those of
// package bgzf. Who reads the part counts lines and records from its beginning.
func (x *Index) Part(regions []Region) (io.Reader, error) {
	byName := make(map[string][]Region)
	for _, r := range regions {
		name := panel.CanonicalContig(r.Contig)
		byName[name] = append(byName[name], r)
	}
	var chosen []chunk
	for number, c := range x.contigs {
		wanted := byName[panel.CanonicalContig(c.name)]
		if len(wanted) == 0 {
			continue
		}
		for _, k := range c.chunks {
			if !x.scheme.touches(k.bin, wanted) {
				continue
			}
			if err := x.probe(number, k); err != nil {
				return nil, err
			}
			chosen = append(chosen, k)
		}
	}
	return &parts{x: x, left: append([]chunk{{to: x.begin}}, merge(chosen)...)}, nil
}
