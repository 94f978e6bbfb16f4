package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/researcher"
)

// export writes an answer that is still hidden.
func (a *app) export() *cobra.Command {
	var file string
	c := a.onTask("export", "Verify an answer and write it, still hidden, to a file that opens offline", func(c *cobra.Command, client *researcher.Client, asked researcher.Asked) error {
		if file == "" {
			file = asked.Task.Short() + ".locus"
		}
		var answer researcher.Answer
		err := create(file, a.out, func(w io.Writer) (err error) {
			answer, err = client.Export(c.Context(), asked, w)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(a.err, "wrote    %s: %d variants, hidden; your 24 words open it in the viewer (locus viewer > viewer.html)\n", file, len(answer.Rows))
		return nil
	})
	c.Long = "Verify an answer and write it, still hidden, to a file. The page that `locus viewer` writes opens it with\n" +
		"the 24 words of your key, and without a network. The file shows who has it no counts, but the question:\n" +
		"its cohort, panel and variants."
	c.Flags().StringVar(&file, "sealed", "", "file to write, as a whole or not at all; without it the task's id and .locus; - for standard output")
	return c
}
