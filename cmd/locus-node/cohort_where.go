package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	roll "github.com/locus-genomics/locus/node/cohort"
)

// whereHelp says what --where takes.
const whereHelp = "--where takes in some people of the sample table only: column=value, or an expression over its columns\n" +
	"such as\n\n" +
	"  sex == \"F\" && age >= 40 && \"HP:0001250\" in phenotypes\n\n" +
	"A comparison with an empty cell is false; has(age) tells whether there is something. A column with another\n" +
	"name is written column(\"age at visit\"). It is kept with the cohort, at this site alone."

// whereFlag adds --where.
func whereFlag(c *cobra.Command, to *string, what string) {
	c.Flags().StringVar(to, "where", "", what+": column=value, or an `expression` over the columns")
}

// pointed shows in a filter where it is wrong, and passes the error on.
func (a *app) pointed(err error) error {
	var there *roll.FilterError
	if errors.As(err, &there) && there.At > 0 {
		_, line, character := there.Line()
		fmt.Fprintf(a.err, "  %s\n  %s^\n", strings.Map(flat, line), strings.Repeat(" ", character-1))
	}
	return err
}

// oneLine shows a filter of several lines in one.
func oneLine(where string) string { return strings.Map(flat, where) }

func flat(c rune) rune {
	if c == '\n' || c == '\r' || c == '\t' {
		return ' '
	}
	return c
}
