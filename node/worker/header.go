package worker

import (
	"encoding/binary"
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
)

const (
	// maxSamples is what the readers take of a file.
	maxSamples = 1 << 24
	// maxNames bounds their names together: 32 bytes for each of that many.
	maxNames = 512 << 20
)

// header is what comes before the rows.
type header struct {
	samples []string
	about   About
}

// sendHeader sends it in frames that are not large.
func sendHeader(f *frameWriter, h header) error {
	f.b = append(f.b, byte(h.about.Assembly), bit(h.about.Sexes != nil))
	f.b = binary.AppendUvarint(f.b, uint64(len(h.samples)))
	if err := f.send(frameHeader); err != nil {
		return err
	}
	for i, name := range h.samples {
		f.b = binary.AppendUvarint(f.b, uint64(len(name)))
		f.b = append(f.b, name...)
		if h.about.Sexes != nil {
			f.b = append(f.b, byte(h.about.Sexes[i]))
		}
		if f.full() || i == len(h.samples)-1 {
			if err := f.send(frameSamples); err != nil {
				return err
			}
		}
	}
	return nil
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// headerReader takes the frames of a header.
type headerReader struct {
	header
	want  int
	sexes bool
	bytes int // of names
	seen  map[string]struct{}
}

// begin takes frameHeader.
func (h *headerReader) begin(b []byte) error {
	c := cursor{b: b}
	assembly, sexes, want := genotype.Assembly(c.byte()), c.byte(), c.uvarint()
	if assembly > genotype.GRCh38 || sexes > 1 || want > maxSamples {
		c.fail()
	}
	if err := c.end("a header"); err != nil {
		return err
	}
	h.about.Assembly, h.sexes, h.want = assembly, sexes == 1, int(want)
	h.seen = make(map[string]struct{})
	return nil
}

// add takes frameSamples.
func (h *headerReader) add(b []byte) error {
	c := cursor{b: b}
	for !c.bad && len(c.b) > 0 {
		name := string(c.bytes(c.count()))
		h.bytes += len(name)
		if _, twice := h.seen[name]; twice || name == "" || h.bytes > maxNames || len(h.samples) == h.want {
			return fmt.Errorf("%w: samples", ErrFrame)
		}
		h.seen[name] = struct{}{}
		h.samples = append(h.samples, name)
		if !h.sexes {
			continue
		}
		sex := genotype.Sex(c.byte())
		if sex > genotype.Female {
			c.fail()
		}
		h.about.Sexes = append(h.about.Sexes, sex)
	}
	return c.end("samples")
}

// whole reports whether all samples are there.
func (h *headerReader) whole() bool { return len(h.samples) == h.want }
