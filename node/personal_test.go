package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/scan"
)

// edit replaces a text in a file of the toy data.
func edit(t *testing.T, path, old, with string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %q", filepath.Base(path), old)
	}
	writeFile(t, path, strings.Replace(string(b), old, with, 1))
}

// header is the first line of a VCF and one more.
func headerWith(line string) string { return "##fileformat=VCFv4.2\n" + line + "\n" }

// The names of people whom nobody must be able to find in what is said of them.
var secrets = []string{"Rossi", "Maria", "1985", "756.9217", "rossi@"}

func TestPersonalDataIsFoundInEveryPlace(t *testing.T) {
	for _, c := range []struct {
		name, file string
		change     func(t *testing.T, dir string, spec *CohortSpec)
		sort       scan.Sort
		part       scan.Part
		kept       bool // it cannot be dropped
	}{
		{"a line of a VCF's header", "toy.vcf", func(t *testing.T, dir string, _ *CohortSpec) {
			edit(t, filepath.Join(dir, "toy.vcf"), "##fileformat=VCFv4.2\n", headerWith(`##SAMPLE=<ID=x,Name="Maria Rossi">`))
		}, scan.PersonName, scan.Header, false},
		{"a sample of a VCF", "toy.vcf", func(t *testing.T, dir string, _ *CohortSpec) {
			edit(t, filepath.Join(dir, "toy.vcf"), "FORMAT\t", "FORMAT\tRossi_Maria\t")
			b, err := os.ReadFile(filepath.Join(dir, "toy.vcf"))
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
			for i, l := range lines {
				if !strings.HasPrefix(l, "#") {
					lines[i] = l + "\t0/0"
				}
			}
			writeFile(t, filepath.Join(dir, "toy.vcf"), strings.Join(lines, "\n")+"\n")
		}, scan.PersonName, scan.SampleName, false},
		{"a family of a fam", "toy.bed", func(t *testing.T, dir string, _ *CohortSpec) {
			b, err := os.ReadFile(filepath.Join(dir, "toy.fam"))
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(b), firstField(string(b)))
			writeFile(t, filepath.Join(dir, "toy.fam"), "Rossi_Maria"+rest)
		}, scan.PersonName, scan.Table, false},
		{"a column of the sample table", "toy.vcf", func(t *testing.T, _ string, spec *CohortSpec) {
			column(t, spec.Samples, "dob", "1985-02-03")
		}, scan.BirthDate, scan.Table, false},
		{"a number in a column of another name", "toy.vcf", func(t *testing.T, _ string, spec *CohortSpec) {
			column(t, spec.Samples, "ref2", "756.9217.0769.85")
		}, scan.NationalNumber, scan.Table, false},
		{"the name of the sample table", "toy.vcf", func(t *testing.T, dir string, spec *CohortSpec) {
			to := filepath.Join(dir, "maria_rossi.tsv")
			if err := os.Rename(spec.Samples, to); err != nil {
				t.Fatal(err)
			}
			spec.Samples = to
		}, scan.PersonName, scan.FileName, true},
		{"the name of the cohort", "toy.vcf", func(_ *testing.T, _ string, spec *CohortSpec) { spec.Name = "Maria Rossi" }, scan.PersonName, scan.Typed, true},
		{"the filter", "toy.vcf", func(t *testing.T, _ string, spec *CohortSpec) {
			column(t, spec.Samples, "x", "y")
			spec.Filter = "x=m.rossi@unige.ch"
		}, scan.Email, scan.Typed, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := toyFiles(t)
			spec := toySpec(dir, c.file)
			c.change(t, dir, &spec)
			_, _, err := readDataset(t.Context(), child(t), spec, nil)
			var found *PersonalError
			if !errors.As(err, &found) || !errors.Is(err, ErrPersonal) {
				t.Fatalf("got %v", err)
			}
			f := found.Findings[0]
			if f.Sort != c.sort || f.Part != c.part || found.Report.Counts[c.sort-1] == 0 {
				t.Errorf("found %v", found.Findings)
			}
			told, _ := json.Marshal(f.Finding)
			for _, s := range secrets {
				if strings.Contains(fmt.Sprint(err, f.Finding, string(told), f.Where(), f.What(), f.Mend()), s) {
					t.Errorf("what is said has %q in it", s)
				}
			}
			spec.Personal = DropPersonal
			d, summary, err := readDataset(t.Context(), child(t), spec, nil)
			switch {
			case c.kept:
				if !errors.As(err, &found) || !found.Kept {
					t.Errorf("what is kept can be dropped: %v", err)
				}
				return
			case err != nil:
				t.Fatal(err)
			case summary.Personal[c.sort.String()] == 0:
				t.Errorf("the card has %v", summary.Personal)
			}
			raw, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range secrets {
				if strings.Contains(string(raw), s) {
					t.Errorf("the records have %q", s)
				}
			}
		})
	}
}

// Users' folders in the paths of a header are told and dropped; whatever else there is, or
// would be kept, is refused.
func TestUsersFoldersInHeadersAreNoReasonToRefuse(t *testing.T) {
	const command = `##bcftools_viewCommand=view -o /home/maria.rossi/x.vcf.gz`
	for _, c := range []struct {
		name, lines string
		change      func(t *testing.T, spec *CohortSpec)
		refused     bool
	}{
		{"in paths alone", command + "\n##reference=file:///home/rossi/GRCh38.fa", nil, false},
		{"and a patient", command + "\n##patient=Maria Rossi", nil, true},
		{"and a file of a patient's", command + "\n##cmd=/home/ubuntu/maria_rossi.bam", nil, true},
		{"and an address", command + "\n##contact=rossi@unige.ch", nil, true},
		{"as a contig", "##contig=<ID=/home/rossi/x,length=3>", nil, true},
		{"and a column of the table", command, func(t *testing.T, spec *CohortSpec) { column(t, spec.Samples, "dob", "1985-02-03") }, true},
		{"and the same in a column of the table", command, func(t *testing.T, spec *CohortSpec) { column(t, spec.Samples, "file", "/home/maria.rossi/x.bam") }, true},
		{"and the name of the cohort", command, func(_ *testing.T, spec *CohortSpec) { spec.Name = "Maria Rossi" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := toyFiles(t)
			edit(t, filepath.Join(dir, "toy.vcf"), "##fileformat=VCFv4.2\n", headerWith(c.lines))
			spec := toySpec(dir, "toy.vcf")
			if c.change != nil {
				c.change(t, &spec)
			}
			d, summary, err := readDataset(t.Context(), child(t), spec, nil)
			if c.refused {
				if !errors.Is(err, ErrPersonal) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil || summary.UserFolders != 2 || summary.Personal != nil {
				t.Fatalf("%d folders, personal data %v, %v", summary.UserFolders, summary.Personal, err)
			}
			raw, err := json.Marshal(d)
			if err != nil || strings.Contains(strings.ToLower(string(raw)), "rossi") {
				t.Errorf("the records have it, or %v", err)
			}
		})
	}
}

func firstField(line string) string {
	return line[:strings.IndexAny(line, " \t")]
}

// column adds one to a table, with the same value for all.
func column(t *testing.T, path, name, value string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	for i := range lines {
		lines[i] += "\t" + value
	}
	lines[0] = strings.TrimSuffix(lines[0], value) + name
	writeFile(t, path, strings.Join(lines, "\n")+"\n")
}

func TestAttackACohortWithNamesInItsHeader(t *testing.T) {
	dir := toyFiles(t)
	edit(t, filepath.Join(dir, "toy.vcf"), "##fileformat=VCFv4.2\n", headerWith(`##patient=Maria Rossi, born 1985-02-03`))
	debug.Defended(t, debug.PersonalData, func() error {
		_, _, err := readDataset(t.Context(), child(t), toySpec(dir, "toy.vcf"), nil)
		if err != nil && !errors.Is(err, ErrPersonal) {
			t.Errorf("got %v, want %v", err, ErrPersonal)
		}
		return err
	})
}

func TestWhatWasTakenInIsNotSearchedAgain(t *testing.T) {
	dir := toyFiles(t)
	spec := toySpec(dir, "toy.vcf")
	column(t, spec.Samples, "dob", "1985-02-03")
	spec.again = true
	if _, _, err := readDataset(t.Context(), child(t), spec, nil); err != nil {
		t.Error(err)
	}
}
