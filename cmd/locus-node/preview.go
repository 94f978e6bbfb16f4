package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

// errRules ends a preview of a question that the site would refuse.
var errRules = errors.New("this site would refuse the question")

// maxQuery bounds the file of a query: what a node takes of one.
const maxQuery = 64 << 20

func (a *app) preview() *cobra.Command {
	var spec node.PreviewSpec
	c := &cobra.Command{
		Use: "preview [QUERY]", Short: "Show what a question would let leave this site; nothing is sent",
		Long: "Show what a question would let leave this site; nothing is sent.\n\n" +
			"QUERY is a researcher's signed query in a file. Without one, --cohort and --region say what is asked, " +
			"and --epsilon that it is asked in mode dp.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.previewed(cmd, args, &spec); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				p, err := n.Preview(cmd.Context(), spec)
				if err != nil {
					return err
				}
				return a.told(p)
			})
		},
	}
	previewFlags(c, &spec)
	return c
}

func previewFlags(c *cobra.Command, spec *node.PreviewSpec) {
	c.Flags().StringVar(&spec.Study, "study", "", "name of the study")
	c.Flags().StringVar(&spec.Cohort, "cohort", "", "name of a cohort")
	c.Flags().StringVar(&spec.Region, "region", "", "region, such as chr7:117120016-117308718; all of the panel without one")
	c.Flags().StringVar(&spec.Panel, "panel", "", "name of a panel, when the study has several")
	c.Flags().Float64Var(&spec.Privately.Epsilon, "epsilon", 0, "ask in mode dp, for at most so much privacy loss")
	c.Flags().Float64Var(&spec.Privately.Delta, "delta", shownDelta, "chance that --epsilon does not hold")
}

// previewed reads which question is meant.
func (a *app) previewed(cmd *cobra.Command, args []string, spec *node.PreviewSpec) (err error) {
	if len(args) > 1 || spec.Study == "" || (len(args) == 0) == (spec.Cohort == "") {
		return cli.Misusedf("%q takes --study, and either the file of a query or --cohort; see %s --help", cmd.CommandPath(), cmd.CommandPath())
	}
	switch epsilon := cmd.Flags().Changed("epsilon"); {
	case epsilon && len(args) == 1:
		return cli.Misusedf("a query says itself how much it costs: leave --epsilon out")
	case epsilon:
		if err := spec.Privately.Check(); err != nil {
			return cli.Misused(err)
		}
	default:
		spec.Privately = account.Budget{}
	}
	if len(args) == 1 {
		spec.Query, err = readFile(args[0], maxQuery)
	}
	return err
}

// readFile reads a file that somebody sent, of at least one byte and at most so many.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && (len(raw) == 0 || int64(len(raw)) > most) {
		err = fmt.Errorf("%s has no bytes, or more than %d", path, most)
	}
	return raw, err
}

// told prints a preview in words.
func (a *app) told(p node.Preview) error {
	fmt.Fprintf(a.out, "%s, cohort %s: %d variants of panel %s, mode %s\n", p.Study, p.Cohort, p.Variants, p.Panel, p.Mode)
	if p.Researcher != "" {
		fmt.Fprintf(a.out, "asked by %s, for: %s (use: %s)\n", p.Researcher, p.Purpose, &p.Use)
	}
	if c := showCost(p.Cost, shownDelta); c.Rho > 0 {
		left := showCost(p.Left, shownDelta)
		fmt.Fprintf(a.out, "costs rho %.3g: epsilon %.3g at delta %g; one answer may cost rho %.3g now: epsilon %.3g\n",
			c.Rho, c.Epsilon, shownDelta, left.Rho, left.Epsilon)
	}
	fmt.Fprintln(a.out, "\nRules, in the order in which they are asked:")
	refused := false
	for _, r := range p.Rules {
		state := "holds "
		switch {
		case r.Open:
			state = "later "
		case r.Code != 0:
			state, refused = "BROKEN", true
		}
		fmt.Fprintf(a.out, "  %s  %s\n", state, r.Says)
		if r.Why != nil {
			fmt.Fprintf(a.out, "          %v\n", r.Why)
		}
	}
	if refused {
		fmt.Fprintln(a.out, "\nWhat would leave: a refusal, which is one code.")
		return errRules
	}
	fmt.Fprintln(a.out, "\nWhat would leave, once each, and nothing else:")
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, l := range p.Leaves {
		fmt.Fprintf(w, "  %s\t%d bytes\t%s\n", l.Name, l.Bytes, l.Holds)
	}
	return w.Flush()
}
