package sample_test

import (
	"fmt"

	"github.com/locus-genomics/locus/dp/sample"
)

// Noise of a standard deviation of 10 is added to three counts. The seed is fresh, or
// derived from a secret and from all that the release depends on.
func ExampleAddNoise() {
	noise, err := sample.NewGaussian(sample.Whole(100))
	if err != nil {
		fmt.Println(err)
		return
	}
	counts := []int64{120, 0, 7}
	sample.AddNoise(counts, noise, [32]byte{1, 2, 3}, 1)
	fmt.Println(counts)
	// Output: [122 9 4]
}

// One of three genes is chosen, the better its score the likelier.
func ExampleSelect() {
	b := sample.NewBits([32]byte{1, 2, 3}, 0)
	gene, err := sample.Select([]int64{3, 40, 12}, sample.Ratio{Num: 1, Den: 4}, b)
	fmt.Println(gene, err)
	// Output: 1 <nil>
}

// Of seven sites each adds a share of the noise, of which nobody knows the whole.
func ExampleNewPolya() {
	share, err := sample.NewPolya(sample.Whole(2), 7)
	if err != nil {
		fmt.Println(err)
		return
	}
	sum := []int64{1000}
	for site := range 7 {
		sample.AddNoise(sum, share, [32]byte{byte(site)}, 1) // each with a seed of its own
	}
	fmt.Println(sum)
	// Output: [998]
}
