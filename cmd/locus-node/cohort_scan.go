package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol/rest"
)

// mostShown is how many findings are listed: who has more begins with these.
const mostShown = 20

// personalFlag adds --personal-data.
func personalFlag(c *cobra.Command, to *node.PersonalData) {
	c.Flags().Func("personal-data", "where names, dates of birth or the like stand beside the genotypes: `refuse` (as without it), or drop them and go on", func(text string) (err error) {
		*to, err = node.ParsePersonalData(text)
		return err
	})
}

func (a *app) cohortScan() *cobra.Command {
	var spec node.ScanSpec
	var form string
	c := &cobra.Command{
		Use: "scan FILE... [--samples FILE]", Short: "Look for personal data beside genotypes; needs no node", Args: cli.Between(1, 1<<10),
		Long: "Look for personal data beside genotypes, as cohort add does; needs no node, and keeps nothing.\n\n" +
			"Headers, names of samples and files, and the columns of the sample table are looked at: e-mail addresses,\n" +
			"phone numbers, dates of birth, names of people and of users, record numbers, and the national numbers of\n" +
			"many countries by their check digits. What is shown is of what sort and where, never what it is.\n\n" +
			"The exit code is 3 when something was found for which cohort add takes nothing in. Names of users' folders\n" +
			"in the paths of a header are none: programs write them there, and the header is dropped.",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := checkForm(form); err != nil {
				return err
			}
			spec.Paths = args
			if spec.Parser, err = worker.Self(parseName); err != nil {
				return err
			}
			err = node.ScanPersonal(cmd.Context(), spec)
			var found *node.PersonalError
			if err != nil && !errors.As(err, &found) {
				return err
			}
			if err = a.scanned(form, found); err == nil && found != nil && !found.TakenIn() {
				return errPersonal
			}
			return err
		},
	}
	c.Flags().StringVar(&spec.Samples, "samples", "", "sample table")
	outputForm(c, &form)
	return c
}

// scanned shows what was found; nil is nothing.
func (a *app) scanned(form string, found *node.PersonalError) error {
	switch {
	case form == formJSON && found == nil:
		return writeJSON(a.out, personalJSON(&node.PersonalError{}))
	case form == formJSON:
		return writeJSON(a.out, personalJSON(found))
	case found == nil:
		fmt.Fprintln(a.out, "No personal data was found.")
		return nil
	}
	return personalTable(a.out, found)
}

// errPersonal ends a look that has found something.
var errPersonal = fmt.Errorf("%w (this only looked)", node.ErrPersonal)

// personal shows what was found where a cohort was not taken in, and passes the error on.
func (a *app) personal(err error) error {
	var found *node.PersonalError
	if !errors.As(err, &found) {
		return err
	}
	return errors.Join(personalTable(a.err, found), err)
}

// personalTable shows of what sort each finding is, where, and what to do about it.
func personalTable(to io.Writer, e *node.PersonalError) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FOUND\tWHERE\tHOW TO MEND IT")
	for _, f := range e.Findings[:min(len(e.Findings), mostShown)] {
		sure := ""
		if !f.Sure {
			sure = " (likely)"
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\n", f.What(), sure, where(f), f.Mend())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	all := uint64(0)
	for _, n := range e.Report.Counts {
		all += n
	}
	if len(e.Findings) > mostShown {
		fmt.Fprintf(to, "The first %d places; there are %d values.\n", mostShown, all)
	}
	return nil
}

// where names a file by the last part of its path, unless that is what is wrong with it.
func where(f node.PersonalFinding) string {
	if f.File == "" || f.Part.String() == "file" {
		return f.Where()
	}
	return fmt.Sprintf("%s: %s", filepath.Base(f.File), f.Where())
}

// personalJSON is for programs. Its names are stable.
func personalJSON(e *node.PersonalError) any {
	type row struct {
		Finding any    `json:"finding"`
		File    uint16 `json:"file"`
		Mend    string `json:"mend"`
	}
	rows := make([]row, 0, len(e.Findings))
	for _, f := range e.Findings {
		rows = append(rows, row{f.Finding, f.Finding.File, f.Mend()})
	}
	return struct {
		APIVersion string            `json:"apiVersion"`
		Counts     map[string]uint64 `json:"counts"`
		Findings   []row             `json:"findings"`
	}{rest.APIVersion, e.Report.BySort(), rows}
}
