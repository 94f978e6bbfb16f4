package main

import (
	"fmt"
	"strings"
)

// ours is who the others are held against.
const ours = "locus-node"

// part is one kind of file, and who counts it how.
type part struct {
	name string
	size size
	// write makes the files in a directory, and made are the programs that make more of them.
	write func(dir string, s size) error
	made  []program
	rows  []contest
	// weigh, if there is one, measures the files themselves.
	weigh func(dir string) ([]row, error)
}

// size is how much of people and variants a file has.
type size struct{ samples, variants int }

// contest is one line of the table.
type contest struct {
	name string
	runs []program
	// same are reports that have to be the same, ours first.
	same [][2]string
}

// program is a command line, and whose it is in the table.
type program struct {
	who  string
	args []string
	// times is how often it would be run to do what ours does in one run; zero is once.
	times float64
}

// words is a program from a command line without quotes.
func words(who, line string) program { return program{who: who, args: strings.Fields(line)} }

// strata is how many there are, and stratum how they are called.
const strata = 20

func stratum(i int) string { return fmt.Sprintf("g%02d", i%strata) }

// The options by which both sides count everyone, nine in ten, or each stratum.
const (
	counting = " --geno-counts -o gcount --out ours.gcount"
	masked   = " --samples x.tsv"
	byGroup  = " --samples x.tsv --strata stratum"
)

func us(node, what string) program { return words(ours, node+" count "+what+counting) }

func plink2(what string) program {
	return words("plink2", "plink2 --threads 1 "+what+" --geno-counts --out theirs")
}

// oneByOne is plink2 for one stratum, which it does as often as there are some, and once
// for all of them by an option of its own, which reads the file as often.
func oneByOne(input string) []program {
	one := words("plink2 x20", "plink2 --threads 1 "+input+" --keep x.one --geno-counts --out theirs-one")
	one.times = strata
	return []program{one, words("loop-cats", "plink2 --threads 1 "+input+" --keep x.keep --pheno x.cat --loop-cats stratum --geno-counts --out theirs")}
}

// together is the report of everyone, and apart are those of the strata.
func together() [][2]string { return [][2]string{{"ours.gcount", "theirs.gcount"}} }

func apart() (all [][2]string) {
	for i := range strata {
		all = append(all, [2]string{"ours." + stratum(i) + ".gcount", "theirs." + stratum(i) + ".gcount"})
	}
	return all
}
