package main

import (
	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/researcher/viewer"
)

// viewer writes the page that opens what export wrote.
func (a *app) viewer() *cobra.Command {
	return &cobra.Command{
		Use: "viewer", Short: "Print a page that opens answers in a browser, without a network", Args: cli.Exactly(0),
		Long: "Print one HTML file that opens what `locus result export` wrote, with the 24 words of your key. It asks\n" +
			"nobody for anything, and its policy forbids the browser every request.",
		Example: "  locus viewer > viewer.html",
		RunE: func(*cobra.Command, []string) error {
			page, err := viewer.Page()
			if err != nil {
				return err
			}
			_, err = a.out.Write(page)
			return err
		},
	}
}
