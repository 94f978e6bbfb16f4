package he

import "slices"

// lagrange evaluates polynomials that are known by their values at some points.
type lagrange struct {
	points  []uint64
	weights []uint64 // 1 / product of a point less each other
}

// newLagrange takes points below q, of which no two are the same.
func newLagrange(points []uint64) lagrange {
	l := lagrange{points, make([]uint64, len(points))}
	for i, x := range points {
		l.weights[i] = 1
		for j, o := range points {
			if i != j {
				l.weights[i] = mulMod(l.weights[i], subMod(x, o))
			}
		}
	}
	invert(l.weights)
	return l
}

// at returns what each value counts for at x.
func (l lagrange) at(x uint64) []uint64 {
	all := uint64(1)
	c := make([]uint64, len(l.points))
	if i := slices.Index(l.points, x); i >= 0 {
		c[i] = 1
		return c
	}
	for i, p := range l.points {
		c[i] = subMod(x, p)
		all = mulMod(all, c[i])
	}
	invert(c)
	for i, w := range l.weights {
		c[i] = mulMod(mulMod(c[i], w), all)
	}
	return c
}

// weigh adds up rows of equal length, each times its number, into a new one.
func weigh(numbers []uint64, rows [][]uint64) []uint64 {
	sum := make([]uint64, len(rows[0]))
	for i, row := range rows {
		f := newFactor(numbers[i])
		for j, x := range row {
			sum[j] = addMod(sum[j], reduce(f.times(x)))
		}
	}
	return sum
}

// invert replaces numbers, of which none is zero, by their inverses: one inversion
// and three products for each (Montgomery's trick).
func invert(numbers []uint64) {
	before := make([]uint64, len(numbers)) // products of those before
	all := uint64(1)
	for i, x := range numbers {
		before[i] = all
		all = mulMod(all, x)
	}
	inverse := invMod(all)
	for i := len(numbers) - 1; i >= 0; i-- {
		numbers[i], inverse = mulMod(inverse, before[i]), mulMod(inverse, numbers[i])
	}
}
