package account_test

import (
	"fmt"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
)

// A hundred frequencies are released over three sites, of which two are reckoned with. The
// budget says how much noise there is.
func ExampleCalibrate() {
	analysis := dp.Frequency{Variants: 100}
	person, err := analysis.Person()
	if err != nil {
		fmt.Println(err)
		return
	}
	sites := dp.Sites{All: 3, Honest: 2}
	noise, err := account.Calibrate(person, analysis.Coordinates(), sites, account.Budget{Epsilon: 1, Delta: 1e-9})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("each site adds a variance of %v\n", noise.Event().Parameter)
	fmt.Printf("errors over 10,000 people: %.4f\n", analysis.RMSE(noise.Spread(), 10_000))
	// Output:
	// each site adds a variance of 7280
	// errors over 10,000 people: 0.0039
}

// Ten releases are paid for one after another, and the eleventh is not.
func ExampleFilter() {
	limit, err := account.Budget{Epsilon: 3, Delta: 1e-9}.Cost()
	if err != nil {
		fmt.Println(err)
		return
	}
	filter := account.Filter{Limit: limit}
	price := account.Cost{Rho: limit.Rho / 10, Delta: 1}
	for release := 1; ; release++ {
		if err := filter.Charge(price); err != nil {
			fmt.Println("release", release, "is refused:", err)
			break
		}
	}
	fmt.Printf("spent: epsilon %.2f at delta 1e-9\n", filter.Spent.Epsilon(1e-9))
	// Output:
	// release 11 is refused: account: the budget does not allow this: it costs rho 0.012058242276, delta 0.000000000000000001, and rho 0.000000000003, delta 0.00000000000000099 is left
	// spent: epsilon 3.00 at delta 1e-9
}

// What one release of a precision costs, against all that a dataset may ever tell.
func ExampleOf() {
	noise, err := dp.GaussianForError(dp.Bound{L1: 1, L2Squared: 1}, 1, dp.Sites{All: 1, Honest: 1}, 20)
	if err != nil {
		fmt.Println(err)
		return
	}
	cost, err := account.Of(noise.Event())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("a count with an error of 20: rho %g, epsilon %.3f at delta 1e-9\n", float64(cost.Rho)/account.RhoUnits, cost.Epsilon(1e-9))
	// Output: a count with an error of 20: rho 0.00125, epsilon 0.275 at delta 1e-9
}
