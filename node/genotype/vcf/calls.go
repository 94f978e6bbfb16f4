package vcf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// notAllele is what a byte gives that is neither a digit nor ".".
const notAllele = 0xffff

// letters turns the letter of a one-digit allele into its code.
var letters = func() (t [256]genotype.Allele) {
	for i := range t {
		t[i] = notAllele
	}
	t['.'] = genotype.Missing
	for d := range genotype.Allele(10) {
		t['0'+d] = genotype.Reference + d
	}
	return t
}()

// fewest is how many samples make it worth while to read many at a time.
const fewest = 16

// calls reads every sample's GT. rest begins with the tab before the first sample.
func (r *Reader) calls(format, rest []byte, read bool, row *genotype.Row) error {
	n := len(r.samples)
	if n == 0 {
		if len(rest) > 0 {
			return r.tooMany()
		}
		return nil
	}
	at, err := findGT(format)
	if err != nil {
		return &LineError{Column: fixed + 1, Err: err}
	}
	if at >= 0 {
		r.genotype = true
	}
	if n >= fewest && !r.testOnlyCells && at == 0 && len(row.Alts) <= 1 && row.End == 0 && (read || r.usual(format, rest)) &&
		len(row.Alts) >= min(1, r.planes.Hets+r.planes.Homs) { // nobody has an ALT that is not there
		r.classify(row)
		return nil
	}
	row.Calls = slices.Grow(row.Calls, n)[:n]
	if err := r.cells(at, rest, row); err != nil || row.End == 0 {
		return err
	}
	return r.doubt(format, rest, row)
}

// usual reads the samples into the planes, if all of them have two of 0, 1 and ".".
func (r *Reader) usual(format, rest []byte) bool {
	if len(format) == len("GT") {
		r.alike = r.planes.Text(rest)
		return r.alike
	}
	return r.planes.Cells(rest)
}

// classify lets a row have the classes of the planes.
func (r *Reader) classify(row *genotype.Row) {
	p := r.planes
	row.Classes = slices.Grow(row.Classes[:0], 1)[:1]
	row.Classes[0].TakeListed(len(r.samples), p.Het, p.Hom, p.Missing,
		genotype.Sizes{OneAlt: p.Hets, AllAlt: p.Homs, NotCalled: p.Missings}, &r.lists)
}

func (r *Reader) tooMany() error {
	return fmt.Errorf("%w: more than %d columns", ErrLine, r.width())
}

// findGT is the place of GT among the fields of FORMAT, -1 if it is not there and
// nothing else speaks of genotypes.
func findGT(format []byte) (int, error) {
	dosage := false
	for i, more := 0, true; more; i++ {
		var key []byte
		key, format, more = bytes.Cut(format, []byte(":"))
		switch string(key) {
		case "GT":
			return i, nil
		case "DS", "GP", "GL", "HDS", "ADS":
			dosage = true
		}
	}
	if dosage {
		return -1, ErrNoGT
	}
	return -1, nil
}

func (r *Reader) cells(at int, rest []byte, row *genotype.Row) error {
	last := genotype.Reference + genotype.Allele(len(row.Alts))
	for i := range row.Calls {
		// Nearly every cell begins with one digit, a separator and one digit.
		if at == 0 && len(rest) >= 5 {
			v := binary.LittleEndian.Uint32(rest[1:])
			a, b := letters[byte(v)], letters[byte(v>>16)]
			sep, end := byte(v>>8), byte(v>>24)
			if a <= last && b <= last && (sep == '/' || sep == '|') && (end == '\t' || end == ':') {
				row.Calls[i] = genotype.NewCall(a, b)
				rest = rest[4:]
				if end == ':' {
					_, rest = cut(rest)
				}
				continue
			}
		}
		if len(rest) == 0 {
			return r.columns(fixed + 1 + i)
		}
		var cell []byte
		cell, rest = cut(rest[1:])
		c, over, err := call(field(cell, at), last)
		if err != nil {
			return &LineError{Column: fixed + 2 + i, Err: err}
		}
		row.Calls[i] = c
		if over {
			row.Dropped++
		}
	}
	if len(rest) > 0 {
		return r.tooMany()
	}
	return nil
}

// field is field i of a cell, "." if the cell ends before it or has none such.
func field(cell []byte, i int) []byte {
	if i < 0 {
		return []byte(".")
	}
	for ; i > 0; i-- {
		_, after, more := bytes.Cut(cell, []byte(":"))
		if !more {
			return []byte(".")
		}
		cell = after
	}
	gt, _, _ := bytes.Cut(cell, []byte(":"))
	return gt
}

// call reads a GT. VCF 4.4 lets it begin with a separator. One of more than two alleles
// is over what a person may add to a counter: it is no call.
func call(gt []byte, last genotype.Allele) (c genotype.Call, over bool, err error) {
	if len(gt) > 1 && (gt[0] == '/' || gt[0] == '|') {
		gt = gt[1:]
	}
	a, rest, err := oneAllele(gt, last)
	if err != nil {
		return 0, false, err
	}
	if len(rest) == 0 {
		return genotype.NewCall(a, genotype.Absent), false, nil
	}
	b, rest, err := oneAllele(rest[1:], last)
	if err != nil {
		return 0, false, err
	}
	if len(rest) == 0 {
		return genotype.NewCall(a, b), false, nil
	}
	for len(rest) > 0 {
		if _, rest, err = oneAllele(rest[1:], last); err != nil {
			return 0, false, err
		}
	}
	return genotype.NoCall, true, nil
}

// oneAllele reads up to the next separator, which it leaves with the rest.
func oneAllele(gt []byte, last genotype.Allele) (genotype.Allele, []byte, error) {
	end := bytes.IndexAny(gt, "/|")
	if end < 0 {
		end = len(gt)
	}
	text, rest := gt[:end], gt[end:]
	if string(text) == "." {
		return genotype.Missing, rest, nil
	}
	if len(text) == 0 || len(text) > 5 {
		return 0, nil, fmt.Errorf("%w: want numbers of alleles or \".\", as in 0/1", ErrGenotype)
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, nil, fmt.Errorf("%w: want numbers of alleles or \".\", as in 0/1", ErrGenotype)
		}
		n = n*10 + int(c-'0')
	}
	if n > int(last-genotype.Reference) {
		return 0, nil, fmt.Errorf("%w: it names an allele that ALT does not list", ErrGenotype)
	}
	return genotype.Reference + genotype.Allele(n), rest, nil
}
