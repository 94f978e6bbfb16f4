package bcf

import (
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
)

// noGT is what a sample has where nobody has a GT: ".", one allele that is missing.
const noGT = genotype.Call(genotype.Missing) | genotype.Call(genotype.Absent)<<16

// calls reads the fields of the samples, of which it decodes GT.
func (r *Reader) calls(fields int, left int64, row *genotype.Row) error {
	n := len(r.head.samples)
	if cap(row.Calls) < n {
		row.Calls = make([]genotype.Call, n)
	}
	row.Calls = row.Calls[:n]
	found, dosage := false, false
	for range fields {
		f, err := r.field(left)
		if err != nil {
			return err
		}
		left -= f.used + f.size
		switch r.head.strings.names[f.key] {
		case "GT":
			if found {
				return fmt.Errorf("%w: GT comes twice", ErrRecord)
			}
			found = true
			err = r.genotypes(f, row)
		case "DS", "GP", "GL", "HDS", "ADS":
			dosage = true
			fallthrough
		default:
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
		return nil
	case dosage:
		return ErrNoGT
	}
	for i := range row.Calls {
		row.Calls[i] = noGT
	}
	return nil
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

// genotypes decodes the GT of every sample, a buffer at a time.
func (r *Reader) genotypes(f field, row *genotype.Row) error {
	if f.n == 0 {
		for i := range row.Calls {
			row.Calls[i] = noGT
		}
		return nil
	}
	if f.kind != kindInt8 && f.kind != kindInt16 && f.kind != kindInt32 {
		return fmt.Errorf("%w: GT is no vector of integers", ErrGenotype)
	}
	size, _ := width(f.kind)
	v := vectors{reader: r, n: f.n, size: size, last: genotype.Reference + genotype.Allele(len(row.Alts))}
	if f.n*size > readAhead/2 {
		return fmt.Errorf("%w: room for %d alleles a sample", ErrPloidy, f.n)
	}
	per := readAhead / (f.n * size)
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
	return nil
}
