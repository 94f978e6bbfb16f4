package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

func (a *app) cohort() *cobra.Command {
	return cli.Group("cohort", "The named cohorts of this site",
		a.cohortAdd(), a.cohortUpdate(), a.cohortList(), a.cohortShow(), a.cohortTerms(), a.cohortScan(), a.cohortCheck(), a.cohortRemove(), a.cohortErase())
}

func (a *app) cohortAdd() *cobra.Command {
	var spec node.CohortSpec
	var form, progress string
	c := &cobra.Command{
		Use: "add NAME FILE --samples FILE", Short: "Take a cohort in, or put another in its place", Args: cli.Exactly(2),
		Long: "Take a cohort in, or put another in its place.\n\n" +
			"FILE is a VCF (plain or BGZF), a BCF, a .bed with its .bim and .fam, a .pgen with its .pvar and .psam, or a\n" +
			"BGEN, with its .sample file if there is one. A BGEN has probabilities and no calls: --hardcall-threshold is\n" +
			"needed, and its first alleles are taken for REF.\n" +
			"The sample table has the columns sample_id, person_id and sex.\n\n" + whereHelp + "\n\n" +
			"The genotypes are read once, and kept sealed in the node's directory in the form in which they are\n" +
			"counted. With --no-store they are not: FILE is read again for each answer. The sample table always\n" +
			"stays where it is. What is read again and has changed is not answered from.\n\n" +
			"Before anything is written the disk is asked whether it has room enough, and what stands beside the\n" +
			"genotypes is searched for personal data: a cohort with some is refused, or taken in without it\n" +
			"(--personal-data drop). locus-node cohort scan only looks.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if spec.Samples == "" {
				return cli.Misusedf("--samples is needed: it says who is in the file")
			}
			if err := checkForm(form); err != nil {
				return err
			}
			spec.Name, spec.Path = args[0], args[1]
			begin, tell, end, err := a.progress(progress)
			if err != nil {
				return err
			}
			spec.Estimated, spec.Progress = begin, tell
			return a.with(node.Config{}, func(n *node.Node) error {
				s, err := n.AddCohort(cmd.Context(), spec)
				end()
				if err != nil {
					return a.pointed(a.personal(err))
				}
				return a.card(form, spec.Name, spec.Filter, s)
			})
		},
	}
	c.Flags().StringVar(&spec.Samples, "samples", "", "sample table")
	whereFlag(c, &spec.Filter, "take in some lines of the table only")
	c.Flags().BoolVar(&spec.NoStore, "no-store", false, "keep no copy of the genotypes; read FILE for each answer")
	c.Flags().IntVar(&spec.Minimum, "minimum", 0, "fewest people that the cohort may have")
	c.Flags().StringVar(&spec.Callable, "callable", "", "BED of where everybody was looked at: who has no row there counts as REF")
	c.Flags().StringVar(&spec.Reference, "reference", "", "FASTA with its .fai: compare REF with it, and count alleles however they are aligned")
	calling(c, &spec.Calling)
	personalFlag(c, &spec.Personal)
	progressFlag(c, &progress)
	outputForm(c, &form)
	return c
}

func (a *app) cohortUpdate() *cobra.Command {
	var spec node.UpdateSpec
	var form, progress string
	c := &cobra.Command{
		Use: "update NAME FILE...", Short: "Add files to a cohort: more sites of its samples, or new samples", Args: cli.Between(2, 1<<10),
		Long: "Add files to a cohort: more sites of its samples, such as another chromosome, or new samples.\n\n" +
			"Each FILE has all of the cohort's samples in their order, and sites that come after those that are\n" +
			"there; or it has none of them. Where new samples have no row that the others have, or the other way\n" +
			"round, nothing is known of them. New samples beside blocks of a gVCF are refused: merge the gVCFs\n" +
			"(bcftools merge --gvcf), and add the cohort again from that file. The sample table names old and new\n" +
			"samples: --samples is another one, and without it the present one is read again. Of these, people are\n" +
			"taken in by the --where that the cohort has, or by another.\n\n" +
			"This makes a new version of the dataset. The old one stays whole until the new one is on the disk.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			spec.Name, spec.Paths = args[0], args[1:]
			_, tell, end, err := a.progress(progress)
			if err != nil {
				return err
			}
			spec.Progress = tell
			return a.with(node.Config{}, func(n *node.Node) error {
				u, err := n.UpdateCohort(cmd.Context(), spec)
				end()
				if err != nil {
					return a.pointed(a.personal(err))
				}
				a.meaning(u)
				return a.card(form, spec.Name, u.Filter, u.CohortSummary)
			})
		},
	}
	c.Flags().StringVar(&spec.Samples, "samples", "", "sample table, of old and new samples")
	whereFlag(c, &spec.Filter, "another filter than the cohort has")
	c.Flags().StringVar(&spec.Reference, "reference", "", "FASTA that the cohort was added with, if it was")
	calling(c, &spec.Calling)
	personalFlag(c, &spec.Personal)
	progressFlag(c, &progress)
	outputForm(c, &form)
	return c
}

// meaning says what a new version of a cohort is to those who ask, and to its people.
func (a *app) meaning(u node.CohortUpdate) {
	fmt.Fprintln(a.err, "The cohort has a new version, which is declared anew: questions that name the old declaration are\n"+
		"refused from now on. What was released of the old version stays charged to its people; an update\n"+
		"refills nobody's budget.")
	differ := u.People - u.Before
	if differ < 0 {
		differ = -differ
	}
	switch {
	case u.SamePeople:
		fmt.Fprintln(a.err, "The people are the same as before.")
	case differ < protocol.MinCohort:
		fmt.Fprintf(a.err, "warning: there are %d people where there were %d. Who has an exact answer of the old version and asks\n"+
			"the same again learns what those few have together. Update by at least %d people at a time, or leave\n"+
			"questions that were answered exactly unanswered now.\n", u.People, u.Before, protocol.MinCohort)
	default:
		fmt.Fprintf(a.err, "There are %d people where there were %d.\n", u.People, u.Before)
	}
}

// calling adds what a BGEN does not say of itself. Without the threshold none is read.
func calling(c *cobra.Command, to *bgen.Calling) {
	c.Flags().Func("hardcall-threshold", "of a BGEN: call a genotype from this `probability` on, above 0.5 and up to 1, such as 0.9", func(text string) (err error) {
		to.Threshold, err = bgen.ParseThreshold(text)
		return err
	})
	c.Flags().BoolVar(&to.RefLast, "ref-last", false, "of a BGEN: REF is the last allele of a variant, and not the first")
	c.Flags().StringVar(&to.Contig, "contig", "", "of a BGEN: the contig of variants whose chromosome is not named, or NA")
}

func (a *app) cohortList() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use: "list", Short: "List the cohorts", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.Cohorts(cmd.Context())
				if err != nil {
					return err
				}
				if form == formJSON {
					return writeJSON(a.out, listJSON(list))
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "COHORT\tPEOPLE\tVARIANTS\tWHERE\tGENOTYPES\tSAMPLES")
				for _, k := range list {
					where := oneLine(k.Filter)
					if where == "" {
						where = "-"
					}
					fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\n", k.Name, k.People, k.Variants, where, k.Path, k.Samples)
				}
				return w.Flush()
			})
		},
	}
	outputForm(c, &form)
	return c
}

// listJSON is a list for programs. Its names are stable.
func listJSON(list []node.Cohort) any {
	type row struct {
		Name      string    `json:"name"`
		People    int       `json:"people"`
		Variants  int       `json:"variants"`
		Minimum   int       `json:"minimum"`
		Where     string    `json:"where,omitempty"`
		Genotypes string    `json:"genotypes"`
		Samples   string    `json:"samples"`
		Stored    bool      `json:"stored"`
		Added     time.Time `json:"added"`
	}
	rows := make([]row, 0, len(list))
	for _, k := range list {
		rows = append(rows, row{k.Name, k.People, k.Variants, k.Minimum, k.Filter, k.Path, k.Samples, k.Stored, k.Added.UTC()})
	}
	return struct {
		APIVersion string `json:"apiVersion"`
		Cohorts    []row  `json:"cohorts"`
	}{rest.APIVersion, rows}
}

func (a *app) cohortShow() *cobra.Command {
	var form string
	var names bool
	c := &cobra.Command{
		Use: "show NAME", Short: "Show what was found in a cohort when it was taken in", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				k, err := n.Cohort(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if !names {
					return a.card(form, k.Name, k.Filter, k.Summary)
				}
				return a.cardSamples(cmd.Context(), n, k)
			})
		},
	}
	c.Flags().BoolVar(&names, "samples", false, "name the samples of which too much is missing, or whose genotypes tell another sex")
	outputForm(c, &form)
	return c
}

// cardSamples lists samples and what is the matter with them, a line each.
func (a *app) cardSamples(ctx context.Context, n *node.Node, k node.Cohort) error {
	sparse, disagreeing, err := n.CardSamples(ctx, k.Name)
	if err != nil {
		return err
	}
	for _, s := range sparse {
		fmt.Fprintf(a.out, "%s\tmissing\n", s)
	}
	for _, s := range disagreeing {
		fmt.Fprintf(a.out, "%s\tsex\n", s)
	}
	if q := k.Summary.Quality; len(sparse) < q.SparsePeople || len(disagreeing) < q.Sexes.Disagree {
		fmt.Fprintf(a.err, "The first %d of %d, and %d of %d.\n", len(sparse), q.SparsePeople, len(disagreeing), q.Sexes.Disagree)
	}
	return nil
}

func (a *app) cohortCheck() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use: "check [NAME]", Short: "Read a cohort again, all of it, and say whether it is as it was", Args: cli.Between(0, 1),
		Long: "Read a cohort again, or each of them, and say whether it is as it was.\n\n" +
			"Every block of its store is opened and every digest compared; of a cohort without a store, every byte\n" +
			"of its files. The exit code is 8 when one is not as it was. Nothing is changed.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.Cohorts(cmd.Context())
				if len(args) > 0 {
					list = make([]node.Cohort, 1)
					list[0], err = n.Cohort(cmd.Context(), args[0])
				}
				if err != nil {
					return err
				}
				var errs []error
				for _, k := range list {
					s, err := n.CheckCohort(cmd.Context(), k.Name)
					if err == nil {
						err = a.card(form, k.Name, k.Filter, s)
					}
					errs = append(errs, err)
				}
				return errors.Join(errs...)
			})
		},
	}
	outputForm(c, &form)
	return c
}

func (a *app) cohortRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget a cohort, and take its store away", Args: cli.Exactly(1),
		Long: "Forget a cohort, and take its store away. Its files stay where they are.\n\n" +
			"Questions about it are refused from then on. What was charged for it stays charged. cohort erase does the\n" +
			"same and proves it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				if err := n.RemoveCohort(cmd.Context(), args[0]); err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Removed cohort %s.\n", args[0])
				return nil
			})
		},
	}
}
