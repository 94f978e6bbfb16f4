package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

// shownDelta is the delta at which epsilon is shown, where none is asked for.
const shownDelta = 1e-9

func (a *app) budget() *cobra.Command {
	return cli.Group("budget", "What private answers may tell of people here, and have told", a.budgetShow(), a.budgetAllow(), a.budgetLedger(), a.budgetAttack(), a.budgetAcceptLoss())
}

func (a *app) budgetAllow() *cobra.Command {
	var w node.Allowance
	var people, release bool
	c := &cobra.Command{
		Use: "allow [STUDY COHORT]", Short: "Sign with the custodian's key what private answers may cost",
		Long: "Sign with the custodian's key what private answers may cost. Nothing is allowed to begin with, and a\n" +
			"private answer needs all three:\n\n" +
			"  --people       what everybody at this site may lose in all, in every study and for life\n" +
			"  STUDY COHORT   what a study may spend of a cohort, and each of its researchers\n" +
			"  --release      the most that one answer may cost; the first allowance of a study sets it\n\n" +
			"What is allowed adds up to what was allowed before, but for --release. Nothing is given back, and time\n" +
			"gives nothing back.",
		Example: "  locus-node budget allow --people --epsilon 4 --delta 1e-6\n" +
			"  locus-node budget allow demo controls --epsilon 2 --delta 1e-6 --reason \"ethics 2026/41\"\n" +
			"  locus-node budget allow --release --epsilon 1 --delta 1e-9",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && people && !release:
				w.Kind = node.OfPeople
			case len(args) == 0 && release && !people:
				w.Kind = node.OfRelease
			case len(args) == 2 && !people && !release:
				w.Kind, w.Study, w.Cohort = node.OfStudy, args[0], args[1]
			default:
				return cli.Misusedf("say whose it is: STUDY COHORT, --people or --release")
			}
			if w.Researcher != "" && w.Kind != node.OfStudy {
				return cli.Misusedf("--researcher is of a STUDY and COHORT")
			}
			if err := w.Promise.Check(); err != nil {
				return cli.Misused(err)
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				if err := n.Allow(cmd.Context(), w); err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Allowed epsilon %g at delta %g. See all of it with locus-node budget show.\n", w.Promise.Epsilon, w.Promise.Delta)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&people, "people", false, "allow everybody at this site to lose so much in all")
	c.Flags().BoolVar(&release, "release", false, "set the most that one answer may cost")
	c.Flags().StringVar(&w.Researcher, "researcher", "", "one researcher, as the study's roster names them; each gets as much without it")
	c.Flags().Float64Var(&w.Promise.Epsilon, "epsilon", 0, "privacy loss, above 0 and at most 16")
	c.Flags().Float64Var(&w.Promise.Delta, "delta", 0, "chance that the loss is more, such as 1e-6: far below one in the number of people")
	c.Flags().StringVar(&w.Reason, "reason", "allowed by the custodian", "one line for who reads the ledger later")
	return c
}

// shownBudget is a budget in JSON.
type shownBudget struct {
	APIVersion string         `json:"apiVersion"`
	Delta      float64        `json:"delta"`
	Accounts   []shownAccount `json:"accounts"`
	Release    shownCost      `json:"release"`
	Losses     uint64         `json:"losses"`
	Entries    uint64         `json:"entries"`
	Head       string         `json:"head"`
	Exact      shownExact     `json:"exact"`
}

// shownExact is what was released exactly, with each cohort's share of its limit.
type shownExact struct {
	Cohorts []shownCohort `json:"cohorts"`
	Grants  []shownGrant  `json:"grants"`
}

type shownCohort struct {
	Cohort string  `json:"cohort"`
	People uint64  `json:"peopleOrMore"`
	Limit  uint64  `json:"limit"`
	Given  uint64  `json:"given"`
	Share  float64 `json:"share"`
}

// shownGrant is a grant of so many variants; 0 are all.
type shownGrant struct {
	ID       string `json:"id"`
	Study    string `json:"study"`
	Cohort   string `json:"cohort"`
	Variants uint64 `json:"variants"`
	Until    string `json:"until"`
	State    string `json:"state"`
}

type shownAccount struct {
	Level string    `json:"level"`
	Name  string    `json:"name"`
	Cap   shownCost `json:"cap"`
	Spent shownCost `json:"spent"`
	Left  shownCost `json:"left"`
}

// shownCost has rho in units of 1 and the epsilon that it is at the shown delta.
type shownCost struct {
	Rho     float64 `json:"rho"`
	Epsilon float64 `json:"epsilon"`
}

func showCost(c account.Cost, delta float64) shownCost {
	s := shownCost{Rho: float64(c.Rho) / account.RhoUnits}
	if c.Rho > 0 {
		s.Epsilon = c.Epsilon(delta)
	}
	if math.IsInf(s.Epsilon, 0) {
		s.Epsilon = math.MaxFloat64
	}
	return s
}

func (a *app) budgetShow() *cobra.Command {
	var form string
	delta := shownDelta
	c := &cobra.Command{
		Use: "show", Short: "Show what is allowed, spent and left, and what was released exactly", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			if !(delta > 0 && delta < 1) {
				return cli.Misusedf("--delta is between 0 and 1")
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				b, err := n.Budget(cmd.Context())
				if err != nil {
					return err
				}
				cohorts, grants, err := n.Releases(cmd.Context())
				if err != nil {
					return err
				}
				if form == formJSON {
					return writeBudget(a.out, b, delta, showReleases(cohorts, grants))
				}
				if err := tellBudget(a.out, b, delta); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "\nExact answers:")
				return tellReleases(a.out, cohorts, grants)
			})
		},
	}
	outputForm(c, &form)
	c.Flags().Float64Var(&delta, "delta", delta, "delta at which epsilon is shown")
	return c
}

func showReleases(cohorts []node.CohortRelease, grants []node.ReleaseGrant) shownExact {
	s := shownExact{Cohorts: []shownCohort{}, Grants: []shownGrant{}}
	for _, c := range cohorts {
		s.Cohorts = append(s.Cohorts, shownCohort{c.Cohort, c.People, c.Limit, c.Given, c.Share})
	}
	for _, g := range grants {
		s.Grants = append(s.Grants, shownGrant{g.ID.Short(), g.Study, g.Cohort, g.Variants, g.Expires.UTC().Format(time.DateOnly), g.State})
	}
	return s
}

func writeBudget(out io.Writer, b node.Budget, delta float64, exact shownExact) error {
	s := shownBudget{
		APIVersion: "locus/v1", Delta: delta, Accounts: []shownAccount{}, Release: showCost(b.Release, delta),
		Losses: b.Losses, Entries: b.Entries, Head: b.Head.String(), Exact: exact,
	}
	for _, x := range b.Accounts {
		s.Accounts = append(s.Accounts, shownAccount{x.Level, x.Name, showCost(x.Cap, delta), showCost(x.Spent, delta), showCost(x.Left, delta)})
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

func tellBudget(out io.Writer, b node.Budget, delta float64) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LEVEL\tACCOUNT\tEPSILON SPENT\tOF\tRHO SPENT\tOF\tRHO LEFT")
	for _, x := range b.Accounts {
		spent, most, left := showCost(x.Spent, delta), showCost(x.Cap, delta), showCost(x.Left, delta)
		fmt.Fprintf(w, "%s\t%s\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\n", x.Level, x.Name, spent.Epsilon, most.Epsilon, spent.Rho, most.Rho, left.Rho)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(b.Accounts) == 0 {
		fmt.Fprintln(out, "Nothing is allowed: private questions are refused. See locus-node budget allow --help.")
	}
	release := showCost(b.Release, delta)
	fmt.Fprintf(out, "\nEpsilon is at delta %g. One answer may cost epsilon %.3g (rho %.3g).\n", delta, release.Epsilon, release.Rho)
	if b.Losses > 0 {
		lost := showCost(b.Lost, delta)
		fmt.Fprintf(out, "Entries were lost %d times; every account was charged epsilon %.3g for them.\n", b.Losses, lost.Epsilon)
	}
	_, err := fmt.Fprintf(out, "%d entries, head %s\n", b.Entries, b.Head)
	return err
}

func (a *app) budgetLedger() *cobra.Command {
	return &cobra.Command{
		Use: "ledger", Short: "Print every entry of the ledger, each verified", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				return n.BudgetLines(cmd.Context(), func(line string) error {
					_, err := fmt.Fprintln(a.out, line)
					return err
				})
			})
		},
	}
}

func (a *app) budgetAcceptLoss() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "accept-loss", Short: "Sign that entries of the ledger are lost, and charge them in full", Args: cli.Exactly(0),
		Long: "Sign that entries of the ledger are lost, and charge them in full.\n\n" +
			"A node whose records were restored from a backup finds its head file ahead of them, and answers nothing.\n" +
			"Restore a newer backup if there is one. If not, each missing entry is charged, to every account there is\n" +
			"or will be, as the largest answer that was ever allowed.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				if err := n.AcceptLoss(cmd.Context(), reason); err != nil {
					return err
				}
				fmt.Fprintln(a.err, "Accepted. See what is left with locus-node budget show.")
				return nil
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "one line for who reads the ledger later")
	return c
}

func (a *app) budgetAttack() *cobra.Command {
	var spec node.PreviewSpec
	c := &cobra.Command{
		Use: "attack [QUERY]", Short: "Play published attacks on the answer that a question would get; nothing is sent or charged",
		Long: "Play published attacks on the answer that a question would get from this site alone, with all other\n" +
			"sites in league with who asks. The people are simulated, as many as the cohort has and with its allele\n" +
			"frequencies. Of each attack the table tells how many of the people it finds at some shares of false\n" +
			"alarms, and for a private question how many any attack can find by what its noise promises.\n\n" +
			"QUERY is a researcher's signed query in a file. Without one, --cohort and --region say what is asked.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.previewed(cmd, args, &spec); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				found, err := n.Attack(cmd.Context(), spec)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%d simulated people, %d variants", found.People, found.Variants)
				if found.Thinned {
					fmt.Fprint(a.out, ", fewer than the question has: with all of them attacks find more")
				}
				fmt.Fprint(a.out, "\n\n")
				return attack.Markdown(a.out, found.Findings)
			})
		},
	}
	previewFlags(c, &spec)
	return c
}
