package synth_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/synth"
)

// count is AC and AN.
type count struct{ ac, an int64 }

// table reads a tab-separated file, with or without its header line.
func table(t *testing.T, path string, header bool) [][]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(raw)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	if header {
		rows = rows[1:]
	}
	return rows
}

// males tells who is one, by sample.
func males(t *testing.T, path string) map[string]bool {
	t.Helper()
	m := map[string]bool{}
	for _, row := range table(t, path, true) {
		m[row[0]] = row[2] == "male"
	}
	return m
}

// countVCF counts a VCF in the plainest way, and holds each call against the ploidy of
// who it is of.
func countVCF(t *testing.T, s synth.Site) (map[string]count, int) {
	t.Helper()
	counts, halves := map[string]count{}, 0
	male := males(t, s.Samples)
	var samples []string
	for _, row := range table(t, s.Genotypes, false) {
		if row[0] == "#CHROM" {
			samples = row[9:]
		}
		if strings.HasPrefix(row[0], "#") {
			continue
		}
		contig := strings.TrimPrefix(row[0], "chr")
		if contig == "M" {
			contig = "MT"
		}
		var c count
		for i, gt := range row[9:] {
			want := 2
			if contig == "MT" || contig == "X" && male[samples[i]] {
				want = 1
			}
			alleles := strings.Split(gt, "/")
			if len(alleles) != want {
				t.Fatalf("a call of %d copies on %s, want %d", len(alleles), contig, want)
			}
			missing := strings.Count(gt, ".")
			if want == 2 && missing == 1 {
				halves++
			}
			c.ac += int64(strings.Count(gt, "1"))
			c.an += int64(want - missing)
		}
		counts[strings.Join([]string{contig, row[1], row[3], row[4]}, "\t")] = c
	}
	return counts, halves
}

// countBed counts a bed: one copy for a male's X and for MT, where a het is not allowed.
func countBed(t *testing.T, s synth.Site) map[string]count {
	t.Helper()
	base := strings.TrimSuffix(s.Genotypes, ".bed")
	fam, bim := table(t, base+".fam", false), table(t, base+".bim", false)
	raw, err := os.ReadFile(s.Genotypes)
	if err != nil {
		t.Fatal(err)
	}
	width := (len(fam) + 3) / 4
	if !bytes.HasPrefix(raw, []byte{0x6c, 0x1b, 1}) || len(raw) != 3+width*len(bim) {
		t.Fatalf("%d bytes for %d variants of %d people", len(raw), len(bim), len(fam))
	}
	male := males(t, s.Samples)
	counts := map[string]count{}
	for k, v := range bim {
		row := raw[3+k*width:][:width]
		if pad := len(fam) % 4; pad != 0 && row[width-1]>>(2*pad) != 0 {
			t.Fatal("bits of nobody are set")
		}
		var c count
		for i, person := range fam {
			if (person[4] == "1") != male[person[1]] {
				t.Fatal("the sex in fam is not that in the table")
			}
			copies := int64(2)
			if v[0] == "MT" || v[0] == "X" && person[4] == "1" {
				copies = 1
			}
			switch row[i/4] >> (i % 4 * 2) & 3 {
			case 0:
				c.ac, c.an = c.ac+copies, c.an+copies
			case 2:
				if copies == 1 {
					t.Fatalf("a het call of one copy on %s", v[0])
				}
				c.ac, c.an = c.ac+1, c.an+2
			case 3:
				c.an += copies
			}
		}
		counts[strings.Join([]string{v[0], v[3], v[5], v[4]}, "\t")] = c
	}
	return counts
}

func write(t *testing.T, c synth.Config) synth.Files {
	t.Helper()
	f, err := synth.Write(t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTruthIsWhatTheFilesSay(t *testing.T) {
	for _, c := range []synth.Config{
		{Seed: 1, People: 203, Variants: 1500},
		{Seed: 2, Sites: 5, People: 9, Variants: 400, Formats: []synth.Format{synth.Bed, synth.VCF}},
		{Seed: 3, Sites: 1, People: 1, Variants: 60},
		{Seed: 4, Sites: 2, People: 4, Variants: 1},
	} {
		t.Run(fmt.Sprintf("%d sites of %d people", c.Sites, c.People), func(t *testing.T) {
			f := write(t, c)
			pooled, assayed, halves := map[string]count{}, 0, 0
			for _, s := range f.Sites {
				var counts map[string]count
				if strings.HasSuffix(s.Genotypes, ".bed") {
					counts = countBed(t, s)
				} else {
					var n int
					counts, n = countVCF(t, s)
					halves += n
				}
				if n := len(males(t, s.Samples)); n != c.People {
					t.Errorf("%s: a table of %d people, want %d", s.Name, n, c.People)
				}
				assayed += len(counts)
				for v, n := range counts {
					pooled[v] = count{pooled[v].ac + n.ac, pooled[v].an + n.an}
				}
			}
			truth, panel := table(t, f.Truth, true), table(t, f.Panel, true)
			if len(truth) != c.Variants || len(panel) != c.Variants {
				t.Fatalf("%d variants in the truth and %d in the panel, want %d", len(truth), len(panel), c.Variants)
			}
			for i, row := range truth {
				v := strings.Join(row[:4], "\t")
				if v != strings.Join(panel[i], "\t") {
					t.Fatalf("truth and panel differ in line %d", i+2)
				}
				if got := (count{number(t, row[4]), number(t, row[5])}); got != pooled[v] {
					t.Errorf("%s: the truth is %+v, the files say %+v", v, got, pooled[v])
				}
			}
			if c.Seed == 1 && (halves == 0 || assayed >= 3*c.Variants || assayed < 3*c.Variants-c.Variants/10) {
				t.Errorf("%d half calls, %d assays of %d variants at 3 sites: want some half calls, and some variants missing at a site",
					halves, assayed, c.Variants)
			}
		})
	}
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	read := func(seed uint64) map[string]string {
		dir := t.TempDir()
		if _, err := synth.Write(dir, synth.Config{Seed: seed, People: 40, Variants: 300}); err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		paths, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			raw, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(p)] = string(raw)
		}
		return files
	}
	a, b, other := read(7), read(7), read(8)
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
	if len(a) != 10 {
		t.Errorf("%d files, want panel, truth, and vcf, bed, bim, fam, vcf with three tables", len(a))
	}
	for name := range a {
		if a[name] == other[name] {
			t.Errorf("%s is the same for another seed", name)
		}
	}
}

// What the cohorts are for: many rare variants, some common ones, populations that
// differ, and something on every kind of chromosome. The bounds are wide; the seed is fixed.
func TestCohortsLookLikeCohorts(t *testing.T) {
	f := write(t, synth.Config{Seed: 5, Sites: 4, People: 500, Variants: 4000, Formats: []synth.Format{synth.VCF}})
	rare, common, absent := 0, 0, 0
	contigs := map[string]int{}
	for _, row := range table(t, f.Truth, true) {
		contigs[row[0]]++
		switch af := float64(number(t, row[4])) / float64(number(t, row[5])); {
		case af == 0:
			absent++
		case af < 0.01:
			rare++
		case af > 0.05:
			common++
		}
	}
	if rare < 1000 || common < 600 || absent > 1000 {
		t.Errorf("%d rare, %d common and %d absent variants of 4000", rare, common, absent)
	}
	for _, c := range []string{"1", "2", "7", "11", "17", "22", "X", "MT"} {
		if contigs[c] == 0 {
			t.Errorf("no variant on %s", c)
		}
	}
	// F_ST between two sites over common variants, by the ratio of averages.
	a, _ := countVCF(t, f.Sites[0])
	b, _ := countVCF(t, f.Sites[3])
	var between, total float64
	for v, x := range a {
		y := b[v]
		if x.an == 0 || y.an == 0 {
			continue
		}
		p, q := float64(x.ac)/float64(x.an), float64(y.ac)/float64(y.an)
		m := (p + q) / 2
		between, total = between+(p-q)*(p-q)/4, total+m*(1-m)
	}
	if fst := between / total; fst < 0.005 || fst > 0.1 {
		t.Errorf("F_ST between two sites is %.4f, want something between 0.005 and 0.1", fst)
	}
	if contig, stretch, ok := strings.Cut(f.Region, ":"); !ok || contig != "7" || !strings.Contains(stretch, "-") {
		t.Errorf("region %q, want a stretch of 7", f.Region)
	}
}

// shouting is a compressor that anyone can undo.
type shouting struct {
	w      io.Writer
	closed *int
}

func (s shouting) Write(p []byte) (int, error) { return s.w.Write(bytes.ToUpper(p)) }
func (s shouting) Close() error                { *s.closed++; return nil }

func TestCompressWrapsEveryVCF(t *testing.T) {
	closed := 0
	f := write(t, synth.Config{Seed: 1, People: 5, Variants: 20, Compress: func(w io.Writer) (io.WriteCloser, error) {
		return shouting{w, &closed}, nil
	}})
	for i, s := range f.Sites {
		raw, err := os.ReadFile(s.Genotypes)
		if err != nil {
			t.Fatal(err)
		}
		if isVCF := i != 1; isVCF != strings.HasSuffix(s.Genotypes, ".vcf.gz") || isVCF != bytes.HasPrefix(raw, []byte("##FILEFORMAT=VCF")) {
			t.Errorf("%s begins with %.20q", s.Genotypes, raw)
		}
	}
	if closed != 2 {
		t.Errorf("%d compressors were closed, want 2", closed)
	}
	broken := errors.New("no compressor")
	_, err := synth.Write(t.TempDir(), synth.Config{People: 5, Variants: 20, Compress: func(io.Writer) (io.WriteCloser, error) { return nil, broken }})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]synth.Config{
		"sites below none":    {Sites: -1},
		"sites over any need": {Sites: 101},
		"people below none":   {People: -5},
		"too many variants":   {Variants: 1 << 30},
		"an unknown format":   {Formats: []synth.Format{9}},
	} {
		if _, err := synth.Write(t.TempDir(), c); !errors.Is(err, synth.ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
	if _, err := synth.Write(filepath.Join(t.TempDir(), "nowhere"), synth.Config{People: 5, Variants: 5}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// BenchmarkQuickstart makes what the demonstration needs.
func BenchmarkQuickstart(b *testing.B) {
	for b.Loop() {
		if _, err := synth.Write(b.TempDir(), synth.Config{Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
