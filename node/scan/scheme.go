package scan

import "slices"

// scheme is how a country numbers people.
type scheme struct {
	name        string
	least, most int // characters, without what separates them
	// ok reports whether form and check digits are those of one.
	ok func(*candidate) bool
	// alone reports whether one that is ok is written so that nothing else is. Nil is
	// never: then a word before it has to name it, or a whole column has to be ok.
	alone func(*candidate) bool
	// free tells that there is no check digit, so that a column of such is no evidence.
	free bool
}

// schemes are in the order in which one of several is chosen.
var schemes = []scheme{
	{"CH AHV", 13, 13, isAHV, always, false},
	{"FR NIR", 15, 15, isNIR, always, false},
	{"IT codice fiscale", 16, 16, isCodiceFiscale, always, false},
	{"CN resident id", 18, 18, isResidentID, always, false},
	{"FI HETU", 10, 11, isHETU, always, false},
	{"ES DNI", 9, 9, isDNI, func(c *candidate) bool { return c.count == 1 || c.form("-", 8, 1) }, false},
	{"ES NIE", 9, 9, isNIE, func(c *candidate) bool { return c.count == 1 || c.sep[1] == '-' }, false},
	{"BE NN", 11, 11, isNN, func(c *candidate) bool { return c.form("..-.", 2, 2, 2, 3, 2) }, false},
	{"BR CPF", 11, 11, isCPF, func(c *candidate) bool { return c.form("..-", 3, 3, 3, 2) }, false},
	{"SE personnummer", 10, 12, isPersonnummer, func(c *candidate) bool { return c.count == 2 && !c.isTime() }, false},
	{"DK CPR", 10, 10, isCPR, func(c *candidate) bool { return c.form("-", 6, 4) }, false},
	{"CZ rodné číslo", 9, 10, isRodneCislo, func(c *candidate) bool { return c.form("/", 6, 4) }, false},
	{"NO fødselsnummer", 11, 11, isFodselsnummer, func(c *candidate) bool { return c.form(" ", 6, 5) }, false},
	{"DE Steuer-ID", 11, 11, isSteuerID, func(c *candidate) bool { return c.form(" ", 2, 3, 3, 3) }, false},
	{"PL PESEL", 11, 11, isPESEL, nil, false},
	{"TR kimlik no", 11, 11, isKimlik, nil, false},
	{"UK NHS", 10, 10, isNHS, func(c *candidate) bool { return c.form(" ", 3, 3, 4) }, false},
	{"UK NINO", 9, 9, isNINO, func(c *candidate) bool { return c.form(" ", 2, 2, 2, 2, 1) }, true},
	{"AT SVNR", 10, 10, isSVNR, func(c *candidate) bool { return c.form(" ", 4, 6) }, false},
	{"DE KVNR", 10, 10, isKVNR, nil, false},
	{"US SSN", 9, 9, isSSN, func(c *candidate) bool { return c.form("-", 3, 2, 4) }, true},
	{"CA SIN", 9, 9, isSIN, func(c *candidate) bool { return c.form("-", 3, 3, 3) }, false},
	{"NL BSN", 9, 9, isBSN, nil, false},
	{"PT NIF", 9, 9, isNIF, nil, false},
	{"IE PPS", 8, 9, isPPS, nil, false},
	{"IN Aadhaar", 12, 12, isAadhaar, func(c *candidate) bool { return c.form(" ", 4, 4, 4) || c.form("-", 4, 4, 4) }, false},
}

func always(*candidate) bool { return true }

// schemeOf is the number of a scheme, from 1. The lists name none that is not there.
func schemeOf(name string) Scheme {
	return Scheme(slices.IndexFunc(schemes, func(s scheme) bool { return s.name == name }) + 1)
}

// numeric reports whether all is digits, in so many groups at most.
func (c *candidate) numeric(groups int) bool {
	return c.count <= groups && !slices.ContainsFunc(c.text(), func(b byte) bool { return b > '9' })
}

// digits reports whether those from a to b are.
func (c *candidate) digits(a, b int) bool {
	return !slices.ContainsFunc(c.chars[a:b], func(b byte) bool { return b > '9' })
}

// number is that of the characters from a to b, which are digits.
func (c *candidate) number(a, b int) (v int) {
	for _, d := range c.chars[a:b] {
		v = v*10 + int(d-'0')
	}
	return v
}

// sum weighs the digits from the first on.
func (c *candidate) sum(weights ...int) (sum int) {
	for i, w := range weights {
		sum += w * int(c.chars[i]-'0')
	}
	return sum
}

func (c *candidate) last() int { return int(c.chars[c.n-1] - '0') }

// day reports whether a day and a month can be.
func day(d, m int) bool { return d >= 1 && d <= 31 && m >= 1 && m <= 12 }

// varied reports whether not all characters are the same, as in 000000000.
func (c *candidate) varied() bool {
	return slices.ContainsFunc(c.text(), func(b byte) bool { return b != c.chars[0] })
}

// isTime reports whether it could be a day of a run and its time: 20230521-1349.
func (c *candidate) isTime() bool {
	return c.n == 12 && c.number(0, 4) >= 2005 && c.number(8, 10) < 24 && c.number(10, 12) < 60
}

// luhn reports whether the digits from a on pass the check of ISO 7812.
func (c *candidate) luhn(a int) bool {
	sum := 0
	for i := c.n - 1; i >= a; i-- {
		v := int(c.chars[i] - '0')
		if (c.n-1-i)%2 == 1 {
			v *= 2
		}
		sum += v/10 + v%10
	}
	return sum%10 == 0
}
