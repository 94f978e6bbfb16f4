package pack_test

import (
	"fmt"

	"github.com/locus-genomics/locus/he/pack"
)

// Three sites with up to 1,000 people each count alleles, with noise of at most 50.
func Example() {
	layout, err := pack.New(pack.Spec{Payload: 40, Sites: 3, Min: -50, Max: 2*1000 + 50})
	if err != nil {
		fmt.Println(err)
		return
	}
	sum := make([]int64, layout.Words(4))
	for _, counters := range [][]int64{{7, 2000, 0, 1998}, {-3, 1900, 1, 1900}} {
		words := make([]int64, len(sum))
		if err := layout.Pack(words, counters); err != nil {
			fmt.Println(err)
			return
		}
		for i, w := range words { // in a study, under he
			sum[i] += w
		}
	}
	counters := make([]int64, 4)
	if err := layout.Unpack(counters, sum, 2); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(layout.PerWord(), "counters a word:", counters)
	// Output: 2 counters a word: [4 3900 1 3898]
}
