package ontology_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/policy/duo"
	"github.com/locus-genomics/locus/node/policy/ontology"
)

var _ duo.Diseases = (*ontology.Ontology)(nil)

func readFile(t *testing.T, name string) *ontology.Ontology {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o, err := ontology.Read(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return o
}

func extract(t *testing.T, o *ontology.Ontology) string {
	t.Helper()
	var b bytes.Buffer
	if err := o.Extract(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOBOAndOWLSayTheSame(t *testing.T) {
	obo, owl := readFile(t, "testdata/toy.obo"), readFile(t, "testdata/toy.owl")
	if diff := cmp.Diff(extract(t, obo), extract(t, owl)); diff != "" {
		t.Errorf("extracts (-OBO +OWL):\n%s", diff)
	}
	want := ontology.Stats{Terms: 4, Obsolete: 4, Replaced: 3, Parents: 4, Roots: 1}
	if diff := cmp.Diff(want, obo.Stats()); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}
	if obo.Version() != "toy/2026-01-01" || owl.Version() != obo.Version() {
		t.Errorf("versions %q and %q", obo.Version(), owl.Version())
	}
}

func TestWhatATermIs(t *testing.T) {
	o := readFile(t, "testdata/toy.owl")
	for _, tt := range []struct {
		name, term, current string
		above               string
	}{
		{"a root", "MONDO:9000001", "MONDO:9000001", ""},
		{"a term below two", "MONDO:9000003", "MONDO:9000003", "MONDO:9000001 MONDO:9000002 MONDO:9000004"},
		{"an obsolete term, replaced twice", "MONDO:9000005", "MONDO:9000004", ""},
		{"a term that was merged", "MONDO:9000007", "MONDO:9000003", ""},
		{"an obsolete term that two might replace", "MONDO:9000008", "", ""},
		{"a term that is not there", "MONDO:1234567", "", ""},
		{"a term of another ontology", "HP:0001945", "", ""},
		{"no term", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := o.Current(tt.term)
			if got != tt.current || ok != (tt.current != "") {
				t.Errorf("current %q, %v; want %q", got, ok, tt.current)
			}
			if above := strings.Join(o.Ancestors(tt.term), " "); above != tt.above {
				t.Errorf("above it %q, want %q", above, tt.above)
			}
			for _, other := range append(strings.Fields(tt.above), tt.term) {
				if known := strings.HasPrefix(tt.term, "MONDO:9"); o.Within(tt.term, other) != known {
					t.Errorf("within %s: %v", other, !known)
				}
			}
			if o.Within(tt.term, "MONDO:9000099") || o.Within("MONDO:9000001", "MONDO:9000003") {
				t.Error("it is within what it is not")
			}
		})
	}
	if got := o.Name("MONDO:9000003"); got != "high toy fever" {
		t.Errorf("named %q", got)
	}
}

func TestAnExtractReadsBack(t *testing.T) {
	text := extract(t, readFile(t, "testdata/toy.obo"))
	again, err := ontology.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, extract(t, again)); diff != "" {
		t.Error(diff)
	}
}

func TestAnExtractThatWasAlteredIsRefused(t *testing.T) {
	text := extract(t, readFile(t, "testdata/toy.obo"))
	for name, altered := range map[string]string{
		"cut in a line":         text[:len(text)/2],
		"without its last line": text[:strings.LastIndex(text, "end")],
		"with a parent more":    strings.Replace(text, "MONDO:9000004\tMONDO:9000001", "MONDO:9000004\tMONDO:9000002", 1),
		"with a line more":      text + "MONDO:9999999\t\tanother\n",
		"with a line twice":     strings.Replace(text, "MONDO:9000001", "MONDO:9000001\t\ttoy disease\nMONDO:9000001", 1),
		"without a column":      strings.Replace(text, "\ttoy fever", "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ontology.Read(strings.NewReader(altered)); !errors.Is(err, ontology.ErrOntology) || altered == text {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	const head = "format-version: 1.2\n"
	term := func(id string, lines ...string) string {
		return "\n[Term]\nid: " + id + "\n" + strings.Join(lines, "\n") + "\n"
	}
	many := strings.Repeat("is_a: MONDO:0000001\n", 65)
	xml := func(inside string) string {
		return `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">` + inside + `</rdf:RDF>`
	}
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "line 1: the file is empty"},
		{"something else", "#CHROM\tPOS\n", "neither OBO"},
		{"a compressed file", "\x1f\x8b\x08\x00", "gunzip"},
		{"no term of ours", head + term("HP:0000001"), "no term of MONDO or DUO"},
		{"a circle of two", head + term("MONDO:0000001", "is_a: MONDO:0000002") + term("MONDO:0000002", "is_a: MONDO:0000001"), "make a circle"},
		{"a term above itself", head + term("MONDO:0000001", "is_a: MONDO:0000001"), "line 3: MONDO:0000001 is above itself"},
		{"successors in a circle", head + term("MONDO:0000001", "is_obsolete: true", "replaced_by: MONDO:0000002") + term("MONDO:0000002", "is_obsolete: true", "replaced_by: MONDO:0000001"), "successors make a circle"},
		{"two ids in one term", head + term("MONDO:0000001", "id: MONDO:0000002"), "line 5: a second id"},
		{"a line that is none", head + term("MONDO:0000001", "what is this"), "line 5"},
		{"more parents than anything has", head + term("MONDO:0000001", many), "more than 64 parents"},
		{"a line without an end", head + "remark: " + strings.Repeat("x", 1<<20), "line 2: a line or text is longer"},
		{"XML that is not RDF", "<html><body/></html>", "the root is html, not rdf:RDF"},
		{"XML that is cut off", xml(`<owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0000001"`)[:200], "line 1"},
		{"RDF without a class", xml(""), "no rdf:RDF with a class"},
		{"elements in elements", xml(strings.Repeat("<owl:Class>", 70) + strings.Repeat("</owl:Class>", 70)), "nested deeper than 64"},
		{"an attribute without an end", xml(`<owl:Class rdf:about="` + strings.Repeat("x", 1<<20) + `"/>`), "longer than"},
		{"an entity that is not declared", xml(`<owl:Class rdf:about="&obo;MONDO_0000001"/>`), "invalid character entity"},
		{"an entity of entities", `<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>` + xml(`<owl:Class rdf:about="&b;"/>`), "invalid character entity"},
		{"XML in a circle", xml(`<owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0000001"><rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/MONDO_0000001"/></owl:Class>`), "make a circle"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ontology.Read(strings.NewReader(tt.text))
			if !errors.Is(err, ontology.ErrOntology) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A parent that is not in the file is passed over, and so is one that is obsolete: fewer
// ancestors widen no consent.
func TestAParentThatIsGoneIsPassedOver(t *testing.T) {
	o, err := ontology.Read(strings.NewReader("format-version: 1.2\n[Term]\nid: MONDO:0000001\nis_a: MONDO:0000002\nis_a: MONDO:0000003\n[Term]\nid: MONDO:0000002\nis_obsolete: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Stats(); got.Dropped != 2 || len(o.Ancestors("MONDO:0000001")) != 0 {
		t.Errorf("%+v, above it %v", got, o.Ancestors("MONDO:0000001"))
	}
}

// chain writes an ontology of n terms, each below the one before and one of the first ten.
func chain(w io.Writer, n int) {
	fmt.Fprint(w, "format-version: 1.2\n")
	for i := range n {
		fmt.Fprintf(w, "\n[Term]\nid: MONDO:%07d\nname: disease %d\n", i, i)
		if i > 0 {
			fmt.Fprintf(w, "is_a: MONDO:%07d\nis_a: MONDO:%07d\n", i/2, min(i-1, i%10))
		}
	}
}

func FuzzOBO(f *testing.F) { fuzz(f, "testdata/toy.obo") }
func FuzzOWL(f *testing.F) { fuzz(f, "testdata/toy.owl") }

func FuzzExtract(f *testing.F) {
	f.Add([]byte("locus-ontology/v1\ttoy\nMONDO:9000001\t\ttoy disease\nend\t1\t0\n"))
	fuzz(f, "testdata/toy.obo")
}

// fuzz wants an error of ours, or an ontology whose extract reads back.
func fuzz(f *testing.F, seed string) {
	b, err := os.ReadFile(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := ontology.Read(bytes.NewReader(b))
		if err != nil {
			if !errors.Is(err, ontology.ErrOntology) {
				t.Fatal(err)
			}
			return
		}
		text := extract(t, o)
		again, err := ontology.Read(strings.NewReader(text))
		if err != nil {
			t.Fatalf("the extract does not read back: %v\n%s", err, text)
		}
		if other := extract(t, again); other != text {
			t.Fatalf("the extract reads back as another:\n%s\n%s", text, other)
		}
	})
}

func BenchmarkReadOBO(b *testing.B) {
	var text bytes.Buffer
	chain(&text, 30_000)
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := ontology.Read(bytes.NewReader(text.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWithin(b *testing.B) {
	var text bytes.Buffer
	chain(&text, 30_000)
	o, err := ontology.Read(&text)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !o.Within("MONDO:0029999", "MONDO:0000001") {
			b.Fatal("it is not within the root")
		}
	}
}
