package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

func (a *app) studyReport() *cobra.Command {
	return &cobra.Command{
		Use: "report STUDY on|off", Short: "Let a study know about how much of its privacy budget is left here, or end it", Args: cli.Exactly(2),
		Long: "Let a study know about how much of its privacy budget is left here, or end it. It is off until it is\n" +
			"switched on.\n\n" +
			"Once a day the node then signs, for each cohort of the study, a class of what one answer to anybody\n" +
			"may still cost: class c says a rho of 2^(c-13) or more. Researchers see in `locus explain` whether a\n" +
			"question fits, before they ask it. What a researcher has spent is not told.",
		RunE: func(cmd *cobra.Command, args []string) error {
			tell := args[1] == "on"
			if !tell && args[1] != "off" {
				return cli.Misusedf("say on or off")
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				if err := n.ReportBudget(cmd.Context(), args[0], tell); err != nil {
					return err
				}
				if tell {
					fmt.Fprintf(a.err, "Study %s is told about how much of its budget is left.\n", args[0])
				} else {
					fmt.Fprintf(a.err, "Study %s is told nothing of its budget.\n", args[0])
				}
				return nil
			})
		},
	}
}
