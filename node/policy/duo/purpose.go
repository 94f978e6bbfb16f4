package duo

import (
	"fmt"
	"slices"
	"strings"
)

// Diseases knows which diseases are kinds of which. Both methods take terms such as
// MONDO:0005015.
type Diseases interface {
	// Current is the term that stands for a disease today: itself, what has replaced it,
	// or false where nobody knows it.
	Current(term string) (string, bool)
	// Within reports whether a disease is another or a kind of it.
	Within(disease, other string) bool
	// Ancestors are the diseases above one.
	Ancestors(disease string) []string
}

// alone is Diseases without an ontology: each is itself and nothing else.
type alone struct{}

func (alone) Current(term string) (string, bool) { return term, true }
func (alone) Within(disease, other string) bool  { return disease == other }
func (alone) Ancestors(string) []string          { return nil }

// use is what a request is for, as far as the table of permissions tells it apart.
type use uint8

const (
	unknownUse use = iota
	anyResearch
	biomedical
	genetic
	drug
	diseaseCategory
	ofDisease
	population
	ancestry
	methods
	age
	gender
	control   // of nothing that is named
	controlOf // of a disease
	uses
)

// purposes are the codes that say what a request is for. Two permissions are among them,
// since people ask in those words.
var purposes = map[string]use{
	"DUO:0000042": anyResearch, "OBI:0000066": anyResearch,
	"DUO:0000037": biomedical, "DUO:0000006": biomedical,
	"DUO:0000038": genetic, "DUO:0000039": drug, "DUO:0000040": diseaseCategory,
	"DUO:0000032": population, "DUO:0000033": ancestry, "DUO:0000031": methods,
	"DUO:0000034": age, "DUO:0000035": gender, "DUO:0000036": control,
}

// aim is one purpose of a request.
type aim struct {
	text    string
	use     use
	disease string
	fault   string // why it cannot be compared
}

// readAim reads a purpose: a code of DUO, a disease, or the control of a disease as in
// DUO:0000036=MONDO:0005015.
func readAim(text string, d Diseases) aim {
	a := aim{text: text}
	t, err := ParseTerm(text)
	switch {
	case err != nil:
		a.fault = "the purpose cannot be read"
		return a
	case IsDisease(t.Code) && len(t.Values) == 0:
		a.use, a.disease = ofDisease, t.Code
	case purposes[t.Code] == control && len(t.Values) == 1:
		a.use, a.disease = controlOf, normal(t.Values[0])
	case purposes[t.Code] != unknownUse && len(t.Values) == 0:
		a.use = purposes[t.Code]
	default:
		a.fault = "this is no purpose that anybody here knows"
		return a
	}
	a.text = t.String()
	if a.disease == "" {
		return a
	}
	now, known := d.Current(a.disease)
	if !known || !IsDisease(a.disease) {
		a.fault = fmt.Sprintf("the disease %s is not in the ontology, or is obsolete without a successor", a.disease)
		return a
	}
	a.disease = now
	return a
}

// IsDisease reports whether a term is written like one of MONDO: seven digits.
func IsDisease(term string) bool {
	number, is := strings.CutPrefix(term, "MONDO:")
	return is && len(number) == 7 && strings.Trim(number, "0123456789") == ""
}

// readAims reads all purposes of a request, without repetition and in ascending order.
func readAims(texts []string, d Diseases) (aims []aim) {
	for _, text := range texts {
		aims = append(aims, readAim(text, d))
	}
	slices.SortFunc(aims, func(a, b aim) int { return strings.Compare(a.text, b.text) })
	return slices.CompactFunc(aims, func(a, b aim) bool { return a.text == b.text })
}

// Within are the terms that all of the purposes are or lie within, ascending: a rule that
// wants a request to be biomedical and nothing else looks for DUO:0000037 here. It is empty
// where a purpose is unknown. Without an ontology, d is nil.
func Within(texts []string, d Diseases) (common []string) {
	if d == nil {
		d = alone{}
	}
	if len(texts) == 0 || len(texts) > maxPurposes {
		return nil
	}
	for i, a := range readAims(texts, d) {
		if a.fault != "" {
			return nil
		}
		mine := a.above(d)
		if i == 0 {
			common = mine
			continue
		}
		common = slices.DeleteFunc(common, func(t string) bool { return !slices.Contains(mine, t) })
	}
	slices.Sort(common)
	return slices.Compact(common)
}

// above are the terms that a purpose is or lies within.
func (a aim) above(d Diseases) (terms []string) {
	switch a.use {
	case anyResearch:
		return []string{"DUO:0000042"}
	case biomedical:
		return []string{"DUO:0000037", "DUO:0000042"}
	case ofDisease:
		terms = append([]string{a.disease}, d.Ancestors(a.disease)...)
		return append(terms, "DUO:0000040", "DUO:0000037", "DUO:0000042")
	case controlOf:
		return []string{a.text, "DUO:0000036", "DUO:0000042"}
	}
	for _, above := range Ancestors(a.text) {
		if above != "DUO:0000001" {
			terms = append(terms, above)
		}
	}
	return append(terms, a.text)
}
