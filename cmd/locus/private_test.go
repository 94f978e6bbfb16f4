package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

var update = flag.Bool("update", false, "write the golden files anew")

// isGolden holds what was written against a file.
func isGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "private", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-golden +got):\n%s", name, d)
	}
}

// privateAnswer is an answer of n variants with noise.
func privateAnswer(n int) researcher.Answer {
	a := answerOf(n)
	a.Mode = protocol.Private
	a.Noise = &researcher.Noise{
		Spread: 131.5, Cost: account.Cost{Rho: 11_600_000_000, Delta: 1}, Epsilon: 0.9999, Delta: 1e-9, Honest: 2, Release: 3, People: 6000, Confidence: 0.99,
	}
	for i := range n {
		a.Estimates = append(a.Estimates, dp.Estimate{AF: float64(i) / 12_000, Error: 0.005, High: 0.01, To: 0.02})
	}
	return a
}

func TestAPrivateAnswerInEachFormat(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			var out, card bytes.Buffer
			o := output{format: f.name}
			if err := o.write(&app{out: &out, err: &card}, privateAnswer(3)); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"dp: differentially private, epsilon 0.9999 at delta 1e-09 (rho 0.0116), release 3", "standard deviation 131.5"} {
				if !strings.Contains(card.String(), want) {
					t.Errorf("beneath it there is no %q:\n%s", want, card.String())
				}
			}
			if f.name != "afreq" && !strings.Contains(out.String(), "0.005") {
				t.Errorf("the error is not in it:\n%s", out.String())
			}
			isGolden(t, "answer"+f.ending, out.Bytes())
			isGolden(t, "answer.card", card.Bytes())
			for line := range strings.Lines(out.String()) {
				if f.name == "vcf" && strings.HasPrefix(line, "##") && strings.ContainsAny(line[:strings.Index(line, "=")], " ,") {
					t.Errorf("no VCF has a line %q", line)
				}
			}
			if f.name == "vcf" && strings.Contains(out.String(), "AC=") {
				t.Errorf("an estimate stands where a count is due:\n%s", out.String())
			}
			if f.name != "json" {
				return
			}
			var is struct {
				Private bool `json:"differentiallyPrivate"`
				Noise   struct{ Rho, Epsilon, Delta, Confidence float64 }
				Rows    []struct{ AF, SE, Low, High float64 }
			}
			if err := json.Unmarshal(out.Bytes(), &is); err != nil {
				t.Fatal(err)
			}
			if !is.Private || is.Noise.Rho != 0.0116 || is.Noise.Confidence != 0.99 || len(is.Rows) != 3 || is.Rows[1].SE != 0.005 {
				t.Errorf("as JSON it is %+v", is)
			}
		})
	}
}
