// Command peers counts the same files with locus-node and with the programs that sites
// have today, in turn, and prints one table of the processor time that each took:
// medians of several rounds, and how many times more than ours. What plink2 counts is
// compared with what locus-node counts, and has to be the same.
//
// All of it is one thread's work; the files lie in the memory of the operating system
// after a round that is not measured.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

type config struct {
	node     string
	dir      string
	jsonl    string
	samples  int
	variants int
	inText   int
	rounds   int
	only     string
}

func main() {
	var c config
	flag.StringVar(&c.node, "node", "build/locus-node", "the program that is compared")
	flag.StringVar(&c.dir, "dir", "", "where files are made; empty for a folder that is removed afterwards")
	flag.StringVar(&c.jsonl, "jsonl", "", "append one JSON object a row to this file")
	flag.IntVar(&c.samples, "samples", 10_000, "people in the files")
	flag.IntVar(&c.variants, "variants", 200_000, "variants of bed and pgen")
	flag.IntVar(&c.inText, "text", 10_000, "variants of VCF and BCF")
	flag.IntVar(&c.rounds, "rounds", 5, "rounds that are measured")
	flag.StringVar(&c.only, "only", "", "the part to measure: bed, pgen, vcf or bcf; empty for all")
	flag.Parse()
	if err := run(c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(c config, out io.Writer) error {
	node, err := filepath.Abs(c.node)
	if err != nil {
		return err
	}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "peers-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.dir)
	}
	fmt.Fprintf(out, "%d people; %d variants as bed and pgen, %d as VCF and BCF; median of %d rounds, user and system time.\n\n",
		c.samples, c.variants, c.inText, c.rounds)
	for _, v := range versions() {
		fmt.Fprintf(out, "* %s\n", v)
	}
	fmt.Fprintf(out, "* locus-node for %s/%s, %s\n\n| measured | ours | others | times better |\n|---|---|---|---|\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, p := range parts(node) {
		if c.only != "" && c.only != p.name {
			continue
		}
		r, err := p.measure(c)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintln(out, r)
		if err := r.append(c.jsonl); err != nil {
			return err
		}
	}
	return nil
}

// versions are what the peers say of themselves.
func versions() (lines []string) {
	for _, c := range [][]string{{"plink2", "--version"}, {"plink1.9", "--version"}, {"bcftools", "--version"}, {"bgzip", "--version"}} {
		text, err := exec.Command(c[0], c[1:]...).Output()
		if err != nil {
			lines = append(lines, c[0]+" is not here")
			continue
		}
		first, _, _ := strings.Cut(string(text), "\n")
		lines = append(lines, strings.Join(strings.Fields(first), " "))
	}
	return lines
}

// row is one line of the table.
type row struct {
	Name    string             `json:"name"`
	Value   float64            `json:"value"`
	Unit    string             `json:"unit"`
	Against map[string]float64 `json:"against"` // times better than
	others  []string
	times   []string
}

func (r row) String() string {
	return fmt.Sprintf("| %s | %.3f %s | %s | %s |", r.Name, r.Value, r.Unit, strings.Join(r.others, ", "), strings.Join(r.times, ", "))
}

func (r row) append(file string) error {
	if file == "" {
		return nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close())
}

// measure makes a part's files, and runs everybody in turn.
func (p part) measure(c config) (row, error) {
	variants := c.variants
	if p.text {
		variants = c.inText
	}
	if err := p.prepare(c.dir, c.samples, variants); err != nil {
		return row{}, err
	}
	took := make(map[string][]float64)
	for round := range c.rounds + 1 {
		for _, x := range p.runs {
			cpu, err := x.run(c.dir)
			if err != nil {
				return row{}, err
			}
			if round > 0 {
				took[x.who] = append(took[x.who], cpu.Seconds())
			}
		}
	}
	same, err := sameCounts(filepath.Join(c.dir, "ours.gcount"), filepath.Join(c.dir, "theirs.gcount"))
	switch {
	case err != nil:
		return row{}, err
	case !same:
		return row{}, errors.New("locus-node and plink2 count differently")
	}
	r := row{Name: "genotype/" + p.name + "/count", Value: median(took[ours]), Unit: "s", Against: map[string]float64{}}
	for _, x := range p.runs {
		if x.who == ours {
			continue
		}
		m := median(took[x.who])
		r.Against[x.who] = m / r.Value
		r.others = append(r.others, fmt.Sprintf("%s %.3f", x.who, m))
		r.times = append(r.times, fmt.Sprintf("%s %.2f", x.who, m/r.Value))
	}
	return r, nil
}

// run runs a program and returns the processor time that it took.
func (x program) run(dir string) (time.Duration, error) {
	cmd := exec.Command(x.args[0], x.args[1:]...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", strings.Join(x.args, " "), err, said.String())
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
