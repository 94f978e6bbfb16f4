// Command peers counts the same files with locus-node and with the programs that sites
// have today, in turn, and prints one table of the processor time that each took:
// medians of several rounds, and how many times more than ours. What plink2 counts is
// compared with what locus-node counts, and has to be the same.
//
// All of it is one thread's work; the files lie in the memory of the operating system
// after a round that is not measured.
package main

import (
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
)

type config struct {
	node, pure, dir, jsonl, data string
	samples, variants, inText    int
	gatkSamples, gatk            int
	storeSamples, storeVariants  int
	rounds                       int
	only                         string
}

func main() {
	var c config
	flag.StringVar(&c.node, "node", "build/locus-node", "the program that is compared")
	flag.StringVar(&c.pure, "purego", "", "the same without assembly; empty to leave it out")
	flag.StringVar(&c.dir, "dir", "", "where files are made; empty for a folder that is removed afterwards")
	flag.StringVar(&c.jsonl, "jsonl", "", "append one JSON object a row to this file")
	flag.StringVar(&c.data, "data", os.Getenv("LOCUS_DATA"), "folder of real files; empty to leave them out")
	flag.IntVar(&c.samples, "samples", 10_000, "people in the files")
	flag.IntVar(&c.variants, "variants", 200_000, "variants of bed and pgen")
	flag.IntVar(&c.inText, "text", 20_000, "variants of VCF and BCF")
	flag.IntVar(&c.gatkSamples, "gatk-samples", 1000, "people of VCF and BCF with GATK's fields")
	flag.IntVar(&c.gatk, "gatk", 10_000, "and variants")
	flag.IntVar(&c.storeSamples, "store-samples", 100_000, "people of the store")
	flag.IntVar(&c.storeVariants, "store-variants", 100_000, "and variants; their pgen has about 4 kB each")
	flag.IntVar(&c.rounds, "rounds", 5, "rounds that are measured")
	flag.StringVar(&c.only, "only", "", "the parts to measure, by comma: bed, pgen, vcf, bcf, vcf-gatk, bcf-gatk, store, real; empty for all")
	flag.Parse()
	if err := run(c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(c config, out io.Writer) (err error) {
	for _, program := range []*string{&c.node, &c.pure} {
		if *program == "" {
			continue
		}
		if *program, err = filepath.Abs(*program); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Median of %d rounds, user and system time.\n\n", c.rounds)
	for _, v := range versions() {
		fmt.Fprintf(out, "* %s\n", v)
	}
	fmt.Fprintf(out, "* locus-node for %s/%s, %s\n\n| measured | ours | others | times better |\n|---|---|---|---|\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
	wanted := strings.Split(c.only, ",")
	for _, p := range parts(c) {
		if c.only != "" && !slices.Contains(wanted, p.name) {
			continue
		}
		err := p.measure(c, func(r row) error {
			fmt.Fprintln(out, r)
			return r.append(c.jsonl)
		})
		if errors.Is(err, errNoData) && c.only == "" {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
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

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
