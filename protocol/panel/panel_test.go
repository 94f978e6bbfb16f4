package panel_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol/panel"
)

// small has every kind of allele, on contigs of every kind, in no order.
func small() []panel.Variant {
	return []panel.Variant{
		{Contig: "chrX", Pos: 2_800_000, Ref: "A", Alt: "G"},
		{Contig: "chr10", Pos: 50, Ref: "C", Alt: "T"},
		{Contig: "chr2", Pos: 70, Ref: "CA", Alt: "C"},
		{Contig: "chr2", Pos: 70, Ref: "C", Alt: "A"},
		{Contig: "chrUn_KI270302v1", Pos: 9, Ref: "N", Alt: "T"},
		{Contig: "chr2", Pos: 70, Ref: "C", Alt: "CTTT"},
		{Contig: "chrM", Pos: 263, Ref: "A", Alt: "G"},
		{Contig: "chr2", Pos: 71, Ref: "AC", Alt: "GT"},
		{Contig: "HLA-A*01:01:01:01", Pos: 3, Ref: "G", Alt: "C"},
	}
}

func newPanel(t *testing.T, variants []panel.Variant) *panel.Panel {
	t.Helper()
	p, err := panel.New("GRCh38", variants)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func all(p *panel.Panel) []panel.Variant {
	list := make([]panel.Variant, p.Len())
	for i := range list {
		list[i] = p.At(i)
	}
	return list
}

func write(t *testing.T, p *panel.Panel) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := p.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

func TestPanelIsSorted(t *testing.T) {
	p := newPanel(t, small())
	want := []panel.Variant{
		{Contig: "chr2", Pos: 70, Ref: "C", Alt: "A"},
		{Contig: "chr2", Pos: 70, Ref: "C", Alt: "CTTT"},
		{Contig: "chr2", Pos: 70, Ref: "CA", Alt: "C"},
		{Contig: "chr2", Pos: 71, Ref: "AC", Alt: "GT"},
		{Contig: "chr10", Pos: 50, Ref: "C", Alt: "T"},
		{Contig: "chrX", Pos: 2_800_000, Ref: "A", Alt: "G"},
		{Contig: "chrM", Pos: 263, Ref: "A", Alt: "G"},
		{Contig: "HLA-A*01:01:01:01", Pos: 3, Ref: "G", Alt: "C"},
		{Contig: "chrUn_KI270302v1", Pos: 9, Ref: "N", Alt: "T"},
	}
	if d := cmp.Diff(want, all(p)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"chr2", "chr10", "chrX", "chrM", "HLA-A*01:01:01:01", "chrUn_KI270302v1"}, p.Contigs()); d != "" {
		t.Error(d)
	}
}

func TestDigestIsOfTheContentAlone(t *testing.T) {
	p := newPanel(t, small())
	const want = "f74abbf09bfdc1104a30abb64d9be635cd0c5e1a4020f69ee0f450ad76ab250a"
	if d := p.Digest(); hex.EncodeToString(d[:]) != want {
		t.Errorf("digest %x, want %s: panels in rosters would lose their name", d, want)
	}
	shuffled := small()
	slices.Reverse(shuffled)
	if newPanel(t, shuffled).Digest() != p.Digest() {
		t.Error("another order gives another digest")
	}
	untrimmed := small()
	untrimmed[0] = panel.Variant{Contig: "chrX", Pos: 2_799_999, Ref: "TAC", Alt: "TGC"}
	if newPanel(t, untrimmed).Digest() != p.Digest() {
		t.Error("another spelling of a variant gives another digest")
	}
	for name, change := range map[string]func([]panel.Variant){
		"one base":     func(v []panel.Variant) { v[0].Alt = "C" },
		"one position": func(v []panel.Variant) { v[1].Pos++ },
		"a contig":     func(v []panel.Variant) { v[1].Contig = "chr11" },
		"an insertion": func(v []panel.Variant) { v[5].Alt = "CTTG" },
	} {
		changed := small()
		change(changed)
		if newPanel(t, changed).Digest() == p.Digest() {
			t.Errorf("%s changed and the digest did not", name)
		}
	}
	other, err := panel.New("GRCh37", small())
	if err != nil || other.Digest() == p.Digest() {
		t.Errorf("the same variants of another assembly have the same digest (%v)", err)
	}
}

func TestNewRefuses(t *testing.T) {
	v := func(contig string, pos uint32, ref, alt string) panel.Variant {
		return panel.Variant{Contig: contig, Pos: pos, Ref: ref, Alt: alt}
	}
	long := strings.Repeat("A", panel.MaxAllele)
	for name, tt := range map[string]struct {
		assembly string
		variants []panel.Variant
	}{
		"no variants":                        {"GRCh38", nil},
		"no assembly":                        {"", []panel.Variant{v("1", 1, "A", "C")}},
		"an assembly with a blank":           {"GRCh 38", []panel.Variant{v("1", 1, "A", "C")}},
		"an assembly without end":            {strings.Repeat("G", 65), []panel.Variant{v("1", 1, "A", "C")}},
		"no contig":                          {"GRCh38", []panel.Variant{v("", 1, "A", "C")}},
		"a contig with a blank":              {"GRCh38", []panel.Variant{v("chr 1", 1, "A", "C")}},
		"a contig without end":               {"GRCh38", []panel.Variant{v(strings.Repeat("c", 129), 1, "A", "C")}},
		"position 0":                         {"GRCh38", []panel.Variant{v("1", 0, "A", "C")}},
		"a position over the bound":          {"GRCh38", []panel.Variant{v("1", panel.MaxPos+1, "A", "C")}},
		"a symbolic allele":                  {"GRCh38", []panel.Variant{v("1", 1, "A", "<DEL>")}},
		"an overlapped allele":               {"GRCh38", []panel.Variant{v("1", 1, "A", "*")}},
		"no allele":                          {"GRCh38", []panel.Variant{v("1", 1, "A", "")}},
		"lower case":                         {"GRCh38", []panel.Variant{v("1", 1, "a", "C")}},
		"no change":                          {"GRCh38", []panel.Variant{v("1", 1, "AC", "AC")}},
		"an allele over the bound":           {"GRCh38", []panel.Variant{v("1", 1, "C", long+"A")}},
		"a variant twice":                    {"GRCh38", []panel.Variant{v("1", 1, "A", "C"), v("1", 1, "A", "C")}},
		"a variant twice in two spellings":   {"GRCh38", []panel.Variant{v("1", 2, "A", "C"), v("1", 1, "GA", "GC")}},
		"one contig under two names":         {"GRCh38", []panel.Variant{v("chr22", 1, "A", "C"), v("22", 2, "A", "C")}},
		"two contigs named in two ways":      {"GRCh38", []panel.Variant{v("chr21", 1, "A", "C"), v("22", 2, "A", "C")}},
		"the mitochondrion under two names":  {"GRCh38", []panel.Variant{v("M", 1, "A", "C"), v("MT", 2, "A", "C")}},
		"more long alleles than a block has": {"GRCh38", longAlleles(long, 2049)},
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := panel.New(tt.assembly, tt.variants); !errors.Is(err, panel.ErrVariants) || p != nil {
				t.Errorf("New = %v, %v; want ErrVariants", p, err)
			}
		})
	}
	if _, err := panel.New("GRCh38", longAlleles(long, 2000)); err != nil {
		t.Errorf("2000 alleles of %d bases: %v", len(long), err)
	}
}

func longAlleles(long string, n int) []panel.Variant {
	list := make([]panel.Variant, n)
	for i := range list {
		list[i] = panel.Variant{Contig: "1", Pos: uint32(i + 1), Ref: "C", Alt: long}
	}
	return list
}

// random gives n variants over several contigs, some of them at one position.
func random(seed uint64, n int) []panel.Variant {
	rng := rand.New(rand.NewPCG(seed, 0))
	allele := func() string {
		b := make([]byte, 1+rng.IntN(2)*rng.IntN(6))
		for i := range b {
			b[i] = "ACGTN"[rng.IntN(5)]
		}
		return string(b)
	}
	seen := map[panel.Variant]bool{}
	var list []panel.Variant
	for len(list) < n {
		v := panel.Trim(panel.Variant{
			Contig: []string{"1", "2", "11", "X", "MT", "GL000192.1"}[rng.IntN(6)],
			Pos:    1 + uint32(rng.IntN(n)*(1+rng.IntN(300))), Ref: allele(), Alt: allele(),
		})
		if v.Ref != v.Alt && !seen[v] {
			seen[v] = true
			list = append(list, v)
		}
	}
	return list
}

func TestEveryVariantComesBack(t *testing.T) {
	for _, n := range []int{1, 2, 63, 64, 65, 1000, 65_535, 65_536, 65_537, 150_000} {
		variants := random(uint64(n), n)
		p := newPanel(t, variants)
		got, err := panel.Parse(bytes.NewReader(write(t, p)))
		if err != nil {
			t.Fatalf("%d variants: %v", n, err)
		}
		if got.Digest() != p.Digest() || got.Assembly() != "GRCh38" || got.Len() != n {
			t.Errorf("%d variants: another panel came back", n)
		}
		want := map[panel.Variant]bool{}
		for _, v := range variants {
			want[v] = true
		}
		list := all(got)
		for _, v := range list {
			delete(want, v)
		}
		if len(want) != 0 || !slices.Equal(list, all(p)) {
			t.Errorf("%d variants: %d did not come back", n, len(want))
		}
	}
}

func TestSelectIsWhatAScanFinds(t *testing.T) {
	p := newPanel(t, random(7, 70_000))
	rng := rand.New(rand.NewPCG(7, 1))
	regions := []panel.Region{{Contig: "1", From: 1, To: panel.MaxPos}, {Contig: "chrM", From: 1, To: panel.MaxPos}, {Contig: "3", From: 1, To: 9}}
	for range 60 {
		v := p.At(rng.IntN(p.Len()))
		regions = append(regions, panel.Region{Contig: "chr" + v.Contig, From: v.Pos, To: v.Pos + uint32(rng.IntN(3)*rng.IntN(100_000))})
	}
	for _, r := range regions {
		from, to := p.Select(r)
		n := 0
		for i := range p.Len() {
			v := p.At(i)
			in := panel.CanonicalContig(v.Contig) == panel.CanonicalContig(r.Contig) && v.Pos >= r.From && v.Pos <= r.To
			if in != (i >= from && i < to) {
				t.Fatalf("%s selects [%d, %d): variant %d, %s, is in it: %t", r, from, to, i, v, in)
			}
			if in {
				n++
			}
		}
		if n == 0 && from != to {
			t.Errorf("%s selects [%d, %d), want nothing", r, from, to)
		}
	}
}

func TestAtDoesNotAllocate(t *testing.T) {
	p := newPanel(t, random(3, 1000))
	if n := testing.AllocsPerRun(10, func() {
		for i := range p.Len() {
			if p.At(i).Pos == 0 {
				t.Error("position 0")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
