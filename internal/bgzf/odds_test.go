package bgzf

import "testing"

// bitWriter makes streams that no compressor would.
type bitWriter struct {
	b []byte
	n int
}

// put adds bits, the lowest first.
func (w *bitWriter) put(v uint64, n int) *bitWriter {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
	return w
}

// code adds a Huffman code, its first bit first.
func (w *bitWriter) code(v uint64, n int) *bitWriter {
	for i := n - 1; i >= 0; i-- {
		w.put(v>>i, 1)
	}
	return w
}

// codesOf is the canonical code of some lengths (RFC 1951, section 3.2.2).
func codesOf(lengths []int) []uint64 {
	codes := make([]uint64, len(lengths))
	next := uint64(0)
	for n := 1; n <= maxCode; n++ {
		next <<= 1
		for sym, l := range lengths {
			if l == n {
				codes[sym] = next
				next++
			}
		}
	}
	return codes
}

// dynamic begins a last block with these lengths of codes, each of which is sent as it
// is, in four bits.
func dynamic(lits, dists []int) *bitWriter {
	w := new(bitWriter).put(1, 1).put(2, 2)
	w.put(uint64(len(lits)-257), 5).put(uint64(len(dists)-1), 5).put(maxLengths-4, 4)
	for _, sym := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		if sym < 16 {
			w.put(4, 3)
		} else {
			w.put(0, 3)
		}
	}
	for _, l := range append(append([]int{}, lits...), dists...) {
		w.code(uint64(l), 4)
	}
	return w
}

// lengths sets the lengths of codes of some symbols, of n.
func lengths(n int, set map[int]int) []int {
	l := make([]int, n)
	for sym, length := range set {
		l[sym] = length
	}
	return l
}

type oddStream struct {
	name   string
	stream []byte
	size   int
	sound  bool
}

// deepest are codes of 1, 2 and so on to 15 bits, which end the second tables.
func deepest() map[int]int {
	set := map[int]int{'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5, 'f': 6, 'g': 7, 'h': 8, 'i': 9, 'j': 10, 'k': 11, 'l': 12, 'm': 13}
	set[256], set[285], set['n'] = 14, 15, 15
	return set
}

// odds are streams at the edges of what is accepted.
func odds() []oddStream {
	fixed := func() *bitWriter { return new(bitWriter).put(1, 1).put(1, 2) }
	a := func(w *bitWriter) *bitWriter { return w.code(0x30+'a', 8) }
	one := map[int]int{'a': 1, 256: 2, 257: 2} // a, end, a match of 3
	deep := lengths(286, deepest())
	deepCodes := codesOf(deep)
	allDeep := dynamic(deep, lengths(30, map[int]int{0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 9, 9: 10, 10: 11, 11: 12, 12: 13, 13: 14, 14: 15, 29: 15}))
	for c := 'a'; c <= 'n'; c++ {
		allDeep.code(deepCodes[c], deep[c])
	}
	allDeep.code(deepCodes[285], 15).code(0x7ffe, 15).put(0, 6) // distance 129 is too far
	deepSound := dynamic(deep, lengths(1, map[int]int{0: 1}))
	for c := 'a'; c <= 'n'; c++ {
		deepSound.code(deepCodes[c], deep[c])
	}
	deepSound.code(deepCodes[285], 15).code(0, 1).code(deepCodes[256], 14)
	return []oddStream{
		{"an empty stored block", []byte{1, 0, 0, 0xff, 0xff}, 0, true},
		{"a stored block with bits before its length", []byte{0xf9, 1, 0, 0xfe, 0xff, 'x'}, 1, true},
		{"a stored block whose length is not twice the same", []byte{1, 1, 0, 0xff, 0xff, 'x'}, 1, false},
		{"a stored block cut short", []byte{1, 2, 0, 0xfd, 0xff, 'x'}, 2, false},
		{"a stored block over the size", []byte{1, 2, 0, 0xfd, 0xff, 'x', 'y'}, 1, false},
		{"no last block", []byte{0, 1, 0, 0xfe, 0xff, 'x'}, 1, false},
		{"a block of the kind that is reserved", []byte{7, 0}, 0, false},
		{"bits of ones behind the end", []byte{3, 0xfc}, 0, true},
		{"a byte behind the end", []byte{3, 0, 0}, 0, false},
		{"fixed codes with a distance of one", a(fixed()).code(1, 7).code(0, 5).code(0, 7).b, 4, true},
		{"fixed codes with a distance before the beginning", a(fixed()).code(1, 7).code(1, 5).code(0, 7).b, 4, false},
		{"fixed codes with a distance of 32 KiB", a(fixed()).code(1, 7).code(29, 5).put(1<<13-1, 13).code(0, 7).b, 4, false},
		{"the length symbol 286 of the fixed codes", a(fixed()).code(0xc6, 8).code(0, 5).code(0, 7).b, 259, false},
		{"the distance symbol 30 of the fixed codes", a(fixed()).code(1, 7).code(30, 5).put(0, 14).code(0, 7).b, 4, false},
		{"a length of 258 in its long way", a(fixed()).code(0xc4, 8).put(31, 5).code(0, 5).code(0, 7).b, 259, true},
		{"287 lengths of literals", new(bitWriter).put(1, 1).put(2, 2).put(30, 5).put(0, 5).put(0, 4).put(0, 60).b, 0, false},
		{"31 lengths of distances", new(bitWriter).put(1, 1).put(2, 2).put(0, 5).put(30, 5).put(0, 4).put(0, 60).b, 0, false},
		{"no code of code lengths", new(bitWriter).put(1, 1).put(2, 2).put(0, 14).put(0, 60).b, 0, false},
		{"a repeat before any length", new(bitWriter).put(1, 1).put(2, 2).put(0, 14).put(1, 3).put(1, 3).put(0, 6).put(0, 60).b, 0, false},
		{"complete codes", dynamic(lengths(258, one), []int{1, 1}).code(0, 1).code(3, 2).code(0, 1).code(2, 2).b, 4, true},
		{"one distance, of one bit", dynamic(lengths(258, one), []int{1}).code(0, 1).code(3, 2).code(0, 1).code(2, 2).b, 4, true},
		{"one distance, and the bit that is none", dynamic(lengths(258, one), []int{1}).code(0, 1).code(3, 2).code(1, 1).code(2, 2).b, 4, false},
		{"one distance, of two bits", dynamic(lengths(258, one), []int{2}).code(0, 1).code(3, 2).code(0, 2).code(2, 2).b, 4, false},
		{"no distance, and none is used", dynamic(lengths(258, one), []int{0}).code(0, 1).code(2, 2).b, 1, true},
		{"no distance, and one is used", dynamic(lengths(258, one), []int{0}).code(0, 1).code(3, 2).code(0, 1).code(2, 2).b, 4, false},
		{"the end as the only code", dynamic(lengths(257, map[int]int{256: 1}), []int{0}).code(0, 1).b, 0, true},
		{"the end as the only code, and the bit that is none", dynamic(lengths(257, map[int]int{256: 1}), []int{0}).code(1, 1).b, 0, false},
		{"no end among the codes", dynamic(lengths(257, map[int]int{'a': 1}), []int{0}).code(0, 1).b, 1, false},
		{"no literal and no end", dynamic(lengths(257, nil), []int{0}).put(0, 9).b, 0, false},
		{"codes that are not complete", dynamic(lengths(257, map[int]int{'a': 2, 256: 2}), []int{0}).code(0, 2).code(1, 2).b, 1, false},
		{"too many codes", dynamic(lengths(257, map[int]int{'a': 1, 'b': 1, 256: 1}), []int{0}).code(0, 1).code(1, 1).b, 1, false},
		{"codes of 15 bits", deepSound.b, 14 + 258, true},
		{"a distance of 15 bits that is too far", allDeep.b, 14 + 258, false},
	}
}

func TestStreamsAtTheEdgesOfWhatIsAccepted(t *testing.T) {
	z, o := newInflater(), newOracle()
	for _, c := range odds() {
		t.Run(c.name, func(t *testing.T) {
			compare(t, z, o, c.stream, c.size)
			got, sound := o.inflate(c.stream, c.size)
			if sound = sound && len(got) == c.size; sound != c.sound {
				t.Errorf("compress/flate accepts it: %t, want %t", sound, c.sound)
			}
			// Behind so many bytes that it is met at speed, with as much after it.
			far := append([]byte{0, 0, 4, 0xff, 0xfb}, make([]byte, 1024)...)
			compare(t, z, o, append(far, c.stream...), 1024+c.size)
		})
	}
}
