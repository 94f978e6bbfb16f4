package fasta_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/protocol/panel"
)

// genome writes contigs in lines of some bases, and their index.
func genome(width int, end string, contigs ...[2]string) (file, index string) {
	var f, i strings.Builder
	for _, c := range contigs {
		fmt.Fprintf(&f, ">%s some words%s", c[0], end)
		fmt.Fprintf(&i, "%s\t%d\t%d\t%d\t%d\n", c[0], len(c[1]), f.Len(), width, width+len(end))
		for rest := c[1]; rest != ""; {
			n := min(width, len(rest))
			f.WriteString(rest[:n] + end)
			rest = rest[n:]
		}
	}
	return f.String(), i.String()
}

func open(file, index string) (*fasta.Reader, error) {
	return fasta.New(strings.NewReader(file), int64(len(file)), strings.NewReader(index))
}

func newReader(t *testing.T, file, index string) *fasta.Reader {
	t.Helper()
	r, err := open(file, index)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBasesAreFetchedWhateverTheLines(t *testing.T) {
	const one, two = "ACGTNacgtnRYKMACGTACGTA", "GATTACA"
	for _, end := range []string{"\n", "\r\n"} {
		for _, width := range []int{1, 2, 5, 7, 22, 23, 60} {
			file, index := genome(width, end, [2]string{"chr1", one}, [2]string{"2", two})
			for name, text := range map[string]string{"as it was written": file, "without its last line end": strings.TrimSuffix(file, end)} {
				r := newReader(t, text, index)
				for first := 1; first <= len(one); first++ {
					for last := first; last <= len(one); last++ {
						got, err := r.Fetch("1", uint32(first), uint32(last))
						want := strings.NewReplacer("R", "N", "Y", "N", "K", "N", "M", "N").Replace(strings.ToUpper(one[first-1 : last]))
						if err != nil || got != want {
							t.Fatalf("%s, lines of %d: %d to %d: %q, %v; want %q", name, width, first, last, got, err, want)
						}
					}
				}
				if got, err := r.Fetch("chr2", 1, 7); err != nil || got != two || r.Length("chr2") != 7 {
					t.Errorf("contig 2: %q of %d, %v", got, r.Length("chr2"), err)
				}
			}
		}
	}
}

func TestWhatIsNotThereIsRefused(t *testing.T) {
	file, index := genome(5, "\n", [2]string{"1", "ACGTACGT"})
	r := newReader(t, file, index)
	for name, tt := range map[string]struct {
		contig      string
		first, last uint32
		want        error
	}{
		"a contig that is not there": {"2", 1, 1, fasta.ErrContig},
		"position 0":                 {"1", 0, 1, fasta.ErrRange},
		"beyond the end":             {"1", 1, 9, fasta.ErrRange},
		"backwards":                  {"1", 3, 2, fasta.ErrRange},
	} {
		if got, err := r.Fetch(tt.contig, tt.first, tt.last); !errors.Is(err, tt.want) {
			t.Errorf("%s: %q, %v; want %v", name, got, err, tt.want)
		}
	}
	if r.Length("2") != 0 {
		t.Error("a contig that is not there has a length")
	}
}

func TestAnIndexOfAnotherFileIsRefused(t *testing.T) {
	file, index := genome(5, "\n", [2]string{"1", "ACGTACGTACGT"}, [2]string{"2", "GATTACA"})
	twice, twiceIndex := genome(5, "\n", [2]string{"1", "ACGT"}, [2]string{"chr1", "ACGT"})
	for name, tt := range map[string]struct {
		file, index string
		want        error
	}{
		"no FASTA":                     {"ACGT\n", index, fasta.ErrNotFasta},
		"an empty file":                {"", index, fasta.ErrNotFasta},
		"a compressed file":            {"\x1f\x8b\x08\x04", index, fasta.ErrCompressed},
		"an empty index":               {file, "", fasta.ErrIndex},
		"four columns":                 {file, "1\t12\t14\t5\n", fasta.ErrIndex},
		"a length that is no number":   {file, strings.Replace(index, "\t12\t", "\tten\t", 1), fasta.ErrIndex},
		"lines without an end":         {file, strings.ReplaceAll(index, "\t6\n", "\t5\n"), fasta.ErrIndex},
		"lines without bases":          {file, strings.ReplaceAll(index, "\t5\t6\n", "\t0\t1\n"), fasta.ErrIndex},
		"a contig twice":               {file, index + index, fasta.ErrIndex},
		"a contig by two names":        {twice, twiceIndex, fasta.ErrIndex},
		"another name":                 {strings.Replace(file, ">2", ">3", 1), index, fasta.ErrStale},
		"a base more":                  {strings.Replace(file, "GATTA", "GATTAC", 1), index, fasta.ErrStale},
		"a base less":                  {strings.Replace(file, "ACGTA\n", "ACGT\n", 1), index, fasta.ErrStale},
		"longer lines":                 {strings.Replace(file, "ACGTA\nCGTAC", "ACGTAC\nGTAC", 1), index, fasta.ErrStale},
		"a file cut short":             {file[:len(file)-3], index, fasta.ErrStale},
		"a contig that is not indexed": {file + ">3\nACGT\n", index, fasta.ErrStale},
		"a contig left out":            {file, strings.SplitAfter(index, "\n")[1], fasta.ErrStale},
	} {
		if _, err := open(tt.file, tt.index); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestDamageWithinAContigIsSeenWhenItIsRead(t *testing.T) {
	file, index := genome(5, "\n", [2]string{"1", strings.Repeat("ACGTA", 2000)})
	half := len(file) / 2
	damaged := file[:half] + strings.Replace(file[half:], "A\nA", "AA\n", 1)
	r := newReader(t, damaged, index)
	if _, err := r.Fetch("1", 4900, 5100); !errors.Is(err, fasta.ErrStale) {
		t.Errorf("a line end at another place: %v, want %v", err, fasta.ErrStale)
	}
}

func TestAlign(t *testing.T) {
	//                      1234567890123456789012345
	const sequence = "GGGCACACACAGGGTTTTTCATGNNA"
	file, index := genome(7, "\n", [2]string{"1", sequence})
	r := newReader(t, file, index)
	v := func(pos uint32, ref, alt string) panel.Variant {
		return panel.Variant{Contig: "chr1", Pos: pos, Ref: ref, Alt: alt}
	}
	for name, tt := range map[string]struct{ in, want panel.Variant }{
		"one base":                                 {v(4, "C", "T"), v(4, "C", "T")},
		"one base with company":                    {v(3, "GCA", "GTA"), v(4, "C", "T")},
		"a deletion in a repeat of two":            {v(9, "ACA", "A"), v(3, "GCA", "G")},
		"the same, written at once":                {v(3, "GCACACACA", "GCACACA"), v(3, "GCA", "G")},
		"an insertion in a repeat of two":          {v(11, "A", "ACA"), v(3, "G", "GCA")},
		"an insertion turned by one":               {v(10, "C", "CAC"), v(3, "G", "GCA")},
		"a deletion of one T of five":              {v(18, "TT", "T"), v(14, "GT", "G")},
		"an insertion that fits nowhere else":      {v(20, "C", "CG"), v(20, "C", "CG")},
		"a deletion at the very start":             {v(1, "GG", "G"), v(1, "GG", "G")},
		"a deletion that moves to the start":       {v(2, "GG", "G"), v(1, "GG", "G")},
		"an insertion that moves to the start":     {v(3, "G", "GG"), v(1, "G", "GG")},
		"several bases for several":                {v(20, "CAT", "GTC"), v(20, "CAT", "GTC")},
		"a deletion and a change together":         {v(20, "CATG", "CT"), v(21, "ATG", "T")},
		"N in the reference":                       {v(24, "N", "A"), v(24, "N", "A")},
		"the whole of a repeat, back to its start": {v(5, "ACACACA", "A"), v(3, "GCACACA", "G")},
	} {
		got, err := r.Align(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
			continue
		}
		if panel.Trim(got) != got {
			t.Errorf("%s: %v is not trimmed", name, got)
		}
		if haplotype(sequence, got) != haplotype(sequence, tt.in) {
			t.Errorf("%s: %v is another change than %v", name, got, tt.in)
		}
	}
}

// haplotype is the sequence after a change.
func haplotype(sequence string, v panel.Variant) string {
	return sequence[:v.Pos-1] + v.Alt + sequence[int(v.Pos)-1+len(v.Ref):]
}

// Every way to write one change comes out as one variant, and it is that change.
func TestEverySpellingOfAChangeIsAlignedToOne(t *testing.T) {
	const sequence = "ACACACTTTGGGGACGACGACGTA"
	file, index := genome(5, "\n", [2]string{"1", sequence})
	r := newReader(t, file, index)
	spelled := make(map[string]panel.Variant) // by haplotype
	tried := 0
	try := func(in panel.Variant) {
		got, err := r.Align(in)
		if err != nil {
			t.Fatalf("%v: %v", in, err)
		}
		key := haplotype(sequence, in)
		if haplotype(sequence, got) != key {
			t.Fatalf("%v became %v, another change", in, got)
		}
		if before, ok := spelled[key]; ok && before != got {
			t.Errorf("%v and %v are one change", before, got)
		}
		spelled[key] = got
		tried++
	}
	for pos := 1; pos <= len(sequence); pos++ {
		for n := 1; n <= 7 && pos+n-1 <= len(sequence); n++ {
			ref := sequence[pos-1 : pos-1+n]
			if n > 1 {
				try(panel.Variant{Contig: "1", Pos: uint32(pos), Ref: ref, Alt: ref[:1]})
				try(panel.Variant{Contig: "1", Pos: uint32(pos), Ref: ref, Alt: ref[n-1:]})
			}
			for _, more := range []string{"A", "G", "AC", "CA", "ACG", "GAC", "CGA", "TT"} {
				try(panel.Variant{Contig: "1", Pos: uint32(pos), Ref: ref, Alt: ref + more})
				try(panel.Variant{Contig: "1", Pos: uint32(pos), Ref: ref, Alt: more + ref})
			}
		}
	}
	if tried < 1000 || len(spelled) < 100 || len(spelled)*2 > tried {
		t.Errorf("%d spellings of %d changes: the test tries nothing", tried, len(spelled))
	}
}

func TestAlignRefuses(t *testing.T) {
	file, index := genome(5, "\n", [2]string{"1", "ACGTACGTAC"}, [2]string{"2", "AAAA"})
	r := newReader(t, file, index)
	for name, tt := range map[string]struct {
		v    panel.Variant
		want error
	}{
		"another base":             {panel.Variant{Contig: "1", Pos: 1, Ref: "C", Alt: "A"}, fasta.ErrReference},
		"another base further on":  {panel.Variant{Contig: "1", Pos: 1, Ref: "ACT", Alt: "A"}, fasta.ErrReference},
		"N where there is a base":  {panel.Variant{Contig: "1", Pos: 1, Ref: "N", Alt: "A"}, fasta.ErrReference},
		"REF beyond the end":       {panel.Variant{Contig: "1", Pos: 10, Ref: "CA", Alt: "C"}, fasta.ErrRange},
		"position 0":               {panel.Variant{Contig: "1", Pos: 0, Ref: "A", Alt: "C"}, fasta.ErrRange},
		"no REF":                   {panel.Variant{Contig: "1", Pos: 1, Alt: "C"}, fasta.ErrRange},
		"an unknown contig":        {panel.Variant{Contig: "3", Pos: 1, Ref: "A", Alt: "C"}, fasta.ErrContig},
		"an allele over the bound": {panel.Variant{Contig: "1", Pos: 1, Ref: "A", Alt: strings.Repeat("A", panel.MaxAllele+1)}, fasta.ErrRange},
	} {
		if got, err := r.Align(tt.v); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

func FuzzFasta(f *testing.F) {
	file, index := genome(5, "\n", [2]string{"1", "ACACACTTTGGGGACGACGACGTA"}, [2]string{"X", "NNACGT"})
	f.Add([]byte(file), []byte(index), uint32(3), "ACA", "A")
	file, index = genome(3, "\r\n", [2]string{"1", "ACG"})
	f.Add([]byte(file), []byte(index), uint32(1), "A", "AA")
	f.Add([]byte(">1\n\n>2\nA\n"), []byte("1\t0\t3\t0\t0\n2\t1\t7\t1\t2\n"), uint32(1), "A", "C")
	f.Fuzz(func(t *testing.T, file, index []byte, pos uint32, ref, alt string) {
		r, err := fasta.New(bytes.NewReader(file), int64(len(file)), bytes.NewReader(index))
		if err != nil {
			return
		}
		n := r.Length("1")
		if whole, err := r.Fetch("1", 1, min(n, 1<<20)); err == nil && len(whole) != int(min(n, 1<<20)) {
			t.Errorf("%d bases of %d", len(whole), n)
		}
		if v, err := r.Align(panel.Variant{Contig: "1", Pos: pos, Ref: ref, Alt: alt}); err == nil && panel.Trim(v) != v && v.Ref != v.Alt {
			t.Errorf("%v is not trimmed", v)
		}
		site := genotype.Site{Contig: "1", Pos: pos, Ref: ref, Alts: []string{alt, "*", ref + "A"}}
		var row genotype.Row
		err = fasta.Align(&sites{left: []genotype.Site{site}}, r).Next(&row)
		if first, _ := row.Span(); err == nil && (row.Pos-first > genotype.MaxShift || row.Aligned != nil && len(row.Aligned) != len(row.Alts)) {
			t.Errorf("a row at %d was moved to %d, with %d spellings", row.Pos, first, len(row.Aligned))
		}
	})
}
