package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

// errNotTold is returned when a target did not take what it was sent.
var errNotTold = errors.New("not told")

func (a *app) notify() *cobra.Command {
	return cli.Group("notify", "Who is told of what happens at this site", a.notifyTest())
}

func (a *app) notifyTest() *cobra.Command {
	return &cobra.Command{
		Use: "test", Short: "Send one notice to each target, and say what becomes of it", Args: cli.Exactly(0),
		Long: "Send one notice to each target of " + node.NotifyName + " in the node's directory, each once, and say what becomes of\n" +
			"it. Its kind is trial, so that nobody takes it for something that has happened. What waits for a\n" +
			"target goes on waiting.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.TryNotices(cmd.Context())
				if err != nil {
					return err
				}
				not := 0
				for _, t := range list {
					if t.Err != nil {
						not++
						fmt.Fprintf(a.out, "%s: %v\n", t.Target, t.Err)
						continue
					}
					fmt.Fprintf(a.out, "%s: told\n", t.Target)
				}
				if not > 0 {
					return fmt.Errorf("%w: %d of %d targets", errNotTold, not, len(list))
				}
				return nil
			})
		},
	}
}
