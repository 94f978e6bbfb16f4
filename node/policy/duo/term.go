package duo

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrTerm is returned for a term that cannot be read.
var ErrTerm = errors.New("duo: not a term")

// Bounds on what is compared. A real consent has fewer than ten terms; a request that needs
// more purposes than this is several requests.
const (
	maxTerms    = 64
	maxPurposes = 32
	maxTermSize = 256
)

// Term is one term of a consent: a code of DUO, with what it names where it names something.
type Term struct {
	// Code is as in DUO:0000042, whichever way it was written.
	Code string
	// Values are the alternatives after the equals sign: diseases, regions, names, a day.
	Values []string
}

// String is the term as ParseTerm reads it.
func (t Term) String() string {
	if len(t.Values) == 0 {
		return t.Code
	}
	return t.Code + "=" + strings.Join(t.Values, "|")
}

// Short is the abbreviation of a term's code, or the code where it has none.
func (t Term) Short() string { return Short(t.Code) }

// ParseTerm reads a term: DUO:0000042, DUO_0000042, its IRI or GRU, and after an equals sign
// what it names, such as DS=MONDO:0005015, GS=CH|DE, TS=2030-12-31 or US=alice. That a code
// is known is not required: Match denies what is not.
func ParseTerm(text string) (Term, error) {
	if len(text) > maxTermSize {
		return Term{}, fmt.Errorf("%w: longer than %d bytes", ErrTerm, maxTermSize)
	}
	code, values, named := strings.Cut(strings.TrimSpace(text), "=")
	t := Term{Code: normal(code)}
	if t.Code == "" {
		return Term{}, fmt.Errorf("%w: %q has no code; write it as in DUO:0000042 or GRU", ErrTerm, text)
	}
	if !named {
		return t, nil
	}
	for v := range strings.SplitSeq(values, "|") {
		if v = strings.TrimSpace(v); v == "" {
			return Term{}, fmt.Errorf("%w: %q names nothing beside an equals sign or a bar", ErrTerm, text)
		}
		t.Values = append(t.Values, v)
	}
	slices.Sort(t.Values)
	t.Values = slices.Compact(t.Values)
	return t, nil
}

// obo is what the IRIs of DUO and MONDO begin with.
const obo = "http://purl.obolibrary.org/obo/"

// normal is the one spelling of a code.
func normal(code string) string {
	code = strings.TrimSpace(code)
	prefix, number, _ := strings.Cut(strings.TrimPrefix(code, obo), "_")
	if number != "" && strings.Trim(number, "0123456789") == "" && slices.Contains([]string{"DUO", "MONDO", "OBI"}, prefix) {
		code = prefix + ":" + number
	}
	if code == "DUO:00000044" {
		return "DUO:0000044" // NPOA, as duo.owl spells it
	}
	for _, k := range codes {
		if k.short != "" && k.short == code {
			return k.code
		}
	}
	return code
}

// Short is the abbreviation of a code, or the code where it has none.
func Short(code string) string {
	if k, ok := codeOf(code); ok {
		return cmp.Or(k.short, code)
	}
	return code
}

// Label is what DUO calls a code, or nothing where it does not know it.
func Label(code string) string {
	k, _ := codeOf(code)
	return k.label
}

// Ancestors are the codes above one in DUO's own hierarchy, the nearest first. A purpose
// ends in DUO:0000042, any research, where duo.owl has OBI:0000066, investigation.
func Ancestors(code string) (above []string) {
	for {
		k, ok := codeOf(code)
		if !ok || k.parent == "" {
			return above
		}
		above, code = append(above, k.parent), k.parent
	}
}

// sort is what a code is for.
type sort uint8

const (
	obsolete sort = iota
	category      // holds others
	permission
	modifier
	purpose
)

// known is a code of DUO.
type known struct {
	code, short, label, parent string
	sort                       sort
}

func codeOf(code string) (known, bool) {
	i, ok := slices.BinarySearchFunc(codes, code, func(k known, c string) int { return strings.Compare(k.code, c) })
	if !ok {
		return known{}, false
	}
	return codes[i], true
}

// codes are all of duo.owl, 2021-02-23, in ascending order.
var codes = []known{
	{"DUO:0000001", "", "data use permission", "", category},
	{"DUO:0000002", "", "obsolete consent code primary category", "", obsolete},
	{"DUO:0000003", "", "obsolete consent code secondary category", "", obsolete},
	{"DUO:0000004", "NRES", "no restriction", "DUO:0000001", permission},
	{"DUO:0000005", "", "obsolete general research use and clinical care", "", obsolete},
	{"DUO:0000006", "HMB", "health or medical or biomedical research", "DUO:0000042", permission},
	{"DUO:0000007", "DS", "disease specific research", "DUO:0000006", permission},
	{"DUO:0000011", "POA", "population origins or ancestry research only", "DUO:0000001", permission},
	{"DUO:0000012", "RS", "research specific restrictions", "DUO:0000017", modifier},
	{"DUO:0000014", "", "obsolete research use only", "", obsolete},
	{"DUO:0000015", "NMDS", "no general methods research", "DUO:0000017", modifier},
	{"DUO:0000016", "GSO", "genetic studies only", "DUO:0000017", modifier},
	{"DUO:0000017", "", "data use modifier", "", category},
	{"DUO:0000018", "NPUNCU", "not for profit, non commercial use only", "DUO:0000017", modifier},
	{"DUO:0000019", "PUB", "publication required", "DUO:0000017", modifier},
	{"DUO:0000020", "COL", "collaboration required", "DUO:0000017", modifier},
	{"DUO:0000021", "IRB", "ethics approval required", "DUO:0000017", modifier},
	{"DUO:0000022", "GS", "geographical restriction", "DUO:0000017", modifier},
	{"DUO:0000024", "MOR", "publication moratorium", "DUO:0000017", modifier},
	{"DUO:0000025", "TS", "time limit on use", "DUO:0000017", modifier},
	{"DUO:0000026", "US", "user specific restriction", "DUO:0000017", modifier},
	{"DUO:0000027", "PS", "project specific restriction", "DUO:0000017", modifier},
	{"DUO:0000028", "IS", "institution specific restriction", "DUO:0000017", modifier},
	{"DUO:0000029", "RTN", "return to database or resource", "DUO:0000017", modifier},
	{"DUO:0000031", "", "method development", "DUO:0000042", purpose},
	{"DUO:0000032", "", "population research", "DUO:0000042", purpose},
	{"DUO:0000033", "", "ancestry research", "DUO:0000042", purpose},
	{"DUO:0000034", "", "age category research", "DUO:0000042", purpose},
	{"DUO:0000035", "", "gender category research", "DUO:0000042", purpose},
	{"DUO:0000036", "", "research control", "DUO:0000042", purpose},
	{"DUO:0000037", "", "biomedical research", "DUO:0000042", purpose},
	{"DUO:0000038", "", "genetic research", "DUO:0000037", purpose},
	{"DUO:0000039", "", "drug development research", "DUO:0000037", purpose},
	{"DUO:0000040", "", "disease category research", "DUO:0000037", purpose},
	{"DUO:0000042", "GRU", "general research use", "DUO:0000001", permission},
	{"DUO:0000043", "CC", "clinical care use", "DUO:0000017", modifier},
	{"DUO:0000044", "NPOA", "population origins or ancestry research prohibited", "DUO:0000017", modifier},
	{"DUO:0000045", "NPU", "not for profit organisation use only", "DUO:0000018", modifier},
	{"DUO:0000046", "NCU", "non-commercial use only", "DUO:0000018", modifier},
}
