package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/policy"
)

// maxTrustFile bounds the list of issuers.
const maxTrustFile = 1 << 20

// replayed is how many days of questions a new policy is tried on.
const replayed = 30

// readPolicyFolder reads a policy as it is applied.
func readPolicyFolder(folder string) (files node.PolicyFiles, err error) {
	if files.Rules, err = policy.ReadDir(os.DirFS(folder), ".", ""); err != nil {
		return files, err
	}
	files.Trust, err = readFile(filepath.Join(folder, node.TrustName), maxTrustFile)
	if errors.Is(err, fs.ErrNotExist) {
		return files, nil
	}
	return files, err
}

func (a *app) policyShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Print the policy that is in force at this site", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				p, err := n.Policy(cmd.Context())
				if err != nil {
					return err
				}
				for _, f := range p.Files.Rules {
					fmt.Fprintf(a.out, "// %s\n%s\n", f.Name, strings.TrimRight(string(f.Text), "\n"))
				}
				fmt.Fprintf(a.err, "Epoch %d, since %s; digest %s\n", p.Epoch, p.Applied.UTC().Format(time.RFC3339), p.Rules.Digest())
				return nil
			})
		},
	}
}

func (a *app) policyReplay() *cobra.Command {
	var days int
	c := &cobra.Command{
		Use: "replay FOLDER", Short: "Try a policy on what this site was asked of late", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := readPolicyFolder(args[0])
			if err != nil {
				return err
			}
			p, err := policy.Parse(files.Rules)
			if err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error { return a.replay(cmd, n, p, days) })
		},
	}
	c.Flags().IntVar(&days, "days", replayed, "how many days of questions")
	return c
}

// replay shows which questions of late a policy would decide otherwise.
func (a *app) replay(cmd *cobra.Command, n *node.Node, p *policy.Policy, days int) error {
	asked, err := n.Decisions(cmd.Context(), time.Now().AddDate(0, 0, -days))
	if err != nil {
		return err
	}
	changed := 0
	for _, d := range asked {
		now, err := n.Would(cmd.Context(), p, d.Facts)
		if err != nil {
			return err
		}
		if now.Verdict.String() != d.Verdict {
			changed++
			fmt.Fprintf(a.out, "%s %s of %s: %s, was %s\n", d.At.UTC().Format(time.DateOnly), d.Query.Short(), d.Facts.Researcher, now, d.Verdict)
		}
	}
	fmt.Fprintf(a.err, "%d questions of the last %d days, of which it decides %d otherwise\n", len(asked), days, changed)
	return nil
}

func (a *app) policyApply() *cobra.Command {
	return &cobra.Command{
		Use: "apply FOLDER", Short: "Put a policy in force at this site", Args: cli.Exactly(1),
		Long: "Put a policy in force at this site: the files of FOLDER that end in .cedar, and " + node.TrustName + " with the\n" +
			"issuers of passports that it believes, if it is there.\n\n" +
			"Before that, what is weak in it is named, it is tried on the folder's " + policy.CasesName + " if there is one, and it is\n" +
			"shown which questions of the last days it would decide otherwise. It is in force at once where the\n" +
			"custodian alone decides on changes (locus-node officer rule), and else when the others have agreed.",
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := readPolicyFolder(args[0])
			if err != nil {
				return err
			}
			p, err := policy.Parse(files.Rules)
			if err != nil {
				return err
			}
			for _, f := range p.Lint() {
				fmt.Fprintf(a.err, "warning: %s\n", f)
			}
			if err := a.tryCases(args[0], p); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				if err := a.replay(cmd, n, p, replayed); err != nil {
					return err
				}
				m, err := n.ApplyPolicy(cmd.Context(), files)
				if err != nil {
					return err
				}
				a.tellMotion(m)
				return nil
			})
		},
	}
}

// tryCases refuses a policy that its own table of cases does not expect.
func (a *app) tryCases(folder string, p *policy.Policy) error {
	path := filepath.Join(folder, policy.CasesName)
	text, err := readFile(path, policy.MaxTableSize)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(a.err, "warning: there is no %s: nothing says what this policy is meant to do\n", path)
		return nil
	}
	if err != nil {
		return err
	}
	cases, err := policy.ReadCases(filepath.ToSlash(path), text)
	if err != nil {
		return err
	}
	return a.showResults(p.Run(cases, nil), formTable, false)
}

func (a *app) cohortTerms() *cobra.Command {
	var none bool
	c := &cobra.Command{
		Use: "terms NAME [CODE...]", Short: "Say what all data of a cohort may be used for, in codes of the Data Use Ontology; or show it", Args: cli.Between(1, maxTyped),
		Long: "Say what all data of a cohort may be used for, in codes of the Data Use Ontology; or show it.\n\n" +
			"A question that is for something else is refused, whatever the policy says. Terms of single people are\n" +
			"in their consents (locus-node consent): these leave out people, and never refuse a question.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				if len(args) > 1 || none {
					return n.SetTerms(cmd.Context(), args[0], args[1:])
				}
				codes, err := n.Terms(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				fmt.Fprintln(a.out, orNone(codes, "none"))
				return nil
			})
		},
	}
	c.Flags().BoolVar(&none, "none", false, "it has no terms of its own any more")
	return c
}
