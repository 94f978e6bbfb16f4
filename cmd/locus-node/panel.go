package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/vrs"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// The files that lie beside a panel are named after it.
const (
	namesSuffix = ".rsids"
	idsSuffix   = ".vrs"
)

func (a *app) panel() *cobra.Command {
	return cli.Group("panel", "The lists of variants that studies speak of", a.panelBuild(), a.panelShow(), a.panelCoverage())
}

func (a *app) panelBuild() *cobra.Command {
	var spec node.PanelSpec
	var out string
	c := &cobra.Command{
		Use: "build FILE --assembly NAME --out FILE", Short: "Make a panel of published variants", Args: cli.Exactly(1),
		Long: "Make a panel of published variants.\n\n" +
			"FILE is a VCF, a BCF, a .pvar, a .bim or a list CHROM POS REF ALT, compressed (gzip, BGZF, zstd) or\n" +
			"not. With --reference REF is checked, and insertions and deletions are written where bcftools norm\n" +
			"writes them; the reference needs its index (.fai) beside it.\n\n" +
			"Two files may be made beside the panel, which do not change what it is: OUT" + namesSuffix + " with the rsIDs of\n" +
			"FILE, and with --reference OUT" + idsSuffix + " with the GA4GH allele ids (VRS 2.0).\n\n" +
			"A panel is read by every site and by the researcher: made of one site's own variants it would tell\n" +
			"who has them. Make it of a published resource.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if spec.Assembly == "" || out == "" {
				return cli.Misused(errors.New("--assembly and --out are needed: of which reference the positions are, and where the panel goes"))
			}
			spec.Path = args[0]
			for _, name := range []string{out, out + namesSuffix, out + idsSuffix} {
				if err := spares(name, spec.Path, spec.Fasta); err != nil {
					return err
				}
			}
			return a.buildPanel(cmd, spec, out)
		},
	}
	c.Flags().StringVar(&spec.Assembly, "assembly", "", "reference that positions are of, such as GRCh38")
	c.Flags().StringVar(&out, "out", "", "file for the panel; an older one is replaced")
	c.Flags().StringVar(&spec.Fasta, "reference", "", "FASTA file of that reference, uncompressed")
	return c
}

// buildPanel writes a panel and what lies beside it. What lay beside an older one goes
// first: it would be of another panel.
func (a *app) buildPanel(cmd *cobra.Command, spec node.PanelSpec, out string) error {
	b, err := node.BuildPanel(cmd.Context(), spec)
	if err != nil {
		return err
	}
	for _, old := range []string{out + namesSuffix, out + idsSuffix} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := replace(out, func(w io.Writer) error { _, err := b.WriteTo(w); return err }); err != nil {
		return err
	}
	if b.Names != nil {
		if err := replace(out+namesSuffix, func(w io.Writer) error { _, err := b.Names.WriteTo(w, b.Panel); return err }); err != nil {
			return err
		}
	}
	unnamed := 0
	if spec.Fasta != "" {
		err := replace(out+idsSuffix, func(w io.Writer) error {
			sum, err := node.WriteAlleleIDs(cmd.Context(), b.Panel, spec.Fasta, vrs.V2, w)
			unnamed = sum.Unnamed
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, l := range []struct {
		n    int
		what string
	}{
		{b.Moved, "were moved to the left"},
		{b.Repeated, "are spelled twice, and are there once"},
		{b.Symbols, "ALTs are no sequence, and are left out"},
		{b.Unplaced, "lines have no place, and are left out"},
		{unnamed, "variants have no allele id"},
	} {
		if l.n > 0 {
			fmt.Fprintf(a.err, "%d %s\n", l.n, l.what)
		}
	}
	return a.showPanel(b.Panel, out)
}

// showPanel says what a panel is. Two people who see the same words have the same panel.
func (a *app) showPanel(p *panel.Panel, path string) error {
	digest := protocol.Digest(p.Digest())
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "assembly\t%s\n", p.Assembly())
	fmt.Fprintf(w, "variants\t%d\n", p.Len())
	if info, err := os.Stat(path); err == nil {
		fmt.Fprintf(w, "bytes a variant\t%.2f\n", float64(info.Size())/float64(p.Len()))
	}
	for _, c := range p.Contigs() {
		from, to := p.Select(panel.Region{Contig: c, From: 1, To: panel.MaxPos})
		fmt.Fprintf(w, "contig\t%s: %d\n", c, to-from)
	}
	fmt.Fprintf(w, "digest\t%s\n", digest)
	fmt.Fprintf(w, "words\t%s\n", protocol.Words(digest))
	names, err := openNames(path, p)
	if err != nil {
		return err
	}
	if names != nil {
		fmt.Fprintf(w, "rsIDs\t%d\n", names.Len())
	}
	ids, done, err := openIDs(path, p)
	if err != nil {
		return err
	}
	defer done()
	if ids != nil {
		sequences := make([]vrs.Digest, len(ids.Sequences))
		for i, s := range ids.Sequences {
			sequences[i] = s
		}
		fmt.Fprintf(w, "allele ids\tVRS %s\n", vrs.Version(ids.Version))
		fmt.Fprintf(w, "reference\t%s\n", vrs.Sequences(sequences))
	}
	return w.Flush()
}

// openNames reads the rsIDs beside a panel; nil if there are none.
func openNames(path string, p *panel.Panel) (*panel.Names, error) {
	f, err := os.Open(path + namesSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := panel.ParseNames(bufio.NewReaderSize(f, 1<<16), p)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", node.ErrPanel, path+namesSuffix, err)
	}
	return names, nil
}

// openIDs opens the allele ids beside a panel; nil if there are none.
func openIDs(path string, p *panel.Panel) (ids *panel.AlleleIDs, done func(), err error) {
	f, err := os.Open(path + idsSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		ids, err = panel.OpenIDs(f, info.Size(), p)
	}
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%w: %s: %w", node.ErrPanel, path+idsSuffix, err)
	}
	return ids, func() { f.Close() }, nil
}
