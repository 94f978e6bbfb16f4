package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
)

// seed makes the same files in each run.
const seed = 1

// writeBed makes prefix.bed, .bim and .fam of people who never lived, and two lists of
// nine in ten of them: prefix.keep for plink, prefix.tsv for locus-node. Most variants
// are rare, as in people: 44 % have one carrier.
func writeBed(prefix string, samples, variants int) (err error) {
	var files [5]*bufio.Writer
	for i, suffix := range []string{".bed", ".bim", ".fam", ".keep", ".tsv"} {
		f, err := os.Create(prefix + suffix)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		files[i] = bufio.NewWriterSize(f, 1<<20)
	}
	bed, bim, fam, keep, table := files[0], files[1], files[2], files[3], files[4]
	fmt.Fprintln(table, "sample_id\tperson_id\tsex")
	for i := range samples {
		fmt.Fprintf(fam, "0\ts%d\t0\t0\t%d\t1\n", i, 1+i%2)
		if i%10 != 3 {
			fmt.Fprintf(keep, "0\ts%d\n", i)
			fmt.Fprintf(table, "s%d\ts%d\t%s\n", i, i, []string{"male", "female"}[i%2])
		}
	}
	bed.WriteString("\x6c\x1b\x01")
	rng := rand.New(rand.NewPCG(seed, 0))
	row := make([]byte, (samples+3)/4)
	for v := range variants {
		a := rng.IntN(4)
		fmt.Fprintf(bim, "1\trs%d\t0\t%d\t%c\t%c\n", v, 10_000+37*v, "ACGT"[a], "ACGT"[(a+1)%4])
		drawRow(rng, row, samples)
		bed.Write(row)
	}
	for _, f := range files {
		err = errors.Join(err, f.Flush())
	}
	return err
}

// The codes of a bed, A1 being ALT.
const (
	alts    = 0
	missing = 1
	het     = 2
)

// drawRow makes one variant in Hardy-Weinberg proportions. Of three variants in ten up
// to one call in a hundred is missing.
func drawRow(rng *rand.Rand, row []byte, samples int) {
	for i := range row {
		row[i] = 0xff
	}
	if used := samples % 4; used > 0 {
		row[len(row)-1] = 1<<(2*used) - 1
	}
	set := func(n int, code byte) {
		for range n {
			i := rng.IntN(samples)
			shift := i % 4 * 2
			row[i/4] = row[i/4]&^(3<<shift) | code<<shift
		}
	}
	f := 0.0
	if rng.Float64() >= 0.44 {
		f = rng.Float64()
		f = f * f * f * f / 2
	}
	set(max(1, int(2*f*(1-f)*float64(samples))), het)
	set(int(f*f*float64(samples)), alts)
	if rng.Float64() < 0.3 {
		set(rng.IntN(samples/100+1), missing)
	}
}

// sameCounts compares the columns of two .gcount files that come after the name.
func sameCounts(a, b string) (bool, error) {
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer y.Close()
	left, right := bufio.NewReader(x), bufio.NewReader(y)
	for {
		l, errL := left.ReadString('\n')
		r, errR := right.ReadString('\n')
		if afterName(l) != afterName(r) {
			return false, nil
		}
		switch {
		case errL == io.EOF && errR == io.EOF:
			return true, nil
		case errL != nil || errR != nil:
			return false, errors.Join(errL, errR)
		}
	}
}

// afterName cuts the first two columns off.
func afterName(line string) string {
	tabs := 0
	for i := range len(line) {
		if line[i] == '\t' {
			if tabs++; tabs == 2 {
				return line[i:]
			}
		}
	}
	return line
}
