package he

import (
	"encoding/binary"
	"fmt"
)

// Add adds sites' hidden words to a sum, in place. This is all that a coordinator does with
// them: addition modulo 2^48, six bytes at a time. With several sites at once the sum is
// read from memory and written once for all of them. When it returns an error, nothing was
// added.
func Add(sum []byte, sites ...[]byte) error {
	for _, words := range sites {
		if len(sum) != len(words) || len(sum)%wordBytes != 0 {
			return fmt.Errorf("%w: %d bytes added to %d; both must be the same multiple of %d", ErrLength, len(words), len(sum), wordBytes)
		}
	}
	done := vectorSum(sum, sites)
	for len(sites) >= 4 && done < len(sum) {
		addFour(sum[done:], sites[0][done:], sites[1][done:], sites[2][done:], sites[3][done:])
		sites = sites[4:]
	}
	for _, words := range sites {
		add(sum[done:], words[done:])
	}
	return nil
}

// add adds one site.
func add(sum, words []byte) {
	for ; len(sum) >= fourBytes; sum, words = sum[fourBytes:], words[fourBytes:] {
		s := (*[fourBytes]byte)(sum)
		quad{}.plus(s).plus((*[fourBytes]byte)(words)).put(s)
	}
	for ; len(sum) > 0; sum, words = sum[wordBytes:], words[wordBytes:] {
		putWord(sum, word(sum)+word(words))
	}
}

// addFour adds four sites. None is longer or shorter than the sum.
func addFour(sum, a, b, c, d []byte) {
	n := len(sum)
	a, b, c, d = a[:n:n], b[:n:n], c[:n:n], d[:n:n]
	done := 0
	for ; done <= n-fourBytes; done += fourBytes {
		s := (*[fourBytes]byte)(sum[done:])
		x := quad{}.plus(s).plus((*[fourBytes]byte)(a[done:])).plus((*[fourBytes]byte)(b[done:]))
		x.plus((*[fourBytes]byte)(c[done:])).plus((*[fourBytes]byte)(d[done:])).put(s)
	}
	for ; done < n; done += wordBytes {
		putWord(sum[done:], word(sum[done:])+word(a[done:])+word(b[done:])+word(c[done:])+word(d[done:]))
	}
}

// fourBytes is the length of four words.
const fourBytes = 4 * wordBytes

// quad is four words with anything above their 48 bits.
type quad struct{ a, b, c, d uint64 }

// plus adds four words of six bytes.
func (x quad) plus(b *[fourBytes]byte) quad {
	return quad{
		x.a + binary.LittleEndian.Uint64(b[0:]),
		x.b + binary.LittleEndian.Uint64(b[6:]),
		x.c + binary.LittleEndian.Uint64(b[12:]),
		x.d + binary.LittleEndian.Uint64(b[16:])>>16,
	}
}

// put writes six bytes a word.
func (x quad) put(b *[fourBytes]byte) {
	binary.LittleEndian.PutUint64(b[0:], x.a&maskWord|x.b<<48)
	binary.LittleEndian.PutUint64(b[8:], x.b&maskWord>>16|x.c<<32)
	binary.LittleEndian.PutUint64(b[16:], x.c&maskWord>>32|x.d<<16)
}

// word reads six bytes.
func word(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

// putWord writes six bytes.
func putWord(b []byte, x uint64) {
	binary.LittleEndian.PutUint32(b, uint32(x))
	binary.LittleEndian.PutUint16(b[4:], uint16(x>>32))
}
