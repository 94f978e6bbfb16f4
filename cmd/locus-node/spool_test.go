package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
)

// counted is what two strata have at a site.
func counted(pos uint32, alt string) []tally.SiteCounts {
	site := &genotype.Site{Contig: "chr7", Pos: pos, Ref: "A", Alts: []string{alt}}
	return []tally.SiteCounts{{Site: site, AC: []int64{int64(pos % 13)}, AN: 100}, {Site: site, AC: []int64{0}, AN: int64(pos)}}
}

func TestReportsAreWholeHoweverTheyAreWritten(t *testing.T) {
	long := strings.Repeat("ACGT", roomForLines)
	for name, alt := range map[string]func(i int) string{
		"nothing was written before the end": func(i int) string { return map[bool]string{true: "C", false: ""}[i < 9] },
		"written in many parts":              func(i int) string { return "CAT"[:1+i%3] },
		"a line is longer than a part":       func(i int) string { return map[bool]string{true: long, false: "G"}[i == 5000] },
	} {
		t.Run(name, func(t *testing.T) {
			form, out := table.SiteTSV(), filepath.Join(t.TempDir(), "made.tsv")
			w := &spools{form: form, out: out}
			defer w.remove()
			want := [][]byte{[]byte(form.Head), []byte(form.Head)}
			for i := 0; i < 9000 && alt(i) != ""; i++ {
				counts := counted(uint32(i+1), alt(i))
				if err := w.add([]string{"a", "b"}, counts); err != nil {
					t.Fatal(err)
				}
				for k, c := range counts {
					want[k] = form.Append(want[k], &table.Site{Contig: "chr7", Pos: uint32(i + 1), Ref: "A", Alts: c.Site.Alts, AC: c.AC, AN: c.AN})
				}
			}
			for i, s := range w.files {
				if most := 2 * roomForLines; cap(s.lines) > most {
					t.Errorf("%d bytes are held for a report; want %d at most", cap(s.lines), most)
				}
				path := stratumFile(out, string(rune('a'+i)))
				if err := w.publish(i, nil, path, node.CountSummary{}); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want[i]) {
					t.Errorf("stratum %d: %s", i, cmp.Diff(len(want[i]), len(got)))
				}
			}
		})
	}
}

func TestAFullDiskEndsACount(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this machine has no /dev/full")
	}
	w := &spools{form: table.SiteTSV()}
	defer w.remove()
	if err := w.open(1); err != nil {
		t.Fatal(err)
	}
	w.files[0].file.Close()
	w.files[0].file = full
	for i := range 9000 {
		if err = w.add([]string{""}, counted(uint32(i), "C")[:1]); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want %v before the report is at its end", err, syscall.ENOSPC)
	}
	if err := w.publish(0, os.Stderr, "", node.CountSummary{}); err == nil && len(w.files[0].lines) > 0 {
		t.Error("what was not written is shown")
	}
}
