package scan_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/scan"
)

// sorts are those that are found in a text.
func sorts(part scan.Part, text string) (all []string) {
	for _, f := range scan.Text(part, []byte(text)) {
		all = append(all, f.Sort.String())
	}
	return all
}

func TestWhatIsFoundInATextAndWhatIsNot(t *testing.T) {
	for _, c := range []struct {
		name string
		part scan.Part
		text string
		want []string
	}{
		{"an address", scan.Header, "##contact=maria@unige.ch.", []string{"e-mail address"}},
		{"an address of an office", scan.Header, "##contact=gatk-support@broadinstitute.org", nil},
		{"a version of a package", scan.Header, "##conda=samtools@1.17", nil},
		{"a digest of an image", scan.Header, "##image=quay.io/x@sha256:00ab", nil},
		{"a phone number with a country's code", scan.Header, "##x=+41 22 379 11 11", []string{"phone number"}},
		{"an extension", scan.Header, "##x=tel. 617-555-0123x12", []string{"phone number"}},
		{"a length", scan.Header, "##x=length 0223791111", nil},
		{"a date of birth", scan.Header, "##x=born on 3 May 1975", []string{"date of birth"}},
		{"a date of a run", scan.Header, "##fileDate=19750503", nil},
		{"a year of birth", scan.Header, "##x=year of birth 1975", nil},
		{"a date that is none", scan.Header, "##x=born 1975-13-44", nil},
		{"a title", scan.Header, "##x=seen by Dr. Qwertal", []string{"person name"}},
		{"a patient", scan.Header, "##patient=Qwertal, Zuleika", []string{"person name"}},
		{"listed names", scan.Header, "##x=calls of Anna Schmidt", []string{"person name"}},
		{"a disease that is called after someone", scan.Header, "##x=Anna Schmidt syndrome", nil},
		{"a method that is called after someone", scan.Header, "##x=Hardy Weinberg, Mann-Whitney, Cochran Armitage", nil},
		{"the author of a program", scan.Header, "##x=Charcot-Marie-Tooth disease", nil},
		{"names in small letters in a path", scan.Header, "##x=/data/anna_schmidt.bam", []string{"person name"}},
		{"a record number", scan.Header, "##x=MRN 0012345", []string{"record number"}},
		{"a pseudonym", scan.Header, "##SAMPLE=<ID=a,PatientID=PT-0001>", nil},
		{"a user", scan.Header, "##x=/home/aschmidt/x", []string{"user name"}},
		{"a user that nobody is", scan.Header, "##x=/home/ubuntu/x /Users/runner/y", nil},
		{"a sample with a name", scan.SampleName, "Zuleika_Qwertal", []string{"person name"}},
		{"a sample without", scan.SampleName, "NA12878", nil},
		{"a sample of a tissue", scan.SampleName, "Whole_Blood", nil},
		{"a sample that cannot be said", scan.SampleName, "SmplAAA", nil},
		{"the name of a test", scan.FileName, "TestACohortThatHasOutgrownTheRoster", nil},
		{"a time of a run", scan.Header, "##x=20230521-1349", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, sorts(c.part, c.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Programs write paths into headers, and users' names with them. What is so is told from
// what somebody wrote.
func TestNamesOfUsersFoldersAreTold(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"one that is a person's too", `##bcftools_viewCommand=view -o /home/anna.meier/x.vcf.gz`, []string{"person name at home", "user name at home"}},
		{"one that is none", `##reference=file:///home/aschmidt/GRCh38.fa`, []string{"user name at home"}},
		{"with a blank", `##x="--tmp /Users/Anna Meier/x"`, []string{"person name at home", "user name at home"}},
		{"another system", `##x=C:\Users\anna.meier\x`, []string{"person name at home", "user name at home"}},
		{"the name of a file below it", `##x=/home/aschmidt/patients/maria_rossi.vcf`, []string{"person name", "user name at home"}},
		{"the same below it as in it", `##x=/home/maria.rossi/maria.rossi.vcf`, []string{"person name at home", "person name", "user name at home"}},
		{"one that is an address", `##x=/home/anna.meier@unige.ch/x`, []string{"e-mail address", "user name at home"}},
		{"one that is a number", `##x=/home/756.9217.0769.85/x`, []string{"national number"}},
		{"one behind a key", `##x=user=aschmidt`, []string{"user name"}},
		{"one in a contig's name", `##contig=<ID=/home/aschmidt/x,length=3>`, []string{"user name"}},
		{"one beside a contig's name", `##contig=<ID=1,URL=file:///home/aschmidt/x>`, []string{"user name at home"}},
		{"one that is nobody's", `##x=/home/ubuntu/maria_rossi.vcf`, []string{"person name"}},
		{"far behind", "##x=" + strings.Repeat("ACGT ", 10_000) + "/home/aschmidt/x", []string{"user name at home"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range scan.Text(scan.Header, []byte(c.text)) {
				if !f.Valid() {
					t.Errorf("%v is no finding", f)
				}
				got = append(got, f.Sort.String()+map[bool]string{true: " at home"}[f.Home])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, part := range []scan.Part{scan.SampleName, scan.Table, scan.FileName, scan.Typed} {
		for _, f := range scan.Text(part, []byte("/home/anna.meier/x")) {
			if f.Home {
				t.Errorf("what is not dropped is told to be: %v", f)
			}
		}
	}
}

func TestNamesOfUsersFoldersDoNotHideWhatIsBehindThem(t *testing.T) {
	var s scan.Scanner
	for i := range 2 * scan.MaxFindings {
		s.Header(i+1, []byte("##x=/home/aschmidt/x"))
	}
	r := s.Report()
	if !r.HomesAlone() || r.Empty() || r.BesideHomes() != nil {
		t.Errorf("counts %v, homes %v", r.Counts, r.Homes)
	}
	s.Header(9999, []byte("##contact=maria@unige.ch"))
	r = s.Report()
	if last := r.Findings[len(r.Findings)-1]; r.HomesAlone() || last.Sort != scan.Email || r.BesideHomes()["e-mail address"] != 1 || len(r.BesideHomes()) != 1 {
		t.Errorf("counts %v, homes %v, the last is %v", r.Counts, r.Homes, last)
	}
}

func TestAuthorsOfProgramsAreNoPatients(t *testing.T) {
	var s scan.Scanner
	s.Header(1, []byte(`##SnpEffVersion="5.0e (build 2021-03-09), by Pablo Cingolani"`))
	if r := s.Report(); !r.Empty() {
		t.Errorf("found %v", r.Findings)
	}
}

// What is found cannot be in a type that holds no text.
func TestAFindingHoldsNumbersAlone(t *testing.T) {
	of := reflect.TypeFor[scan.Finding]()
	for i := range of.NumField() {
		switch k := of.Field(i).Type.Kind(); {
		case k == reflect.Bool, k >= reflect.Uint && k <= reflect.Uint64:
		default:
			t.Errorf("%s is a %s", of.Field(i).Name, k)
		}
	}
	f := scan.Text(scan.Header, []byte("##SAMPLE=<ID=x,Name=\"Zuleika Qwertal\">"))[0]
	b, err := json.Marshal(f)
	if err != nil || strings.Contains(string(b)+fmt.Sprint(f), "Qwertal") {
		t.Errorf("%s, %v", b, err)
	}
	if got, want := f.String(), `person name: header, line 0, byte 22, "name"`; !strings.Contains(got, "person name") || f.Key.String() != "name" {
		t.Errorf("got %s, want like %s", got, want)
	}
}

func TestALineOfAnyLengthIsLookedAtInWindows(t *testing.T) {
	const secret = "tel. +41 22 379 11 11"
	for _, before := range []int{0, 1, 16<<10 - 10, 16 << 10, 16<<10 + 10, 1 << 20} {
		text := strings.Repeat("ACGT ", before/5) + secret + strings.Repeat(" ACGT", 5000)
		if got := sorts(scan.Header, text); len(got) != 1 || got[0] != "phone number" {
			t.Errorf("%d bytes before: %v", before, got)
		}
	}
}

func TestAReportIsBounded(t *testing.T) {
	var s scan.Scanner
	for i := range 2 * scan.MaxFindings {
		s.Header(i+1, []byte("##contact=maria@unige.ch"))
	}
	r := s.Report()
	if len(r.Findings) != scan.MaxFindings || r.BySort()["e-mail address"] != 2*scan.MaxFindings {
		t.Errorf("%d findings, %v", len(r.Findings), r.BySort())
	}
}

func TestTablesOfEveryForm(t *testing.T) {
	for _, c := range []struct {
		name string
		form scan.Form
		text string
		want string
	}{
		{"a sample table", scan.Tabbed, "\xef\xbb\xbf#sample_id\tdob\r\ns1\t1975-05-03\r\n", "date of birth: column 2, from line 2, \"dob\""},
		{"a psam", scan.Psam, "##x\n#IID SEX SURNAME\ns1 1 Qwertal\n", "person name: column 3, from line 3, \"surname\""},
		{"a fam", scan.Fam, "Qwertal_Zuleika s1 0 0 1 1\n", "person name: column 1, from line 1"},
		{"a .sample file", scan.Bgen, "ID_1 ID_2 missing phone\n0 0 0 D\ns1 s1 0 0223791111\n", "phone number: column 4, from line 3, \"phone\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r scan.Report
			table := scan.NewTable(&r, 0, c.form)
			for _, b := range []byte(c.text) { // a byte at a time
				_, _ = table.Write([]byte{b})
			}
			table.Close()
			if len(r.Findings) != 1 || r.Findings[0].String() != c.want {
				t.Errorf("found %v, want %s", r.Findings, c.want)
			}
		})
	}
}

func TestACellMayBeOfAnyLength(t *testing.T) {
	var r scan.Report
	table := scan.NewTable(&r, 0, scan.Tabbed)
	fmt.Fprintf(table, "sample_id\tx\ns1\t%s maria@unige.ch\n", strings.Repeat("ACGT ", 1<<19))
	table.Close()
	if r.BySort()["e-mail address"] != 1 {
		t.Errorf("found %v", r.Findings)
	}
}

func FuzzText(f *testing.F) {
	m := newMaker(2, true)
	for range 60 {
		d := m.document(true)
		f.Add(byte(1), d.header[m.IntN(len(d.header))])
		f.Add(byte(2), d.samples[0])
	}
	for _, c := range published {
		f.Add(byte(1), c.label+": "+c.number)
	}
	f.Add(byte(4), "(+41) 22 379x1")
	f.Add(byte(3), "é\xff'o_A.")
	f.Fuzz(func(t *testing.T, part byte, text string) {
		p := scan.Part(1 + part%5)
		for _, x := range scan.Text(p, []byte(text)) {
			if !x.Valid() || int(x.Column) > len(text) || x.Part != p {
				t.Errorf("found %v in %d bytes", x, len(text))
			}
		}
		var whole, bytes scan.Report
		for _, c := range []struct {
			r    *scan.Report
			step int
		}{{&whole, max(1, len(text))}, {&bytes, 1}} {
			table := scan.NewTable(c.r, 0, scan.Form(part%4))
			for rest := text; rest != ""; {
				n := min(c.step, len(rest))
				_, _ = table.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			table.Close()
		}
		if diff := cmp.Diff(whole, bytes); diff != "" {
			t.Errorf("it matters how a table comes (-whole +bytes):\n%s", diff)
		}
	})
}
