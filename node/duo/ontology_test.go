package duo_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/duo"
)

// small is a part of MONDO, as its publisher writes it.
const small = `format-version: 1.4
ontology: mondo

[Term]
id: MONDO:0000001
name: disease

[Term]
id: MONDO:0005066
name: metabolic disease
is_a: MONDO:0000001 ! disease

[Term]
id: MONDO:0005015
name: diabetes mellitus
def: "A metabolic disease. is_a: MONDO:0004975" [NCIT:C2985]
xref: DOID:9351 {source="MONDO:equivalentTo"}
is_a: MONDO:0005066 {source="NCIT:C2985"} ! metabolic disease
relationship: has_material_basis_in HP:0000001

[Term]
id: MONDO:0005148
is_a: MONDO:0005015 ! diabetes mellitus
is_a: MONDO:0005015 ! said twice
is_a: HP:0000118 ! of another ontology

[Term]
id: MONDO:0004975
name: Alzheimer disease
is_a: MONDO:0000001 ! disease

[Term]
id: MONDO:0009999
name: obsolete disease
is_a: MONDO:0005015
is_obsolete: true

[Typedef]
id: MONDO:0008888
is_a: MONDO:0005015
`

const smallOWL = `<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">
  <owl:Ontology rdf:about="http://purl.obolibrary.org/obo/mondo.owl"/>
  <owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0000001"/>
  <owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0005066"><rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/MONDO_0000001"/></owl:Class>
  <owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0005015">
    <rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/MONDO_0005066"/>
    <rdfs:subClassOf><owl:Restriction><owl:onProperty rdf:resource="http://purl.obolibrary.org/obo/RO_0004003"/></owl:Restriction></rdfs:subClassOf>
  </owl:Class>
  <owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0005148"><rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/MONDO_0005015"/></owl:Class>
  <owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0004975"><rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/MONDO_0000001"/></owl:Class>
  <owl:Class rdf:about="http://purl.obolibrary.org/obo/MONDO_0009999"><owl:deprecated rdf:datatype="http://www.w3.org/2001/XMLSchema#boolean">true</owl:deprecated></owl:Class>
  <owl:Class rdf:about="http://purl.obolibrary.org/obo/HP_0000118"/>
</rdf:RDF>
`

func TestAnOntologySaysWhatIsAKindOfWhat(t *testing.T) {
	for name, text := range map[string]string{"OBO": small, "OBO with CR LF": strings.ReplaceAll(small, "\n", "\r\n"), "OWL": smallOWL} {
		t.Run(name, func(t *testing.T) {
			o, err := duo.ReadOntology(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if o.Len() != 5 {
				t.Errorf("%d diseases, want 5", o.Len())
			}
			for _, tt := range []struct {
				disease, other string
				is             bool
			}{
				{diabetes, diabetes, true}, {typeTwo, diabetes, true}, {typeTwo, metabolic, true}, {typeTwo, "MONDO:0000001", true},
				{diabetes, typeTwo, false}, {alzheimer, diabetes, false}, {diabetes, alzheimer, false},
				{"MONDO:0009999", diabetes, false}, {"MONDO:0008888", diabetes, false}, {"MONDO:1234567", diabetes, false},
			} {
				if got := o.Is(tt.disease, tt.other); got != tt.is {
					t.Errorf("%s is %s: %v", tt.disease, tt.other, got)
				}
			}
			var once, twice bytes.Buffer
			if _, err := o.WriteTo(&once); err != nil {
				t.Fatal(err)
			}
			again, err := duo.ReadOntology(bytes.NewReader(once.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if n, err := again.WriteTo(&twice); err != nil || int(n) != twice.Len() || !bytes.Equal(once.Bytes(), twice.Bytes()) {
				t.Errorf("written again it is other: %v", err)
			}
			terms := []string{"DUO:0000007", diabetes}
			if v, _ := duo.Match(terms, use(duo.Disease, typeTwo), o); v != duo.Allow {
				t.Errorf("a consent for diabetes and a question about type 2: %s", v)
			}
		})
	}
}

func TestOntologiesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                     "",
		"another ontology":            "[Term]\nid: HP:0000118\n",
		"a disease twice":             "[Term]\nid: MONDO:0000001\n[Term]\nid: MONDO:0000001\n",
		"a disease of itself":         "[Term]\nid: MONDO:0000001\nis_a: MONDO:0000001\n",
		"a ring":                      "[Term]\nid: MONDO:0000001\nis_a: MONDO:0000002\n[Term]\nid: MONDO:0000002\nis_a: MONDO:0000003\n[Term]\nid: MONDO:0000003\nis_a: MONDO:0000001\n",
		"a line without end":          "[Term]\nid: MONDO:0000001\nname: " + strings.Repeat("x", 2<<20),
		"more parents than there are": "[Term]\nid: MONDO:0000001\n" + manyParents(),
		"a file that was cut":         smallOWL[:len(smallOWL)/2],
		"a page of the web":           "<html><body>Not found</body>",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := duo.ReadOntology(strings.NewReader(text)); !errors.Is(err, duo.ErrOntology) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func manyParents() string {
	var b strings.Builder
	for i := range 300 {
		b.WriteString("is_a: MONDO:0001" + string([]byte{'0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10)}) + "\n")
	}
	return b.String()
}

func FuzzReadOntology(f *testing.F) {
	f.Add(small)
	f.Add(smallOWL)
	f.Add("[Term]\nid: MONDO:0000001\nis_a: MONDO:0000001\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := duo.ReadOntology(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, duo.ErrOntology) {
				t.Fatalf("an error of no known kind: %v", err)
			}
			return
		}
		var b bytes.Buffer
		if _, err := o.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if again, err := duo.ReadOntology(&b); err != nil || again.Len() != o.Len() {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
