package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

func (a *app) explain() *cobra.Command {
	c := cli.Group("explain", "Say what a question would ask and who would answer, and ask nothing")
	q := &question{}
	af := &cobra.Command{
		Use: "af", Short: "Explain a question of how common variants are", Args: cli.Exactly(0),
		Long: "Say what locus run af would ask with the same flags, which sites would answer, and what they and\n" +
			"the coordinator would see. Nothing is asked, and nothing of the question leaves this machine.\n\n" + selects,
		Example: "  locus explain af --study demo --cohort all --rsid rs334 --rsids study.panel.rsids",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := q.check(); err != nil {
				return err
			}
			return a.inStudy(q.study, func(client *researcher.Client) error { return a.explainAF(c, client, q) })
		},
	}
	q.flags(af.Flags())
	c.AddCommand(af)
	return c
}

func (a *app) explainAF(c *cobra.Command, client *researcher.Client, q *question) error {
	view, err := client.Study(c.Context())
	if err != nil {
		return err
	}
	r := &view.Roster.Message
	cohort, err := researcher.CohortOf(r, q.Cohort)
	if err != nil {
		return err
	}
	selected, err := client.Select(c.Context(), q.Ask)
	if err != nil {
		return err
	}
	if q.Mode == protocol.Private {
		p, err := client.Price(c.Context(), view, q.Ask, selected)
		if err != nil {
			return err
		}
		return privately(a.out, view, cohort, selected, q.Private, p)
	}
	return explanation(a.out, view, cohort, selected)
}

// explanation says what a question is and who sees what of it. It is of what is public or
// the researcher's own: no site was asked.
func explanation(out io.Writer, view researcher.View, cohort protocol.ExactCohort, selected researcher.Selected) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	whatIsAsked(w, selected)
	var over []string
	for i, s := range view.Roster.Message.Sites {
		if slices.Contains(cohort.Points, uint32(i+1)) {
			fmt.Fprintf(w, "site\t%s: %s\n", s.Name, standing(view, i, cohort.Name, protocol.Exact))
			if limit, known := exactLimit(view, i, cohort.Name); known && selected.Size() > limit {
				over = append(over, s.Name)
			}
		}
	}
	whoReads(w, selected, "")
	if len(over) > 0 {
		fmt.Fprintf(w, "needs a grant\tof the custodians of %s: it is more than 13 variants for every 100 people\n", strings.Join(over, ", "))
	}
	fmt.Fprintf(w, "the answer tells you\tAC and AN of each variant, exactly, summed over these sites\n")
	return w.Flush()
}

func whatIsAsked(w io.Writer, selected researcher.Selected) {
	fmt.Fprintf(w, "asks for\t%s\n", regionOr(selected.Of))
	fmt.Fprintf(w, "variants\t%d, in %d stretches of the panel\n", selected.Size(), len(selected.Ranges))
	if selected.Missing > 0 {
		fmt.Fprintf(w, "not in the panel\t%d: %s\n", selected.Missing, shown(selected))
	}
}

func whoReads(w io.Writer, selected researcher.Selected, more string) {
	fmt.Fprintf(w, "sites read\twhich variants, which cohort, and the purpose\n")
	fmt.Fprintf(w, "the coordinator reads\tthat %d variants are asked for, of whom, and the purpose%s\n", selected.Size(), more)
}

// privately says what a question in mode dp costs and how well it answers.
func privately(out io.Writer, view researcher.View, cohort protocol.ExactCohort, selected researcher.Selected, precision researcher.Precision, p researcher.Private) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	whatIsAsked(w, selected)
	fits := view.Fits(cohort.Name, p.Cost.Rho)
	for i, s := range view.Roster.Message.Sites {
		if slices.Contains(cohort.Points, uint32(i+1)) {
			fmt.Fprintf(w, "site\t%s: %s; %s\n", s.Name, standing(view, i, cohort.Name, protocol.Private), reported(view, i, fits[i]))
		}
	}
	whoReads(w, selected, ", and how much noise there is")
	fmt.Fprintf(w, "costs\tepsilon %.4g at delta %g (rho %.4g), at each site: everybody there, the cohort, the study and you\n", p.Epsilon, p.Delta, float64(p.Cost.Rho)/account.RhoUnits)
	fmt.Fprintf(w, "noise\tof standard deviation %.4g in each sum; the promise holds while %d of the %d sites keep their shares to themselves\n", p.Spread, p.Honest, p.Sites)
	if p.People > 0 {
		fmt.Fprintf(w, "expected error\t%.2g in the frequency of a rare allele, with %d people or more\n", p.RMSE, p.People)
	}
	fmt.Fprintf(w, "the answer tells you\tthe frequency of each variant with that error, over the people of the sites that answer; you alone read it\n")
	fmt.Fprintf(w, "this asking\t%s\n", asking(p))
	if err := w.Flush(); err != nil {
		return err
	}
	if precision.Error != 0 {
		precision.Epsilon, precision.Error = p.Epsilon, 0 // what that error costs
	}
	return curve(out, view, cohort, precision)
}

// asking is what a question costs this time.
func asking(p researcher.Private) string {
	switch {
	case p.Before:
		return fmt.Sprintf("release %d once more: the same answer, for no charge where a site's data are the same; --again gives new noise and is charged again", p.Release)
	case p.Release > 1:
		return fmt.Sprintf("release %d: new noise, and charged again", p.Release)
	}
	return "the first; the same question again gives the same answer and costs nothing, and --again gives new noise and is charged again"
}

// reported is whether a question fits in what a site has reported of its budget, and when.
func reported(view researcher.View, site int, fit researcher.Fit) string {
	if day := view.Reported(site); !day.IsZero() {
		return fmt.Sprintf("%s, as of %s", fit, day.Format(time.DateOnly))
	}
	return fit.String()
}

// curve is how the error depends on how much is asked and of how many people.
func curve(out io.Writer, view researcher.View, cohort protocol.ExactCohort, precision researcher.Precision) error {
	if (account.Budget{Epsilon: precision.Epsilon, Delta: precision.Delta}).Check() != nil {
		return nil // an error so small that it costs more than anything may
	}
	fmt.Fprintf(out, "\nAt epsilon %.4g and delta %g:\n", precision.Epsilon, precision.Delta)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VARIANTS\tEXPECTED ERROR\tPEOPLE FOR AN ERROR OF 0.005")
	for variants := uint64(10); variants <= 1_000_000; variants *= 10 {
		p, err := view.Price(cohort, variants, precision)
		if err != nil {
			continue // more noise than there are numbers for
		}
		rmse := "-"
		if p.People > 0 {
			rmse = fmt.Sprintf("%.2g", p.RMSE)
		}
		fmt.Fprintf(w, "%d\t%s\t%.0f\n", variants, rmse, math.Ceil(p.ErrorOf(1)/0.005))
	}
	return w.Flush()
}

// exactLimit is how many variants a site gives exactly of a cohort of which it has given
// nothing yet, by what it declares.
func exactLimit(v researcher.View, site int, cohort string) (limit uint64, known bool) {
	d := v.Declarations[site]
	if d.IsZero() {
		return 0, false
	}
	declared, ok := d.Message.Cohort(cohort)
	return uint64(declared.SizeClass) * 13 / 100, ok
}

// shown are the first of the variants that the panel does not have.
func shown(s researcher.Selected) string {
	names := strings.Join(s.Absent, ", ")
	if s.Missing > len(s.Absent) {
		names += ", …"
	}
	return names
}

// standing is whether a site would answer, and why not.
func standing(v researcher.View, site int, cohort string, mode protocol.Mode) string {
	d := v.Declarations[site]
	switch {
	case d.IsZero():
		return "has not declared its dataset; its node runs `locus-node run`"
	case !slices.Contains(v.Ready, v.Roster.Message.Sites[site].Name):
		return "away; the question waits for it"
	}
	declared, ok := d.Message.Cohort(cohort)
	if !ok {
		return fmt.Sprintf("has not loaded cohort %q", cohort)
	}
	if !slices.Contains(declared.Modes, mode) {
		return fmt.Sprintf("does not answer in mode %s about cohort %q", mode, cohort)
	}
	return fmt.Sprintf("ready, with %d people or more", declared.SizeClass)
}
