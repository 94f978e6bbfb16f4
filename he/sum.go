package he

import (
	"encoding/binary"
	"hash/crc32"
)

// sum is what shows that words have changed. It shows a mistake: who wants to deceive a
// mask has its secret. With vectors it is CRC-32C, for which most processors have
// instructions. Without, words need not be written to six bytes a second time.
func (m *Mask) sum(c *chunk, i, size int) uint64 {
	if m.transform.vectors != nil {
		return uint64(crc32.Checksum(c[:size], castagnoli))
	}
	return c.sum(m.blocks(i))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumFactor is odd, so that a sum is another when any one word is.
const sumFactor = 0x9e3779b97f4a7c15

// addToSum is how words are summed up, one after the other in a block, and then the sums of
// blocks.
func addToSum(sum, word, factor uint64) uint64 { return (sum + word) * factor }

// sum sums up so many blocks, four at a time since each product waits for the last.
func (c *chunk) sum(blocks int) (sum uint64) {
	for b := 0; b < blocks; b += 4 {
		sums := sumFour((*[4 * blockBytes]byte)(c[b*blockBytes:]))
		for _, s := range sums[:min(4, blocks-b)] {
			sum = addToSum(sum, s, sumFactor)
		}
	}
	return sum
}

func sumFour(blocks *[4 * blockBytes]byte) (sums [4]uint64) {
	b := blocks[:]
	var s0, s1, s2, s3 uint64
	for at := 0; at < blockBytes-wordBytes; at += wordBytes {
		s0 = addToSum(s0, signed(b[at:]), sumFactor)
		s1 = addToSum(s1, signed(b[at+blockBytes:]), sumFactor)
		s2 = addToSum(s2, signed(b[at+2*blockBytes:]), sumFactor)
		s3 = addToSum(s3, signed(b[at+3*blockBytes:]), sumFactor)
	}
	for i, s := range []uint64{s0, s1, s2, s3} {
		last := b[(i+1)*blockBytes-wordBytes:]
		sums[i] = addToSum(s, uint64(int64(word(last)<<16)>>16), sumFactor)
	}
	return sums
}

// signed is the word at the beginning of b, as it was before it was cut to six bytes.
func signed(b []byte) uint64 {
	return uint64(int64(binary.LittleEndian.Uint64(b)<<16) >> 16)
}
