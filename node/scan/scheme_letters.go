package scan

import "strings"

// The numbers in which there are letters.

func (c *candidate) letter(i int) bool { return c.chars[i] >= 'A' && c.chars[i] <= 'Z' }

// A letter and nine digits; Luhn where the letter counts as its two digits, from the left.
func isKVNR(c *candidate) bool {
	if c.count > 1 || !c.letter(0) || !c.digits(1, 10) {
		return false
	}
	n := int(c.chars[0]-'A') + 1
	sum := n/10 + 2*(n%10)/10 + 2*(n%10)%10
	for i, b := range c.chars[1:9] {
		v := int(b-'0') * (1 + i%2)
		sum += v/10 + v%10
	}
	return sum%10 == c.last()
}

// Letters of the names, a date in which a letter is the month and women have 40 days
// more, a place, and a letter modulo 26. Digits may be letters where two would be alike.
func isCodiceFiscale(c *candidate) bool {
	if c.count > 1 {
		return false
	}
	sum := 0
	var v [16]int
	for i, b := range c.text() {
		isLetter := b > '9'
		switch i {
		case 0, 1, 2, 3, 4, 5, 8, 11, 15:
			if !isLetter {
				return false
			}
		default:
			if at := strings.IndexByte("LMNPQRSTUV", b); isLetter && at < 0 {
				return false
			} else if isLetter {
				v[i] = at
			} else {
				v[i] = int(b - '0')
			}
		}
		n := int(b - '0')
		if isLetter {
			n = int(b - 'A')
		}
		if i < 15 && i%2 == 0 {
			n = codiceOdd[n]
		}
		if i < 15 {
			sum += n
		}
	}
	d := v[9]*10 + v[10]
	if d > 40 {
		d -= 40
	}
	return d >= 1 && d <= 31 && strings.IndexByte("ABCDEHLMPRST", c.chars[8]) >= 0 && c.chars[15] == byte('A'+sum%26)
}

var codiceOdd = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// Eight digits and a letter, modulo 23.
func isDNI(c *candidate) bool {
	return c.count <= 2 && c.digits(0, 8) && c.chars[8] == dniLetters[c.number(0, 8)%23]
}

// X, Y or Z for 0, 1 or 2, and the rest as a DNI.
func isNIE(c *candidate) bool {
	first := int(c.chars[0]) - 'X'
	return c.count <= 3 && first >= 0 && first <= 2 && c.digits(1, 8) && c.chars[8] == dniLetters[(first*10_000_000+c.number(1, 8))%23]
}

// A date, a sign of the century, three digits and a character modulo 31. The sign may be
// a letter, which is then in the number, or - or +, which separates it.
func isHETU(c *candidate) bool {
	at := 6
	switch {
	case c.n == 11 && c.count == 1 && strings.IndexByte("ABCDEFYXWVU", c.chars[6]) >= 0:
		at = 7
	case c.n == 10 && c.count == 2 && c.groups[0] == 6 && (c.sep[1] == '-' || c.sep[1] == '+'):
	default:
		return false
	}
	if !c.digits(0, 6) || !c.digits(at, at+3) || !day(c.number(0, 2), c.number(2, 4)) {
		return false
	}
	return c.chars[at+3] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[(c.number(0, 6)*1000+c.number(at, at+3))%31]
}

// Seven digits and a letter modulo 23; a second letter counts nine times.
func isPPS(c *candidate) bool {
	if c.count > 1 || !c.digits(0, 7) || !c.letter(7) {
		return false
	}
	sum := c.sum(8, 7, 6, 5, 4, 3, 2)
	if c.n == 9 {
		second := strings.IndexByte("WABCDEFGHI", c.chars[8])
		if second < 0 {
			return false
		}
		sum += 9 * second
	}
	return c.chars[7] == "WABCDEFGHIJKLMNOPQRSTUV"[sum%23]
}

// No check: two letters, six digits and a letter from A to D.
func isNINO(c *candidate) bool {
	if (c.count != 1 && !c.form(c.seps(), 2, 2, 2, 2, 1)) || !c.letter(0) || !c.letter(1) || !c.digits(2, 8) {
		return false
	}
	return !strings.ContainsRune("DFIQUV", rune(c.chars[0])) && !strings.ContainsRune("DFIOQUV", rune(c.chars[1])) && c.chars[8] >= 'A' && c.chars[8] <= 'D'
}

// 17 digits and one modulo 11, ISO 7064; the digits from the seventh on are a date.
func isResidentID(c *candidate) bool {
	if c.count > 1 || !c.digits(0, 17) {
		return false
	}
	y, m, d := c.number(6, 10), c.number(10, 12), c.number(12, 14)
	return y >= firstYear && y <= lastYear && day(d, m) &&
		c.chars[17] == "10X98765432"[c.sum(7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)%11]
}
