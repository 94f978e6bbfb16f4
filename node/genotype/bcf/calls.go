package bcf

import (
	"encoding/binary"
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
)

// Codes of what is no allele.
const (
	none      genotype.Allele = 0xffff // the vector ended before
	notAllele genotype.Allele = 0xfffe
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

// fillCodes turns the byte of an allele into its code.
func (r *Reader) fillCodes() {
	for i := range r.codes {
		r.codes[i] = r.code(int32(int8(i)), 1)
	}
}

// code reads (allele+1)<<1 | phase. Versions before 2.2 fill vectors up with missing
// values, later ones have an end of a vector.
func (r *Reader) code(x int32, size int) genotype.Allele {
	switch {
	case x == endOfVector(size) || r.head.minor == 1 && x == missing(size):
		return none
	case x < 0 || x>>1 > genotype.MaxAlts+1:
		return notAllele
	case x>>1 == 0:
		return genotype.Missing
	}
	return genotype.Reference + genotype.Allele(x>>1-1)
}

// vectors are the GT of some samples.
type vectors struct {
	reader  *Reader
	n, size int
	last    genotype.Allele
}

const (
	// phases are the bits of eight alleles that tell their phase, and homRef the rest
	// of four samples that are 0/0.
	phases = 0x0101010101010101
	homRef = 0x0202020202020202
)

// decode fills calls. At an error it tells which of them it is about.
func (v *vectors) decode(raw []byte, calls []genotype.Call) (int, error) {
	if v.size != 1 || v.n != 2 {
		return v.each(raw, calls)
	}
	codes, last := &v.reader.codes, v.last
	for i := 0; i < len(calls); {
		// Most of a file is people without the allele, many of them in a row.
		for len(calls)-i >= 4 && binary.LittleEndian.Uint64(raw[2*i:])&^phases == homRef {
			c := calls[i : i+4 : i+4]
			c[0], c[1], c[2], c[3] = genotype.HomRef, genotype.HomRef, genotype.HomRef, genotype.HomRef
			i += 4
		}
		for end := min(i+4, len(calls)); i < end; i++ {
			a, b := codes[raw[2*i]], codes[raw[2*i+1]]
			if a > last || b > last {
				c, err := v.call(raw[2*i : 2*i+2])
				if err != nil {
					return i, err
				}
				calls[i] = c
				continue
			}
			calls[i] = genotype.NewCall(a, b)
		}
	}
	return 0, nil
}

func (v *vectors) each(raw []byte, calls []genotype.Call) (int, error) {
	for i := range calls {
		c, err := v.call(raw[:v.n*v.size])
		if err != nil {
			return i, err
		}
		calls[i] = c
		raw = raw[v.n*v.size:]
	}
	return 0, nil
}

// call reads one sample's vector. One that ends at once is ".".
func (v *vectors) call(raw []byte) (genotype.Call, error) {
	pair := [2]genotype.Allele{genotype.Missing, genotype.Absent}
	ended := false
	for k := range v.n {
		a := v.reader.code(integer(raw[k*v.size:], v.size), v.size)
		switch {
		case a == none:
			ended = true
		case ended:
			return 0, fmt.Errorf("%w: something follows its end", ErrGenotype)
		case a == notAllele:
			return 0, fmt.Errorf("%w: a value is no allele", ErrGenotype)
		case k > 1:
			return 0, ErrPloidy
		case a > v.last:
			return 0, fmt.Errorf("%w: it names an allele that ALT does not list", ErrGenotype)
		default:
			pair[k] = a
		}
	}
	return genotype.NewCall(pair[0], pair[1]), nil
}
