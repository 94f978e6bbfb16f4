package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/node/policy/ontology"
)

// errWeak is what a policy is refused for, on request, and errExpected a failed test.
var (
	errWeak     = errors.New("the policy has weak settings")
	errExpected = errors.New("not as the table expects")
)

func (a *app) policy() *cobra.Command {
	return cli.Group("policy", "Rules on who may ask for what",
		a.policyShow(), a.policyApply(), a.policyReplay(), a.policyLint(), a.policyTest(), a.policyDiff(), a.policyOntology(),
		cli.Group("pack", "Policies to start from", a.packList(), a.packShow()))
}

// readPolicy reads a file of policies, or those of a folder.
func readPolicy(path string) (*policy.Policy, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var files []policy.File
	if info.IsDir() {
		files, err = policy.ReadDir(os.DirFS(path), ".", filepath.ToSlash(path))
	} else {
		files = make([]policy.File, 1)
		files[0], err = policy.ReadFile(os.DirFS(filepath.Dir(path)), filepath.Base(path), filepath.ToSlash(path))
	}
	if err != nil {
		return nil, err
	}
	return policy.Parse(files)
}

// trial is what cases are tried with.
type trial struct {
	ontology, form string
}

func (t *trial) flags(c *cobra.Command) {
	c.Flags().StringVar(&t.ontology, "ontology", "", "diseases and their kinds: an extract that policy ontology has written; a disease is itself alone without it")
	outputForm(c, &t.form)
}

func (t *trial) read(path string) (cases []policy.Case, diseases duo.Diseases, err error) {
	if err := checkForm(t.form); err != nil {
		return nil, nil, err
	}
	text, err := readFile(path, policy.MaxTableSize)
	if err != nil {
		return nil, nil, err
	}
	if cases, err = policy.ReadCases(filepath.ToSlash(path), text); err != nil || t.ontology == "" {
		return cases, nil, err
	}
	o, err := readOntology(t.ontology)
	return cases, o, err
}

func readOntology(path string) (*ontology.Ontology, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o, err := ontology.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// shownFinding is a weak setting in JSON.
type shownFinding struct {
	Name   string `json:"name"`
	Policy string `json:"policy,omitempty"`
	Place  string `json:"place,omitempty"`
	Text   string `json:"text"`
}

func (a *app) policyLint() *cobra.Command {
	var form string
	var strict bool
	c := &cobra.Command{
		Use: "lint POLICY", Short: "Check a policy, and name what is weak in it", Args: cli.Exactly(1),
		Long: "Check a policy, and name what is weak in it.\n\n" +
			"POLICY is a file that ends in .cedar, or a folder of such files. What is wrong is refused, with file\n" +
			"and line; what is weak is listed, and is no error: you may mean it.",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			p, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			found := p.Lint()
			if form == formJSON {
				shown := make([]shownFinding, len(found))
				for i, f := range found {
					shown[i] = shownFinding(f)
				}
				err = writeJSON(a.out, map[string]any{"apiVersion": policy.TableVersion, "policies": p.Len(), "digest": p.Digest().String(), "findings": shown})
			} else {
				for _, f := range found {
					fmt.Fprintln(a.out, f)
				}
				fmt.Fprintf(a.err, "%d policies, digest %s; %d weak settings\n", p.Len(), p.Digest(), len(found))
			}
			if err == nil && strict && len(found) > 0 {
				return fmt.Errorf("%w: %d", errWeak, len(found))
			}
			return err
		},
	}
	c.Flags().BoolVar(&strict, "strict", false, "refuse a policy that has a weak setting")
	outputForm(c, &form)
	return c
}

// shownResult is a decision on a case in JSON.
type shownResult struct {
	Name    string   `json:"name"`
	Place   string   `json:"place"`
	Verdict string   `json:"verdict"`
	Reasons []string `json:"reasons"`
	DataUse []string `json:"dataUse"`
	Fault   string   `json:"fault,omitempty"`
}

func showResult(r policy.Result) shownResult {
	s := shownResult{Name: r.Case.Name, Place: r.Case.Place, Verdict: r.Decision.Verdict.String(), Reasons: []string{}, DataUse: []string{}, Fault: r.Fault}
	for _, reason := range r.Decision.Reasons {
		s.Reasons = append(s.Reasons, reason.String())
	}
	s.Reasons = append(s.Reasons, r.Decision.Errors...)
	for _, l := range r.DataUse.Lines {
		s.DataUse = append(s.DataUse, l.String())
	}
	return s
}

func (a *app) policyTest() *cobra.Command {
	var with trial
	var all bool
	c := &cobra.Command{
		Use: "test POLICY [CASES]", Short: "Try a policy on a table of cases", Args: cli.Between(1, 2),
		Long: "Try a policy on a table of cases, and show those that it decides otherwise than expected.\n\n" +
			"CASES is " + policy.CasesName + " of the folder POLICY, unless it is named. How one is written is in\n" +
			"docs/how-to/write-a-policy.md.",
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			path := filepath.Join(args[0], policy.CasesName)
			if len(args) == 2 {
				path = args[1]
			} else if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
				return cli.Misusedf("%s is a file; say which table of cases it is tried on", args[0])
			}
			cases, diseases, err := with.read(path)
			if err != nil {
				return err
			}
			return a.showResults(p.Run(cases, diseases), with.form, all)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "show every case with its reasons, and what the consents say line by line")
	with.flags(c)
	return c
}

func (a *app) showResults(results []policy.Result, form string, all bool) error {
	faults := 0
	shown := []shownResult{}
	for _, r := range results {
		if r.Fault != "" {
			faults++
		}
		if all || r.Fault != "" {
			shown = append(shown, showResult(r))
		}
	}
	if form == formJSON {
		if err := writeJSON(a.out, map[string]any{"apiVersion": policy.TableVersion, "cases": len(results), "faults": faults, "results": shown}); err != nil {
			return err
		}
	} else {
		for _, s := range shown {
			fmt.Fprintf(a.out, "%s: %s: %s\n", s.Place, s.Name, orVerdict(s.Fault, s.Verdict))
			for _, line := range append(s.Reasons, s.DataUse...) {
				fmt.Fprintf(a.out, "    %s\n", line)
			}
		}
		fmt.Fprintf(a.err, "%d cases, %d as expected\n", len(results), len(results)-faults)
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d cases are %w", faults, len(results), errExpected)
	}
	return nil
}

// orVerdict is what is wrong, or the verdict. The reasons follow in lines of their own.
func orVerdict(fault, verdict string) string {
	if fault == "" {
		return verdict
	}
	short, _, _ := strings.Cut(fault, " (")
	return short
}

// shownChange is a case in JSON that two policies decide otherwise.
type shownChange struct {
	Name  string `json:"name"`
	Place string `json:"place"`
	Was   string `json:"was"`
	Is    string `json:"is"`
	Wider bool   `json:"wider"`
	Why   string `json:"why"`
}

func (a *app) policyDiff() *cobra.Command {
	var with trial
	c := &cobra.Command{
		Use: "diff OLD NEW CASES", Short: "Show which cases another policy would decide otherwise", Args: cli.Exactly(3),
		Long: "Show which cases another policy would decide otherwise.\n\n" +
			"CASES is a table as policy test takes it, or a record of what was asked, one object a line.",
		RunE: func(_ *cobra.Command, args []string) error {
			was, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			is, err := readPolicy(args[1])
			if err != nil {
				return err
			}
			cases, diseases, err := with.read(args[2])
			if err != nil {
				return err
			}
			wider := 0
			shown := []shownChange{}
			for _, ch := range policy.Diff(was, is, cases, diseases) {
				s := shownChange{ch.Case.Name, ch.Case.Place, ch.Was.Verdict.String(), ch.Is.Verdict.String(), ch.Wider(), ch.Is.String()}
				if shown = append(shown, s); s.Wider {
					wider++
				}
			}
			if with.form == formJSON {
				return writeJSON(a.out, map[string]any{"apiVersion": policy.TableVersion, "old": was.Digest().String(), "new": is.Digest().String(), "cases": len(cases), "changes": shown})
			}
			for _, s := range shown {
				fmt.Fprintf(a.out, "%s: %s: %s, was %s\n", s.Place, s.Name, s.Why, s.Was)
			}
			fmt.Fprintf(a.err, "%d of %d cases change, %d of them to more than before; digest %s, was %s\n", len(shown), len(cases), wider, is.Digest(), was.Digest())
			return nil
		},
	}
	with.flags(c)
	return c
}
