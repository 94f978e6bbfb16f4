package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

func (a *app) study() *cobra.Command {
	c := cli.Group("study", "Studies you may ask in")
	var replace bool
	join := &cobra.Command{
		Use: "join TOKEN", Short: "Pin a study: its coordinator's keys and its roster", Args: cli.Exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := a.load()
			if err != nil {
				return err
			}
			p, err := h.Join(args[0], replace)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "Pinned study %s.\nCompare these words with a custodian, on another way than the token came:\n\n    %s\n\n", p.Study, protocol.Words(p.Roster))
			return nil
		},
	}
	join.Flags().BoolVar(&replace, "replace", false, "pin another roster than the one before, after its words were compared")
	c.AddCommand(join, &cobra.Command{
		Use: "list", Short: "List the studies you have joined", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error {
			h, err := a.load()
			if err != nil {
				return err
			}
			list, err := h.Studies()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "STUDY\tROSTER\tWORDS")
			for _, p := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\n", p.Study, p.Roster.Short(), protocol.Words(p.Roster))
			}
			return w.Flush()
		},
	}, &cobra.Command{
		Use: "show STUDY", Short: "Show who is in a study, what may be asked, and who would answer now", Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inStudy(args[0], func(client *researcher.Client) error { return a.studyShow(c, client) })
		},
	})
	return c
}

func (a *app) studyShow(c *cobra.Command, client *researcher.Client) error {
	v, err := client.Study(c.Context())
	if err != nil {
		return err
	}
	r := &v.Roster.Message
	fmt.Fprintf(a.out, "%s (%s), epoch %d, roster %s\n%d of %d sites open a sum; safe while at most %d of them, with the coordinator and the researcher, are corrupt\n\n",
		r.Study, r.Title, r.Epoch, protocol.Words(v.Roster.Digest()), r.Threshold, len(r.Sites), r.Corrupt)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SITE\tORGANISATION\tCOUNTRY\tSTATE\tCOHORTS")
	for i, s := range r.Sites {
		state := "away"
		for _, name := range v.Ready {
			if name == s.Name {
				state = "ready"
			}
		}
		var cohorts []string
		for _, d := range v.Declarations[i].Message.Cohorts {
			cohorts = append(cohorts, fmt.Sprintf("%s (%d or more)", d.Name, d.SizeClass))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.Organisation, s.Country, state, strings.Join(cohorts, ", "))
	}
	fmt.Fprintln(w, "\nCOHORT\tSITES\tMINIMUM A SITE")
	for _, c := range r.Cohorts {
		fmt.Fprintf(w, "%s\t%d\t%d\n", c.Name, len(c.Points), c.Minimum)
	}
	fmt.Fprintln(w, "\nPANEL\tASSEMBLY\tVARIANTS")
	for _, p := range r.Panels {
		fmt.Fprintf(w, "%s\t%s\t%d\n", p.Name, p.Assembly, p.Size)
	}
	return w.Flush()
}
