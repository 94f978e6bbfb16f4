package dp_test

import (
	"fmt"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/sample"
)

// Two sites add noise to what they counted, the sums are added up, and a researcher reads
// the frequency of an allele with what is known of its error.
func ExampleFrequency() {
	if err := exampleFrequency(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// one person changes at most 2, 2 and 2: L2 squared 8
	// AF 0.249, noise 0.0021, cohort 0.245..0.253
}

func exampleFrequency() error {
	analysis := dp.Frequency{Variants: 1}
	person, err := analysis.Person()
	if err != nil {
		return err
	}
	fmt.Printf("one person changes at most 2, 2 and 2: L2 squared %d\n", person.L2Squared)
	noise, err := dp.NewGaussian(person, analysis.Coordinates(), dp.Sites{All: 2, Honest: 2}, sample.Whole(2000))
	if err != nil {
		return err
	}
	sum := make([]int64, analysis.Coordinates())
	for site, people := range []int64{4000, 2000} {
		vector := make([]int64, analysis.Coordinates())
		if err := analysis.Encode(vector, []int64{people / 2, 2 * people}, people); err != nil {
			return err
		}
		seed := dp.Seed([32]byte{byte(site)}, [32]byte{42}, vector) // a site's secret, and the release
		if err := noise.Add(vector, seed, 1); err != nil {
			return err
		}
		for i, x := range vector {
			sum[i] += x
		}
	}
	table, err := analysis.Decode(sum, noise.Spread(), 0.95)
	if err != nil {
		return err
	}
	e := table.Estimates[0]
	fmt.Printf("AF %.3f, noise %.4f, cohort %.3f..%.3f\n", e.AF, e.Error, e.Low, e.High)
	return nil
}

// Genotype counts that noise has made negative become the nearest that people can have.
func ExampleSimplex() {
	fmt.Println(dp.Simplex([]float64{90, 14, -2}, 100))
	// Output: [88 12 0]
}

// A release that does not say what a person changes is not noised.
func ExampleBound_Check() {
	fmt.Println(dp.Bound{}.Check())
	// Output: dp: the per-person bound is not declared
}
