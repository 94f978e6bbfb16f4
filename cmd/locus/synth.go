package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/synth"
)

// synth makes data to try things with.
func (a *app) synth() *cobra.Command {
	conf := synth.Config{Compress: func(w io.Writer) (io.WriteCloser, error) { return bgzf.NewWriter(w), nil }}
	c := &cobra.Command{
		Use: "synth DIR", Short: "Make cohorts of people who never lived, to try a study with", Args: cli.Exactly(1),
		Long: "Make cohorts of people who never lived in a new directory: genotypes and a sample table for each\n" +
			"site, the panel of their variants, and truth.tsv with the counts over all sites.",
		Example: "  locus synth data --sites 3 --people 200 --variants 1000",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.Mkdir(args[0], 0o700); err != nil {
				return fmt.Errorf("make the directory: %w", err)
			}
			files, err := synth.Write(args[0], conf)
			if err != nil {
				return err
			}
			for _, s := range files.Sites {
				fmt.Fprintf(a.out, "%s  %s\n", s.Genotypes, s.Samples)
			}
			fmt.Fprintf(a.out, "%s\n%s\n", files.Panel, files.Truth)
			return nil
		},
	}
	f := c.Flags()
	f.Uint64Var(&conf.Seed, "seed", 1, "the same seed makes the same people")
	f.IntVar(&conf.Sites, "sites", 3, "number of sites")
	f.IntVar(&conf.People, "people", 2000, "people at each site")
	f.IntVar(&conf.Variants, "variants", 20000, "variants of the panel")
	return c
}
