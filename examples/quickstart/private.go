package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// What the private question may cost, and how many variants it asks for.
const (
	epsilon         = "1"
	delta           = "1e-9"
	privateVariants = 100
)

var (
	// errNoise is returned when a private answer is further off than its noise makes it.
	errNoise = errors.New("the private answer is further off than its noise")
	// errNoNoise is returned when it is nearer than noise lets it be.
	errNoNoise = errors.New("the private answer has less noise than it says")
)

// noisy is a private answer held against the pooled truth.
type noisy struct {
	variants, within   int
	expected, measured float64 // sums of squares, then roots of their means
}

// askPrivately asks for some variants of the region in mode dp.
func (d *demo) askPrivately(ctx context.Context) error {
	truth, err := readRows(d.files.Truth)
	if err != nil {
		return err
	}
	pooled := make(map[string]count, len(truth))
	for _, t := range truth {
		pooled[t.variant] = t.count
	}
	var list strings.Builder
	rows := d.answers[0].rows[:min(privateVariants, len(d.answers[0].rows))]
	for _, r := range rows {
		list.WriteString(strings.ReplaceAll(r.variant, "\t", ":") + "\n")
	}
	if err := os.WriteFile(d.path("some.txt"), []byte(list.String()), 0o600); err != nil {
		return err
	}
	file := d.path("private.tsv")
	if err := d.ask(ctx, file, "--mode", "dp", "--epsilon", epsilon, "--delta", delta, "--variants", d.path("some.txt")); err != nil {
		return err
	}
	if d.private, err = compareNoisy(file, pooled); err != nil {
		return err
	}
	if d.private.variants != len(rows) {
		return fmt.Errorf("%d variants answered privately of %d", d.private.variants, len(rows))
	}
	return nil
}

// compareNoisy reads a private answer.
func compareNoisy(file string, pooled map[string]count) (n noisy, err error) {
	column, lines, err := readTable(file)
	if err != nil {
		return n, err
	}
	for _, fields := range lines {
		want, ok := pooled[strings.Join(fields[:4], "\t")]
		if !ok {
			return n, fmt.Errorf("an answer for a variant that nobody asked for: %q", fields[:4])
		}
		number := func(name string) float64 {
			x, failed := strconv.ParseFloat(fields[column[name]], 64)
			err = errors.Join(err, failed)
			return x
		}
		n.variants++
		if fields[column["AF"]] == "NA" || want.an == 0 {
			n.within++ // nothing is said, or there is nothing to be right about
			continue
		}
		af := float64(want.ac) / float64(want.an)
		n.expected += math.Pow(number("SE"), 2)
		n.measured += math.Pow(number("AF")-af, 2)
		if number("LOW") <= af && af <= number("HIGH") {
			n.within++
		}
		if err != nil {
			return n, fmt.Errorf("%s: %w", file, err)
		}
	}
	n.expected = math.Sqrt(n.expected / float64(n.variants))
	n.measured = math.Sqrt(n.measured / float64(n.variants))
	return n, nil
}

func (n noisy) print(out io.Writer) {
	fmt.Fprintf(out, "\nwith differential privacy, epsilon %s at delta %s, %d variants: error of AF %.4f, expected %.4f;\n", epsilon, delta, n.variants, n.measured, n.expected)
	fmt.Fprintf(out, "%d of %d frequencies lie in their 95 %% interval\n\n", n.within, n.variants)
}

// check allows what honest noise does but once in a million runs: that one interval in five
// is missed, or that the squares of the errors are twice and a half what they should be, or
// a sixteenth. Where noise is not small beside frequencies, these are cut off at 0 and 1,
// and their errors are smaller.
func (n noisy) check() error {
	switch {
	case 5*n.within < 4*n.variants || n.measured > 1.6*n.expected:
		return errNoise
	case n.expected < 0.05 && n.measured < n.expected/4:
		return errNoNoise
	}
	return nil
}
