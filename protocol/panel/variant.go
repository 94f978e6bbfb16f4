package panel

import (
	"cmp"
	"fmt"
	"strings"
)

// The bounds of what a panel may hold.
const (
	// MaxVariants is four times the variants of the largest sequenced cohorts.
	MaxVariants = 1 << 29
	// MaxPos is the last position that BCF and tabix can write.
	MaxPos = 1<<31 - 1
	// MaxAllele is the longest allele, in bases: longer ones are written as symbols.
	MaxAllele = 4096

	maxContigs  = 1 << 14 // GRCh38 with decoys and HLA has 3,366
	maxName     = 128     // of a contig
	maxAssembly = 64
)

// Variant is one allele: a 1-based position, REF and ALT in upper case.
type Variant struct {
	Contig   string
	Pos      uint32
	Ref, Alt string
}

// String is the variant as people write it. Long alleles are cut short.
func (v Variant) String() string {
	return fmt.Sprintf("%.40s:%d %.20s>%.20s", v.Contig, v.Pos, v.Ref, v.Alt)
}

// Range is the variants [From, To) of a panel.
type Range struct{ From, To uint64 }

// CanonicalContig is the name that contigs are matched by: 1 to 22, X, Y and MT for
// the human chromosomes however they were written, and any other name unchanged.
func CanonicalContig(name string) string {
	short := name
	if hasPrefix(name) {
		short = name[3:]
	}
	switch len(short) {
	case 1:
		switch c := short[0]; {
		case c >= '1' && c <= '9':
			return short
		case c == 'X' || c == 'x':
			return "X"
		case c == 'Y' || c == 'y':
			return "Y"
		case c == 'M' || c == 'm':
			return "MT"
		}
	case 2:
		if short[0] == '1' && short[1] >= '0' && short[1] <= '9' || short[0] == '2' && short[1] >= '0' && short[1] <= '2' {
			return short
		}
		if strings.EqualFold(short, "MT") {
			return "MT"
		}
	}
	return name
}

func hasPrefix(name string) bool { return len(name) > 3 && strings.EqualFold(name[:3], "chr") }

// rank orders canonical contigs: 1 to 22, X, Y, MT, then all others as equals.
func rank(canonical string) int {
	switch canonical {
	case "X":
		return 23
	case "Y":
		return 24
	case "MT":
		return 25
	}
	switch {
	case len(canonical) == 1 && canonical[0] >= '1' && canonical[0] <= '9':
		return int(canonical[0] - '0')
	case len(canonical) == 2 && canonical[0] >= '1' && canonical[0] <= '2' && CanonicalContig("chr"+canonical) == canonical:
		return int(canonical[0]-'0')*10 + int(canonical[1]-'0')
	}
	return 26
}

// compareContigs orders contigs by their canonical names.
func compareContigs(a, b string) int {
	a, b = CanonicalContig(a), CanonicalContig(b)
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

// Trim takes off the bases that REF and ALT share, first at the end and then at the
// start, and leaves at least one of each. Two spellings of one change on the same
// stretch of reference become one; alleles are not moved along the reference.
func Trim(v Variant) Variant {
	for len(v.Ref) > 1 && len(v.Alt) > 1 && v.Ref[len(v.Ref)-1] == v.Alt[len(v.Alt)-1] {
		v.Ref, v.Alt = v.Ref[:len(v.Ref)-1], v.Alt[:len(v.Alt)-1]
	}
	for len(v.Ref) > 1 && len(v.Alt) > 1 && v.Ref[0] == v.Alt[0] {
		v.Ref, v.Alt, v.Pos = v.Ref[1:], v.Alt[1:], v.Pos+1
	}
	return v
}

// checkAlleles is what must hold of a trimmed variant apart from its contig.
func checkAlleles(v Variant) error {
	switch {
	case v.Pos == 0 || v.Pos > MaxPos:
		return fmt.Errorf("position %d; want 1 to %d", v.Pos, MaxPos)
	case v.Ref == "" || v.Alt == "":
		return fmt.Errorf("an allele without bases")
	case len(v.Ref) > MaxAllele || len(v.Alt) > MaxAllele:
		return fmt.Errorf("an allele over %d bases", MaxAllele)
	case !isBases(v.Ref) || !isBases(v.Alt):
		return fmt.Errorf("alleles are written with A, C, G, T and N")
	case v.Ref == v.Alt:
		return fmt.Errorf("REF and ALT are the same")
	}
	return nil
}

func isBases(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case 'A', 'C', 'G', 'T', 'N':
		default:
			return false
		}
	}
	return s != ""
}

func checkContig(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a contig's name of %d bytes; want 1 to %d", len(name), maxName)
	}
	if !isWord(name) || strings.ContainsAny(name, `,<>"'()[]{}\`+"`") || name[0] == '*' || name[0] == '=' {
		return fmt.Errorf("%.40q is not a contig's name", name)
	}
	return nil
}

// isWord reports whether s is printable ASCII without blanks.
func isWord(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
