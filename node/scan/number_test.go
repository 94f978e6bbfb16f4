package scan_test

import (
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/scan"
)

// Numbers that authorities and encyclopedias print as examples, and what names them.
var published = []struct{ scheme, label, number string }{
	{"CH AHV", "AHV", "756.9217.0769.85"},
	{"FR NIR", "NIR", "255081416802538"},
	{"DE Steuer-ID", "IdNr.", "86095742719"},
	{"DE KVNR", "KVNR", "A123456780"},
	{"IT codice fiscale", "codice fiscale", "RSSMRA85T10A562S"},
	{"ES DNI", "DNI", "12345678Z"},
	{"ES NIE", "NIE", "X1234567L"},
	{"NL BSN", "BSN", "111222333"},
	{"BE NN", "NISS", "85.07.30-033.28"},
	{"UK NHS", "NHS number", "943 476 5919"},
	{"UK NINO", "NINO", "AB 12 34 56 C"},
	{"SE personnummer", "personnummer", "811218-9876"},
	{"FI HETU", "HETU", "131052-308T"},
	{"DK CPR", "CPR", "070761-4285"},
	{"PL PESEL", "PESEL", "44051401359"},
	{"PT NIF", "contribuinte", "123456789"},
	{"AT SVNR", "SVNR", "1237 010180"},
	{"IE PPS", "PPS", "1234567T"},
	{"US SSN", "SSN", "078-05-1120"},
	{"CA SIN", "SIN", "046 454 286"},
	{"IN Aadhaar", "Aadhaar", "2341 2341 2346"},
	{"BR CPF", "CPF", "111.444.777-35"},
	{"CZ rodné číslo", "rodné číslo", "736028/5163"},
	{"TR kimlik no", "TC kimlik", "10000000146"},
	{"CN resident id", "resident id", "11010519491231002X"},
}

// numberIn is the scheme that is found in a text, or "".
func numberIn(text string) string {
	for _, f := range scan.Text(scan.Header, []byte(text)) {
		if f.Sort == scan.NationalNumber {
			return f.Scheme.String()
		}
	}
	return ""
}

func TestPublishedNumbersAreFoundAndOthersAreNot(t *testing.T) {
	unchecked := map[string]bool{"UK NINO": true, "US SSN": true}
	for _, c := range published {
		t.Run(c.scheme, func(t *testing.T) {
			if got := numberIn("##SAMPLE=<ID=x," + c.label + "=" + c.number + ">"); got != c.scheme {
				t.Errorf("%s is found as %q", c.number, got)
			}
			if unchecked[c.scheme] {
				return
			}
			// With another digit it is none.
			at := strings.LastIndexAny(c.number, "123456789")
			changed := []byte(c.number)
			changed[at] = '0' + (c.number[at]-'0'+1)%10
			if got := numberIn("##SAMPLE=<ID=x," + c.label + "=" + string(changed) + ">"); got == c.scheme {
				t.Errorf("%s is found too", changed)
			}
		})
	}
}

func TestAColumnOfNumbersIsFoundByItself(t *testing.T) {
	m := newMaker(9, true)
	for _, s := range corpusSchemes {
		if s.name == "US SSN" {
			continue // there is no check digit in it
		}
		var r scan.Report
		table := scan.NewTable(&r, 0, scan.Tabbed)
		text := "sample_id\tx\n"
		for range 12 {
			text += m.fill("S{4}\t") + s.make(m) + "\n"
		}
		_, _ = table.Write([]byte(text))
		table.Close()
		if len(r.Findings) != 1 || r.Findings[0].Sort != scan.NationalNumber || r.Findings[0].Column != 2 {
			t.Errorf("%s: %v", s.name, r.Findings)
		}
	}
}
