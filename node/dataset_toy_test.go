package node

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// The toy dataset has 24 people at two sites. Everyone's call is told by a rule, so
// that the counts are known without reading it.
const toyPeople = 24

// toyCall is the copies of ALT that person i has at variant v; 3 is no call.
func toyCall(v, i int) int { return (i*i + 3*v + i/5) % 4 }

func toyCounts(in func(i int) bool) []int64 {
	counts := make([]int64, 4)
	for v := range 2 {
		for i := range toyPeople {
			if c := toyCall(v, i); in(i) && c < 3 {
				counts[2*v] += int64(c)
				counts[2*v+1] += 2
			}
		}
	}
	return counts
}

func everyone(int) bool { return true }

// toySummary is what a custodian is shown of the toy dataset.
func toySummary(assembly string) CohortSummary {
	q := tally.Quality{
		People: toyPeople, Men: toyPeople / 3, Women: toyPeople / 3, Sites: 2, SNVs: 2, Transversions: 2, Genotypes: 2 * toyPeople,
		Tested: 2, SparseSites: 2, Sexes: tally.SexCheck{Unclear: 2 * toyPeople / 3, Unknown: toyPeople / 3},
		Contigs: []tally.ContigSites{{Contig: "1", Sites: 2}},
	}
	for i := range toyPeople {
		missing := 0
		for v := range 2 {
			switch toyCall(v, i) {
			case 1:
				q.Het++
			case 2:
				q.HomAlt++
			case 3:
				missing++
			}
		}
		q.Missing += int64(missing)
		if missing > 0 {
			q.SparsePeople++
			q.Sparse = append(q.Sparse, uint32(i))
		}
	}
	return CohortSummary{Samples: toyPeople, People: toyPeople, Variants: 2, Assembly: assembly, Quality: q}
}

func toyVCF() string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range toyPeople {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	for v := range 2 {
		fmt.Fprintf(&b, "\nchr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 10+v)
		for i := range toyPeople {
			b.WriteString([]string{"\t0/0", "\t0|1", "\t1/1", "\t./."}[toyCall(v, i)])
		}
	}
	return b.String() + "\n"
}

func toySamples(people int) string {
	var b strings.Builder
	b.WriteString("sample_id\tperson_id\tsex\tside\n")
	for i := range people {
		fmt.Fprintf(&b, "s%d\tperson %d\t%d\t%s\n", i, i, i%3, []string{"left", "right"}[min(i/22, 1)])
	}
	return b.String()
}

// toyFiles writes the toy dataset as VCF, BGZF, BCF, bed and pgen into a directory.
func toyFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var packed bytes.Buffer
	w := bgzf.NewWriter(&packed)
	if _, err := io.WriteString(w, toyVCF()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	bed, fam := []byte("\x6c\x1b\x01"), ""
	pgen, psam := []byte("\x6c\x1b\x02\x02\x00\x00\x00\x18\x00\x00\x00\x40"), "#IID\tSEX\n"
	for v := range 2 {
		row, codes := make([]byte, toyPeople/4), make([]byte, toyPeople/4)
		for i := range toyPeople {
			row[i/4] |= []byte{3, 2, 0, 1}[toyCall(v, i)] << (2 * (i % 4))
			codes[i/4] |= byte(toyCall(v, i)) << (2 * (i % 4))
		}
		bed, pgen = append(bed, row...), append(pgen, codes...)
	}
	for i := range toyPeople {
		fam += fmt.Sprintf("0 s%d 0 0 0 -9\n", i)
		psam += fmt.Sprintf("s%d\tNA\n", i)
	}
	for name, content := range map[string]string{
		"toy.vcf": toyVCF(), "toy.vcf.gz": packed.String(), "toy.bcf": toyBCF(t), "toy.bed": string(bed),
		"toy.bim": "1 a 0 10 C A\n1 b 0 11 C A\n", "toy.fam": fam, "samples.tsv": toySamples(toyPeople),
		"toy2.pgen": string(pgen), "toy2.pvar": "#CHROM\tPOS\tID\tREF\tALT\n1\t10\ta\tA\tC\n1\t11\tb\tA\tC\n", "toy2.psam": psam,
	} {
		writeFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func toyPanel(t *testing.T, assembly string) (*panel.Panel, []panel.Range) {
	t.Helper()
	p, err := panel.New(assembly, []panel.Variant{{Contig: "1", Pos: 10, Ref: "A", Alt: "C"}, {Contig: "1", Pos: 11, Ref: "A", Alt: "C"}})
	if err != nil {
		t.Fatal(err)
	}
	return p, []panel.Range{{From: 0, To: 2}}
}

func toySpec(dir, name string) CohortSpec {
	return CohortSpec{Name: "controls", Path: filepath.Join(dir, name), Samples: filepath.Join(dir, "samples.tsv")}
}

func read(t *testing.T, spec CohortSpec) definition {
	t.Helper()
	d, _, err := readDataset(t.Context(), child(t), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
