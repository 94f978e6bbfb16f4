package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/node/policy/ontology"
	"github.com/locus-genomics/locus/protocol"
)

func (a *app) consent() *cobra.Command {
	return cli.Group("consent", "Who may be counted, and what for", a.consentImport(), a.consentShow(), a.consentWithdraw(), a.consentConfirm(), a.consentDiseases())
}

func (a *app) consentImport() *cobra.Command {
	var unnamed string
	c := &cobra.Command{
		Use: "import FILE", Short: "Take in a table of consents", Args: cli.Exactly(1),
		Long: "Take in a table of consents: columns person_id and status (given or withdrawn), and, if you like, duo\n" +
			"(codes of the data use ontology) and studies (which it is for; none for any), separated by tabs.\n\n" +
			"The rows of those who are named are changed, and nobody else's. The first table says what becomes of\n" +
			"people whom no table names. From then on no contribution has anybody whose consent does not stand.",
		RunE: func(cmd *cobra.Command, args []string) error {
			others, err := parseUnnamed(unnamed)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			list, err := roll.ReadConsents(f)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				change, err := n.ImportConsents(cmd.Context(), list, others)
				if err != nil {
					return err
				}
				return a.tellConsents(change)
			})
		},
	}
	c.Flags().StringVar(&unnamed, "unnamed", "", "what becomes of people whom no table names: count or leave-out")
	return c
}

// parseUnnamed is nil where nothing is said.
func parseUnnamed(said string) (*bool, error) {
	counted := said == "count"
	switch said {
	case "":
		return nil, nil
	case "count", "leave-out":
		return &counted, nil
	}
	return nil, cli.Misusedf("--unnamed is count or leave-out")
}

// tellConsents says what a change has led to, and what left before.
func (a *app) tellConsents(c node.ConsentChange) error {
	fmt.Fprintf(a.err, "Consent epoch %d: %d people changed", c.Epoch, c.Changed)
	switch {
	case len(c.Cohorts) > 0:
		fmt.Fprintf(a.err, ", in cohort %s. What was asked of it before and is not contributed yet is refused.\n", strings.Join(c.Cohorts, ", "))
	default:
		fmt.Fprintln(a.err, ", in no cohort.")
	}
	if c.Nowhere > 0 {
		fmt.Fprintf(a.err, "warning: %d of those who withdrew are in no cohort here; compare the person_id with the sample tables\n", c.Nowhere)
	}
	if len(c.Answers) == 0 {
		return nil
	}
	fmt.Fprintln(a.err, "These answers left before, with somebody who withdrew now:")
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "QUERY\tSTUDY\tCOHORT\tMODE\tVARIANTS\tFIRST ANSWERED")
	for _, x := range c.Answers {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", x.Query.Short(), x.Study, x.Cohort, x.Mode, x.Variants, x.At.UTC().Format(time.DateTime))
	}
	return w.Flush()
}

func (a *app) consentShow() *cobra.Command {
	var use protocol.Use
	c := &cobra.Command{
		Use: "show [PERSON]", Short: "Show the register of consents, or one person's row", Args: cli.Between(0, 1),
		Long: "Show the register of consents, or one person's row and, with --use, what each of its terms says of such a\n" +
			"use. Whoever has an ask or a deny is not counted for it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := use.Check(); err != nil {
				return cli.Misused(err)
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				r, err := n.Consents(cmd.Context())
				if err != nil {
					return err
				}
				if len(args) == 0 {
					return a.tellRegister(r)
				}
				c, epoch, err := n.ConsentOf(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if err := a.tellPerson(c, epoch, r); err != nil || use.IsZero() {
					return err
				}
				d, err := n.ConsentCovers(cmd.Context(), args[0], use)
				if err != nil {
					return err
				}
				a.tellCovers(&use, d)
				return nil
			})
		},
	}
	c.Flags().StringVar(&use.Purpose, "use", "", "what an answer would be for: general, health, disease, ancestry or methods")
	c.Flags().StringSliceVar(&use.Diseases, "disease", nil, "with --use disease, a term such as MONDO:0005015")
	c.Flags().BoolVar(&use.Commercial, "commercial", false, "with --use, somebody would earn by it")
	return c
}

// tellCovers says line by line whether a consent covers a use.
func (a *app) tellCovers(use *protocol.Use, d duo.Decision) {
	if len(d.Lines) == 0 {
		return
	}
	fmt.Fprintf(a.out, "\n%s for the use %s:\n", d.Verdict, use)
	for _, l := range d.Lines {
		fmt.Fprintln(a.out, l)
	}
}

func (a *app) tellRegister(r node.Register) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	if r.Epoch == 0 {
		fmt.Fprintln(w, "epoch\t0: no consent was ever registered, and everybody in a cohort is counted")
	} else {
		fmt.Fprintf(w, "epoch\t%d, of %s\n", r.Epoch, r.Changed.UTC().Format(time.DateTime))
	}
	fmt.Fprintf(w, "given\t%d people\nwithdrawn\t%d people\nothers\t%s\n", r.Given, r.Withdrawn, countedOrNot(r.Unnamed))
	if r.Diseases > 0 {
		fmt.Fprintf(w, "diseases\t%d known\n", r.Diseases)
	}
	if r.Unconfirmed {
		fmt.Fprintln(w, "restored\twithdrawals may be lost; nothing is answered until consent import or consent confirm")
	}
	return w.Flush()
}

func countedOrNot(yes bool) string {
	if yes {
		return "counted"
	}
	return "left out"
}

func (a *app) tellPerson(c roll.Consent, epoch uint64, r node.Register) error {
	if epoch == 0 {
		fmt.Fprintf(a.out, "no row; people without one are %s\n", countedOrNot(r.Unnamed))
		return nil
	}
	status := "withdrawn"
	if c.Given {
		status = "given"
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "status\t%s, since epoch %d\n", status, epoch)
	fmt.Fprintf(w, "duo\t%s\n", orNone(c.Codes, "none"))
	fmt.Fprintf(w, "studies\t%s\n", orNone(c.Studies, "any"))
	return w.Flush()
}

func orNone(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}

func (a *app) consentWithdraw() *cobra.Command {
	return &cobra.Command{
		Use: "withdraw PERSON...", Short: "End the consent of people; - reads them from standard input, a line each", Args: cli.Between(1, maxTyped),
		Long: "End the consent of people. From now on no contribution has them; what is being counted is refused.\n\n" +
			"Listed are the answers that left before with one of them, for the data-protection officer: a sum\n" +
			"that somebody has opened cannot be taken back.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				var err error
				if args, err = lines(cmd.InOrStdin()); err != nil {
					return err
				}
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				change, err := n.WithdrawConsent(cmd.Context(), args)
				if err != nil {
					return err
				}
				return a.tellConsents(change)
			})
		},
	}
}

// maxTyped is how many arguments a command takes.
const maxTyped = 1000

// lines are those that are not empty.
func lines(in io.Reader) (list []string, err error) {
	s := bufio.NewScanner(in)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" {
			list = append(list, line)
		}
	}
	return list, s.Err()
}

func (a *app) consentDiseases() *cobra.Command {
	return &cobra.Command{
		Use: "diseases FILE", Short: "Learn from mondo.obo or mondo.owl which diseases are kinds of which", Args: cli.Exactly(1),
		Long: "Learn from mondo.obo or mondo.owl, as the Monarch Initiative publishes them, which diseases are kinds of\n" +
			"which. A consent for a disease then covers its kinds, and without it that disease alone.",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			o, err := ontology.Read(f)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				change, err := n.LearnDiseases(cmd.Context(), o)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Learned %d diseases; consent epoch %d.\n", o.Stats().Terms, change.Epoch)
				return nil
			})
		},
	}
}

func (a *app) consentConfirm() *cobra.Command {
	return &cobra.Command{
		Use: "confirm", Short: "Say, after the records were restored, that no withdrawal, policy, freeze or revocation was lost with them", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				if err := n.ConfirmConsents(cmd.Context()); err != nil {
					return err
				}
				fmt.Fprintln(a.err, "Confirmed: the register of consents is complete.")
				return nil
			})
		},
	}
}
