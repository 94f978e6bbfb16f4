package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// answerOf is an answer of n variants.
func answerOf(n int) researcher.Answer {
	a := researcher.Answer{
		Asked: researcher.Asked{
			Task: protocol.Hash("task"), Study: "demo", Roster: protocol.Hash("roster"), Cohort: "all", Panel: protocol.Hash("panel"),
			Region: "7", Made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		Mode: protocol.Exact, Assembly: "GRCh38", Sites: []string{"bern", "geneva", "zurich"}, Purpose: "carrier\nscreening",
		Attempt: 2, Cut: protocol.Hash("cut"), Sum: protocol.Hash("sum"),
	}
	for i := range n {
		a.Rows = append(a.Rows, researcher.Row{
			Variant: panel.Variant{Contig: []string{"7", "X"}[2*i/n], Pos: uint32(1000 + i), Ref: "A", Alt: "C"}, AC: int64(i), AN: 12_000,
		})
	}
	return a
}

// written is what an answer becomes: on standard output, beneath it, and in the file.
func written(t *testing.T, o output, n int) (out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	o.confidence = researcher.Confidence
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	if err := o.write(&app{out: &stdout, err: &stderr}, answerOf(n)); err != nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String()
}

func TestTheTerminalShowsTheStartAndWhatItRestsOn(t *testing.T) {
	out, errs := written(t, output{}, 100)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 1+shownRows+1 || lines[len(lines)-1] != "… 80 more" {
		t.Errorf("%d lines, the last one %q; want a head, %d rows and how many more", len(lines), lines[len(lines)-1], shownRows)
	}
	for _, want := range []string{
		"exact: not differentially private", "3: bern, geneva, zurich", "attempt  2",
		protocol.Hash("task").String(), protocol.Hash("cut").String(), protocol.Hash("sum").String(), protocol.Hash("roster").String(),
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("beneath the table there is no %q:\n%s", want, errs)
		}
	}
	if strings.Contains(out, "bern") {
		t.Error("standard output holds more than the result")
	}
	if short, _ := written(t, output{}, shownRows); strings.Contains(short, "more") {
		t.Error("a short table says that there is more")
	}
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		name   string
		o      output
		begins string
		lines  int
	}{
		{"tsv", output{format: "tsv"}, "#CHROM\tPOS\tREF\tALT\tAC\tAN\tAF\n7\t1000\tA\tC\t0\t12000\t0\n", 101},
		{"afreq", output{format: "afreq"}, "#CHROM\tID\tREF\tALT\tALT_FREQS\tOBS_CT\n7\t7:1000:A:C\tA\tC\t0\t12000\n", 101},
		{"jsonl", output{format: "jsonl"}, `{"contig":"7","pos":1000,`, 100},
		{"a file without a known ending", output{file: "answer"}, "#CHROM\tPOS\tREF\tALT\tAC\tAN\tAF\n", 101},
		{"a file that ends in .vcf", output{file: "answer.vcf"}, "##fileformat=VCFv4.3\n##fileDate=20260102\n##source=locus\n##reference=GRCh38\n", 0},
		{"a file that ends in .AFREQ", output{file: "answer.AFREQ"}, "#CHROM\tID\t", 101},
		{"a file of another format than it ends in", output{file: "answer.vcf", format: "tsv"}, "#CHROM\tPOS", 101},
		{"a table in a file is a whole one", output{file: "answer.txt"}, "CHROM ", 101},
		{"- is standard output", output{file: "-", format: "tsv"}, "#CHROM\tPOS", 101},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := tt.o.file
			if tt.o.toFile() {
				tt.o.file = filepath.Join(t.TempDir(), name)
			}
			got, errs := written(t, tt.o, 100)
			if tt.o.toFile() {
				if got != "" || !strings.Contains(errs, "wrote    "+tt.o.file+": 100 variants") {
					t.Errorf("standard output %q, and beneath it %q", got, errs)
				}
				raw, err := os.ReadFile(tt.o.file)
				if err != nil {
					t.Fatal(err)
				}
				got = string(raw)
			}
			if !strings.HasPrefix(got, tt.begins) || tt.lines > 0 && strings.Count(got, "\n") != tt.lines {
				t.Errorf("%d lines, want %d; it begins with %.80q", strings.Count(got, "\n"), tt.lines, got)
			}
		})
	}
	t.Run("a VCF carries what it rests on", func(t *testing.T) {
		got, _ := written(t, output{format: "vcf"}, 10)
		for _, want := range []string{
			`##locus_mode="exact: not differentially private"`, `##locus_purpose="carrier\nscreening"`,
			"##contig=<ID=7,assembly=GRCh38>\n##contig=<ID=X,assembly=GRCh38>\n", `##locus_cut="` + protocol.Hash("cut").String(),
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
	})
	t.Run("json is one object", func(t *testing.T) {
		for _, n := range []int{1, 100} {
			got, _ := written(t, output{format: "json"}, n)
			var v struct {
				card
				Rows []struct {
					Contig string
					AC, AN int64
				}
			}
			d := json.NewDecoder(strings.NewReader(got))
			if err := d.Decode(&v); err != nil {
				t.Fatal(err)
			}
			if v.APIVersion != rest.APIVersion || v.Mode != "exact" || v.Private || len(v.Sites) != 3 || len(v.Rows) != n || v.Rows[n-1].AC != int64(n-1) {
				t.Errorf("%+v", v)
			}
		}
	})
	for _, o := range []output{{format: "pdf", confidence: 0.95}, {confidence: 0}, {confidence: 1}, {confidence: -0.5}, {confidence: math.NaN()}} {
		if err := o.check(); !errors.As(err, new(cli.UsageError)) {
			t.Errorf("%+v: %v, want a usage error", o, err)
		}
	}
}

func TestAFileIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "answer.tsv")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is full")
	err := create(path, io.Discard, func(w io.Writer) error { return errors.Join(second(fmt.Fprint(w, "half")), broken) })
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != "older" {
		t.Errorf("the older file holds %q, %v", raw, err)
	}
	if err := create(path, io.Discard, func(w io.Writer) error { return second(fmt.Fprint(w, "newer")) }); err != nil {
		t.Error(err)
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != "newer" {
		t.Errorf("the newer file holds %q, %v", raw, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are left, want one (%v)", len(left), err)
	}
	if err := create(filepath.Join(dir, "no", "where"), io.Discard, func(io.Writer) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func second(_ int, err error) error { return err }

func TestExitCodes(t *testing.T) {
	problem := func(status int, code string) error { return &rest.Problem{Status: status, Code: code} }
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"something did", errors.New("x"), cli.Failed},
		{"a task failed", errFailed, cli.Failed},
		{"a site said no", errRefused, cli.Refused},
		{"sites are away", errWaiting, cli.Waiting},
		{"the answer is not there yet", problem(409, rest.CodeNotDone), cli.Waiting},
		{"another conflict", problem(409, "LOC-OTHER"), cli.Failed},
		{"nobody knows this key", problem(401, rest.CodeDenied), cli.Denied},
		{"this key may not", problem(403, rest.CodeDenied), cli.Denied},
		{"the coordinator has no such thing", problem(404, rest.CodeNotFound), cli.NotFound},
		{"there is no such file", fs.ErrNotExist, cli.NotFound},
		{"there is no key", researcher.ErrNoHome, cli.NotFound},
		{"the study was not joined", researcher.ErrNotJoined, cli.NotFound},
		{"no member answers", rest.ErrUnavailable, cli.Unavailable},
		{"an altered answer", researcher.ErrAltered, cli.Altered},
		{"another's answer", researcher.ErrNotMine, cli.Altered},
		{"another roster", researcher.ErrRoster, cli.Altered},
		{"an impostor", rest.ErrPin, cli.Altered},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCode(fmt.Errorf("while asking: %w", tt.err)); got != tt.want {
				t.Errorf("exit code %d, want %d", got, tt.want)
			}
		})
	}
}
