package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

func (a *app) panel() *cobra.Command {
	return cli.Group("panel", "The lists of variants that studies speak of; needs no node", a.panelBuild(), a.panelShow())
}

func (a *app) panelBuild() *cobra.Command {
	var spec node.PanelSpec
	var out string
	c := &cobra.Command{
		Use: "build FILE --assembly NAME --out FILE", Short: "Make a panel of published variants", Args: cli.Exactly(1),
		Long: "Make a panel of published variants.\n\n" +
			"FILE is a VCF, a .pvar, a .bim or a list CHROM POS REF ALT, compressed (gzip, BGZF, zstd) or not.\n" +
			"With --fasta REF is checked, and insertions and deletions are written where bcftools norm writes\n" +
			"them; the reference needs its index (.fai) beside it.\n\n" +
			"A panel is read by every site and by the researcher: made of one site's own variants it would tell\n" +
			"who has them. Make it of a published resource.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if spec.Assembly == "" || out == "" {
				return cli.Misused(errors.New("--assembly and --out are needed: of which reference the positions are, and where the panel goes"))
			}
			spec.Path = args[0]
			if err := spares(out, spec.Path, spec.Fasta); err != nil {
				return err
			}
			p, sum, err := node.BuildPanel(cmd.Context(), spec)
			if err != nil {
				return err
			}
			if err := replace(out, func(w io.Writer) error { _, err := p.WriteTo(w); return err }); err != nil {
				return err
			}
			for _, l := range []struct {
				n    int
				what string
			}{
				{sum.Moved, "were moved to the left"},
				{sum.Repeated, "are spelled twice, and are there once"},
				{sum.Symbols, "ALTs are no sequence, and are left out"},
				{sum.Unplaced, "lines have no place, and are left out"},
			} {
				if l.n > 0 {
					fmt.Fprintf(a.err, "%d %s\n", l.n, l.what)
				}
			}
			return a.showPanel(p)
		},
	}
	c.Flags().StringVar(&spec.Assembly, "assembly", "", "reference that positions are of, such as GRCh38")
	c.Flags().StringVar(&out, "out", "", "file for the panel; an older one is replaced")
	c.Flags().StringVar(&spec.Fasta, "fasta", "", "FASTA file of that reference, uncompressed")
	return c
}

func (a *app) panelShow() *cobra.Command {
	var region string
	c := &cobra.Command{
		Use: "show FILE", Short: "Show what a panel is, or its variants in a region", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var where panel.Region
			if region != "" {
				var err error
				if where, err = panel.ParseRegion(region); err != nil {
					return cli.Misused(err)
				}
			}
			p, err := node.ReadPanel(cmd.Context(), args[0], "")
			if err != nil {
				return err
			}
			if region == "" {
				return a.showPanel(p)
			}
			w := bufio.NewWriter(a.out)
			fmt.Fprintln(w, "#CHROM\tPOS\tREF\tALT")
			from, to := p.Select(where)
			for i := from; i < to; i++ {
				v := p.At(i)
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", v.Contig, v.Pos, v.Ref, v.Alt)
			}
			return w.Flush()
		},
	}
	c.Flags().StringVar(&region, "region", "", "list the variants of this region, such as chr7:117120016-117308718")
	return c
}

// showPanel says what a panel is. Two people who see the same words have the same panel.
func (a *app) showPanel(p *panel.Panel) error {
	digest := protocol.Digest(p.Digest())
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "assembly\t%s\n", p.Assembly())
	fmt.Fprintf(w, "variants\t%d\n", p.Len())
	for _, c := range p.Contigs() {
		from, to := p.Select(panel.Region{Contig: c, From: 1, To: panel.MaxPos})
		fmt.Fprintf(w, "contig\t%s: %d\n", c, to-from)
	}
	fmt.Fprintf(w, "digest\t%s\n", digest)
	fmt.Fprintf(w, "words\t%s\n", protocol.Words(digest))
	return w.Flush()
}
