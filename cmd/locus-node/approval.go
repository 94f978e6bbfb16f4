package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
)

func (a *app) approval() *cobra.Command {
	return cli.Group("approval", "What waits for people at this site: questions, and changes of its rules",
		a.approvalList(), a.approvalShow(), a.approvalSay(true), a.approvalSay(false))
}

func (a *app) approvalList() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "List what waits for people", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.Motions(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tKIND\tSTATE\tNEEDS\tSAID\tSTUDY\tRESEARCHER\tUNTIL")
				for _, m := range list {
					if m.State == "open" || all {
						fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID.Short(), m.Kind, m.State, needs(m.Needs), said(m.Voices), m.Study, m.Researcher, m.Ends.UTC().Format(time.DateOnly))
					}
				}
				return w.Flush()
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also what was decided")
	return c
}

// needs is who has to say yes.
func needs(list []policy.Approval) string {
	var all []string
	for _, a := range list {
		all = append(all, a.String())
	}
	return strings.Join(all, "; ")
}

// said is who has said what.
func said(list []node.Voice) string {
	if len(list) == 0 {
		return "-"
	}
	var all []string
	for _, v := range list {
		all = append(all, fmt.Sprintf("%s (%s) %s", v.Name, v.Role, yesNo(v.Yes)))
	}
	return strings.Join(all, ", ")
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func (a *app) approvalShow() *cobra.Command {
	var exact bool
	c := &cobra.Command{
		Use: "show ID", Short: "Show a question that waits, in plain words, with all that a decision needs", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				q, err := n.Question(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return a.showQuestion(q, exact)
			})
		},
	}
	c.Flags().BoolVar(&exact, "bytes", false, "also the exact bytes that the researcher has signed")
	return c
}

func (a *app) showQuestion(q node.Question, exact bool) error {
	say := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	say("Question %s of study %s, motion %s", q.Query.Short(), q.Study, q.ID.Short())
	say("  asked by     %s, %s", q.Researcher, q.Organisation)
	say("  for          %s", orNone(words(q.Use, q.Purpose), "nothing that was said"))
	say("  what         %s of cohort %s, %d variants of panel %s in %d ranges, mode %s", q.Analysis, q.Cohort, q.Variants, q.Panel, len(q.Ranges), q.Mode)
	say("  asked        %s, until %s", q.Issued.UTC().Format(time.RFC3339), q.Expires.UTC().Format(time.RFC3339))
	say("")
	a.showPassport(q)
	say("What the cohort's terms say:")
	for _, l := range q.DataUse {
		say("  %s", l)
	}
	if len(q.DataUse) == 0 {
		say("  it has none of its own; the consents of its people are looked at one by one")
	}
	say("What the policy says: %s", q.Decision)
	if q.Mode == protocol.Private {
		say("Budget: %s", budgetLine(q))
	}
	say("")
	if len(q.Alike) > 0 {
		say("Answered before about this cohort, with variants of this question. If its people have changed by a")
		say("few since, the difference of both answers is theirs:")
		for _, e := range q.Alike {
			say("  %s  %s  study %s, %d variants, mode %s", e.At.UTC().Format(time.DateOnly), e.Query.Short(), e.Study, e.Variants, e.Mode)
		}
		say("")
	}
	say("What would leave this site:")
	for _, l := range q.Leaves {
		say("  %-14s %d bytes: %s", l.Name, l.Bytes, l.Holds)
	}
	say("")
	say("It needs %s; said so far: %s", needs(q.Needs), said(q.Voices))
	if exact {
		say("")
		fmt.Fprint(a.out, hex.Dump(q.Header))
	}
	return nil
}

// words are what a question is for.
func words(u protocol.Use, purpose string) (list []string) {
	if s := u.String(); s != "" {
		list = append(list, s)
	}
	if purpose != "" {
		list = append(list, fmt.Sprintf("in the researcher's words: %q", purpose))
	}
	return list
}

func budgetLine(q node.Question) string {
	const delta = 1e-9
	return fmt.Sprintf("the answer costs epsilon %.3g at delta %g; before it, one answer may cost %.3g", q.Cost.Epsilon(delta), delta, q.Left.Epsilon(delta))
}

func (a *app) showPassport(q node.Question) {
	switch {
	case q.Passport != nil:
		fmt.Fprintf(a.out, "Passport: not believed: %v\n", q.Passport)
	case q.Claims == nil:
		fmt.Fprintln(a.out, "Passport: none, or this site trusts no issuer")
	default:
		fmt.Fprintf(a.out, "Passport: %s, %s\n", q.Claims.Person.Subject, q.Claims.Person.Issuer)
		for _, f := range q.Claims.Facts {
			fmt.Fprintf(a.out, "  %s %s, from %s, until %s\n", f.Type, f.Value, f.Issuer, f.Until.UTC().Format(time.DateOnly))
		}
		for _, p := range q.Claims.Passed {
			fmt.Fprintf(a.out, "  passed over: %s\n", passedOver(p))
		}
	}
}

func passedOver(p passport.Passed) string { return fmt.Sprintf("visa %d: %v", p.Index+1, p.Reason) }

// approvalSay is grant or refuse.
func (a *app) approvalSay(yes bool) *cobra.Command {
	var keyFile string
	use, short := "grant ID", "Sign a yes to what waits"
	if !yes {
		use, short = "refuse ID", "Sign a no to what waits"
	}
	c := &cobra.Command{
		Use: use, Short: short, Args: cli.Exactly(1),
		Long: short + ", with your own key if you are an officer of this site, or with the custodian's.\n\n" +
			"A question that has its approvals is answered when it is asked again, within seconds, if the rules\n" +
			"still allow it then. One no is a no. A change is made when enough people have said yes.",
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := readOfficerKey(keyFile)
			if err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				m, err := n.Vote(cmd.Context(), args[0], yes, key)
				if err != nil {
					return err
				}
				a.tellMotion(m)
				return nil
			})
		},
	}
	c.Flags().StringVar(&keyFile, "key", "", "your key: a file that locus-node officer key has made; the custodian's without it")
	return c
}

// tellMotion says where something stands that people decide.
func (a *app) tellMotion(m node.Motion) {
	switch m.State {
	case "open":
		fmt.Fprintf(a.err, "%s %s waits for %s; said so far: %s. Another officer: locus-node approval grant %s --key FILE\n", m.Kind, m.ID.Short(), needs(m.Needs), said(m.Voices), m.ID.Short())
	case "carried":
		if m.Kind == "question" {
			fmt.Fprintf(a.err, "question %s is approved: it is answered when the coordinator asks again, if the rules still allow it.\n", m.ID.Short())
			return
		}
		fmt.Fprintf(a.err, "%s %s is in force.\n", m.Kind, m.ID.Short())
	default:
		fmt.Fprintf(a.err, "%s %s is %s.\n", m.Kind, m.ID.Short(), m.State)
	}
}
