package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/tally"
)

func (a *app) cohort() *cobra.Command {
	return cli.Group("cohort", "The named cohorts of this site", a.cohortAdd(), a.cohortList(), &cobra.Command{
		Use: "check NAME", Short: "Read a cohort again, all of it, and say whether it is as it was", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				s, err := n.CheckCohort(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return a.summary(args[0], s)
			})
		},
	})
}

func (a *app) cohortAdd() *cobra.Command {
	var spec node.CohortSpec
	c := &cobra.Command{
		Use: "add NAME FILE --samples FILE", Short: "Take a cohort in, or put another in its place", Args: cli.Exactly(2),
		Long: "Take a cohort in, or put another in its place.\n\n" +
			"FILE is a VCF (plain or BGZF), a BCF, a .bed with its .bim and .fam, a .pgen with its .pvar and .psam, or a\n" +
			"BGEN, with its .sample file if there is one. A BGEN has probabilities and no calls: --hardcall-threshold is\n" +
			"needed, and its first alleles are taken for REF.\n" +
			"The sample table has the columns sample_id, person_id and sex.\n\n" +
			"The genotypes are read once, and kept sealed in the node's directory in the form in which they are\n" +
			"counted. With --no-store they are not: FILE is read again for each answer. The sample table always\n" +
			"stays where it is. What is read again and has changed is not answered from.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if spec.Samples == "" {
				return cli.Misusedf("--samples is needed: it says who is in the file")
			}
			spec.Name, spec.Path = args[0], args[1]
			if terminal(a.err) {
				spec.Progress = reading(a.err)
				defer fmt.Fprint(a.err, wiped)
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				s, err := n.AddCohort(cmd.Context(), spec)
				if err != nil {
					return err
				}
				return a.summary(spec.Name, s)
			})
		},
	}
	c.Flags().StringVar(&spec.Samples, "samples", "", "sample table")
	c.Flags().StringVar(&spec.Filter, "where", "", "take in the lines of the table with column=value only")
	c.Flags().BoolVar(&spec.NoStore, "no-store", false, "keep no copy of the genotypes; read FILE for each answer")
	c.Flags().IntVar(&spec.Minimum, "minimum", 0, "fewest people that the cohort may have")
	hardCalls(c, &spec.Threshold)
	return c
}

// hardCalls adds the option without which no BGEN is read.
func hardCalls(c *cobra.Command, to *bgen.Threshold) {
	c.Flags().Func("hardcall-threshold", "of a BGEN: call a genotype from this `probability` on, above 0.5 and up to 1, such as 0.9", func(text string) (err error) {
		*to, err = bgen.ParseThreshold(text)
		return err
	})
}

// wiped takes a line of the terminal away.
const wiped = "\r\x1b[K"

// reading writes how far files have been read, on one line of a terminal.
func reading(to io.Writer) func(node.Progress) {
	last := int64(-1)
	return func(p node.Progress) {
		if percent := 100 * p.Read / max(p.Total, 1); percent != last {
			last = percent
			fmt.Fprintf(to, "%s%3d %% read, %d MB stored", wiped, percent, p.Stored>>20)
		}
	}
}

// summary is for the custodian's eyes: it tells of people's data.
func (a *app) summary(name string, s node.CohortSummary) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "cohort\t%s\n", name)
	fmt.Fprintf(w, "people\t%d\n", s.People)
	fmt.Fprintf(w, "variants\t%d\n", s.Variants)
	fmt.Fprintf(w, "samples in the file\t%d\n", s.Samples)
	if s.Ignored > 0 {
		fmt.Fprintf(w, "of these not in the table\t%d (they are not counted)\n", s.Ignored)
	}
	for _, l := range warnings(s.Warnings) {
		fmt.Fprintf(w, "warning\t%s\n", l)
	}
	return w.Flush()
}

// warnings are what was passed over, in words.
func warnings(w tally.Warnings) (lines []string) {
	for _, l := range []struct {
		n    int
		what string
	}{
		{w.Filtered, "sites that did not pass their filters (not counted)"},
		{w.HetHaploid, "calls of two alleles where there is one copy (missing)"},
		{w.UnknownSex, "calls on X or Y of people of unknown sex"},
		{w.WomanOnY, "calls on Y of women (not counted)"},
	} {
		if l.n > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", l.n, l.what))
		}
	}
	return lines
}

func (a *app) cohortList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the cohorts", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.Cohorts(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "COHORT\tPEOPLE\tVARIANTS\tWHERE\tGENOTYPES\tSAMPLES")
				for _, k := range list {
					where := k.Filter
					if where == "" {
						where = "-"
					}
					fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\n", k.Name, k.People, k.Variants, where, k.Path, k.Samples)
				}
				return w.Flush()
			})
		},
	}
}
