package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

const day = 24 * time.Hour

func (a *app) release() *cobra.Command {
	return cli.Group("release", "How many exact variants leave of a cohort's people, and which tables are published",
		a.releaseGrant(), a.releaseList(), a.releaseRevoke(),
		a.releaseReopen(), a.releaseImport(), a.releasePending(), a.releaseApprove(), a.releaseRefuse())
}

func (a *app) releaseGrant() *cobra.Command {
	var spec node.GrantSpec
	var all bool
	var days int
	c := &cobra.Command{
		Use: "grant STUDY COHORT", Short: "Sign with the custodian's key that a study gets more exact variants than the limit", Args: cli.Exactly(2),
		Long: "Sign with the custodian's key that a study gets more exact variants of a cohort than the limit.\n\n" +
			"Exact answers are not differentially private. Without a grant, 13 variants are given for every 100\n" +
			"people of a cohort, for ever: so few that nobody can tell from them who is in it. With a grant, whoever\n" +
			"holds a person's genome and the study's table may find out.",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case all == (spec.Variants > 0):
				return cli.Misusedf("say how much: --variants N, or --all")
			case days < 1 || days > int(protocol.MaxGrant/day):
				return cli.Misusedf("--days is 1 to %d", protocol.MaxGrant/day)
			}
			spec.Study, spec.Cohort, spec.Life = args[0], args[1], time.Duration(days)*day
			return a.with(node.Config{}, func(n *node.Node) error {
				g, err := n.GrantRelease(cmd.Context(), spec)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Granted %s exact variants of cohort %s to study %s until %s, as %s.\n",
					granted(g), g.Cohort, g.Study, g.Expires.UTC().Format(time.DateOnly), g.ID.Short())
				return nil
			})
		},
	}
	c.Flags().Uint64Var(&spec.Variants, "variants", 0, "how many variants may have been given in all, those before the grant included")
	c.Flags().BoolVar(&all, "all", false, "any number of variants")
	c.Flags().IntVar(&days, "days", 90, "how many days the grant lasts")
	return c
}

func granted(g node.ReleaseGrant) string {
	if g.Variants == 0 {
		return "all"
	}
	return fmt.Sprint(g.Variants)
}

func (a *app) releaseList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show what was given of each cohort's people, and what was granted", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				cohorts, grants, err := n.Releases(cmd.Context())
				if err != nil {
					return err
				}
				reopened, err := n.Reopenings(cmd.Context())
				if err != nil {
					return err
				}
				return errors.Join(tellReleases(a.out, cohorts, grants), tellReopenings(a.out, reopened))
			})
		},
	}
}

func tellReleases(out io.Writer, cohorts []node.CohortRelease, grants []node.ReleaseGrant) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COHORT\tPEOPLE\tLIMIT\tGIVEN\tOF THE LIMIT")
	for _, c := range cohorts {
		fmt.Fprintf(w, "%s\t%d or more\t%d\t%d\t%.0f %%\n", c.Cohort, c.People, c.Limit, c.Given, 100*c.Share)
	}
	fmt.Fprintln(w, "\nGRANT\tSTUDY\tCOHORT\tVARIANTS\tUNTIL\tSTATE")
	for _, g := range grants {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", g.ID.Short(), g.Study, g.Cohort, granted(g), g.Expires.UTC().Format(time.DateOnly), g.State)
	}
	return w.Flush()
}

func (a *app) releaseRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke GRANT", Short: "Take back a grant, or what was imported; what was given under it stays counted", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				g, err := n.RevokeRelease(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Revoked %s: nothing more of cohort %s is given under it in study %s.\n", g.ID.Short(), g.Cohort, g.Study)
				return nil
			})
		},
	}
}
