package store

import (
	"crypto/cipher"

	"github.com/locus-genomics/locus/node/genotype"
)

// Kind is how the source of a store is packed.
type Kind uint8

// The kinds.
const (
	// Text is a VCF that is not compressed.
	Text Kind = iota
	// Compressed is a VCF in gzip or BGZF, a BCF or a BGEN.
	Compressed
	// Bed and Pgen are PLINK's, with the files beside them.
	Bed
	Pgen
)

// Estimate is what a store takes at most of a source of so many bytes and samples, all
// of its files together. For Text and Bed no file has more: a set is no longer than a
// bitmap, of which an ALT has five, or three where ploidy is not told, against 32 bits a
// call and 2. For the others it is about twice of what the worst real files had. Most
// stores take a tenth of it: a Gauge tells more, once there are rows.
func Estimate(k Kind, bytes int64, samples int) int64 {
	const perSample, perFile = 32, 1 << 16 // names, and what each part has around it
	more := perSample*int64(samples) + perFile
	switch k {
	case Text:
		return bytes/4 + more
	case Compressed:
		return bytes + bytes/4 + more
	case Bed:
		return bytes + bytes/2 + more
	default:
		return 2*bytes + more
	}
}

// Gauge tells how large a store will be from the first rows of its source. It writes
// nothing anywhere.
type Gauge struct{ w *Writer }

// NewGauge takes what Create does, but for a path.
func NewGauge(h Header, aead cipher.AEAD) (*Gauge, error) {
	w, err := create(nowhere{}, "", h, aead)
	return &Gauge{w}, err
}

// Add measures the next row, as Writer.Add would write it.
func (g *Gauge) Add(row *genotype.Row) error { return g.w.Add(row) }

// Size is what the rows so far take.
func (g *Gauge) Size() int64 { return g.w.Size() + int64(g.w.block.bytes()) }

// Estimate is what a source of so many bytes will take, of which the rows so far were
// read from so many; a fourth more than that, since the beginning of a file is not all of
// it. Where nothing was read it is zero.
func (g *Gauge) Estimate(read, total int64) int64 {
	if read <= 0 {
		return 0
	}
	head := preludeSize + int64(g.w.header)
	return head + int64(1.25*float64(g.Size()-head)/float64(read)*float64(max(read, total)))
}

// nowhere is a file system that keeps nothing.
type nowhere struct{}

func (nowhere) create(string) (file, error) { return nowhere{}, nil }
func (nowhere) rename(string, string) error { return nil }
func (nowhere) remove(string) error         { return nil }
func (nowhere) syncDir(string) error        { return nil }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) Sync() error                 { return nil }
func (nowhere) Close() error                { return nil }
