package node

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrPanel is returned when no panel can be made of a file, or it is none.
var ErrPanel = errors.New("node: no panel")

// PanelSpec says what to make a panel of.
type PanelSpec struct {
	// Path is a VCF, a pvar, a bim or a list CHROM POS REF ALT, compressed or not.
	Path string
	// Assembly is the reference that positions are of.
	Assembly string
	// Fasta is that reference, with its index beside it (.fai). With it REF is checked and
	// alleles are aligned to the left; without it they are only trimmed.
	Fasta string
}

// PanelSummary is what became of the variants of a file.
type PanelSummary struct {
	// Moved is variants that were aligned; Repeated those that another line spelled too,
	// of which one is kept.
	Moved, Repeated int
	panel.LeftOut
}

// checkEvery is how many variants are read between two looks at the context.
const checkEvery = 1 << 16

// BuildPanel makes a panel. It needs no node and keeps nothing.
func BuildPanel(ctx context.Context, spec PanelSpec) (*panel.Panel, PanelSummary, error) {
	p, sum, err := buildPanel(ctx, spec)
	if err != nil {
		return nil, PanelSummary{}, fmt.Errorf("%w: %w", ErrPanel, err)
	}
	return p, sum, nil
}

func buildPanel(ctx context.Context, spec PanelSpec) (p *panel.Panel, sum PanelSummary, err error) {
	align := func(v panel.Variant) (panel.Variant, error) { return panel.Trim(v), nil }
	if spec.Fasta != "" {
		reference, done, err := openFasta(spec.Fasta)
		if err != nil {
			return nil, sum, err
		}
		defer done()
		align = reference.Align
	}
	f, err := os.Open(spec.Path)
	if err != nil {
		return nil, sum, err
	}
	defer f.Close()
	text, err := unpack(f)
	if err != nil {
		return nil, sum, err
	}
	var variants []panel.Variant
	take := func(v panel.Variant) error {
		if len(variants)%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(variants) == panel.MaxVariants {
			return fmt.Errorf("over %d variants", panel.MaxVariants)
		}
		to, err := align(v)
		if err != nil {
			return err
		}
		if to != panel.Trim(v) {
			sum.Moved++
		}
		variants = append(variants, to)
		return nil
	}
	if sum.LeftOut, err = panel.ScanVariants(text, take); err != nil {
		return nil, sum, fmt.Errorf("%s: %w", spec.Path, err)
	}
	slices.SortFunc(variants, panel.Compare)
	once := slices.CompactFunc(variants, func(a, b panel.Variant) bool { return a == b })
	sum.Repeated = len(variants) - len(once)
	if p, err = panel.New(spec.Assembly, once); err != nil {
		return nil, sum, fmt.Errorf("%s: %w", spec.Path, err)
	}
	return p, sum, nil
}

// ReadPanel reads a panel that was built, or makes one of what BuildPanel takes.
func ReadPanel(ctx context.Context, path, assembly string) (*panel.Panel, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPanel, err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if head, err := r.Peek(8); err != nil || !panel.IsPanel(head) {
		if assembly == "" {
			return nil, fmt.Errorf("%w: %s is no built panel; say of which assembly its positions are", ErrConfig, path)
		}
		p, _, err := BuildPanel(ctx, PanelSpec{Path: path, Assembly: assembly})
		return p, err
	}
	p, err := panel.Parse(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrPanel, path, err)
	}
	return p, nil
}

// unpack reads through BGZF or gzip.
func unpack(f io.Reader) (io.Reader, error) {
	r := bufio.NewReaderSize(f, 1<<16)
	head, err := r.Peek(bgzf.HeaderSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bgzf.Is(head):
		return bgzf.NewReader(r), nil
	case len(head) > 1 && head[0] == 0x1f && head[1] == 0x8b:
		return gzip.NewReader(r)
	}
	return r, nil
}

func openFasta(path string) (r *fasta.Reader, done func() error, err error) {
	index, err := os.Open(path + ".fai")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("the index of the reference is missing; make it (samtools faidx): %w", err)
	}
	if err != nil {
		return nil, nil, err
	}
	defer index.Close()
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil {
		r, err = fasta.New(file, info.Size(), index)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return r, file.Close, nil
}
