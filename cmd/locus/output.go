package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// shownRows is how many variants the table on the terminal has.
const shownRows = 20

// formats are the names that -o takes, with the ending of their files.
var formats = []struct{ name, ending string }{
	{"table", ".txt"}, {"tsv", ".tsv"}, {"vcf", ".vcf"}, {"afreq", ".afreq"}, {"json", ".json"}, {"jsonl", ".jsonl"},
}

// output is how and where an answer is written.
type output struct {
	format, file string
	confidence   float64 // of the intervals of a private answer
}

func (o *output) flags(f *pflag.FlagSet) {
	names := make([]string, len(formats))
	for i, x := range formats {
		names[i] = x.name
	}
	f.StringVarP(&o.format, "output", "o", "", "format: "+strings.Join(names, ", ")+"; without it what --out ends in, or a table")
	f.Float64Var(&o.confidence, "confidence", researcher.Confidence, "in mode dp, how often the intervals hold the frequency")
	f.StringVar(&o.file, "out", "", "file to write to, as a whole or not at all; an older one is replaced; standard output without it")
}

// check settles the format, before anything is asked.
func (o *output) check() error {
	if !(o.confidence > 0 && o.confidence < 1) {
		return cli.Misused(errors.New("--confidence is between 0 and 1, such as 0.95"))
	}
	if o.format == "" {
		o.format = "table"
		if o.toFile() {
			o.format = "tsv"
			for _, x := range formats {
				if strings.EqualFold(filepath.Ext(o.file), x.ending) {
					o.format = x.name
				}
			}
		}
	}
	for _, x := range formats {
		if x.name == o.format {
			return nil
		}
	}
	return cli.Misusedf("%q is not a format; see --help", o.format)
}

func (o *output) toFile() bool { return o.file != "" && o.file != "-" }

// write writes an answer, and beneath it, for the person, what it rests on.
func (o *output) write(a *app, answer researcher.Answer) error {
	if err := create(o.file, a.out, func(w io.Writer) error { return o.encode(w, answer) }); err != nil {
		return err
	}
	if o.toFile() {
		fmt.Fprintf(a.err, "wrote    %s: %d variants\n", o.file, len(answer.Rows))
	}
	for _, f := range answer.Provenance() {
		if f.Value != "" {
			fmt.Fprintf(a.err, "%-8s %s\n", f.Name, f.Value)
		}
	}
	return nil
}

// form is how rows of a kind are written, in each format.
type form[R any] struct {
	text              func(io.Writer, int, iter.Seq[R]) error
	tsv, afreq, jsonl func(io.Writer, iter.Seq[R]) error
	vcf               func(io.Writer, table.Head, iter.Seq[R]) error
	json              func([]byte, *R) []byte
}

func (o *output) encode(w io.Writer, answer researcher.Answer) error {
	if answer.Noise != nil {
		return encodeAs(o, w, answer, answer.EstimateTable(), form[table.Estimate]{
			table.EstimateText, table.EstimateTSV, table.EstimateAfreq, table.EstimateJSONL, table.EstimateVCF, table.AppendEstimateJSON,
		})
	}
	return encodeAs(o, w, answer, answer.Table(), form[table.Row]{
		table.Text, table.TSV, table.Afreq, table.JSONL, table.VCF, table.AppendJSON,
	})
}

func encodeAs[R any](o *output, w io.Writer, answer researcher.Answer, rows iter.Seq[R], as form[R]) error {
	switch o.format {
	case "table":
		first := shownRows
		if o.toFile() {
			first = 0
		}
		return as.text(w, first, rows)
	case "tsv":
		return as.tsv(w, rows)
	case "vcf":
		return as.vcf(w, headOf(answer), rows)
	case "afreq":
		return as.afreq(w, rows)
	case "jsonl":
		return as.jsonl(w, rows)
	case "json":
		return encodeJSON(w, answer, rows, as.json)
	}
	return errors.New("no format was settled")
}

func headOf(answer researcher.Answer) table.Head {
	h := table.Head{Source: "locus", Date: answer.Asked.Made.UTC().Format("20060102"), Assembly: answer.Assembly}
	if answer.Noise != nil {
		h.Confidence = answer.Noise.Confidence
	}
	for _, r := range answer.Rows {
		// Rows come contig by contig.
		if n := len(h.Contigs); n == 0 || h.Contigs[n-1] != r.Variant.Contig {
			h.Contigs = append(h.Contigs, r.Variant.Contig)
		}
	}
	for _, f := range answer.Provenance() {
		if f.Value != "" {
			h.Provenance = append(h.Provenance, table.Field{Name: "locus_" + strings.ReplaceAll(f.Name, " ", "_"), Value: f.Value})
		}
	}
	return h
}

// card is the head of an answer as JSON. Its names are stable.
type card struct {
	APIVersion string    `json:"apiVersion"`
	Task       string    `json:"task"`
	Study      string    `json:"study"`
	Roster     string    `json:"roster"`
	Cohort     string    `json:"cohort"`
	Panel      string    `json:"panel"`
	Assembly   string    `json:"assembly"`
	Region     string    `json:"region,omitempty"`
	Purpose    string    `json:"purpose,omitempty"`
	Asked      time.Time `json:"asked"`
	Mode       string    `json:"mode"`
	Private    bool      `json:"differentiallyPrivate"`
	Sites      []string  `json:"sites"`
	Wrong      []string  `json:"wrongOpenings,omitempty"`
	Granted    []string  `json:"beyondLimitByGrantOf,omitempty"`
	Logged     []string  `json:"inAuditLogOf,omitempty"`
	Attempt    uint32    `json:"attempt"`
	Cut        string    `json:"cut"`
	Sum        string    `json:"sum"`
	Noise      *noise    `json:"noise,omitempty"`
}

// noise is what was added to a private answer.
type noise struct {
	Spread     float64 `json:"standardDeviation"`
	Rho        float64 `json:"rho"`
	Epsilon    float64 `json:"epsilon"`
	Delta      float64 `json:"delta"`
	Release    uint32  `json:"release"`
	Honest     int     `json:"honestSites"`
	Confidence float64 `json:"confidence"`
}

func noiseOf(n *researcher.Noise) *noise {
	if n == nil {
		return nil
	}
	return &noise{n.Spread, float64(n.Cost.Rho) / account.RhoUnits, n.Epsilon, n.Delta, n.Release, n.Honest, n.Confidence}
}

// encodeJSON writes one object: the card's fields and the rows, a row a line.
func encodeJSON[R any](w io.Writer, answer researcher.Answer, rows iter.Seq[R], row func([]byte, *R) []byte) error {
	asked := answer.Asked
	head, err := json.MarshalIndent(card{
		APIVersion: rest.APIVersion, Task: asked.Task.String(), Study: asked.Study, Roster: asked.Roster.String(), Cohort: asked.Cohort,
		Panel: asked.Panel.String(), Assembly: answer.Assembly, Region: asked.Region, Purpose: answer.Purpose, Asked: asked.Made.UTC(),
		Mode: answer.Mode.String(), Private: answer.Mode == protocol.Private, Sites: slices.Clone(answer.Sites), Wrong: answer.Wrong, Granted: answer.Granted, Logged: answer.Logged, Attempt: answer.Attempt,
		Cut: answer.Cut.String(), Sum: answer.Sum.String(), Noise: noiseOf(answer.Noise),
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	out := bufio.NewWriter(w)
	out.Write(head[:len(head)-len("\n}")])
	out.WriteString(",\n  \"rows\": [")
	comma := "\n    "
	for r := range rows {
		out.WriteString(comma)
		out.Write(row(nil, &r))
		comma = ",\n    "
	}
	out.WriteString("\n  ]\n}\n")
	return out.Flush()
}

// create opens a file for a result, or standard output, and never leaves half of one.
func create(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return write(stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".locus-*")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return os.Rename(f.Name(), path)
}
