package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// ours is who the others are held against.
const ours = "locus-node"

// part is one kind of file, and who counts it how.
type part struct {
	name string
	text bool // fewer variants: it takes everybody longer
	// made are the programs that make the files from a bed.
	made []program
	runs []program
}

// program is a command line, and whose it is in the table.
type program struct {
	who  string
	args []string
}

// words is a program from a command line without quotes.
func words(who, line string) program { return program{who, strings.Fields(line)} }

// parts are counted under a mask of nine in ten, but by the programs that have none.
func parts(node string) []part {
	us := func(file string) program {
		return words(ours, node+" count "+file+" --samples x.tsv --geno-counts -o gcount --out ours.gcount")
	}
	plink2 := func(input string) program {
		return words("plink2", "plink2 --threads 1 "+input+" --keep x.keep --geno-counts --out theirs")
	}
	export := "plink2 --threads 1 --bfile x --output-chr 26 --export vcf-4.2 bgz id-paste=iid --out x"
	return []part{
		{name: "bed", runs: []program{
			us("x.bed"), plink2("--bfile x"), words("plink1.9", "plink1.9 --threads 1 --bfile x --keep x.keep --freqx --out theirs19"),
		}},
		{name: "pgen", made: []program{words("", "plink2 --threads 1 --bfile x --make-pgen --out x")}, runs: []program{
			us("x.pgen"), plink2("--pfile x"),
		}},
		{name: "vcf", text: true, made: []program{words("", export)}, runs: []program{
			us("x.vcf.gz"), plink2("--vcf x.vcf.gz --const-fid 0"), words("fill-tags", "bcftools +fill-tags x.vcf.gz -Ou -o theirs.bcf -- -t AC,AN,AC_Hom,AC_Het"),
			words("bgzip", "bgzip -dc x.vcf.gz"),
		}},
		{name: "bcf", text: true, made: []program{words("", export), words("", "bcftools view x.vcf.gz -Ob -o x.bcf")}, runs: []program{
			us("x.bcf"), plink2("--bcf x.bcf --const-fid 0"), words("view-c1", "bcftools view -c1 x.bcf -Ou -o theirs.bcf"),
		}},
	}
}

func (p part) prepare(dir string, samples, variants int) error {
	if err := writeBed(filepath.Join(dir, "x"), samples, variants); err != nil {
		return err
	}
	for _, m := range p.made {
		if _, err := m.run(dir); err != nil {
			return fmt.Errorf("make its files: %w", err)
		}
	}
	return nil
}
