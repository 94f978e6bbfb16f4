package he

import "hash/crc32"

// Sums show that words have changed. They show a mistake: who wants to deceive a mask has
// its secret. With vectors they are CRC-32C, for which most processors have instructions.
// Without, they are taken of words that a register holds anyway: see addToSum.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumFactor is odd, so that a sum is another when any one word is.
const sumFactor = 0x9e3779b97f4a7c15

// sumPowers are those of sumFactor.
var sumPowers = func() (f [9]uint64) {
	f[0] = 1
	for i := range 8 {
		f[i+1] = f[i] * sumFactor
	}
	return f
}()

// addToSum is how words are summed up, one after the other in a block, and then the sums of
// blocks.
func addToSum(sum, word, factor uint64) uint64 { return (sum + word) * factor }
