package scan_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/scan"
)

var tune = flag.Bool("tune", false, "judge the scanner on the corpus for tuning, and show what it misses and what it takes for more")

const (
	documents   = 10_000
	leastRecall = 0.99
	leastPrec   = 0.95
	heldOutSeed = 20261125
	tuningSeed  = 1
)

// score counts what was planted and what was found: of a sort, or of all.
type score struct{ planted, hit, found, right int }

func (s *score) recall() float64    { return float64(s.hit) / float64(max(1, s.planted)) }
func (s *score) precision() float64 { return float64(s.right) / float64(max(1, s.found)) }

// judged is what became of a corpus.
type judged struct {
	sorts, schemes, parts map[string]*score
	all, documents        score
	schemesRight          int
}

func of(m map[string]*score, key string) *score {
	if m[key] == nil {
		m[key] = new(score)
	}
	return m[key]
}

// spot is a place and a sort: what counts once, planted or found.
type spot struct {
	sort, part string
	at         int
}

// findingsOf scans a document as a node does.
func findingsOf(d document) map[spot]scan.Finding {
	var s scan.Scanner
	for i, line := range d.header {
		s.Header(i+1, []byte(line))
	}
	s.Samples(d.samples)
	for i, name := range d.files {
		s.Name(i+1, name)
	}
	r := s.Report()
	table := scan.NewTable(&r, 0, scan.Tabbed)
	for _, row := range d.table {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	table.Close()
	found := map[spot]scan.Finding{}
	for _, f := range r.Findings {
		at := int(f.Line)
		if f.Part == scan.Table {
			at = int(f.Column)
		}
		found[spot{f.Sort.String(), f.Part.String(), at}] = f
	}
	return found
}

func judge(t *testing.T, m *maker, n int) *judged {
	j := &judged{sorts: map[string]*score{}, schemes: map[string]*score{}, parts: map[string]*score{}}
	shown := 0
	show := func(format string, args ...any) {
		if *tune && shown < 150 {
			shown++
			t.Logf(format, args...)
		}
	}
	for i := range n {
		d := m.document(i%2 == 0)
		found := findingsOf(d)
		planted := map[spot]plant{}
		for _, p := range d.plants {
			planted[spot{p.sort, p.part, p.at}] = p
		}
		for at, p := range planted {
			f, ok := found[at]
			for _, s := range []*score{of(j.sorts, p.sort), of(j.parts, p.part), &j.all} {
				s.planted++
				if ok {
					s.hit++
				}
			}
			if p.scheme != "" {
				s := of(j.schemes, p.scheme)
				s.planted++
				if ok {
					s.hit++
					if f.Scheme.String() == p.scheme {
						j.schemesRight++
					}
				}
			}
			if !ok {
				show("missed %s %s: %s", p.sort, p.scheme, d.text(at))
			}
		}
		for at, f := range found {
			_, right := planted[at]
			for _, s := range []*score{of(j.sorts, at.sort), of(j.parts, at.part), &j.all} {
				s.found++
				if right {
					s.right++
				}
			}
			if !right {
				show("no %s: %s (byte %d, %s)", f.What(), d.text(at), f.Column, f.Key)
			}
		}
		if len(planted) > 0 {
			j.documents.planted++
		}
		if len(found) > 0 {
			j.documents.found++
			if len(planted) > 0 {
				j.documents.hit++
				j.documents.right++
			}
		}
	}
	return j
}

// text is what stands at a spot.
func (d document) text(at spot) string {
	switch at.part {
	case "header":
		return d.header[at.at-1]
	case "sample":
		return d.samples[at.at-1]
	case "file":
		return d.files[at.at-1]
	}
	return fmt.Sprint(d.table[0][at.at-1], " ", d.table[1][at.at-1], " ", d.table[2][at.at-1])
}

func (j *judged) report(t *testing.T) {
	t.Helper()
	row := func(what string, s *score) {
		t.Logf("%-20s planted %5d  recall %.4f  precision %.4f", what, s.planted, s.recall(), s.precision())
	}
	for _, s := range scan.Sorts() {
		row(s.String(), of(j.sorts, s.String()))
	}
	for _, p := range []string{"header", "sample", "file", "table"} {
		row("in a "+p, of(j.parts, p))
	}
	for _, s := range corpusSchemes {
		t.Logf("%-20s planted %5d  recall %.4f", s.name, of(j.schemes, s.name).planted, of(j.schemes, s.name).recall())
	}
	row("all", &j.all)
	row("documents", &j.documents)
	t.Logf("the scheme is right of %.4f of the national numbers", float64(j.schemesRight)/float64(max(1, of(j.sorts, "national number").hit)))
}

func TestRecallAndPrecisionOnTheCorpus(t *testing.T) {
	m, n := newMaker(heldOutSeed, true), documents
	if *tune {
		m, n = newMaker(tuningSeed, false), 4000
	}
	if testing.Short() {
		n = 1000
	}
	j := judge(t, m, n)
	j.report(t)
	for what, s := range map[string]*score{"what was planted": &j.all, "documents": &j.documents} {
		if s.recall() < leastRecall || s.precision() < leastPrec {
			t.Errorf("%s: recall %.4f, precision %.4f; want %g and %g", what, s.recall(), s.precision(), leastRecall, leastPrec)
		}
	}
}
