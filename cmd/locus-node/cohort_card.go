package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/rest"
)

// The forms in which a card and a list are shown.
const (
	formTable = "table"
	formJSON  = "json"
)

// outputForm adds -o.
func outputForm(c *cobra.Command, form *string) {
	c.Flags().StringVarP(form, "output", "o", formTable, "form: table or json")
}

func checkForm(form string) error {
	if form != formTable && form != formJSON {
		return cli.Misusedf("%q is not a form; table and json are", form)
	}
	return nil
}

// cardJSON is a card for programs. Its names are stable.
type cardJSON struct {
	APIVersion string `json:"apiVersion"`
	Cohort     string `json:"cohort"`
	Where      string `json:"where,omitempty"`
	node.CohortSummary
}

// card shows what was found in a cohort. It is for the custodian's eyes: it tells of
// people's data.
func (a *app) card(form, name, where string, s node.CohortSummary) error {
	if form == formJSON {
		return writeJSON(a.out, cardJSON{rest.APIVersion, name, where, s})
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) {
		fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{what}, args...)...)
	}
	q := &s.Quality
	line("cohort", "%s", name)
	if where != "" {
		line("where", "%s", oneLine(where))
	}
	line("people", "%d (%d men, %d women)", s.People, q.Men, q.Women)
	line("variants", "%d", s.Variants)
	line("samples in the file", "%d", s.Samples)
	if s.Ignored > 0 {
		line("of these not in the table", "%d (they are not counted)", s.Ignored)
	}
	line("assembly", "%s", s.Assembly)
	if s.Reference != "" {
		line("reference", "SHA-256 %s", s.Reference)
	}
	if s.Callable > 0 {
		line("callable bases", "%d", s.Callable)
	}
	cardSites(line, q)
	cardGenotypes(line, q)
	if len(s.Personal) > 0 {
		line("personal data", "%s (dropped)", bySort(s.Personal))
	}
	if s.UserFolders > 0 {
		line("warning", "%d paths in headers name a user's folder (dropped with the headers, not kept)", s.UserFolders)
	}
	for _, l := range warnings(s.Warnings) {
		line("warning", "%s", l)
	}
	return w.Flush()
}

func cardSites(line func(what, format string, args ...any), q *tally.Quality) {
	line("sites", "%d (%d with several ALTs, %d with none)", q.Sites, q.MultiAllelic, q.Monomorphic)
	if q.Blocks > 0 {
		line("blocks of a gVCF", "%d", q.Blocks)
	}
	line("alleles", "%d SNVs, %d indels, %d MNVs, %d others", q.SNVs, q.Indels, q.MNVs, q.Other)
	line("transitions/transversions", "%s", ratio(int64(q.Transitions), int64(q.Transversions)))
	var contigs []string
	for _, c := range q.Contigs {
		contigs = append(contigs, fmt.Sprintf("%.40s: %d", c.Contig, c.Sites))
	}
	if q.OtherSites > 0 {
		contigs = append(contigs, fmt.Sprintf("others: %d", q.OtherSites))
	}
	line("sites by contig", "%s", strings.Join(contigs, ", "))
}

func cardGenotypes(line func(what, format string, args ...any), q *tally.Quality) {
	line("missing genotypes", "%s", percent(q.Missing, q.Genotypes))
	if q.Half > 0 {
		line("half-called genotypes", "%s", percent(q.Half, q.Genotypes))
	}
	line(fmt.Sprintf("missing over %g %%", 100*tally.MostMissing), "%d people, %d sites", q.SparsePeople, q.SparseSites)
	line("het/hom", "%s", ratio(q.Het, q.HomAlt))
	line("Hardy-Weinberg", "%d of %d sites with p < %g", q.Unbalanced, q.Tested, tally.Balance)
	x := q.Sexes
	line("sexes by X and Y", "%d as given, %d otherwise, %d not to be told", x.Agree, x.Disagree, x.Unclear)
	if x.Unknown > 0 {
		line("sexes not given", "%d (X and Y tell %d)", x.Unknown, x.Told)
	}
}

// bySort lists sorts of personal data, and how many there were of each.
func bySort(by map[string]uint64) string {
	var parts []string
	for _, sort := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%s %d", sort, by[sort]))
	}
	return strings.Join(parts, ", ")
}

func ratio(a, b int64) string {
	if b == 0 {
		return fmt.Sprintf("- (%d/%d)", a, b)
	}
	return fmt.Sprintf("%.3f (%d/%d)", float64(a)/float64(b), a, b)
}

func percent(part, all int64) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f %% (%d of %d)", 100*float64(part)/float64(all), part, all)
}

// warnings are what was passed over, in words.
func warnings(w tally.Warnings) (lines []string) {
	for _, l := range []struct {
		n    int
		what string
	}{
		{w.Filtered, "sites that did not pass their filters (not counted)"},
		{w.HetHaploid, "calls of two alleles where there is one copy (missing)"},
		{w.UnknownSex, "calls on X or Y of people of unknown sex"},
		{w.WomanOnY, "calls on Y of women (not counted)"},
		{w.Dropped, "calls of three alleles or more (missing)"},
	} {
		if l.n > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", l.n, l.what))
		}
	}
	return lines
}

func writeJSON(to io.Writer, v any) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
