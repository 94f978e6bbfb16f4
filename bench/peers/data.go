package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// seed makes the same files in each run.
const seed = 1

// writeBed makes x.bed, x.bim and all that names its people. Most variants are rare, as
// in people: 44 % have one carrier.
func writeBed(dir string, s size) error {
	if err := writePeople(dir, s.samples); err != nil {
		return err
	}
	return toFile(filepath.Join(dir, "x.bed"), func(bed *bufio.Writer) error {
		bed.WriteString("\x6c\x1b\x01")
		return drawn(dir, s, func(_ int, row []byte) error {
			_, err := bed.Write(row)
			return err
		})
	})
}

// drawn writes x.bim, and hands out each of its variants as a bed has it.
func drawn(dir string, s size, yield func(v int, row []byte) error) error {
	return toFile(filepath.Join(dir, "x.bim"), func(bim *bufio.Writer) error {
		rng := rand.New(rand.NewPCG(seed, 0))
		row := make([]byte, (s.samples+3)/4)
		for v := range s.variants {
			a := rng.IntN(4)
			fmt.Fprintf(bim, "1\trs%d\t0\t%d\t%c\t%c\n", v, position(v), "ACGT"[a], "ACGT"[(a+1)%4])
			drawRow(rng, row, s.samples)
			if err := yield(v, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func position(v int) int { return 10_000 + 37*v }

// writePeople makes x.fam of people who never lived, and lists of nine in ten of them,
// who are in twenty strata: x.keep and x.cat for plink, x.tsv for locus-node, and x.one of
// the people of one stratum.
func writePeople(dir string, samples int) (err error) {
	var files [5]*bufio.Writer
	for i, suffix := range []string{".fam", ".keep", ".cat", ".one", ".tsv"} {
		f, err := os.Create(filepath.Join(dir, "x"+suffix))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		files[i] = bufio.NewWriterSize(f, 1<<20)
	}
	fam, keep, cat, one, table := files[0], files[1], files[2], files[3], files[4]
	fmt.Fprintln(cat, "#FID\tIID\tstratum")
	fmt.Fprintln(table, "sample_id\tperson_id\tsex\tstratum")
	for i := range samples {
		fmt.Fprintf(fam, "0\ts%d\t0\t0\t%d\t1\n", i, 1+i%2)
		if i%10 == 3 {
			continue
		}
		of := stratum(i * 7 / 10)
		fmt.Fprintf(keep, "0\ts%d\n", i)
		fmt.Fprintf(cat, "0\ts%d\t%s\n", i, of)
		fmt.Fprintf(table, "s%d\ts%d\t%s\t%s\n", i, i, []string{"male", "female"}[i%2], of)
		if of == stratum(0) {
			fmt.Fprintf(one, "0\ts%d\n", i)
		}
	}
	for _, f := range files {
		err = errors.Join(err, f.Flush())
	}
	return err
}

// tableOfFam makes a sample table of everyone in a fam.
func tableOfFam(table, fam string) error {
	raw, err := os.ReadFile(fam)
	if err != nil {
		return err
	}
	return toFile(table, func(w *bufio.Writer) error {
		fmt.Fprintln(w, "sample_id\tperson_id\tsex")
		for line := range strings.Lines(string(raw)) {
			if f := strings.Fields(line); len(f) == 6 {
				fmt.Fprintf(w, "%s\t%s\t%s\n", f[1], f[1], f[4])
			}
		}
		return nil
	})
}

func toFile(path string, write func(*bufio.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(write(w), w.Flush(), f.Close())
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
