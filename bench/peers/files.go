package main

import (
	"errors"
	"os"
	"path/filepath"
)

// parts are counted under a mask of nine in ten, but by the programs that have none.
func parts(c config) []part {
	dense, text := size{c.samples, c.variants}, size{c.samples, c.inText}
	all := []part{
		{name: "bed", size: dense, write: writeBed, rows: beds(c)},
		{name: "pgen", size: dense, write: writeBed, made: []program{words("", "plink2 --threads 1 --bfile x --make-pgen --out x")}, rows: []contest{
			{"genotype/pgen/count", []program{us(c.node, "x.pgen"+masked), plink2("--pfile x --keep x.keep")}, together()},
			{"genotype/pgen/all", []program{us(c.node, "x.pgen"), plink2("--pfile x")}, together()},
			{"genotype/pgen/strata", append(oneByOne("--pfile x"), us(c.node, "x.pgen"+byGroup)), apart()},
		}},
	}
	export := words("", "plink2 --threads 1 --bfile x --output-chr 26 --export vcf-4.2 bgz id-paste=iid --out x")
	binary := words("", "bcftools view x.vcf.gz -Ob -o x.bcf")
	for _, kind := range []struct {
		name  string
		size  size
		write func(string, size) error
		made  []program
	}{
		{"", text, writeBed, []program{export}},
		{"-gatk", size{c.gatkSamples, c.gatk}, writeGATK, nil},
	} {
		all = append(all, part{name: "vcf" + kind.name, size: kind.size, write: kind.write, made: kind.made, rows: vcfs(c, "genotype/vcf"+kind.name+"/count")},
			part{name: "bcf" + kind.name, size: kind.size, write: kind.write, made: append(kind.made, binary), rows: bcfs(c, "genotype/bcf"+kind.name+"/count")})
	}
	return append(all, stores(c), kept(c))
}

func beds(c config) []contest {
	input := "x.bed" + masked
	rows := []contest{{"genotype/bed/count", []program{
		us(c.node, input), plink2("--bfile x --keep x.keep"), words("plink1.9", "plink1.9 --threads 1 --bfile x --keep x.keep --freqx --out theirs19"),
	}, together()}}
	if c.pure != "" {
		rows = append(rows, contest{"genotype/bed/purego", []program{us(c.pure, input), plink2("--bfile x --keep x.keep")}, together()})
	}
	return append(rows, contest{"genotype/bed/strata", append(oneByOne("--bfile x"), us(c.node, "x.bed"+byGroup)), apart()})
}

func vcfs(c config, name string) []contest {
	return []contest{{name, []program{
		us(c.node, "x.vcf.gz"+masked), plink2("--vcf x.vcf.gz --const-fid 0 --keep x.keep"),
		words("fill-tags", "bcftools +fill-tags x.vcf.gz -Ou -o theirs.bcf -- -t AC,AN,AC_Hom,AC_Het"),
		words("bgzip", "bgzip -dc x.vcf.gz"),
	}, together()}}
}

func bcfs(c config, name string) []contest {
	return []contest{{name, []program{
		us(c.node, "x.bcf"+masked), plink2("--bcf x.bcf --const-fid 0 --keep x.keep"), words("view-c1", "bcftools view -c1 x.bcf -Ou -o theirs.bcf"),
	}, together()}}
}

// site makes a node in a directory of its own, and puts x into its store.
func site(node, file, table string) []program {
	in := node + " --dir node "
	return []program{
		words("", in+"init --name bench --organisation bench --country CH --people-cap 1000000"),
		words("", in+"cohort add all "+file+" --samples "+table),
	}
}

// stores are counted from what a node keeps, sealed; a pgen is what sites have instead.
func stores(c config) part {
	cohort := c.node + " --dir node count --cohort all" + counting
	return part{
		name: "store", size: size{c.storeSamples, c.storeVariants}, write: writePgen,
		made: append([]program{words("", "plink2 --threads 1 --bpfile x --make-pgen --out x")}, site(c.node, "x.pgen", "x.tsv")...),
		rows: []contest{
			{"genotype/store/count", []program{words(ours, cohort), plink2("--pfile x --keep x.keep")}, together()},
			{"genotype/store/strata", append(oneByOne("--pfile x"), words(ours, cohort+" --strata stratum")), apart()},
		},
		weigh: func(dir string) ([]row, error) {
			return weigh(dir, "genotype/store/size", "x.pgen", int64(c.storeVariants)*int64((c.storeSamples+3)/4))
		},
	}
}

// kept is the size of real genomes in the store, where there are some.
func kept(c config) part {
	from := filepath.Join(c.data, "kg3_chr22_16mb")
	bed := filepath.Join(from, "kg3_chr22.derived_biallelic.bed")
	return part{
		name: "real", made: site(c.node, bed, "real.tsv"),
		write: func(dir string, _ size) error {
			if c.data == "" {
				return errNoData
			}
			return tableOfFam(filepath.Join(dir, "real.tsv"), filepath.Join(from, "kg3_chr22.derived_biallelic.fam"))
		},
		weigh: func(dir string) ([]row, error) {
			info, err := os.Stat(bed)
			if err != nil {
				return nil, err
			}
			pgen := words("", "plink2 --threads 1 --bfile "+bed[:len(bed)-len(".bed")]+" --make-pgen --out real")
			if _, err := pgen.run(dir); err != nil {
				return nil, err
			}
			return weigh(dir, "genotype/store/size/1000-genomes", "real.pgen", info.Size())
		},
	}
}

// errNoData is returned where real files are wanted and none are there.
var errNoData = errors.New("real genomes are found by LOCUS_DATA, which is not set")

// weigh compares the bytes of a node's store with those of a pgen and a bed.
func weigh(dir, name, pgen string, bed int64) ([]row, error) {
	files, err := filepath.Glob(filepath.Join(dir, "node", "cohorts", "*.store"))
	if err != nil {
		return nil, err
	}
	store := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return nil, err
		}
		store += info.Size()
	}
	info, err := os.Stat(filepath.Join(dir, pgen))
	if err != nil {
		return nil, err
	}
	r := row{Name: name, Value: float64(store) / 1e6, Unit: "MB", Against: map[string]float64{}}
	r.add("pgen", float64(info.Size())/1e6)
	r.add("bed", float64(bed)/1e6)
	return []row{r}, nil
}
