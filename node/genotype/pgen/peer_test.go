package pgen_test

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// study makes up a VCF that has plink2 use every kind of record: rare and common
// alleles, runs of sites that are like the one before or its contrary, sites at which
// most have no call or two ALTs, sites of many ALTs, phases, and dosages if wanted.
type study struct {
	samples, sites int
	most           int // ALTs of a site, now and then
	dosage         int // one in so many has one, 0 for none
	phased         bool
}

func (s study) write(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(s.samples), uint64(s.sites)))
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n##contig=<ID=1,length=249250621>\n" +
		"##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"\">\n" +
		"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range s.samples {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	before := make([][2]int, s.samples)
	for v := range s.sites {
		alts := 1
		if s.most > 1 && v%7 == 6 {
			alts = 2 + rng.IntN(s.most-1)
		}
		fmt.Fprintf(&b, "\n1\t%d\t.\tA\t", 100+v)
		for k := range alts {
			b.WriteString([]string{"", ","}[min(k, 1)] + "AC" + strings.Repeat("G", k))
		}
		b.WriteString("\t.\tPASS\t.\t" + []string{"GT", "GT:DS"}[bit(s.dosage > 0 && alts == 1)])
		s.genotypes(rng, v, alts, before)
		for _, g := range before {
			s.genotype(rng, &b, g, alts)
		}
	}
	b.WriteByte('\n')
	name := filepath.Join(t.TempDir(), "study.vcf")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// genotypes draws a site, which may be much like the one before. -1 is no call.
func (s study) genotypes(rng *rand.Rand, v, alts int, g [][2]int) {
	often := []float64{0.001, 0.01, 0.3, 0.5, 0.99, 1}[v/6%6]
	missing := []float64{0, 0.001, 0.02, 0.97}[v/12%4]
	for i := range g {
		switch {
		case alts == 1 && v%6 == 2 && g[i][0] >= 0: // the contrary
			g[i] = [2]int{1 - min(1, g[i][0]), 1 - min(1, g[i][1])}
			continue
		case alts == 1 && v%6 != 0 && rng.Float64() < 0.99 && max(g[i][0], g[i][1]) < 2:
			continue
		case rng.Float64() < missing:
			g[i] = [2]int{-1, -1}
			continue
		}
		for k := range g[i] {
			g[i][k] = 0
			if rng.Float64() < often {
				g[i][k] = 1
				if rng.IntN(4) == 0 {
					g[i][k] += rng.IntN(alts)
				}
			}
		}
	}
}

func (s study) genotype(rng *rand.Rand, b *strings.Builder, g [2]int, alts int) {
	between := []string{"/", "|"}[bit(s.phased && rng.IntN(8) > 0)]
	if g[0] < 0 {
		b.WriteString("\t." + between + ".")
	} else {
		fmt.Fprintf(b, "\t%d%s%d", g[0], between, g[1])
	}
	if s.dosage > 0 && alts == 1 {
		switch {
		case rng.IntN(s.dosage) > 0:
			b.WriteString(":.")
		case g[0] < 0:
			b.WriteString(":0.5")
		default:
			fmt.Fprintf(b, ":%.3f", min(1.99, max(0.01, float64(g[0]+g[1])+0.09*(rng.Float64()-0.5))))
		}
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rowsOf are a file's sites and calls, whose alleles are put in order.
func rowsOf(t *testing.T, r genotype.Reader) []string {
	t.Helper()
	var (
		rows []string
		row  genotype.Row
	)
	for {
		err := r.Next(&row)
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		row.Expand(len(r.Samples()))
		for i, c := range row.Calls {
			if a, b := c.Alleles(); a > b {
				row.Calls[i] = genotype.NewCall(b, a)
			}
		}
		rows = append(rows, fmt.Sprintf("%s:%d %s>%s %x", row.Contig, row.Pos, row.Ref, row.Alts, row.Calls))
	}
}

// kindsOf are the kinds of record in a pgen of mode 0x10.
func kindsOf(t *testing.T, prefix string) map[byte]int {
	t.Helper()
	raw, err := os.ReadFile(prefix + ".pgen")
	if err != nil || raw[2] != 0x10 {
		t.Fatalf("mode %d, %v", raw[2], err)
	}
	variants := int(raw[3]) | int(raw[4])<<8
	kinds := make(map[byte]int)
	for i := range variants {
		if raw[11]&4 != 0 {
			kinds[raw[20+i]]++
		} else {
			kinds[raw[20+i/2]>>(4*(i%2))&15]++
		}
	}
	return kinds
}

func TestWhatPlink2WritesIsWhatItRead(t *testing.T) {
	seen := make(map[byte]int)
	for _, c := range []struct {
		name  string
		study study
		args  []string
	}{
		{"one sample", study{samples: 1, sites: 200, most: 3}, nil},
		{"three samples", study{samples: 3, sites: 200, most: 3, phased: true}, nil},
		{"nine samples", study{samples: 9, sites: 200, most: 5}, nil},
		{"255 samples", study{samples: 255, sites: 300, most: 2}, nil},
		{"256 samples, whose numbers take two bytes", study{samples: 256, sites: 300, most: 17}, nil},
		{"257 samples, phased", study{samples: 257, sites: 300, most: 18, phased: true}, nil},
		{"600 samples, few of them with dosages", study{samples: 600, sites: 300, dosage: 20}, []string{"dosage=DS"}},
		{"600 samples, all of them with dosages", study{samples: 600, sites: 100, dosage: 1}, []string{"dosage=DS"}},
		{"600 samples, with phases and dosages", study{samples: 600, sites: 300, phased: true, dosage: 3}, []string{"dosage=DS"}},
		{"1200 samples", study{samples: 1200, sites: 400, most: 6}, nil},
		{"1200 samples and up to 250 ALTs", study{samples: 1200, sites: 300, most: 250, phased: true}, nil},
		{"more than one block", study{samples: 5, sites: 66_000}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := c.study.write(t)
			prefix := filepath.Join(t.TempDir(), "made")
			plink2(t, slices.Concat([]string{"--vcf", name}, c.args, []string{"--make-pgen", "--out", prefix})...)
			compareRows(t, name, prefix)
			checkRaw(t, func() (*pgen.Reader, error) { return openFiles(t, prefix), nil })
			for kind, n := range kindsOf(t, prefix) {
				seen[kind] += n
			}
		})
	}
	t.Logf("records by kind: %v", seen)
	for main := range byte(8) {
		n := 0
		for kind, k := range seen {
			n += k * bit(kind&7 == main)
		}
		if main != 5 && n == 0 { // plink2 does not write it
			t.Errorf("no record of kind %d was read", main)
		}
	}
	for _, tracks := range []byte{0x00, 0x08, 0x10, 0x18, 0x20, 0x60, 0x70} {
		n := 0
		for kind, k := range seen {
			n += k * bit(kind&^7 == tracks)
		}
		if n == 0 {
			t.Errorf("no record with the tracks of 0x%02x was read", tracks)
		}
	}
}

func compareRows(t *testing.T, name, prefix string) {
	t.Helper()
	source, err := vcf.New(openFile(t, name), vcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	got := openFiles(t, prefix)
	if d := cmp.Diff(source.Samples(), got.Samples()); d != "" {
		t.Errorf("samples (-want +got):\n%s", d)
	}
	want, rows := rowsOf(t, source), rowsOf(t, got)
	if len(want) != len(rows) {
		t.Fatalf("%d rows; want %d", len(rows), len(want))
	}
	differ := 0
	for i := range want {
		if want[i] != rows[i] {
			differ++
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d rows differ", differ, len(rows))
	}
}

func TestPlink2sHardCallsOfOneWidthAreRead(t *testing.T) {
	name := study{samples: 37, sites: 100}.write(t)
	prefix := filepath.Join(t.TempDir(), "made")
	plink2(t, "--vcf", name, "--make-pgen", "format=2", "--out", prefix)
	if raw, err := os.ReadFile(prefix + ".pgen"); err != nil || raw[2] != 2 {
		t.Fatalf("plink2 wrote mode %d, %v", raw[2], err)
	}
	compareRows(t, name, prefix)
}

func TestABedUnderAnotherNameIsRead(t *testing.T) {
	name := study{samples: 37, sites: 100}.write(t)
	prefix := filepath.Join(t.TempDir(), "made")
	plink2(t, "--vcf", name, "--make-bed", "--out", prefix)
	for from, to := range map[string]string{".bed": ".pgen", ".bim": ".pvar", ".fam": ".psam"} {
		if err := os.Rename(prefix+from, prefix+to); err != nil {
			t.Fatal(err)
		}
	}
	compareRows(t, name, prefix)
}

var update = flag.Bool("update", false, "have plink2 write the files in testdata again")

// The files in testdata are what plink2 wrote: small, to be damaged and fuzzed.
func TestTheFilesOfTestdataAreRead(t *testing.T) {
	for name, s := range map[string]study{
		"alts":     {samples: 33, sites: 24, most: 6},
		"phased":   {samples: 65, sites: 24, most: 2, phased: true},
		"dosages":  {samples: 41, sites: 24, dosage: 9, phased: true},
		"one-bits": {samples: 300, sites: 18},
	} {
		prefix := filepath.Join("testdata", name)
		if *update {
			args := []string{"--vcf", s.write(t)}
			if s.dosage > 0 {
				args = append(args, "dosage=DS")
			}
			plink2(t, append(args, "--make-pgen", "pvar-cols=vcfheader", "psam-cols=sex", "--out", prefix)...)
			if err := os.Remove(prefix + ".log"); err != nil {
				t.Fatal(err)
			}
		}
		compareRows(t, s.write(t), prefix)
	}
}
