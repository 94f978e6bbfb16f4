package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/cli"
)

// soundDir is a directory of a node with a cohort, and 25 people as VCF, BGZF and bed.
func soundDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	vcf, table := cohort(25)
	var packed bytes.Buffer
	w := bgzf.NewWriter(&packed)
	if _, err := w.Write([]byte(vcf)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	fam := ""
	for i := range 25 {
		fam += fmt.Sprintf("0 S%03d 0 0 2 -9\n", i)
	}
	for name, content := range map[string]string{
		"people.vcf": vcf, "people.tsv": table, "packed.vcf.gz": packed.String(),
		"people.bed": "\x6c\x1b\x01" + strings.Repeat("\xaa", 6) + "\x02", "people.bim": "22 a 0 1000 G A\n", "people.fam": fam,
	} {
		put(t, dir, name, content)
	}
	if code, _, errs := locusNode(t, dir, "init", "--name", "geneva", "--organisation", "Geneva Hospital", "--country", "CH"); code != cli.Done {
		t.Fatal(errs)
	}
	if code, _, errs := locusNode(t, dir, "cohort", "add", "everyone", "people.vcf", "--samples", "people.tsv"); code != cli.Done {
		t.Fatal(errs)
	}
	return dir
}

// twin copies a directory to where it can be spoilt. Nobody else may read it.
func twin(t *testing.T, of string) string {
	t.Helper()
	dir := t.TempDir()
	err := os.CopyFS(dir, os.DirFS(of))
	if err == nil {
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return errors.Join(err, os.Chmod(path, 0o700))
			}
			return os.Chmod(path, 0o600)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// locusNode runs the program in a directory.
func locusNode(t *testing.T, dir string, args ...string) (code int, out, errs string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "locus-node", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "LOCUS_NODE_DIR="+filepath.Join(dir, "geneva"))
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	if err := c.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return code, o.String(), e.String()
}

func get(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edit changes a file by what it was.
func edit(name string, change func(string) string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { put(t, dir, name, change(get(t, dir, name))) }
}

// Whatever is wrong with its files, a cohort is refused in words that say what, where and
// how to mend it, and what the node had is as it was.
func TestCohortsOfBadFilesAreRefused(t *testing.T) {
	sound := soundDir(t)
	_, before, _ := locusNode(t, sound, "cohort", "show", "everyone", "-o", "json")
	shelf := shelfOf(t, sound)
	cut := func(n int) func(string) string { return func(s string) string { return s[:len(s)-n] } }
	with := func(more string) func(string) string { return func(s string) string { return s + more } }
	swap := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	for _, c := range []struct {
		name, file string
		make       func(t *testing.T, dir string)
		says       []string
	}{
		{"a bed that is cut short", "people.bed", edit("people.bed", cut(1)), []string{"people.bed", "does not fit bim and fam", "the bed has 9"}},
		{"a bed that is too long", "people.bed", edit("people.bed", with("\xaa")), []string{"people.bed", "does not fit bim and fam", "the bed has 11"}},
		{"a bed by sample", "people.bed", edit("people.bed", swap("\x1b\x01", "\x1b\x00")), []string{"people.bed", "sample", "plink"}},
		{"a fam of more people than the bed has", "people.bed", edit("people.fam", with("0 S900 0 0 2 -9\n0 S901 0 0 2 -9\n0 S902 0 0 2 -9\n0 S903 0 0 2 -9\n")), []string{"people.bed", "does not fit bim and fam", "29 samples"}},
		{"a fam with a sample twice", "people.bed", edit("people.fam", swap("S001", "S000")), []string{"people.bed", "line 2", "--update-ids"}},
		{"a bim that is not there", "people.bed", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "people.bim")); err != nil {
				t.Fatal(err)
			}
		}, []string{"people.bim", "put the files that belong together beside one another"}},
		{"a BGZF that is cut short", "packed.vcf.gz", edit("packed.vcf.gz", cut(60)), []string{"packed.vcf.gz", "at byte"}},
		{"a BGZF without its end", "packed.vcf.gz", edit("packed.vcf.gz", cut(28)), []string{"packed.vcf.gz", "at byte"}},
		{"a BGZF with a flipped bit", "packed.vcf.gz", edit("packed.vcf.gz", func(s string) string { return s[:120] + string([]byte{s[120] ^ 1}) + s[121:] }), []string{"packed.vcf.gz", "at byte"}},
		{"a BGZF with garbage behind it", "packed.vcf.gz", edit("packed.vcf.gz", with("garbage")), []string{"packed.vcf.gz", "at byte"}},
		{"a VCF that ends in the middle of a line", "people.vcf", edit("people.vcf", cut(20)), []string{"people.vcf", "line 5"}},
		{"a variant twice", "people.vcf", edit("people.vcf", func(s string) string { return s + s[strings.LastIndex(s, "22\t1000"):] }), []string{"people.vcf", "line 6", "twice"}},
		{"no genotype file at all", "people.tsv", func(*testing.T, string) {}, []string{"people.tsv", "VCF", "BCF", "bed", "pgen", "BGEN"}},
		{"a picture", "picture.png", func(t *testing.T, dir string) { put(t, dir, "picture.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR") }, []string{"picture.png", "VCF"}},
		{"an empty file", "empty.vcf", func(t *testing.T, dir string) { put(t, dir, "empty.vcf", "") }, []string{"empty.vcf", "VCF"}},
		{"a directory", "geneva", func(*testing.T, string) {}, []string{"geneva", "no regular file", "name a file"}},
		{"a pipe", "pipe.vcf", func(t *testing.T, dir string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "pipe.vcf"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"pipe.vcf", "no regular file"}},
		{"a VCF with a sample twice", "people.vcf", edit("people.vcf", swap("S001", "S000")), []string{"people.vcf", "line 4", "column 11 has the name of one before", "bcftools reheader"}},
		{"a bim with a short line", "people.bed", edit("people.bim", with("22 b\n")), []string{"people.bed", "bim, line 2", "mend the line"}},
		{"a file that is not there", "nowhere.vcf", func(*testing.T, string) {}, []string{"nowhere.vcf"}},
		{"a prefix of two formats", "people", func(t *testing.T, dir string) { put(t, dir, "people.pgen", "") }, []string{"name one of them"}},
		{"a table with someone who is not in the file", "people.vcf", edit("people.tsv", with("S900\tP900\tfemale\t0\n")), []string{"sample table", "line 27", "not in the genotype file", "leave the line out"}},
		{"a table with a sample twice", "people.vcf", edit("people.tsv", with("S001\tP900\tfemale\t0\n")), []string{"sample table", "line 27"}},
		{"a table with a person twice", "people.vcf", edit("people.tsv", swap("P001", "P000")), []string{"sample table", "line 3"}},
		{"a table of the other sex", "people.bed", edit("people.tsv", swap("female", "male")), []string{"sample table", "line 2", "other sex", "mend the other"}},
		{"a table without its columns", "people.vcf", edit("people.tsv", swap("person_id", "person")), []string{"sample table", "line 1", "person_id"}},
		{"a table that is none", "people.vcf", edit("people.tsv", func(string) string { return "\x00\x01" }), []string{"sample table", "line 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := twin(t, sound)
			c.make(t, dir)
			code, out, errs := locusNode(t, dir, "cohort", "add", "everyone", c.file, "--samples", "people.tsv")
			if code != cli.Refused || out != "" {
				t.Errorf("exit code %d, want %d; %s", code, cli.Refused, out)
			}
			for _, want := range c.says {
				if !strings.Contains(errs, want) {
					t.Errorf("it does not say %q: %s", want, errs)
				}
			}
			for _, secret := range []string{"S000", "S001", "S900", "P000", "P900"} {
				if strings.Contains(errs, secret) {
					t.Errorf("it tells of %s: %s", secret, errs)
				}
			}
			if _, after, _ := locusNode(t, dir, "cohort", "show", "everyone", "-o", "json"); after != before || before == "" {
				t.Errorf("the cohort was\n%s\nand is\n%s", before, after)
			}
			if now := shelfOf(t, dir); now != shelf {
				t.Errorf("on the shelf were\n%s\nand are\n%s", shelf, now)
			}
		})
	}
}

// shelfOf is what the node keeps of cohorts, by name and content.
func shelfOf(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "geneva", "cohorts"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		fmt.Fprintf(&all, "%s %x\n", f.Name(), get(t, dir, filepath.Join("geneva", "cohorts", f.Name())))
	}
	return all.String()
}

// An index that lies beside a file is not what the file is read by.
func TestAnIndexBesideACohortsFileIsNotBelieved(t *testing.T) {
	dir := soundDir(t)
	_, want, _ := locusNode(t, dir, "cohort", "show", "everyone")
	for _, index := range []string{"", "garbage", "TBI\x01"} {
		put(t, dir, "packed.vcf.gz.tbi", index)
		put(t, dir, "packed.vcf.gz.csi", index)
		code, out, errs := locusNode(t, dir, "cohort", "add", "everyone", "packed.vcf.gz", "--samples", "people.tsv")
		if code != cli.Done || out != want {
			t.Errorf("%q: exit code %d, %s%s", index, code, out, errs)
		}
	}
}
