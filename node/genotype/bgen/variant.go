package bgen

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrVariant is returned when it cannot be told where or what a variant is.
	ErrVariant = errors.New("bgen: a variant cannot be read")
	// ErrUnnamed is returned for a variant without a chromosome, where nobody said which
	// one is meant.
	ErrUnnamed = errors.New("bgen: the chromosome of a variant is not named; say which one is meant (--contig)")
)

// VariantError says where in a file something is wrong.
type VariantError struct {
	// Variant is counted from 1.
	Variant uint64
	// Offset is how many bytes of the file stand before the variant.
	Offset int64
	// Err is one of the errors of this package, or of genotype.
	Err error
}

func (e *VariantError) Error() string {
	return fmt.Sprintf("variant %d, at byte %d: %v%s", e.Variant, e.Offset, e.Err, e.mend())
}

// mend is what to do about it, where the error itself does not say.
func (e *VariantError) mend() string {
	if errors.Is(e.Err, ErrVariant) {
		return "; copy the file again, or write it anew (plink2 --export bgen-1.2)"
	}
	return ""
}

// Unwrap returns what is wrong.
func (e *VariantError) Unwrap() error { return e.Err }

const (
	// maxAlleles bounds the letters of a variant's alleles together.
	maxAlleles = 16 << 20
	// unknownAllele is what stands where an ALT was not seen.
	unknownAllele = "."
)

// sites reads what stands before the probabilities of a variant.
type sites struct {
	body    *source
	header  header
	refLast bool
	missing string // the contig of those that have none
	named   []byte // the contig of the variant before
	contig  string // its name in rows
	key     string // and what its order is checked by
	long    []byte // holds an allele
	alleles []string
}

// next reads a site. Its REF is one of so many alleles.
func (v *sites) next(site *genotype.Site) (alleles int, err error) {
	if v.header.layout == 1 {
		n, err := v.body.uint32()
		switch {
		case err != nil:
			return 0, err
		case uint64(n) != uint64(v.header.samples):
			return 0, fmt.Errorf("%w: it has %d samples, and the file %d", ErrVariant, n, v.header.samples)
		}
	}
	for range 2 { // its identifier and its rsID
		if _, err := v.body.name(); err != nil {
			return 0, err
		}
	}
	contig, err := v.body.name()
	if err != nil {
		return 0, err
	}
	if err := v.chromosome(contig); err != nil {
		return 0, err
	}
	pos, err := v.body.uint32()
	switch {
	case err != nil:
		return 0, err
	case pos > math.MaxInt32:
		return 0, fmt.Errorf("%w: a position is a number up to 2147483647", ErrVariant)
	}
	n := uint16(2)
	if v.header.layout > 1 {
		if n, err = v.body.uint16(); err != nil {
			return 0, err
		}
	}
	if err := v.readAlleles(int(n)); err != nil {
		return 0, err
	}
	site.Contig, site.Pos, site.Pass, site.Alts = v.contig, pos, true, site.Alts[:0]
	ref := 0
	if v.refLast {
		ref = int(n) - 1
	}
	site.Ref = v.alleles[ref]
	for i, a := range v.alleles {
		if i != ref {
			site.Alts = append(site.Alts, a)
		}
	}
	if len(site.Alts) == 1 && site.Alts[0] == unknownAllele {
		site.Alts = site.Alts[:0]
	}
	return int(n), nil
}

// chromosome takes the name of a contig, which is mostly that of the variant before.
func (v *sites) chromosome(name []byte) error {
	if v.contig != "" && bytes.Equal(name, v.named) {
		return nil
	}
	v.named = append(v.named[:0], name...)
	text := string(name)
	if text == "" || text == "NA" {
		if text = v.missing; text == "" {
			return ErrUnnamed
		}
	}
	if !printable([]byte(text)) || strings.Contains(text, " ") {
		return fmt.Errorf("%w: the name of its chromosome is over %d bytes long, or has signs that no name has", ErrVariant, maxName)
	}
	v.contig, v.key = contigOf(text)
	return nil
}

func (v *sites) readAlleles(n int) error {
	if n == 0 || n > genotype.MaxAlts+1 {
		return fmt.Errorf("%w: it has %d alleles; want 1 to %d", ErrVariant, n, genotype.MaxAlts+1)
	}
	v.alleles = v.alleles[:0]
	room := uint32(maxAlleles)
	for range n {
		length, err := v.body.uint32()
		switch {
		case err != nil:
			return err
		case length == 0:
			return fmt.Errorf("%w: an allele is empty", ErrVariant)
		case length > room:
			return fmt.Errorf("%w: its alleles are over %d bytes long", ErrVariant, maxAlleles)
		}
		room -= length
		text, err := v.allele(int(length))
		if err != nil {
			return err
		}
		for _, c := range text {
			if c <= ' ' || c >= 0x7f || c == ',' {
				return fmt.Errorf("%w: an allele has signs that none has", ErrVariant)
			}
		}
		v.alleles = append(v.alleles, genotype.UpperCase(text))
	}
	return nil
}

// allele reads a text, which is valid until the next call. A long one takes memory only
// as the file has it.
func (v *sites) allele(length int) ([]byte, error) {
	if length < readAhead {
		return v.body.short(length)
	}
	v.long = v.long[:0]
	for len(v.long) < length {
		have := len(v.long)
		more := min(length-have, readAhead)
		v.long = slices.Grow(v.long, more)[:have+more]
		if err := v.body.fill(v.long[have:]); err != nil {
			return nil, err
		}
	}
	return v.long, nil
}

// contigOf is genotype.PlinkContig for names that are often filled up to two signs:
// 01 is 1, and 0X is X.
func contigOf(named string) (name, key string) {
	zero := len(named) - 2
	if zero >= 0 && named[zero] == '0' && (zero == 0 || strings.EqualFold(named[:zero], "chr")) {
		named = named[:zero] + named[zero+1:]
	}
	return genotype.PlinkContig(named, panel.CanonicalContig)
}
