package node

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrPanel is returned when no panel can be made of a file, or it is none.
var ErrPanel = errors.New("node: no panel")

// PanelSpec says what to make a panel of.
type PanelSpec struct {
	// Path is a VCF, a BCF, a pvar, a bim or a list CHROM POS REF ALT, compressed or not.
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

// BuiltPanel is a panel and what else its source said of its variants.
type BuiltPanel struct {
	*panel.Panel
	// Names are the rsIDs in the source's ID column; nil if it has none.
	Names *panel.Names
	PanelSummary
}

// checkEvery is how many variants are read between two looks at the context.
const checkEvery = 1 << 16

// BuildPanel makes a panel. It needs no node and keeps nothing.
func BuildPanel(ctx context.Context, spec PanelSpec) (BuiltPanel, error) {
	b, err := buildPanel(ctx, spec)
	if err != nil {
		return BuiltPanel{}, fmt.Errorf("%w: %w", ErrPanel, err)
	}
	return b, nil
}

func buildPanel(ctx context.Context, spec PanelSpec) (BuiltPanel, error) {
	c := panelSource{ctx: ctx, align: func(v panel.Variant) (panel.Variant, error) { return panel.Trim(v), nil }}
	if spec.Fasta != "" {
		reference, done, err := openFasta(spec.Fasta)
		if err != nil {
			return BuiltPanel{}, err
		}
		defer done()
		c.align = reference.Align
	}
	f, err := os.Open(spec.Path)
	if err != nil {
		return BuiltPanel{}, err
	}
	defer f.Close()
	if err := c.read(f); err != nil {
		return BuiltPanel{}, fmt.Errorf("%s: %w", spec.Path, err)
	}
	b, err := c.build(spec.Assembly)
	if err != nil {
		return BuiltPanel{}, fmt.Errorf("%s: %w", spec.Path, err)
	}
	return b, nil
}

// panelSource gathers the variants of a file.
type panelSource struct {
	ctx      context.Context
	align    func(panel.Variant) (panel.Variant, error)
	variants []panel.Variant
	named    []namedVariant
	sum      PanelSummary
}

// namedVariant is a variant that the source gives an rsID.
type namedVariant struct {
	panel.Variant
	rs uint32
}

// read takes all variants of a file.
func (c *panelSource) read(f io.Reader) error {
	text, err := bgzf.Unpack(f)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(text, 1<<16)
	head, err := r.Peek(1 << 10)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case bcf.Is(head):
		return c.readBCF(r)
	}
	c.sum.LeftOut, err = panel.ScanNamed(r, c.take)
	return err
}

// readBCF takes the sites of a BCF. It has no rsIDs that are read.
func (c *panelSource) readBCF(r io.Reader) error {
	sites, err := bcf.New(r, bcf.Config{Covers: func(*genotype.Site) bool { return false }})
	if err != nil {
		return err
	}
	var row genotype.Row
	for {
		switch err := sites.Next(&row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case row.Pos == 0:
			c.sum.Unplaced++
			continue
		}
		for _, alt := range row.Alts {
			if panel.IsSymbol(alt) {
				c.sum.Symbols++
				continue
			}
			v := panel.Variant{Contig: row.Contig, Pos: row.Pos, Ref: strings.Clone(row.Ref), Alt: strings.Clone(alt)}
			if err := c.take(v, nil); err != nil {
				return err
			}
		}
	}
}

// take aligns a variant and keeps it.
func (c *panelSource) take(v panel.Variant, id []byte) error {
	if len(c.variants)%checkEvery == 0 && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if len(c.variants) == panel.MaxVariants {
		return fmt.Errorf("over %d variants", panel.MaxVariants)
	}
	to, err := c.align(v)
	if err != nil {
		return err
	}
	if to != panel.Trim(v) {
		c.sum.Moved++
	}
	c.variants = append(c.variants, to)
	for name := range bytes.SplitSeq(id, []byte{';'}) {
		if rs, ok := panel.ParseRS(string(name)); ok {
			c.named = append(c.named, namedVariant{to, rs})
		}
	}
	return nil
}

// build makes the panel of what was read.
func (c *panelSource) build(assembly string) (BuiltPanel, error) {
	slices.SortFunc(c.variants, panel.Compare)
	once := slices.CompactFunc(c.variants, func(a, b panel.Variant) bool { return a == b })
	c.sum.Repeated = len(c.variants) - len(once)
	p, err := panel.New(assembly, once)
	if err != nil || len(c.named) == 0 {
		return BuiltPanel{Panel: p, PanelSummary: c.sum}, err
	}
	c.variants = nil
	names := make([]panel.Name, 0, len(c.named))
	cursor := p.NewCursor()
	for _, v := range c.named {
		if at := cursor.Find(v.Variant); at >= 0 {
			names = append(names, panel.Name{RS: v.rs, Place: uint32(at)})
		}
	}
	n, err := panel.NewNames(p, names)
	return BuiltPanel{Panel: p, Names: n, PanelSummary: c.sum}, err
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
			return nil, fmt.Errorf("%w: %s is no built panel; build one of it (locus-node panel build), or say of which assembly it is (count --assembly)", ErrConfig, path)
		}
		b, err := BuildPanel(ctx, PanelSpec{Path: path, Assembly: assembly})
		return b.Panel, err
	}
	p, err := panel.Parse(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrPanel, path, err)
	}
	return p, nil
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
