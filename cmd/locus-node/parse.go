package main

import (
	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node/worker"
)

const parseName = "parse"

// parse is this program's other life: the process that reads files of genotypes for the
// one that has keys and a network.
func (a *app) parse() *cobra.Command {
	return &cobra.Command{
		Use: parseName, Short: "Read files of genotypes for another locus-node; not for people", Args: cli.Exactly(0), Hidden: true,
		RunE: func(*cobra.Command, []string) error { return worker.Child() },
	}
}
