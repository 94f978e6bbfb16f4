package tally_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// rows is a Reader over rows that are made up.
type rows struct {
	samples []string
	left    []genotype.Row
}

func (r *rows) Samples() []string { return r.samples }

func (r *rows) Next(row *genotype.Row) error {
	if len(r.left) == 0 {
		return io.EOF
	}
	*row, r.left = r.left[0], r.left[1:]
	return nil
}

// drawRows makes up a file with every kind of place, allele and call.
func drawRows(t *rapid.T, samples int) []genotype.Row {
	coded := rapid.Bool().Draw(t, "coded")
	alts := []string{"C", "G", "*", "<DEL>", "AC", "TC", "<NON_REF>"}
	var all []genotype.Row
	for _, contig := range []string{"1", "chrX", "Y", "MT"} {
		for pos := range rapid.Uint32Range(0, 4).Draw(t, "rows") {
			row := genotype.Row{
				Site: genotype.Site{
					Contig: contig, Pos: 2_781_477 + pos, // on X this crosses the end of a pseudo-autosomal region
					Ref:  rapid.SampledFrom([]string{"A", "A", "AC", "N"}).Draw(t, "REF"),
					Alts: slices.Clone(rapid.SampledFrom([][]string{alts[:0], alts[:1], alts[:2], alts[:4], alts[1:6], alts[5:], alts[6:]}).Draw(t, "ALTs")),
					Pass: rapid.IntRange(0, 9).Draw(t, "pass") > 0,
				},
				Coded: coded,
			}
			drawReach(t, &row.Site)
			last := int(genotype.Reference) + len(row.Alts)
			for range samples {
				a := genotype.Allele(rapid.IntRange(0, last).Draw(t, "allele"))
				b := genotype.Allele(rapid.IntRange(0, last).Draw(t, "allele"))
				if a == genotype.Absent || coded && (a == genotype.Missing || b < genotype.Reference) {
					a, b = genotype.Missing, genotype.Missing
				}
				row.Calls = append(row.Calls, genotype.NewCall(a, b))
			}
			all = append(all, row)
		}
	}
	return all
}

// drawReach makes some sites blocks, and aligns some alleles to another place.
func drawReach(t *rapid.T, s *genotype.Site) {
	if rapid.IntRange(0, 4).Draw(t, "a block") == 0 {
		s.End = s.Pos + rapid.Uint32Range(0, 4).Draw(t, "its length")
	}
	if len(s.Alts) > 0 && rapid.IntRange(0, 4).Draw(t, "aligned") == 0 {
		s.Aligned = make([]genotype.Spelling, len(s.Alts))
		s.Aligned[len(s.Alts)-1] = genotype.Spelling{Pos: s.Pos - rapid.Uint32Range(1, 3).Draw(t, "moved by"), Ref: "AC", Alt: "A"}
	}
}

// drawCallable makes up where everybody was looked at: nowhere, or in some places.
func drawCallable(t *rapid.T) *tally.Regions {
	if rapid.Bool().Draw(t, "nowhere callable") {
		return nil
	}
	start := 2_781_474 + rapid.IntRange(0, 8).Draw(t, "callable from")
	var bed strings.Builder
	for _, contig := range []string{"1", "X", "Y", "MT"} {
		fmt.Fprintf(&bed, "%s\t%d\t%d\n", contig, start, start+rapid.IntRange(1, 8).Draw(t, "to"))
	}
	r, err := tally.ParseRegions(strings.NewReader(bed.String()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// everything is every variant that may be in drawRows, and some that are not, in order.
func everything() (vs []panel.Variant) {
	for _, contig := range []string{"1", "X", "Y", "MT"} {
		for pos := uint32(2_781_472); pos < 2_781_488; pos++ {
			for _, alt := range []string{"C", "G", "T", "AC"} {
				vs = append(vs, panel.Variant{Contig: contig, Pos: pos, Ref: "A", Alt: alt})
			}
			vs = append(vs, panel.Variant{Contig: contig, Pos: pos, Ref: "AC", Alt: "G"}, panel.Variant{Contig: contig, Pos: pos, Ref: "AC", Alt: "A"})
		}
	}
	slices.SortFunc(vs, panel.Compare)
	return vs
}

func wantEverything(t *rapid.T) *tally.Wanted {
	list, err := panel.New("GRCh38", everything())
	if err != nil {
		t.Fatal(err)
	}
	w, err := tally.Want(list, []panel.Range{{From: 0, To: uint64(list.Len())}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A person adds at least 0 and at most 2 to each counter, and nothing that depends on
// anyone else: the answer with a person is the answer without plus that of the person alone.
func TestAPersonAddsAtMostTwoToACounter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const samples = 5
		p := tally.People{Callable: drawCallable(t)}
		for range samples {
			p.Labels = append(p.Labels, rapid.Uint8Range(0, 2).Draw(t, "label"))
			p.Sexes = append(p.Sexes, genotype.Sex(rapid.IntRange(0, 2).Draw(t, "sex")))
		}
		all, wanted := drawRows(t, samples), wantEverything(t)
		count := func(labels []uint8) []int64 {
			r := &rows{samples: make([]string, samples), left: slices.Clone(all)}
			counts, _, err := tally.AlleleFrequency(t.Context(), r, wanted, tally.People{Labels: labels, Sexes: p.Sexes, Callable: p.Callable}, genotype.GRCh38)
			if err != nil {
				t.Skip(err) // two rows spell one variant
			}
			return counts
		}
		sum := make([]int64, 2*wanted.Len())
		for i := range samples {
			alone := make([]uint8, samples)
			alone[i] = p.Labels[i]
			for k, n := range count(alone) {
				if n < 0 || n > 2 || p.Labels[i] == 0 && n != 0 {
					t.Fatalf("a person of label %d adds %d to a counter", p.Labels[i], n)
				}
				sum[k] += n
			}
		}
		got := count(p.Labels)
		if d := cmp.Diff(sum, got); d != "" {
			t.Fatalf("people together are not the sum of each (-sum +together):\n%s", d)
		}
		for k := 0; k < len(got); k += 2 {
			if got[k] > got[k+1] {
				t.Fatalf("AC %d is over AN %d", got[k], got[k+1])
			}
		}
	})
}

// most is a file of common and rare variants, as bed holds them.
func most(samples, variants int) *rows {
	rng := rand.New(rand.NewPCG(1, 2))
	r := &rows{samples: make([]string, samples)}
	for v := range variants {
		row := genotype.Row{Site: genotype.Site{Contig: "1", Pos: uint32(1 + v), Ref: "A", Alts: []string{"C"}, Pass: true}}
		f := rng.Float64()
		f = f * f * f / 2
		for range samples {
			c := genotype.HomRef
			if rng.Float64() < f {
				c = genotype.NewCall(genotype.Reference, genotype.Reference+1)
			}
			row.Calls = append(row.Calls, c)
		}
		r.left = append(r.left, row)
	}
	return r
}

func BenchmarkAlleleFrequency(b *testing.B) {
	const samples, variants = 2000, 1000
	file := most(samples, variants)
	var l list
	for _, row := range file.left {
		l = append(l, panel.Variant{Contig: "1", Pos: row.Pos, Ref: "A", Alt: "C"})
	}
	w, err := tally.Want(l, []panel.Range{{From: 0, To: variants}})
	if err != nil {
		b.Fatal(err)
	}
	p := tally.People{Labels: make([]uint8, samples), Sexes: make([]genotype.Sex, samples)}
	for i := range p.Labels {
		p.Labels[i] = uint8(i % 10)
	}
	b.SetBytes(samples * variants) // genotypes
	for b.Loop() {
		if _, _, err := tally.AlleleFrequency(b.Context(), &rows{samples: file.samples, left: file.left}, w, p, genotype.GRCh38); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWant(b *testing.B) {
	const variants = 1_000_000
	vs := make([]panel.Variant, variants)
	for i := range vs {
		vs[i] = panel.Variant{Contig: "1", Pos: uint32(1 + 3*i), Ref: "A", Alt: "C"}
	}
	p, err := panel.New("GRCh38", vs)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := tally.Want(p, []panel.Range{{From: 0, To: variants}}); err != nil {
			b.Fatal(err)
		}
	}
}
