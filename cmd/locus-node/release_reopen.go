package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

func (a *app) releaseReopen() *cobra.Command {
	var spec node.ReopenSpec
	var with []string
	var days int
	c := &cobra.Command{
		Use: "reopen STUDY COHORT FILE", Short: "Agree with the custodian's key that variants are given with this site and without it", Args: cli.Exactly(3),
		Long: "Agree with the custodian's key that exact variants of a cohort are given with this site and without it.\n\n" +
			"What was added up over some sites is not added up over others, because the difference would be what\n" +
			"they differ by. When this site leaves a cohort that was asked about, or joins one, its custodian may\n" +
			"agree: whoever then holds both answers can compute THIS SITE'S OWN COUNTS of those variants.\n\n" +
			"FILE is written for the sites that are in the cohort with and without this one; each takes it in with\n" +
			"release import. When several sites leave or join at once, each of them agrees, and names the others.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if days < 1 || days > int(protocol.MaxGrant/day) {
				return cli.Misusedf("--days is 1 to %d", protocol.MaxGrant/day)
			}
			for _, id := range with {
				key, err := protocol.ParseHexDigest(id)
				if err != nil {
					return cli.Misusedf("--with %q: it is the id of a site's node key, 64 digits, as its status shows it", id)
				}
				spec.With = append(spec.With, key)
			}
			spec.Study, spec.Cohort, spec.Life = args[0], args[1], time.Duration(days)*day
			return a.with(node.Config{}, func(n *node.Node) error {
				raw, r, err := n.Reopen(cmd.Context(), spec)
				if err != nil {
					return err
				}
				if err := replace(args[2], func(w io.Writer) error { _, err := w.Write(raw); return err }); err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Agreed until %s that cohort %s of study %s is answered with and without %s. Send %s to the other sites' custodians.\n",
					r.Expires.UTC().Format(time.DateOnly), r.Cohort, r.Study, strings.Join(r.Difference, ", "), args[2])
				return nil
			})
		},
	}
	c.Flags().StringArrayVar(&spec.Without, "without", nil, "name of another site that leaves the cohort with this one; may be repeated")
	c.Flags().StringArrayVar(&with, "with", nil, "id of the node key of a site that joins as this one leaves; may be repeated")
	c.Flags().IntVar(&days, "days", 90, "how many days it lasts; it cannot be taken back")
	return c
}

func (a *app) releaseImport() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Take in what another site's custodian has signed with release reopen", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := readFile(args[0], protocol.MaxMessage)
			if err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				r, err := n.ImportReopening(cmd.Context(), raw)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				fmt.Fprintf(a.err, "Taken in as %s: %s agrees until %s that cohort %s of study %s is answered with and without %s.\n",
					r.ID.Short(), r.Site, r.Expires.UTC().Format(time.DateOnly), r.Cohort, r.Study, strings.Join(r.Difference, ", "))
				return nil
			})
		},
	}
}

// tellReopenings lists them, where there are any.
func tellReopenings(out io.Writer, list []node.Reopened) error {
	if len(list) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nREOPENED\tSTUDY\tCOHORT\tWITH AND WITHOUT\tSIGNED BY\tUNTIL\tSTATE")
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			r.ID.Short(), r.Study, r.Cohort, strings.Join(r.Difference, ", "), r.Site, r.Expires.UTC().Format(time.DateOnly), r.State)
	}
	return w.Flush()
}
