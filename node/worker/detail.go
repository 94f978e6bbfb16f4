package worker

import (
	"strconv"
	"strings"
)

// match takes the numbers of a text that was written by a format of the list, which
// has no verbs but %d and %02x.
func match(format, text string) (numbers []uint64, ok bool) {
	if text == "" {
		return nil, false
	}
	for {
		literal, rest, more := strings.Cut(format, "%")
		if text, ok = strings.CutPrefix(text, literal); !ok {
			return nil, false
		}
		if !more {
			return numbers, text == ""
		}
		base := 10
		if format, ok = strings.CutPrefix(rest, "d"); !ok {
			if format, ok = strings.CutPrefix(rest, "02x"); !ok {
				return nil, false
			}
			base = 16
		}
		end := 0
		for end < len(text) && isDigit(text[end], base) {
			end++
		}
		n, err := strconv.ParseUint(text[:end], base, 64)
		if err != nil || len(numbers) == maxNumbers {
			return nil, false
		}
		numbers, text = append(numbers, n), text[end:]
	}
}

func isDigit(c byte, base int) bool {
	return c >= '0' && c <= '9' || base == 16 && c >= 'a' && c <= 'f'
}
