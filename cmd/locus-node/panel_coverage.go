package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol/panel"
)

func (a *app) panelCoverage() *cobra.Command {
	var cohort, out string
	c := &cobra.Command{
		Use: "coverage FILE --cohort NAME", Short: "Show which variants of a panel a cohort of this site tells of", Args: cli.Exactly(1),
		Long: "Show which variants of a panel a cohort of this site tells of, from its sites and its callable\n" +
			"regions alone: not covered is not the same as not seen.\n\n" +
			"With --out it is written to a file, two bits a variant. Keep it at the site: of a file that lists only\n" +
			"what its people have, it tells what that is.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cohort == "" {
				return cli.Misused(errors.New("--cohort is needed: the cohort that the panel is compared with"))
			}
			if err := spares(out, args[0]); err != nil {
				return err
			}
			p, err := node.ReadPanel(cmd.Context(), args[0], "")
			if err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				c, err := n.PanelCoverage(cmd.Context(), cohort, p)
				if err != nil {
					return err
				}
				if out != "" {
					if err := replace(out, func(w io.Writer) error { _, err := c.WriteTo(w, p); return err }); err != nil {
						return err
					}
				}
				return a.showCoverage(c)
			})
		},
	}
	c.Flags().StringVar(&cohort, "cohort", "", "name of a cohort")
	c.Flags().StringVar(&out, "out", "", "file for what is known of each variant; none is written without")
	return c
}

func (a *app) showCoverage(c *panel.Coverage) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, l := range []struct {
		what  string
		cover panel.Cover
	}{
		{"assayed", panel.Assayed},
		{"REF, as its region is callable", panel.HomRef},
		{"not assayed", panel.NotAssayed},
	} {
		n := c.Count(l.cover)
		fmt.Fprintf(w, "%s\t%d\t%.1f %%\n", l.what, n, 100*float64(n)/float64(c.Len()))
	}
	return w.Flush()
}
