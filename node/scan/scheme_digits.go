package scan

// The numbers that are digits. Each function says which check it is.

// EAN-13, of the country 756.
func isAHV(c *candidate) bool {
	return c.numeric(4) && c.number(0, 3) == 756 && (c.count == 1 || c.form(c.seps(), 3, 4, 4, 2)) &&
		(c.sum(1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)+c.last())%10 == 0
}

// seps is the first separator, for all.
func (c *candidate) seps() string { return string(c.sep[1:2]) }

// Modulo 97 of sex, year, month, department (2A and 2B for 20), commune and order.
func isNIR(c *candidate) bool {
	corsica := 0
	if c.chars[5] == '2' && (c.chars[6] == 'A' || c.chars[6] == 'B') {
		corsica = int(c.chars[6]-'A') + 1
	} else if !c.digits(5, 7) {
		return false
	}
	if !c.digits(0, 5) || !c.digits(7, 15) || c.chars[0] < '1' || c.chars[0] > '8' {
		return false
	}
	if m := c.number(3, 5); m < 1 || m > 12 && m < 20 || m > 42 && m < 50 {
		return false
	}
	n := c.number(0, 5)
	switch corsica {
	case 0:
		n = n*100 + c.number(5, 7)
	case 1:
		n = n*100 + 19
	default:
		n = n*100 + 18
	}
	n = n*1e6 + c.number(7, 13)
	return 97-n%97 == c.number(13, 15)
}

// ISO 7064 modulo 11,10; of the first ten digits one comes two or three times.
func isSteuerID(c *candidate) bool {
	if !c.numeric(4) || c.chars[0] == '0' {
		return false
	}
	var times [10]int
	most, twice := 0, 0
	for _, b := range c.chars[:10] {
		times[b-'0']++
	}
	for _, n := range times {
		most = max(most, n)
		if n == 2 {
			twice++
		}
	}
	if most == 2 && twice > 1 || most < 2 || most > 3 {
		return false
	}
	product := 10
	for _, b := range c.chars[:10] {
		sum := (int(b-'0') + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = 2 * sum % 11
	}
	return (11-product)%10 == c.last()
}

// The 11-proof, whose last weight is -1.
func isBSN(c *candidate) bool {
	return c.numeric(3) && c.varied() && c.sum(9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
}

// Modulo 97, with a 2 before it for who was born from 2000 on.
func isNN(c *candidate) bool {
	if !c.numeric(5) || c.number(6, 9) == 0 {
		return false
	}
	m, d := c.number(2, 4)%20, c.number(4, 6) // 20 or 40 more where sex or birth is not known
	if m > 12 || d > 31 {
		return false
	}
	n, check := c.number(0, 9), c.number(9, 11)
	return 97-n%97 == check || 97-(2_000_000_000+n)%97 == check
}

// Modulo 11.
func isNHS(c *candidate) bool {
	return c.numeric(3) && c.varied() && (c.sum(10, 9, 8, 7, 6, 5, 4, 3, 2)+c.last())%11 == 0
}

// Luhn of the last ten digits, of which six are a date; 60 more a day for a number of
// coordination.
func isPersonnummer(c *candidate) bool {
	if !c.numeric(2) || c.n == 11 || c.count == 2 && (c.groups[1] != 4 || c.sep[1] != '-' && c.sep[1] != '+') {
		return false
	}
	a := c.n - 10
	if century := c.number(0, 2); a == 2 && (century < 18 || century > 20) {
		return false
	}
	d := c.number(a+4, a+6)
	if d > 60 {
		d -= 60
	}
	return day(d, c.number(a+2, a+4)) && c.luhn(a)
}

// Modulo 11, which numbers of men born from 1965 on need not pass: these are not found.
func isCPR(c *candidate) bool {
	return c.numeric(2) && (c.count == 1 || c.form(c.seps(), 6, 4)) && day(c.number(0, 2), c.number(2, 4)) &&
		c.sum(4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

// Two checks, both modulo 11. 40 more a day or month for other kinds.
func isFodselsnummer(c *candidate) bool {
	if !c.numeric(2) || c.count == 2 && !c.form(c.seps(), 6, 5) {
		return false
	}
	return day(c.number(0, 2)%40, c.number(2, 4)%40) &&
		c.sum(3, 7, 6, 1, 8, 9, 4, 5, 2, 1)%11 == 0 && c.sum(5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

// Modulo 10 with weights 1, 3, 7 and 9. The month has 20 more a century.
func isPESEL(c *candidate) bool {
	return c.numeric(1) && day(c.number(4, 6), c.number(2, 4)%20) && c.sum(1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// Modulo 11 where 10 is 0; people have 1, 2, 3 or 45 first.
func isNIF(c *candidate) bool {
	if !c.numeric(3) || c.count > 1 && !c.form(c.seps(), 3, 3, 3) {
		return false
	}
	if first := c.number(0, 2); c.chars[0] > '3' && first != 45 || c.chars[0] == '0' || !c.varied() {
		return false
	}
	check := 11 - c.sum(9, 8, 7, 6, 5, 4, 3, 2)%11
	return check%11 == c.last() || check >= 10 && c.last() == 0
}

// Modulo 11, the check fourth; the rest is a date.
func isSVNR(c *candidate) bool {
	if !c.numeric(2) || c.count == 2 && !c.form(c.seps(), 4, 6) || c.chars[0] == '0' {
		return false
	}
	m := c.number(6, 8)
	return c.number(4, 6) >= 1 && c.number(4, 6) <= 31 && m >= 1 && m <= 15 && c.sum(3, 7, 9, 0, 5, 8, 4, 2, 1, 6)%11 == c.number(3, 4)
}

// No check: the areas 000, 666 and from 900, the group 00 and the serial 0000 are none.
func isSSN(c *candidate) bool {
	if !c.numeric(3) || c.count != 1 && !c.form(c.seps(), 3, 2, 4) {
		return false
	}
	area := c.number(0, 3)
	return area > 0 && area != 666 && area < 900 && c.number(3, 5) > 0 && c.number(5, 9) > 0
}

// Luhn.
func isSIN(c *candidate) bool {
	return c.numeric(3) && (c.count == 1 || c.form(c.seps(), 3, 3, 3)) && c.varied() && c.luhn(0)
}

// Verhoeff; the first digit is 2 or more.
func isAadhaar(c *candidate) bool {
	if !c.numeric(3) || c.count > 1 && !c.form(c.seps(), 4, 4, 4) || c.chars[0] < '2' {
		return false
	}
	v := 0
	for i := range c.n {
		v = verhoeffD[v][verhoeffP[i%8][c.chars[c.n-1-i]-'0']]
	}
	return v == 0
}

var (
	verhoeffD = [10][10]int{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
		{5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	verhoeffP = [8][10]int{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
		{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

// Two checks, both modulo 11 where 10 is 0.
func isCPF(c *candidate) bool {
	return c.numeric(4) && c.varied() && c.sum(10, 9, 8, 7, 6, 5, 4, 3, 2)*10%11%10 == c.number(9, 10) &&
		c.sum(11, 10, 9, 8, 7, 6, 5, 4, 3, 2)*10%11%10 == c.last()
}

// Modulo 11, where 10 is 0; a month has 50 more for women, and 20 more where
// numbers ran out. Who was born before 1954 has nine, and no check.
func isRodneCislo(c *candidate) bool {
	if !c.numeric(2) || c.count == 2 && (c.groups[0] != 6 || c.sep[1] != '/') {
		return false
	}
	return day(c.number(4, 6), c.number(2, 4)%50%20) && (c.n == 9 && c.number(0, 2) < 54 || c.n == 10 && c.number(0, 9)%11%10 == c.last())
}

// Two checks: of odd and even places, and of the sum.
func isKimlik(c *candidate) bool {
	if !c.numeric(1) || c.chars[0] == '0' {
		return false
	}
	odd, even := c.sum(1, 0, 1, 0, 1, 0, 1, 0, 1), c.sum(0, 1, 0, 1, 0, 1, 0, 1)
	tenth := c.number(9, 10)
	return (7*odd+10*10-even)%10 == tenth && (odd+even+tenth)%10 == c.last()
}
