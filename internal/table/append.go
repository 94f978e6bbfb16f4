package table

import (
	"slices"
	"strconv"
)

// digits are the most that a number has.
const digits = 20

// appendNumber writes a number and what ends it. What strconv does for every number costs
// more than reading a short record does.
func appendNumber(b []byte, n int64, end byte) []byte {
	high := uint64(n) / 100
	low := 2 * (uint64(n) - 100*high)
	switch {
	case uint64(n) < 10:
		return append(b, '0'+byte(n), end)
	case high == 0:
		return append(b, pairs[low], pairs[low+1], end)
	case high < 10:
		return append(b, '0'+byte(high), pairs[low], pairs[low+1], end)
	case high < 100:
		return append(b, pairs[2*high], pairs[2*high+1], pairs[low], pairs[low+1], end)
	case n < 0:
		return append(strconv.AppendInt(b, n, 10), end)
	}
	at := len(b)
	b = slices.Grow(b, digits+1)
	to := b[at : at+width(uint64(n))+1]
	last := len(to) - 1
	to[last] = end
	for u := uint64(n); last > 0; last-- {
		ten := u / 10
		to[last-1] = '0' + byte(u-10*ten)
		u = ten
	}
	return b[:at+len(to)]
}

// pairs are the numbers below a hundred, with two digits each.
const pairs = "00010203040506070809" + "10111213141516171819" + "20212223242526272829" + "30313233343536373839" + "40414243444546474849" +
	"50515253545556575859" + "60616263646566676869" + "70717273747576777879" + "80818283848586878889" + "90919293949596979899"

// width is how many digits a number has.
func width(u uint64) int {
	n := 1
	for ; u >= 1000; u /= 1000 {
		n += 3
	}
	switch {
	case u >= 100:
		return n + 2
	case u >= 10:
		return n + 1
	}
	return n
}

// appendText writes a word and what ends it. Most alleles are one letter.
func appendText(b []byte, word string, end byte) []byte {
	if len(word) == 1 {
		return append(b, word[0], end)
	}
	return append(append(b, word...), end)
}
