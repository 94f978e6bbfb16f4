package genotype

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrOrder is returned for a site that does not come after the one before.
	ErrOrder = errors.New("genotype: the sites are not sorted; sort the file by contig and position (bcftools sort, plink2 --sort-vars)")
	// ErrDuplicate is returned for an allele that is listed twice, since nobody can
	// tell which of its rows is meant.
	ErrDuplicate = errors.New("genotype: the same variant is listed twice; leave one of its rows out (bcftools norm --rm-dup exact)")
	// ErrNaming is returned when contigs are named in two ways, such as 22 and chr22.
	ErrNaming = errors.New("genotype: contigs are named in two ways, as 22 and chr22; choose one (bcftools annotate --rename-chrs)")
	// ErrContigs is returned when a file names more contigs than any assembly has.
	ErrContigs = errors.New("genotype: too many contigs")
	// ErrText is returned for a contig or an allele that cannot be written into a table,
	// or onto a terminal, as it is.
	ErrText = errors.New("genotype: a contig or an allele has a blank or a sign that is not printable ASCII; rename it, or leave the site out")
)

// maxContigs bounds what Order remembers. GRCh38 with all its alternates, decoys and
// HLA sequences has 3,366.
const maxContigs = 1 << 16

// Order checks that the sites of a file come in order, each allele once, and that what
// they name can be written as it is. The zero Order has seen nothing.
type Order struct {
	names  map[string]string // canonical name -> the name in the file
	styles [2]bool           // a chromosome was named 22, one was named chr22
	key    string
	name   string // of key, in the file
	pos    uint32
	many   int                    // how many alleles there are at the present position
	first  [2]string              // the first of them, which is mostly the only one
	here   map[[2]string]struct{} // the others
}

// Check takes the next site, with the canonical name of its contig. The alleles that
// nothing matches ("*" and symbols) may come more than once.
func (o *Order) Check(canonical string, s *Site) error {
	switch {
	case o.names == nil || canonical != o.key:
		if err := o.open(canonical, s.Contig); err != nil {
			return err
		}
	case s.Contig != o.name:
		return ErrNaming
	case s.Pos < o.pos:
		return ErrOrder
	}
	if s.Pos != o.pos {
		o.move(s.Pos)
	}
	if !isPrintable(s.Ref) {
		return ErrText
	}
	if len(s.Alts) == 0 && isLetters(s.Ref) {
		return o.add(s.Ref, ".")
	}
	for _, alt := range s.Alts {
		if alt == "*" || !isLetters(alt) {
			if !isPrintable(alt) {
				return ErrText
			}
			continue
		}
		if err := o.add(s.Ref, alt); err != nil {
			return err
		}
	}
	return nil
}

func (o *Order) open(canonical, name string) error {
	if o.names == nil {
		o.names, o.here = make(map[string]string), make(map[[2]string]struct{})
	}
	before, seen := o.names[canonical]
	switch {
	case seen && before == name:
		return fmt.Errorf("%w: a contig comes back after another", ErrOrder)
	case seen:
		return ErrNaming
	case len(o.names) >= maxContigs:
		return fmt.Errorf("%w: over %d", ErrContigs, maxContigs)
	case !isPrintable(name):
		return ErrText
	}
	if isChromosome(canonical) {
		o.styles[style(name)] = true
		if o.styles[0] && o.styles[1] {
			return ErrNaming
		}
	}
	o.names[canonical] = name
	o.key, o.name = canonical, name
	o.move(0)
	return nil
}

// move forgets what was at the position before.
func (o *Order) move(pos uint32) {
	o.pos, o.many = pos, 0
	if len(o.here) > 0 {
		clear(o.here)
	}
}

func (o *Order) add(ref, alt string) error {
	key := [2]string{ref, alt}
	o.many++
	if o.many == 1 {
		o.first = key
		return nil
	}
	if _, twice := o.here[key]; twice || key == o.first {
		return ErrDuplicate
	}
	o.here[key] = struct{}{}
	return nil
}

// isChromosome reports whether a canonical name is one of 1 to 22, X, Y and MT.
func isChromosome(canonical string) bool {
	switch canonical {
	case "X", "Y", "MT":
		return true
	}
	return GRCh38.Length(canonical) > 0
}

func style(name string) int {
	if len(name) > 3 && strings.EqualFold(name[:3], "chr") {
		return 1
	}
	return 0
}

func isLetters(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != ""
}

// isPrintable reports whether a text is of printable ASCII without blanks.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
