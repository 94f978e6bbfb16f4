package bcf

import (
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// noGT is what a sample has where nobody has a GT: ".", one allele that is missing.
const noGT = genotype.Call(genotype.Missing) | genotype.Call(genotype.Absent)<<16

// calls reads the fields of the samples, of which it decodes GT.
func (r *Reader) calls(fields int, left int64, row *genotype.Row) error {
	if n := len(r.head.samples); row.End > 0 {
		r.doubts = slices.Grow(r.doubts[:0], n)[:n]
		clear(r.doubts)
	}
	found, dosage := false, false
	for range fields {
		f, err := r.field(left)
		if err != nil {
			return err
		}
		left -= f.used + f.size
		name, read := r.head.strings.names[f.key], false
		if row.End > 0 {
			if read, err = r.measure(name, f); err != nil {
				return truncated(err)
			}
		}
		switch {
		case read:
		case name == "GT":
			if found {
				return fmt.Errorf("%w: GT comes twice", ErrRecord)
			}
			found = true
			err = r.genotypes(f, row)
		default:
			dosage = dosage || slices.Contains(dosages, name)
			err = r.in.discard(f.size)
		}
		if err != nil {
			return truncated(err)
		}
	}
	switch {
	case left > 0:
		return fmt.Errorf("%w: bytes are left over behind its samples", ErrRecord)
	case found:
		r.genotype = true
	case dosage:
		return ErrNoGT
	default:
		r.nobody(row)
	}
	if row.End > 0 {
		r.doubt(row)
	}
	return nil
}

// dosages are fields that speak of genotypes, and are none.
var dosages = []string{"DS", "GP", "GL", "HDS", "ADS"}

// nobody makes room for everybody's call, and makes it ".".
func (r *Reader) nobody(row *genotype.Row) {
	n := len(r.head.samples)
	row.Calls = slices.Grow(row.Calls[:0], n)[:n]
	for i := range row.Calls {
		row.Calls[i] = noGT
	}
}

// field is what stands before the values of a field.
type field struct {
	key        int32
	kind       byte
	n          int   // values a sample
	used, size int64 // bytes of what stands before, and of the values of all samples
}

func (r *Reader) field(left int64) (field, error) {
	head, err := r.in.peek(int(min(left, maxTyped)))
	if err != nil {
		return field{}, truncated(err)
	}
	t := typed{head}
	var f field
	if f.key, err = t.number(); err != nil {
		return field{}, err
	}
	if r.head.strings.name(f.key) == "" {
		return field{}, fmt.Errorf("%w: the header does not list a field of the samples", ErrRecord)
	}
	if f.kind, f.n, err = t.kind(); err != nil {
		return field{}, err
	}
	f.used = int64(len(head) - len(t.left))
	width, _ := width(f.kind)
	f.size = int64(f.n) * int64(width) * int64(len(r.head.samples)) // under 2^31 * 4 * 2^24
	if f.size > left-f.used {
		return field{}, errShort
	}
	r.in.skip(int(f.used))
	return f, nil
}

// maxVector is the most bytes of one sample's GT, and piece how many are decoded of all
// samples at a time.
const (
	maxVector = 128 << 10
	piece     = 256 << 10
)

// genotypes decodes the GT of every sample.
func (r *Reader) genotypes(f field, row *genotype.Row) error {
	if done, err := r.usual(f, row); done || err != nil {
		return err
	}
	r.nobody(row)
	if f.n == 0 {
		return nil
	}
	if f.kind != kindInt8 && f.kind != kindInt16 && f.kind != kindInt32 {
		return fmt.Errorf("%w: GT is no vector of integers", ErrGenotype)
	}
	size, _ := width(f.kind)
	v := vectors{reader: r, n: f.n, size: size, last: genotype.Reference + genotype.Allele(len(row.Alts))}
	if f.n*size > maxVector {
		return fmt.Errorf("%w: room for %d alleles a sample; want 2", ErrGenotype, f.n)
	}
	per := piece / (f.n * size)
	for done := 0; done < len(row.Calls); {
		some := row.Calls[done:min(done+per, len(row.Calls))]
		raw, err := r.in.peek(len(some) * f.n * size)
		if err != nil {
			return err
		}
		if at, err := v.decode(raw, some); err != nil {
			return &RecordError{Sample: done + at + 1, Err: err}
		}
		r.in.skip(len(raw))
		done += len(some)
	}
	row.Dropped = v.dropped
	return nil
}
