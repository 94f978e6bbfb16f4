package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/detect"
)

func (a *app) finding() *cobra.Command {
	return cli.Group("finding", "What was asked that is odd, and who waits to be thawed", a.findingList(), a.findingThaw(), a.findingConfig())
}

// shownFrozen is somebody who waits to be thawed, in JSON.
type shownFrozen struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	ExactOnly bool   `json:"exactOnly"`
}

func (a *app) findingList() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use: "list", Short: "List what was found, and who waits to be thawed", Args: cli.Exactly(0),
		Long: "List what was found, oldest first, and who waits to be thawed. What a rule looks for is in\n" +
			"docs/reference/detection.md; -o json gives the findings as OCSF, as systems are told of them.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				found, err := n.Findings(cmd.Context())
				if err != nil {
					return err
				}
				frozen, err := n.FrozenSubjects(cmd.Context())
				if err != nil {
					return err
				}
				if form == formJSON {
					return a.writeFindings(found, frozen)
				}
				return a.tellFindings(found, frozen)
			})
		},
	}
	outputForm(c, &form)
	return c
}

func (a *app) writeFindings(found []node.Finding, frozen []node.FrozenSubject) error {
	findings, waiting := []json.RawMessage{}, []shownFrozen{}
	for _, f := range found {
		findings = append(findings, f.OCSF)
	}
	for _, s := range frozen {
		waiting = append(waiting, shownFrozen{kindOf(s.Subject), s.ID.String(), s.Who, s.ExactOnly})
	}
	return writeJSON(a.out, map[string]any{"apiVersion": "locus/v1", "findings": findings, "frozen": waiting})
}

func (a *app) tellFindings(found []node.Finding, frozen []node.FrozenSubject) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tRULE\tCOUNT\tACTION\tABOUT\tID\tSTUDY\tQUERY")
	for _, f := range found {
		fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%s\t%s\t%s\t%s\n", f.At.Format(time.DateTime), f.Rule, f.Count, f.Threshold, doneOf(f),
			named(f.Subject, f.Who), f.Subject.ID.Short(), f.StudyName, orDash(f.Query.IsZero(), f.Query.Short()))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range frozen {
		only := ""
		if s.ExactOnly {
			only = " for exact questions"
		}
		fmt.Fprintf(a.err, "Frozen%s: %s. locus-node finding thaw %s ends it.\n", only, named(s.Subject, s.Who), s.ID.Short())
	}
	return nil
}

// doneOf is what was done about a finding.
func doneOf(f node.Finding) string {
	if f.Until.IsZero() {
		return f.Action.String()
	}
	return fmt.Sprintf("%s until %s", f.Action, f.Until.Format(time.TimeOnly))
}

func orDash(none bool, text string) string {
	if none {
		return "-"
	}
	return text
}

// named is a subject with the name that a roster has for it.
func named(s detect.Subject, who string) string {
	if who == "" {
		return kindOf(s)
	}
	return kindOf(s) + " " + who
}

func kindOf(s detect.Subject) string {
	switch s.Of {
	case detect.OfResearcher:
		return "researcher"
	case detect.OfStudy:
		return "study"
	}
	return "coordinator"
}

func (a *app) findingThaw() *cobra.Command {
	return &cobra.Command{
		Use: "thaw SUBJECT", Short: "Answer a researcher, a study or a coordinator's member again", Args: cli.Exactly(1),
		Long: "Answer a researcher, a study or a coordinator's member again, from the next question on. SUBJECT is the\n" +
			"beginning of its ID in finding list. What it has asked is forgotten, so that the same does not freeze it\n" +
			"again at once; a throttle ends too.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				s, err := n.ThawSubject(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Thawed: %s %s.\n", kindOf(s), s.ID.Short())
				return nil
			})
		},
	}
}

func (a *app) findingConfig() *cobra.Command {
	return &cobra.Command{
		Use: "config [FILE]", Short: "Check and show what this site finds odd, and what it does then", Args: cli.Between(0, 1),
		Long: "Check and show what this site finds odd, and what it does then: as " + node.DetectionName + " in the node's directory\n" +
			"says, or as locus-node begins with where there is none. With FILE it shows how that would be read. A\n" +
			"node goes by the file of its start. Variants that nobody has a reason to ask for are shown too.",
		RunE: func(_ *cobra.Command, args []string) error {
			path := filepath.Join(a.dir, node.DetectionName)
			if len(args) == 1 {
				path = args[0]
			}
			c, err := node.ReadDetectionConfig(path)
			if errors.Is(err, fs.ErrNotExist) && len(args) == 0 {
				fmt.Fprintf(a.err, "There is no %s: this is what locus-node begins with.\n", path)
				c, err = detect.Default(), nil
			}
			if err != nil {
				return err
			}
			return writeJSON(a.out, struct {
				APIVersion string `json:"apiVersion"`
				detect.Config
			}{detect.ConfigVersion, c})
		},
	}
}
