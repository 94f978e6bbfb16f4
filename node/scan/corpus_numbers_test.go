package scan_test

import (
	"fmt"
	"strings"
)

// The numbers of countries, made from their public descriptions. Nothing here is shared
// with the scanner.

type corpusScheme struct {
	name   string // as scan.Scheme prints it
	labels string // what people write before it
	make   func(*maker) string
}

func schemeNamed(name string) corpusScheme {
	for _, s := range corpusSchemes {
		if s.name == name {
			return s
		}
	}
	panic(name)
}

// born is two or four digits of a year, and month and day.
func (m *maker) born() (y, mo, d int) { return 1930 + m.IntN(75), 1 + m.IntN(12), 1 + m.IntN(28) }

func weigh(s string, w ...int) (sum int) {
	for i, k := range w {
		sum += k * int(s[i]-'0')
	}
	return sum
}

func luhnDigit(s string) int {
	sum := 0
	for i := range s {
		v := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			v *= 2
		}
		sum += v/10 + v%10
	}
	return (10 - sum%10) % 10
}

// until makes numbers until one is there.
func until(f func() (string, bool)) string {
	for {
		if s, ok := f(); ok {
			return s
		}
	}
}

var corpusSchemes = []corpusScheme{
	{"CH AHV", "AHV|AVS|AHV-Nr|NAVS13|Sozialversicherungsnummer", func(m *maker) string {
		s := "756" + fmt.Sprintf("%09d", m.IntN(1e9))
		s += fmt.Sprint((10 - weigh(s, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)%10) % 10)
		return m.one(s, s[:3]+"."+s[3:7]+"."+s[7:11]+"."+s[11:])
	}},
	{"FR NIR", "NIR|numéro de sécurité sociale|INSEE|num_secu", func(m *maker) string {
		y, mo, _ := m.born()
		n := int64(1+m.IntN(2))*1e12 + int64(y%100)*1e10 + int64(mo)*1e8 + int64(1+m.IntN(95))*1e6 + int64(1+m.IntN(900))*1e3 + int64(1+m.IntN(999))
		s := fmt.Sprintf("%013d%02d", n, 97-n%97)
		return m.one(s, fmt.Sprintf("%s %s %s %s %s %s %s", s[:1], s[1:3], s[3:5], s[5:7], s[7:10], s[10:13], s[13:]))
	}},
	{"DE Steuer-ID", "Steuer-ID|IdNr|Steueridentifikationsnummer|TIN", func(m *maker) string {
		// One digit comes twice, one not at all.
		p := m.Perm(10)
		if p[0] == 0 {
			p[0], p[1] = p[1], p[0]
		}
		p[9] = p[1+m.IntN(8)]
		b := make([]byte, 10)
		for i, v := range p {
			b[i] = byte('0' + v)
		}
		product := 10
		for _, c := range b {
			sum := (int(c-'0') + product) % 10
			if sum == 0 {
				sum = 10
			}
			product = sum * 2 % 11
		}
		s := string(b) + fmt.Sprint((11-product)%10)
		return m.one(s, s[:2]+" "+s[2:5]+" "+s[5:8]+" "+s[8:])
	}},
	{"DE KVNR", "KVNR|Versichertennummer|Krankenversichertennummer|Versicherten-ID", func(m *maker) string {
		letter := m.IntN(26)
		s := fmt.Sprintf("%08d", m.IntN(1e8))
		all, sum := fmt.Sprintf("%02d%s", letter+1, s), 0
		for i, c := range all {
			v := int(c-'0') * (1 + i%2)
			sum += v/10 + v%10
		}
		return string(rune('A'+letter)) + s + fmt.Sprint(sum%10)
	}},
	{"IT codice fiscale", "codice fiscale|CF|codice_fiscale", func(m *maker) string {
		const consonants = "BCDFGLMNPRSTVZ"
		b := []byte{}
		for range 6 {
			b = append(b, consonants[m.IntN(len(consonants))])
		}
		y, mo, d := m.born()
		s := fmt.Sprintf("%s%02d%c%02d%c%03d", b, y%100, "ABCDEHLMPRST"[mo-1], d+40*m.IntN(2), "ABCDEFGHILM"[m.IntN(11)], 1+m.IntN(900))
		odd := [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
		sum := 0
		for i, c := range s {
			v := int(c - 'A')
			if c <= '9' {
				v = int(c - '0')
			}
			if i%2 == 0 {
				v = odd[v]
			}
			sum += v
		}
		return s + string(rune('A'+sum%26))
	}},
	{"ES DNI", "DNI|NIF|documento nacional de identidad", func(m *maker) string {
		n := m.IntN(1e8)
		return fmt.Sprintf("%08d%s%c", n, m.one("", "-"), "TRWAGMYFPDXBNJZSQVHLCKE"[n%23])
	}},
	{"ES NIE", "NIE|número de identidad de extranjero", func(m *maker) string {
		first, n := m.IntN(3), m.IntN(1e7)
		return fmt.Sprintf("%c%s%07d%s%c", "XYZ"[first], m.one("", "-"), n, m.one("", "-"), "TRWAGMYFPDXBNJZSQVHLCKE"[(first*1e7+n)%23])
	}},
	{"NL BSN", "BSN|burgerservicenummer|sofinummer", func(m *maker) string {
		return until(func() (string, bool) {
			s := m.digits(9)
			return s, weigh(s, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
		})
	}},
	{"BE NN", "rijksregisternummer|numéro national|NISS|INSZ", func(m *maker) string {
		y, mo, d := m.born()
		s := fmt.Sprintf("%02d%02d%02d%03d", y%100, mo, d, 1+m.IntN(997))
		var n int
		fmt.Sscan(strings.TrimLeft(s, "0"), &n)
		if y >= 2000 {
			n += 2e9
		}
		s += fmt.Sprintf("%02d", 97-n%97)
		return m.one(s, fmt.Sprintf("%s.%s.%s-%s.%s", s[:2], s[2:4], s[4:6], s[6:9], s[9:]))
	}},
	{"UK NHS", "NHS|NHS number|NHS_No", func(m *maker) string {
		s := until(func() (string, bool) {
			s := m.digits(9)
			c := (11 - weigh(s, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11) % 11
			return s + fmt.Sprint(c), c < 10
		})
		return m.one(s, s[:3]+" "+s[3:6]+" "+s[6:])
	}},
	{"SE personnummer", "personnummer|personnr|pnr", func(m *maker) string {
		y, mo, d := m.born()
		s := fmt.Sprintf("%02d%02d%02d%03d", y%100, mo, d, 1+m.IntN(998))
		s += fmt.Sprint(luhnDigit(s))
		return m.one(s[:6]+"-"+s[6:], fmt.Sprint(y/100)+s[:6]+"-"+s[6:], fmt.Sprint(y/100)+s)
	}},
	{"FI HETU", "HETU|henkilötunnus|personbeteckning", func(m *maker) string {
		y, mo, d := m.born()
		sign := "-"
		if y >= 2000 {
			sign = "A"
		}
		date, n := fmt.Sprintf("%02d%02d%02d", d, mo, y%100), 2+m.IntN(898)
		var v int
		fmt.Sscan(strings.TrimLeft(fmt.Sprintf("%s%03d", date, n), "0"), &v)
		return fmt.Sprintf("%s%s%03d%c", date, sign, n, "0123456789ABCDEFHJKLMNPRSTUVWXY"[v%31])
	}},
	{"DK CPR", "CPR|CPR-nummer|cprnr", func(m *maker) string {
		return until(func() (string, bool) {
			y, mo, d := m.born()
			if y >= 2000 {
				return "", false
			}
			s := fmt.Sprintf("%02d%02d%02d%03d", d, mo, y%100, 1+m.IntN(399))
			c := (11 - weigh(s, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
			return s[:6] + m.one("", "-") + s[6:] + fmt.Sprint(c), c < 10
		})
	}},
	{"NO fødselsnummer", "fødselsnummer|fnr|personnummer", func(m *maker) string {
		return until(func() (string, bool) {
			y, mo, d := m.born()
			s := fmt.Sprintf("%02d%02d%02d%03d", d, mo, y%100, 1+m.IntN(998))
			k1 := (11 - weigh(s, 3, 7, 6, 1, 8, 9, 4, 5, 2)%11) % 11
			if k1 == 10 {
				return "", false
			}
			s += fmt.Sprint(k1)
			k2 := (11 - weigh(s, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
			return s + fmt.Sprint(k2), k2 < 10
		})
	}},
	{"PL PESEL", "PESEL|nr PESEL", func(m *maker) string {
		y, mo, d := m.born()
		if y >= 2000 {
			mo += 20
		}
		s := fmt.Sprintf("%02d%02d%02d%04d", y%100, mo, d, 1+m.IntN(9998))
		return s + fmt.Sprint((10-weigh(s, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10)
	}},
	{"PT NIF", "NIF|contribuinte|número de contribuinte", func(m *maker) string {
		s := m.one("1", "2", "3") + m.digits(7)
		c := (11 - weigh(s, 9, 8, 7, 6, 5, 4, 3, 2)%11) % 11
		if c > 9 {
			c = 0
		}
		s += fmt.Sprint(c)
		return m.one(s, s[:3]+" "+s[3:6]+" "+s[6:])
	}},
	{"AT SVNR", "SVNR|Sozialversicherungsnummer|SV-Nummer", func(m *maker) string {
		return until(func() (string, bool) {
			y, mo, d := m.born()
			a, b := m.digits(3), fmt.Sprintf("%02d%02d%02d", d, mo, y%100)
			c := weigh(a+b, 3, 7, 9, 5, 8, 4, 2, 1, 6) % 11
			return a + fmt.Sprint(c) + m.one("", " ") + b, c < 10
		})
	}},
	{"IE PPS", "PPS|PPSN|PPS number", func(m *maker) string {
		s := m.digits(7)
		return s + string("WABCDEFGHIJKLMNOPQRSTUV"[weigh(s, 8, 7, 6, 5, 4, 3, 2)%23]) + m.one("", "W")
	}},
	{"US SSN", "SSN|social security number|social security", func(m *maker) string {
		return fmt.Sprintf("%03d-%02d-%04d", 1+m.IntN(665), 1+m.IntN(99), 1+m.IntN(9998))
	}},
	{"CA SIN", "SIN|social insurance number|NAS", func(m *maker) string {
		s := m.digits(8)
		s += fmt.Sprint(luhnDigit(s))
		return m.one(s, s[:3]+" "+s[3:6]+" "+s[6:], s[:3]+"-"+s[3:6]+"-"+s[6:])
	}},
	{"IN Aadhaar", "Aadhaar|aadhar|UIDAI", func(m *maker) string {
		// Verhoeff, by the group of a pentagon: the digit that makes it 0.
		turn := func(a, b int) int {
			switch {
			case a < 5 && b < 5:
				return (a + b) % 5
			case a < 5:
				return (a+b-5)%5 + 5
			case b < 5:
				return (a-5-b+5)%5 + 5
			}
			return (a - b + 5) % 5
		}
		step := [10]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
		at := func(v, times int) int {
			for range times % 8 {
				v = step[v]
			}
			return v
		}
		s := fmt.Sprint(2+m.IntN(8)) + m.digits(10)
		for c := range 10 {
			all, v := s+fmt.Sprint(c), 0
			for i := range all {
				v = turn(v, at(int(all[len(all)-1-i]-'0'), i))
			}
			if v == 0 {
				return m.one(all, all[:4]+" "+all[4:8]+" "+all[8:])
			}
		}
		panic("no check digit")
	}},
}
