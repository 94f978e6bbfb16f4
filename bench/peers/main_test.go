package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCountsAreComparedWithoutNames(t *testing.T) {
	theirs := "#CHROM\tID\tREF\n1\trs1\tA\t7\n1\trs2\tC\t8\n"
	for _, c := range []struct {
		name, ours string
		want       bool
	}{
		{"the same", theirs, true},
		{"other names", strings.ReplaceAll(theirs, "rs", "1:10:"), true},
		{"another count", strings.Replace(theirs, "8", "9", 1), false},
		{"another allele", strings.Replace(theirs, "C\t8", "G\t8", 1), false},
		{"a line too few", "#CHROM\tID\tREF\n1\trs1\tA\t7\n", false},
		{"a line too many", theirs + "1\trs3\tC\t8\n", false},
		{"nothing", "", false},
	} {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		for file, text := range map[string]string{a: c.ours, b: theirs} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := sameCounts(a, b); err != nil || got != c.want {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
	}
}

func TestTheFilesFitEachOther(t *testing.T) {
	for _, samples := range []int{1, 10, 11, 12, 13} {
		const variants = 50
		prefix := filepath.Join(t.TempDir(), "x")
		if err := writeBed(prefix, samples, variants); err != nil {
			t.Fatal(err)
		}
		bed, err := os.ReadFile(prefix + ".bed")
		if want := 3 + variants*((samples+3)/4); err != nil || len(bed) != want {
			t.Errorf("%d samples: a bed of %d bytes, want %d; %v", samples, len(bed), want, err)
		}
		if used := samples % 4; used > 0 && bed[len(bed)-1]>>(2*used) != 0 {
			t.Errorf("%d samples: bits are set behind the last", samples)
		}
		for suffix, want := range map[string]int{".bim": variants, ".fam": samples} {
			text, err := os.ReadFile(prefix + suffix)
			if got := strings.Count(string(text), "\n"); err != nil || got != want {
				t.Errorf("%d samples: %d lines of %s, want %d; %v", samples, got, suffix, want, err)
			}
		}
	}
}
