package worker_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/scan"
	"github.com/locus-genomics/locus/node/worker"
)

func TestAChildFindsWhatIsFoundHere(t *testing.T) {
	const secret = "Zuleika Qwertal"
	vcf := strings.Replace(head, "##contig", "##patient="+secret+"\n##contig", 1) + "chr1\t10\t.\tA\tC\t.\tPASS\t.\tGT\t0/0\t0|1\t./1\n"
	pgenHead, records := variablePgen(9)
	pvar := "##patient=" + secret + "\n#CHROM POS REF ALT\n" + strings.Repeat("1 7 A <X>\n", 9)
	for _, c := range []struct {
		name  string
		form  worker.Format
		files []string
		want  []string
	}{
		{"a header", worker.VariantCalls, []string{vcf}, []string{`person name: header, line 2, byte 11, "patient"`}},
		{"a pvar, and a column of a psam", worker.Pgen, []string{pgenHead + records, pvar, "#IID SURNAME\nalice Qwertal\nbob Qwerta\n"},
			[]string{`person name: column 2, from line 2, "surname" (2 times)`, `person name: header, line 1, byte 11, "patient"`}},
		{"a family of a fam", worker.Plink, []string{"\x6c\x1b\x01\x00", "1 . 0 7 A C\n", "Qwertal_Zuleika s1 0 0 1 1\n"}, []string{"person name: column 1, from line 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := func(look bool) worker.Source {
				var files [][]byte
				for _, f := range c.files {
					files = append(files, []byte(f))
				}
				s := source(c.form, files...)
				s.Scan = look
				return s
			}
			for _, look := range []bool{true, false} {
				_, here, err := worker.Open(made(look), nil)
				if err != nil {
					t.Fatal(err)
				}
				child, err := worker.Start(t.Context(), config(t), made(look), nil)
				if err != nil {
					t.Fatal(err)
				}
				there := child.About()
				if err := child.Close(); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(here.Personal, there.Personal); diff != "" {
					t.Errorf("a child has found (-here +there):\n%s", diff)
				}
				var got []string
				for _, f := range there.Personal.Findings {
					got = append(got, f.String())
				}
				if want := c.want; look && !cmp.Equal(want, got) || !look && got != nil {
					t.Errorf("found %q, want %q", got, want)
				}
				if strings.Contains(fmt.Sprint(there), "Qwert") {
					t.Error("what was found is in what is said of it")
				}
			}
		})
	}
}

// personal is a frame of one finding.
func personal(f scan.Finding, sure byte, more ...byte) string {
	b := make([]byte, 2*len(scan.Sorts())) // counts
	b = append(b, byte(f.Sort), byte(f.Scheme), sure, bit(f.Home), byte(f.Part))
	for _, n := range []uint64{uint64(f.File), uint64(f.Line), uint64(f.Column), uint64(f.Key), uint64(f.Times)} {
		b = binary.AppendUvarint(b, n)
	}
	return string(frame('P', append(b, more...)...))
}

func bit(is bool) byte {
	if is {
		return 1
	}
	return 0
}

func TestPersonalDataThatCannotBeIsRefused(t *testing.T) {
	sound := scan.Finding{Sort: scan.Email, Part: scan.Header, Line: 1, Times: 1}
	changed := func(change func(*scan.Finding)) scan.Finding {
		f := sound
		change(&f)
		return f
	}
	many := strings.Repeat(personal(sound, 0)[5+2*len(scan.Sorts()):], scan.MaxFindings)
	for _, c := range []struct {
		name, said string
		want       error
	}{
		{"one that can be", personal(sound, 1), nil},
		{"no frame", string(frame('R', row()...)), worker.ErrFrame},
		{"a sort that is none", personal(changed(func(f *scan.Finding) { f.Sort = 8 }), 0), worker.ErrFrame},
		{"no sort", personal(changed(func(f *scan.Finding) { f.Sort = 0 }), 0), worker.ErrFrame},
		{"a scheme that is none", personal(changed(func(f *scan.Finding) { f.Sort, f.Scheme = scan.NationalNumber, 99 }), 0), worker.ErrFrame},
		{"an address of a scheme", personal(changed(func(f *scan.Finding) { f.Scheme = 1 }), 0), worker.ErrFrame},
		{"a part that is none", personal(changed(func(f *scan.Finding) { f.Part = 9 }), 0), worker.ErrFrame},
		{"a key that no list has", personal(changed(func(f *scan.Finding) { f.Key = 65535 }), 0), worker.ErrFrame},
		{"none at all", personal(changed(func(f *scan.Finding) { f.Times = 0 }), 0), worker.ErrFrame},
		{"an address that is the name of a folder", personal(changed(func(f *scan.Finding) { f.Home = true }), 0), worker.ErrFrame},
		{"more names of folders than were found", string(frame('P', append(make([]byte, 2*len(scan.Sorts())-1), 1)...)), worker.ErrFrame},
		{"more or less sure", personal(sound, 2), worker.ErrFrame},
		{"something behind it", personal(sound, 0, 1), worker.ErrFrame},
		{"more than a report lists", personal(sound, 0, []byte(many)...), worker.ErrFrame},
		{"nothing", string(frame('P')), worker.ErrFrame},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := worker.SaidPersonal(strings.NewReader(beginning + c.said))
			if !errors.Is(err, c.want) || err == nil != (c.want == nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && !cmp.Equal(r.About().Personal.Findings[0], changed(func(f *scan.Finding) { f.Sure = true })) {
				t.Errorf("got %v", r.About().Personal)
			}
		})
	}
}
