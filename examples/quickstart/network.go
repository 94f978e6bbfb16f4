package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	members = 3
	study   = "demo"
	cohort  = "everyone"
	// minimum is the fewest people that a site may have in the cohort.
	minimum = 20
)

// hospital is a site as the demo's cast has it.
type hospital struct{ name, organisation, country string }

var hospitals = []hospital{
	{"geneva", "Geneva University Hospital", "CH"},
	{"lyon", "Lyon Cancer Centre", "FR"},
	{"torino", "Torino Biobank", "IT"},
}

func (d *demo) coordinatorDir(i int) string { return d.path(fmt.Sprintf("coordinator-%d", i+1)) }

// operate runs a command as the coordinator's operator.
func (d *demo) operate(ctx context.Context, args ...string) (string, error) {
	return d.call(ctx, "locus-coordinator", append([]string{"--dir", d.coordinatorDir(0)}, args...)...)
}

// keepGenomes runs a command as the custodian of a site.
func (d *demo) keepGenomes(ctx context.Context, site string, args ...string) (string, error) {
	return d.call(ctx, "locus-node", append([]string{"--dir", d.path(site)}, args...)...)
}

// research runs a command as the researcher.
func (d *demo) research(ctx context.Context, args ...string) (string, error) {
	return d.call(ctx, "locus", append([]string{"--home", d.path("researcher")}, args...)...)
}

// startCoordinator makes three members, lets each know the others, and runs them.
func (d *demo) startCoordinator(ctx context.Context) error {
	ports, err := freePorts(2 * members)
	if err != nil {
		return err
	}
	for i := range members {
		if _, err := d.call(ctx, "locus-coordinator", "--dir", d.coordinatorDir(i), "init",
			"--name", fmt.Sprintf("c%d", i+1),
			"--listen", fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", ports[2*i]),
			"--api", fmt.Sprintf("127.0.0.1:%d", ports[2*i+1])); err != nil {
			return err
		}
	}
	for i := range members {
		card, err := os.ReadFile(filepath.Join(d.coordinatorDir(i), "member.json"))
		if err != nil {
			return err
		}
		for j := range members {
			to := filepath.Join(d.coordinatorDir(j), "members", fmt.Sprintf("c%d.json", i+1))
			if err := os.WriteFile(to, card, 0o600); err != nil {
				return err
			}
		}
	}
	for i := range members {
		if err := d.start(fmt.Sprintf("coordinator-%d", i+1), "locus-coordinator", "--dir", d.coordinatorDir(i), "run"); err != nil {
			return err
		}
	}
	_, err = d.operate(ctx, "site", "list") // waits for a leader
	return err
}

// startSites joins each site with its three commands, and the operator's approval
// after both have compared the five words.
func (d *demo) startSites(ctx context.Context) error {
	for i, h := range hospitals {
		token, err := d.operate(ctx, "site", "invite", h.name)
		if err != nil {
			return err
		}
		shown, err := d.keepGenomes(ctx, h.name, "join", token,
			"--name", h.name, "--organisation", h.organisation, "--country", h.country, "--region", "eu")
		if err != nil {
			return err
		}
		words, err := wordsIn(shown)
		if err != nil {
			return err
		}
		d.say("  %s joins with the words: %s", h.name, words)
		if _, err := d.operate(ctx, "site", "approve", h.name, "--words", words); err != nil {
			return err
		}
		data := d.files.Sites[i]
		if _, err := d.keepGenomes(ctx, h.name, "cohort", "add", cohort, data.Genotypes, "--samples", data.Samples); err != nil {
			return err
		}
		if err := d.start(h.name, "locus-node", "--dir", d.path(h.name), "run"); err != nil {
			return err
		}
	}
	return nil
}

// agree makes the researcher, proposes the study, has every custodian accept it, and
// opens it.
func (d *demo) agree(ctx context.Context) error {
	card, err := d.research(ctx, "init", "--name", "Alice Example", "--organisation", "Example University")
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.path("alice.json"), []byte(card), 0o600); err != nil {
		return err
	}
	names := make([]string, len(hospitals))
	for i, h := range hospitals {
		names[i] = h.name
	}
	proposal, err := json.MarshalIndent(map[string]any{
		"study": study, "title": "Allele frequencies over three hospitals", "sites": names, "researchers": []string{"alice.json"},
		"modes":   []string{"exact", "dp"},
		"cohorts": []map[string]any{{"name": cohort, "minimum": minimum}},
		"panels":  []map[string]any{{"name": "panel", "assembly": "GRCh38", "file": d.files.Panel}},
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.path("study.json"), proposal, 0o600); err != nil {
		return err
	}
	if _, err := d.operate(ctx, "study", "propose", d.path("study.json")); err != nil {
		return err
	}
	for _, h := range hospitals {
		if _, err := d.keepGenomes(ctx, h.name, "study", "accept", study, "--yes"); err != nil {
			return err
		}
		// Exact answers over so many variants tell who is in a cohort: each custodian says
		// that this study may have them.
		if _, err := d.keepGenomes(ctx, h.name, "release", "grant", study, cohort, "--all", "--days", "30"); err != nil {
			return err
		}
		// And what private answers may cost: everybody here in all, and the study.
		for _, allowance := range [][]string{
			{"--people", "--epsilon", "4", "--delta", "1e-6"}, {study, cohort, "--epsilon", epsilon, "--delta", delta},
		} {
			if _, err := d.keepGenomes(ctx, h.name, append([]string{"budget", "allow"}, allowance...)...); err != nil {
				return err
			}
		}
	}
	if _, err := d.operate(ctx, "study", "open", study); err != nil {
		return err
	}
	token, err := d.operate(ctx, "study", "token", study)
	if err != nil {
		return err
	}
	_, err = d.research(ctx, "study", "join", token)
	return err
}

// ask asks for allele frequencies, of everything unless the question says more, and keeps
// the answer as TSV. The task's own progress is passed on.
func (d *demo) ask(ctx context.Context, file string, question ...string) error {
	args := append([]string{
		"--home", d.path("researcher"), "run", "af", "--study", study, "--cohort", cohort,
		"--purpose", "demonstration", "-o", "tsv", "--out", file,
	}, question...)
	c := exec.CommandContext(ctx, filepath.Join(d.bin, "locus"), args...)
	var said bytes.Buffer
	c.Stderr = io.MultiWriter(&said, &indented{to: d.errs})
	if err := c.Run(); err != nil {
		return fmt.Errorf("locus run af: %w\n%s", err, said.String())
	}
	return nil
}

// indented passes on what a program says of its progress, set apart from the demo's
// own lines. What an answer rests on, which follows, is the researcher's to keep.
type indented struct {
	to   io.Writer
	rest []byte
}

// Write passes on whole lines.
func (w *indented) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.rest = rest
		if !bytes.HasPrefix(line, []byte(" ")) {
			continue
		}
		if _, err := fmt.Fprintf(w.to, "          %s\n", line); err != nil {
			return 0, err
		}
	}
}

// wordsIn finds the line of five words in what `locus-node join` prints.
func wordsIn(shown string) (string, error) {
	for line := range strings.Lines(shown) {
		if words := strings.Fields(line); len(words) == 5 && strings.ToLower(line) == line && !strings.ContainsAny(line, ".:,") {
			return strings.Join(words, " "), nil
		}
	}
	return "", fmt.Errorf("no five words in %q", shown)
}
