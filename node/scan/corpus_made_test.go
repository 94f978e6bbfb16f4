package scan_test

import (
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/scan"
)

func TestTheScannerDoesNotHaveTheNamesOfTheCorpus(t *testing.T) {
	for _, name := range strings.Fields(corpusGiven + " " + corpusLast) {
		if scan.Listed(name) {
			t.Errorf("%s is in the lists", name)
		}
	}
}

func TestTheCorpusHasEverySortAndScheme(t *testing.T) {
	m := newMaker(3, true)
	got := map[string]int{}
	for range 2000 {
		d := m.document(true)
		for _, p := range d.plants {
			got[p.sort]++
			got[p.scheme]++
			if p.part == "header" && (p.at < 2 || p.at > len(d.header) || strings.HasPrefix(d.header[p.at-1], "##contig")) {
				t.Fatalf("a plant in line %d, which is not its own", p.at)
			}
		}
		for _, row := range d.table {
			if len(row) != len(d.table[0]) {
				t.Fatal("a line of the table is too short")
			}
		}
	}
	for _, s := range corpusSchemes {
		if got[s.name] < 10 {
			t.Errorf("%d numbers of %s", got[s.name], s.name)
		}
	}
	for _, p := range corpusPlants {
		if got[p.sort] < 100 {
			t.Errorf("%d times %s", got[p.sort], p.sort)
		}
	}
}
