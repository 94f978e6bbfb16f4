package node

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/index"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/protocol/panel"
)

// byIndex reads the region of a VCF or BCF that an index lies beside. It gives no reader,
// and stale, where the index does not fit. What lies outside of the region is not looked
// at, and may be damaged.
func byIndex(file, beside *os.File, where panel.Region, covers genotype.Covers) (r genotype.Reader, about aboutFile, stale bool, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, aboutFile{}, false, err
	}
	head := make([]byte, 1<<16)
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, aboutFile{}, false, err
	}
	if head = head[:n]; !bgzf.Is(head) {
		return nil, aboutFile{}, true, nil
	}
	cfg := index.Config{Index: beside, Data: file, Size: info.Size()}
	binary := bcf.Is(head)
	if binary {
		whole, err := bcf.New(io.NewSectionReader(file, 0, info.Size()), bcf.Config{})
		if err != nil {
			return nil, aboutFile{}, false, err
		}
		cfg.Contigs = whole.Contigs()
	}
	part, err := partOf(cfg, where)
	switch {
	case errors.Is(err, index.ErrStale), errors.Is(err, index.ErrIndex):
		return nil, aboutFile{}, true, nil
	case err != nil:
		return nil, aboutFile{}, false, err
	case binary:
		r, err := bcf.New(part, bcf.Config{Covers: covers})
		if err != nil {
			return nil, aboutFile{}, false, err
		}
		return partial{r}, aboutFile{assembly: r.Assembly()}, false, nil
	}
	text, err := vcf.New(part, vcf.Config{Covers: covers})
	if err != nil {
		return nil, aboutFile{}, false, err
	}
	return partial{text}, aboutFile{assembly: text.Assembly()}, false, nil
}

// openIndex opens what lies beside a file, or nothing.
func openIndex(path string) (*os.File, error) {
	for _, ending := range []string{".tbi", ".csi"} {
		f, err := os.Open(path + ending)
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return f, err
		}
	}
	return nil, nil
}

func partOf(cfg index.Config, where panel.Region) (io.Reader, error) {
	x, err := index.Open(cfg)
	if err != nil {
		return nil, err
	}
	return x.Part([]index.Region{{Contig: where.Contig, From: where.From, To: where.To}})
}

// partial says of an error that lines and records are counted from the part's beginning.
type partial struct{ genotype.Reader }

func (p partial) Next(row *genotype.Row) error {
	err := p.Reader.Next(row)
	if err == nil || err == io.EOF {
		return err
	}
	return fmt.Errorf("in the part that the index gives: %w", err)
}
