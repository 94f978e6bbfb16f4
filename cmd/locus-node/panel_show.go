package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/genes"
	"github.com/locus-genomics/locus/internal/vrs"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol/panel"
)

// choice is which variants of a panel are listed; in one of its ways, or it is the panel
// itself that is shown.
type choice struct {
	region   string
	rsIDs    []string
	genes    []string
	geneFile string
}

func (a *app) panelShow() *cobra.Command {
	var by choice
	c := &cobra.Command{
		Use: "show FILE", Short: "Show what a panel is, or some of its variants", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := by.check(); err != nil {
				return cli.Misused(err)
			}
			p, err := node.ReadPanel(cmd.Context(), args[0], "")
			if err != nil {
				return err
			}
			var places []int
			switch {
			case by.region != "":
				places, err = inRegion(p, by.region)
			case len(by.genes) > 0:
				places, err = inGenes(p, by.genes, by.geneFile)
			case len(by.rsIDs) > 0:
				places, err = placesOf(by.rsIDs, args[0], p)
			default:
				return a.showPanel(p, args[0])
			}
			if err != nil {
				return err
			}
			return a.listPanel(p, args[0], places)
		},
	}
	f := c.Flags()
	f.StringVar(&by.region, "region", "", "list the variants of this region, such as chr7:117120016-117308718")
	f.StringSliceVar(&by.rsIDs, "rsid", nil, "list the variants of these rsIDs, which FILE"+namesSuffix+" names")
	f.StringSliceVar(&by.genes, "gene", nil, "list the variants of these genes of --genes, by name or id")
	f.StringVar(&by.geneFile, "genes", "", "where genes are: a BED with names or a GFF3, compressed or not")
	return c
}

func (c choice) check() error {
	ways := 0
	for _, way := range []bool{c.region != "", len(c.rsIDs) > 0, len(c.genes) > 0} {
		if way {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("choose by --region, by --gene or by --rsid, not by two of them")
	case len(c.genes) > 0 && c.geneFile == "":
		return errors.New("say where genes are, with a BED or a GFF3 of the panel's assembly (--genes)")
	case len(c.genes) == 0 && c.geneFile != "":
		return errors.New("say which genes of " + c.geneFile + " (--gene)")
	}
	return nil
}

func inRegion(p *panel.Panel, text string) (places []int, err error) {
	r, err := panel.ParseRegion(text)
	if err != nil {
		return nil, cli.Misused(err)
	}
	return in(p, places, r), nil
}

// in appends the places of a region's variants.
func in(p *panel.Panel, places []int, r panel.Region) []int {
	from, to := p.Select(r)
	for i := from; i < to; i++ {
		places = append(places, i)
	}
	return places
}

// inGenes looks genes up in a file of them, in the order in which they are given.
func inGenes(p *panel.Panel, names []string, path string) (places []int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := bgzf.Unpack(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", node.ErrPanel, path, err)
	}
	list, err := genes.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", node.ErrPanel, path, err)
	}
	if !list.MayBeOf(p.Assembly()) {
		return nil, fmt.Errorf("%w: %s is of %s, and the panel of %s", node.ErrPanel, path, list.Assembly(), p.Assembly())
	}
	for _, name := range names {
		regions, err := list.Find(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", node.ErrPanel, path, err)
		}
		for _, r := range regions {
			places = in(p, places, r)
		}
	}
	return places, nil
}

// placesOf looks rsIDs up in the file beside a panel, in the order in which they are given.
func placesOf(rsIDs []string, path string, p *panel.Panel) (places []int, err error) {
	names, err := openNames(path, p)
	if err != nil {
		return nil, err
	}
	if names == nil {
		return nil, fmt.Errorf("%w: %s is missing; build the panel of a source with rsIDs", node.ErrPanel, path+namesSuffix)
	}
	for _, text := range rsIDs {
		rs, ok := panel.ParseRS(text)
		if !ok {
			return nil, cli.Misusedf("%.40q is no rsID; want rs and a number, such as rs334", text)
		}
		found, err := names.Find(rs)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", node.ErrPanel, path+namesSuffix, err)
		}
		places = append(places, found...)
	}
	return places, nil
}

// listPanel lists variants, with their allele ids where these lie beside the panel.
func (a *app) listPanel(p *panel.Panel, path string, places []int) error {
	ids, done, err := openIDs(path, p)
	if err != nil {
		return err
	}
	defer done()
	w := bufio.NewWriter(a.out)
	fmt.Fprint(w, "#CHROM\tPOS\tREF\tALT")
	if ids != nil {
		fmt.Fprint(w, "\tVRS")
	}
	fmt.Fprintln(w)
	for _, i := range places {
		v := p.At(i)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s", v.Contig, v.Pos, v.Ref, v.Alt)
		if ids != nil {
			id, err := ids.At(i)
			if err != nil {
				return err
			}
			name := "."
			if id != [vrs.Size]byte{} {
				name = vrs.Digest(id).AlleleID()
			}
			fmt.Fprintf(w, "\t%s", name)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
