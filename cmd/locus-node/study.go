package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

func (a *app) study() *cobra.Command {
	return cli.Group("study", "The studies of this site", a.studyList(), a.studyAccept(), a.studyLeave(), a.studyReport(), &cobra.Command{
		Use: "show STUDY", Short: "Show in plain words what a study lets happen", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				_, err := a.show(cmd.Context(), n, args[0])
				return err
			})
		},
	})
}

func (a *app) studyList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the studies whose roster was accepted here", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.Studies(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "STUDY\tEPOCH\tSTATE\tROSTER\tBUDGET\tTITLE")
				for _, s := range list {
					told := "not told"
					if s.Reports {
						told = "told daily"
					}
					fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", s.Name, s.Epoch, s.State, s.Roster.Short(), told, s.Title)
				}
				return w.Flush()
			})
		},
	}
}

// show fetches a study's roster and prints it, with what speaks against accepting it.
func (a *app) show(ctx context.Context, n *node.Node, study string) (node.Proposal, error) {
	p, err := n.Proposal(ctx, study)
	if err != nil {
		return p, err
	}
	self, _ := p.Roster.Message.PointOf(n.Card().NodeKey.ID())
	fmt.Fprint(a.out, node.Describe(p.Roster, self))
	fmt.Fprintf(a.out, "\nThe study is %s.", p.State)
	if len(p.Unsigned) > 0 {
		fmt.Fprintf(a.out, " Not signed yet by the custodians of: %s.", strings.Join(p.Unsigned, ", "))
	}
	fmt.Fprintln(a.out)
	if p.Fault != nil {
		fmt.Fprintf(a.out, "This site cannot accept it: %v\n", p.Fault)
	}
	return p, nil
}

func (a *app) studyAccept() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "accept STUDY", Short: "Sign a study's roster with the custodian's key, after it was shown", Args: cli.Exactly(1),
		Long: "Sign a study's roster with the custodian's key, after it was shown.\n\n" +
			"From then on this site answers questions under exactly these rules, and under no earlier ones of\n" +
			"the study. On a terminal you are asked for the study's name; elsewhere --yes says that a custodian\n" +
			"has read it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				p, err := a.show(cmd.Context(), n, args[0])
				if err != nil {
					return err
				}
				if p.Fault != nil {
					return p.Fault
				}
				if !yes {
					if err := a.agreed(args[0], "the study's name to sign this roster"); err != nil {
						return err
					}
				}
				if err := n.Accept(cmd.Context(), p); err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Accepted study %s, epoch %d.\n", args[0], p.Roster.Message.Epoch)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "a custodian has read the roster and says yes")
	return c
}

func (a *app) studyLeave() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "leave STUDY", Short: "End this site's part in a study, at once", Args: cli.Exactly(1),
		Long: "End this site's part in a study, at once. It needs nobody's consent.\n\n" +
			"Nothing is answered or opened under it any more, what is being counted is dropped, and what the node holds\n" +
			"of its questions is taken away: key shares and masked words. Grants of exact releases to the study are\n" +
			"revoked. What others have opened already stays theirs, and what was released and charged stays counted.\n\n" +
			"Tell the operator: questions over this site end refused, and the others go on once they have accepted a\n" +
			"roster without it. The site comes back by accepting a roster of a later epoch.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				if !yes {
					if err := a.agreed(args[0], "the study's name to leave it"); err != nil {
						return err
					}
				}
				epoch, err := n.LeaveStudy(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Left study %s, epoch %d: nothing is answered under it any more.\n", args[0], epoch)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "a custodian says that the site leaves")
	return c
}

// agreed asks for a name to be typed: no single key press signs a roster or erases a cohort.
func (a *app) agreed(name, what string) error {
	if !terminal(a.in) {
		return cli.Misusedf("there is no terminal to ask on; --yes says that a custodian has decided")
	}
	fmt.Fprintf(a.err, "\nType %s, anything else to leave it: ", what)
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != name {
		return errNo
	}
	return nil
}

func terminal(in any) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
