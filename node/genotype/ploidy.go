package genotype

import "strings"

// Sex is what decides how many copies of X and Y a person has.
type Sex uint8

// The sexes that a sample table and a fam file know.
const (
	UnknownSex Sex = iota
	Male
	Female
)

// Assembly is a reference genome whose pseudo-autosomal regions are known here.
type Assembly uint8

// The assemblies. In an unknown one the sexes cannot be counted apart on X.
const (
	UnknownAssembly Assembly = iota
	GRCh37
	GRCh38
)

// ParseAssembly recognises the usual names of an assembly, with or without a patch
// (GRCh38, GRCh38.p14, hg38, b37, hs37d5).
func ParseAssembly(name string) Assembly {
	n := strings.ToLower(name)
	for _, known := range []struct {
		prefix string
		is     Assembly
	}{
		{"grch37", GRCh37}, {"hg19", GRCh37}, {"b37", GRCh37}, {"hs37d5", GRCh37}, {"humang1kv37", GRCh37},
		{"grch38", GRCh38}, {"hg38", GRCh38}, {"b38", GRCh38}, {"hs38", GRCh38},
	} {
		rest, ok := strings.CutPrefix(n, known.prefix)
		if ok && (rest == "" || rest[0] < '0' || rest[0] > '9') {
			return known.is
		}
	}
	return UnknownAssembly
}

// String is the name that the Genome Reference Consortium gives.
func (a Assembly) String() string {
	switch a {
	case GRCh37:
		return "GRCh37"
	case GRCh38:
		return "GRCh38"
	}
	return "unknown"
}

// par is the pseudo-autosomal regions of X, 1-based and inclusive, as Ensembl and
// NCBI publish them.
func (a Assembly) par() [2][2]uint32 {
	switch a {
	case GRCh37:
		return [2][2]uint32{{60001, 2699520}, {154931044, 155260560}}
	case GRCh38:
		return [2][2]uint32{{10001, 2781479}, {155701383, 156030895}}
	}
	return [2][2]uint32{}
}

// InPAR reports whether a position of X has two copies in men too. The regions are
// taken to the ends of the chromosome, where there is no sequence, as plink does.
func (a Assembly) InPAR(pos uint32) bool {
	r := a.par()
	return a != UnknownAssembly && (pos <= r[0][1] || pos >= r[1][0])
}

// Length is what a contig, by its canonical name, measures in the assembly; 0 for one
// that does not tell the assemblies apart.
func (a Assembly) Length(canonical string) uint32 {
	var lengths [23]uint32
	switch a {
	case GRCh37:
		lengths = [23]uint32{
			249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
			141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
			81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560,
		}
	case GRCh38:
		lengths = [23]uint32{
			248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
			138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
			83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895,
		}
	}
	if canonical == "X" {
		return lengths[22]
	}
	n := 0
	for i := range len(canonical) {
		if canonical[i] < '0' || canonical[i] > '9' || i > 1 {
			return 0
		}
		n = n*10 + int(canonical[i]-'0')
	}
	if n < 1 || n > 22 {
		return 0
	}
	return lengths[n-1]
}

// Detect returns the assembly that has a contig of this length.
func Detect(canonical string, length uint32) Assembly {
	for _, a := range []Assembly{GRCh37, GRCh38} {
		if length > 0 && a.Length(canonical) == length {
			return a
		}
	}
	return UnknownAssembly
}

// Place is how many copies of a position people have.
type Place uint8

// The places. On Diploid ones everyone has two copies; on SexX women two and men one;
// on SexY men one and women none; on Haploid ones everyone has one.
const (
	Diploid Place = iota
	SexX
	SexY
	Haploid
)

// PlaceOf tells a position's place by its canonical contig (1 to 22, X, Y, MT).
func (a Assembly) PlaceOf(canonical string, pos uint32) Place {
	switch canonical {
	case "X":
		if a.InPAR(pos) {
			return Diploid
		}
		return SexX
	case "Y":
		return SexY
	case "MT":
		return Haploid
	}
	return Diploid
}
