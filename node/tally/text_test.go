package tally_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// line is a line of a VCF as its text is, with the fields of each sample by name.
type line struct {
	contig    string
	pos, end  uint32
	ref       string
	alts      []string
	samples   []map[string]string
	unlisted  string // the number of <NON_REF> or <*> in GT
	something bool   // an ALT that is not one of those
}

// linesOf reads a VCF with nothing but strings.
func linesOf(t *testing.T, text string) (all []line) {
	t.Helper()
	for s := range strings.Lines(text) {
		f := strings.Split(strings.TrimRight(s, "\r\n"), "\t")
		if strings.HasPrefix(s, "#") {
			continue
		}
		l := line{contig: f[0], pos: uint32(number(t, f[1])), ref: strings.ToUpper(f[3])}
		if f[4] != "." {
			l.alts = strings.Split(strings.ToUpper(f[4]), ",")
		}
		for k, alt := range l.alts {
			if alt == "<NON_REF>" || alt == "<*>" {
				l.unlisted = strconv.Itoa(k + 1)
			} else {
				l.something = true
			}
		}
		for _, field := range strings.Split(f[7], ";") {
			if end, ok := strings.CutPrefix(field, "END="); ok && !l.something {
				l.end = uint32(number(t, end))
			}
		}
		names := strings.Split(f[8], ":")
		for _, column := range f[9:] {
			values := make(map[string]string)
			for i, v := range strings.Split(column, ":") {
				values[names[i]] = v
			}
			l.samples = append(l.samples, values)
		}
		all = append(all, l)
	}
	return all
}

// alleles are what a GT says: numbers of ALTs, and "." for what is not known. A call of
// more than two is none.
func alleles(gt string) []string {
	a := strings.FieldsFunc(gt, func(c rune) bool { return c == '/' || c == '|' })
	if len(a) > 2 {
		return nil
	}
	return slices.DeleteFunc(a, func(x string) bool { return x == "." })
}

// listed is AC and AN of an ALT, from 1.
func (l *line) listed(alt int) (ac, an int64) {
	for _, s := range l.samples {
		for _, a := range alleles(s["GT"]) {
			an++
			if a == strconv.Itoa(alt) {
				ac++
			}
		}
	}
	return ac, an
}

// others is AN of a variant that the line does not list.
func (l *line) others() (an int64) {
	for _, s := range l.samples {
		for _, a := range alleles(s["GT"]) {
			if a != l.unlisted {
				an++
			}
		}
	}
	return an
}

// inBlock is AN of what lies in the block: calls of REF alone, of a quality of 20 or more,
// where anything was read.
func (l *line) inBlock() (an int64) {
	for _, s := range l.samples {
		a := alleles(s["GT"])
		if slices.ContainsFunc(a, func(x string) bool { return x != "0" }) || low(s, 20, "GQ", "RGQ") || low(s, 1, "MIN_DP", "DP") {
			continue
		}
		an += int64(len(a))
	}
	return an
}

// low reports whether the first of two fields that is there is below a bound.
func low(s map[string]string, bound int, names ...string) bool {
	for _, name := range names {
		if n, err := strconv.Atoi(s[name]); err == nil {
			return n < bound
		}
	}
	return false
}

func textOf(t *testing.T, name string) string {
	t.Helper()
	var r io.Reader = openReal(t, name)
	if strings.HasSuffix(name, "gz") {
		r = gunzip(t, name)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Positions of the gVCFs that no row lists, in blocks and between them, and every allele
// that a row lists: one file a person, and all of them merged.
func TestRealBlocksAreCountedAsTheirTextSays(t *testing.T) {
	dir := filepath.Dir(realData(t, "hail_gvcf_1kg/PROVENANCE"))
	files, err := filepath.Glob(filepath.Join(dir, "*.vcf.gz"))
	if err != nil || len(files) != 7 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Join("hail_gvcf_1kg", filepath.Base(file))
		t.Run(filepath.Base(file), func(t *testing.T) {
			all := linesOf(t, textOf(t, name))
			wanted, want := blocksByText(all)
			list, err := panel.New("GRCh38", wanted)
			if err != nil {
				t.Fatal(err)
			}
			r := readVCF(t, name)
			got, _, err := tally.AlleleFrequency(t.Context(), r, wantAll(t, list), everyone(r), genotype.GRCh38)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-by its text +counted):\n%s", d)
			}
			called := 0
			for i := 1; i < len(want); i += 2 {
				if want[i] > 0 {
					called++
				}
			}
			if called < 100 || called > len(wanted)-100 {
				t.Errorf("%d of %d variants are called: the test tries nothing", called, len(wanted))
			}
		})
	}
}

// blocksByText makes up a variant at some positions that no line lists, and answers them.
func blocksByText(all []line) (wanted []panel.Variant, want []int64) {
	at := make(map[uint32]*line) // lines that list something, and beside it what they do not
	for i := range all {
		if all[i].end == 0 {
			at[all[i].pos] = &all[i]
		}
	}
	block := 0
	for pos := all[0].pos; pos < all[len(all)-1].pos+1000; pos++ {
		for block+1 < len(all) && all[block+1].pos <= pos {
			block++
		}
		l, own := at[pos]
		if pos%7 != 0 && !own && pos != all[block].pos {
			continue
		}
		v := panel.Variant{Contig: all[0].contig, Pos: pos, Ref: "A"}
		if all[block].pos == pos {
			v.Ref = all[block].ref[:1]
		}
		an := int64(0)
		switch {
		case own && l.unlisted != "":
			an = l.others()
		case own:
			continue
		case all[block].pos <= pos && pos <= all[block].end:
			an = all[block].inBlock()
		}
		for _, alt := range []string{"A", "C", "G", "T"} {
			if alt != v.Ref && (!own || !slices.Contains(l.alts, alt)) {
				v.Alt = alt
			}
		}
		wanted, want = append(wanted, v), append(want, 0, an)
	}
	return wanted, want
}

// Each file is made for one trap. Those that are read are counted as their text says.
func TestAwkwardFilesAreCountedAsTheirTextSays(t *testing.T) {
	dir := filepath.Dir(realData(t, "awkward_made/PROVENANCE"))
	files, err := filepath.Glob(filepath.Join(dir, "*.vcf"))
	if err != nil || len(files) < 13 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	refused := map[string]error{"dup.vcf": genotype.ErrDuplicate, "unsorted.vcf": genotype.ErrOrder, "hap.vcf": genotype.ErrOrder, "ds.vcf": vcf.ErrNoGT}
	counted := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want []answer
		for _, l := range linesOf(t, string(text)) {
			for k, alt := range l.alts {
				if genotype.IsBases(l.ref) && genotype.IsBases(alt) {
					ac, an := l.listed(k + 1)
					want = append(want, answer{variant: panel.Trim(panel.Variant{Contig: l.contig, Pos: l.pos, Ref: l.ref, Alt: alt}), ac: ac, an: an})
				}
			}
		}
		base := filepath.Base(file)
		t.Run(base, func(t *testing.T) {
			r := readVCF(t, filepath.Join("awkward_made", base))
			if refused[base] == nil {
				compare(t, r, everyone(r), genotype.GRCh38, want)
				counted++
				return
			}
			var row genotype.Row
			err := r.Next(&row)
			for err == nil {
				err = r.Next(&row)
			}
			if !errors.Is(err, refused[base]) {
				t.Errorf("got %v, want %v", err, refused[base])
			}
		})
	}
	if counted < 9 && !t.Failed() {
		t.Errorf("%d files were counted", counted)
	}
}

// Files with answers that are not counted are refused, each for its reason; no answer of the
// real data is passed over.
func TestEveryRealAnswerIsComparedOrRefused(t *testing.T) {
	answers, err := filepath.Glob(filepath.Join(filepath.Dir(realData(t, "README.md")), "*", "*.oracle.tsv.gz"))
	if err != nil || len(answers) < 25 {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	left := make(map[string]bool)
	for _, path := range answers {
		left[filepath.Join(filepath.Base(filepath.Dir(path)), strings.TrimSuffix(filepath.Base(path), ".oracle.tsv.gz"))] = true
	}
	for _, f := range realFiles() {
		delete(left, filepath.Join(filepath.Dir(f.vcf), f.answers))
	}
	delete(left, "cyvcf2_mixed/strict")    // TestHeteroplasmyIsMissing
	delete(left, "cineca_beacon/usecases") // TestRealFilesThatListVariantsTwice
	for name, want := range map[string]error{"bio2zarr_edge/field_type_combos": genotype.ErrDuplicate, "bio2zarr_edge/issue_251": vcf.ErrNoGT} {
		r := readVCF(t, name+".vcf.gz")
		if _, err := tally.Examine(t.Context(), r, everyone(r), genotype.GRCh38); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		delete(left, name)
	}
	for name := range left {
		t.Errorf("nobody compares %s", name)
	}
}
