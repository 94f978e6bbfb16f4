package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

func (a *app) releasePending() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "pending", Short: "List the tables that researchers want to publish and this site has a part in", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.TableReleases(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "TABLE\tSTUDY\tCOHORT\tMODE\tROWS\tRESEARCHER\tSTATE\tTHIS SITE")
				for _, t := range list {
					if t.Own != "" && !all {
						continue
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", t.ID.Short(), t.Study, t.Cohort, t.Mode, t.Rows, t.Researcher, t.State, standing(t))
				}
				return w.Flush()
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also those that this site has approved or refused")
	return c
}

// standing is what this site has said, and else whether it can say yes.
func standing(t node.TableRelease) string {
	switch {
	case t.Own != "":
		return "said " + t.Own
	case t.Fault != nil:
		return "cannot approve"
	}
	return "asked"
}

func (a *app) releaseApprove() *cobra.Command {
	return a.judge(true, &cobra.Command{
		Use: "approve TABLE", Short: "Sign with the custodian's key that everybody of the study may read a table",
		Long: "Sign with the custodian's key that everybody of the study may read a table, after it was shown.\n\n" +
			"Before it is signed, the node requires that this site has answered the very question and voted for\n" +
			"the very sum that the table is of, reads every row, and, of an exact table, that the limit on exact\n" +
			"variants or a grant for the study allows it. The table is published when the custodians of all its\n" +
			"sites have approved. On a terminal you are asked for the study's name; elsewhere --yes says that a\n" +
			"custodian has read what is shown.",
	})
}

func (a *app) releaseRefuse() *cobra.Command {
	return a.judge(false, &cobra.Command{
		Use: "refuse TABLE", Short: "Sign with the custodian's key that a table may not be read, also after it was approved",
		Long: "Sign with the custodian's key that a table may not be read.\n\n" +
			"Before it is published, it then is not. Afterwards it is withdrawn: the coordinator hands it out no\n" +
			"more, and marks it. Who has read it keeps what was read.",
	})
}

func (a *app) judge(approve bool, c *cobra.Command) *cobra.Command {
	var yes bool
	c.Args = cli.Exactly(1)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.with(node.Config{}, func(n *node.Node) error { return a.judged(cmd.Context(), n, args[0], approve, yes) })
	}
	c.Flags().BoolVar(&yes, "yes", false, "a custodian has read what is shown and decides so")
	return c
}

// judged shows a table, asks, and hands the word in.
func (a *app) judged(ctx context.Context, n *node.Node, id string, approve, yes bool) error {
	t, err := n.TableRelease(ctx, id)
	if err != nil {
		return err
	}
	if err := a.showTable(t); err != nil {
		return err
	}
	if approve && t.Fault != nil {
		return t.Fault
	}
	if !yes {
		if err := a.agreed(t.Study, "the study's name to sign this"); err != nil {
			return err
		}
	}
	if err := n.Judge(ctx, t, approve); err != nil {
		return err
	}
	if approve {
		fmt.Fprintf(a.err, "Approved table %s of study %s.\n", t.ID.Short(), t.Study)
	} else {
		fmt.Fprintf(a.err, "Refused table %s of study %s.\n", t.ID.Short(), t.Study)
	}
	return nil
}

// showTable says in plain words what everybody of the study would read.
func (a *app) showTable(t node.TableRelease) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	say := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	say("table", "%s", t.ID)
	say("study", "%s", t.Study)
	if t.Title != "" {
		say("title", "%s", t.Title)
	}
	say("researcher", "%s", t.Researcher)
	say("purpose", "%s", t.Purpose)
	say("use", "%s", &t.Use)
	say("cohort", "%s", t.Cohort)
	say("variants", "%d, of panel %s", t.Rows, t.Panel)
	if t.Mode == protocol.Private {
		say("mode", "dp: differentially private, epsilon %.4g at delta %.0e, answer %d to the question", t.Epsilon, t.Delta, t.Release)
		say("everybody of the study reads", "an estimated frequency of each variant, and its standard error")
	} else {
		say("mode", "exact: not differentially private")
		say("everybody of the study reads", "AC and AN of each variant as they are; who holds a person's genome may")
		say("", "find out whether the person is in the cohort")
	}
	say("sites", "%d: %s", len(t.Sites), strings.Join(t.Sites, ", "))
	say("not heard yet", "%s", orNobody(t.Waiting))
	say("against it", "%s", orNobody(t.Against))
	say("signed", "%s", t.Issued.UTC().Format(time.RFC3339))
	say("content", "%s", t.Content)
	if err := w.Flush(); err != nil {
		return err
	}
	if t.Fault != nil {
		fmt.Fprintf(a.out, "\nThis site cannot approve it: %v\n", t.Fault)
		return nil
	}
	return a.showRows(t)
}

func orNobody(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// showRows prints the first rows, as the table has them.
func (a *app) showRows(t node.TableRelease) error {
	if len(t.First) == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "\nThe first %d of %d rows:\n", len(t.First), t.Rows)
	return protocol.WriteTable(a.out, t.Mode, slices.Values(t.First))
}
