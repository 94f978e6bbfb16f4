package genotype

import (
	"bytes"
	"math"
)

// Reader reads one file of genotypes from its first site to its last.
type Reader interface {
	// Samples are the names in the file's order. They MUST NOT be changed.
	Samples() []string
	// Next fills row with the next site. It returns io.EOF after the last one, and
	// only when all of the file was read and found sound. What row refers to is valid
	// until the next call.
	Next(row *Row) error
}

// Packer is a Reader of files in which genotypes are packed, as in a bed or otherwise.
type Packer interface {
	Reader
	// Pack lets rows of one ALT have Packed or Raw from now on, and no classes, for
	// whoever counts them as they are.
	Pack()
}

// Row is one site with everyone's genotypes, in one of two forms. A reader fills Calls
// and leaves Classes empty, or the other way round; where nobody asked for the site
// both are empty. Expand gives calls and Classify classes, whichever a row has. Who
// asks a Packer may get rows in two more forms, Packed and Raw.
type Row struct {
	Site
	// Calls has one call a sample.
	Calls []Call
	// Classes has the classes of each ALT in turn, and a single one where Alts is
	// empty. When there are any, Calls is not looked at.
	Classes []Classes
	// Packed stands for both in rows of one ALT, when a Packer was asked for it: two
	// bits a sample, as a bed has them. Expand and Classify leave it alone.
	Packed []byte
	// Raw stands for all three, likewise.
	Raw Raw
	// Coded is true where every call is written as if the sample were diploid, as bed
	// does: how many copies a call stands for is then told by sex and place.
	Coded bool
	// Dropped is how many calls the reader made missing, because nobody counts what is
	// written: three alleles or more. It is 0 where the calls were not asked for.
	Dropped int
}

// Site is where and what a row is about.
type Site struct {
	// Contig is the name in the file.
	Contig string
	// Pos is 1-based. VCF allows 0, the telomere; it matches nothing.
	Pos uint32
	// Ref and Alts are in upper case. Alts is empty where no ALT was seen ("."). It
	// may hold "*" and symbols such as <DEL>, which count as called alleles and match
	// nothing.
	Ref  string
	Alts []string
	// Pass is true for the filters PASS and ".".
	Pass bool
	// End is the last position of a block of a gVCF, in which everyone has what the
	// calls say of Pos; 0 where the row is about its alleles only.
	End uint32
	// Aligned is how each ALT is written once it is trimmed and shifted to the left by
	// the reference, one for each of Alts. It is nil where that changes none of them, or
	// where no reference was given.
	Aligned []Spelling
}

// Span is the first and the last position at which a wanted variant may stand that the
// site tells something of, however its alleles are written.
func (s *Site) Span() (first, last uint32) {
	first, last = s.Pos, s.Pos
	if n := len(s.Ref); n > 1 {
		last = uint32(min(uint64(s.Pos)+uint64(n)-1, math.MaxUint32))
	}
	last = max(last, s.End)
	for i := range s.Aligned {
		if pos := s.Aligned[i].Pos; pos > 0 {
			first, last = min(first, pos), max(last, pos)
		}
	}
	return first, last
}

// Spelling is one way to write an allele. The zero Spelling is that of the site itself.
type Spelling struct {
	Pos      uint32
	Ref, Alt string
}

// MaxShift is how far to the left of its row an aligned allele may stand. A change moves
// as far as the repeat that it lies in, and no exact repeat of an assembly is so long.
const MaxShift = 1 << 16

// Covers reports whether the site tells something of a position of its Span. A reader
// that is asked for some sites only may leave out the calls of the others.
type Covers func(*Site) bool

// MaxAlts bounds the ALTs of a site: no caller writes a tenth of it.
const MaxAlts = 4096

// Allele is what one chromosome of a sample carries at a site.
type Allele uint16

// The alleles that are no base: not known, and none because the sample has one
// chromosome only. Reference is REF; ALT k, from 1, is Reference+k.
const (
	Missing Allele = iota
	Absent
	Reference
)

// Call is a sample's two alleles. Their order means nothing.
type Call uint32

// NewCall makes a call of two alleles.
func NewCall(a, b Allele) Call { return Call(a) | Call(b)<<16 }

// The calls that are most of every file.
const (
	HomRef = Call(Reference) | Call(Reference)<<16
	NoCall = Call(Missing) | Call(Missing)<<16
)

// Alleles are the two alleles of a call.
func (c Call) Alleles() (a, b Allele) { return Allele(c), Allele(c >> 16) }

// Het reports whether both alleles are known and differ.
func (c Call) Het() bool {
	a, b := c.Alleles()
	return a != b && a >= Reference && b >= Reference
}

// UpperCase is an allele as a file has it, in upper case. Most are of one letter, and
// take no memory.
func UpperCase(allele []byte) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if len(allele) == 1 {
		if c := allele[0] &^ 0x20; c >= 'A' && c <= 'Z' {
			return letters[c-'A' : c-'A'+1]
		}
	}
	return string(bytes.ToUpper(allele))
}

// IsBases reports whether an allele is written out: A, C, G and T only. Only such
// alleles are ever matched.
func IsBases(allele string) bool {
	for i := range len(allele) {
		switch allele[i] {
		case 'A', 'C', 'G', 'T':
		default:
			return false
		}
	}
	return allele != ""
}
