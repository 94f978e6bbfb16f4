package bcf

import (
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

const (
	// fixedSize is the bytes of a site before its ID.
	fixedSize = 24
	// maxShared bounds a site, which is held whole. Structural variants that are
	// written out have alleles of some megabytes.
	maxShared = 64 << 20
	// maxPos is what VCF allows.
	maxPos = 1<<31 - 1
)

// site reads the shared part of a record, but for most of INFO, and how many fields the
// samples have.
func (r *Reader) site(raw []byte, row *genotype.Row) (fields int, err error) {
	if err := r.place(&row.Site, raw); err != nil {
		return 0, err
	}
	alleles := int(le32(raw[16:]) >> 16)
	fields = int(raw[23])
	if n := int(le32(raw[20:]) & 0xffffff); n != len(r.head.samples) {
		return 0, fmt.Errorf("%w: it is of %d samples, the header of %d", ErrRecord, n, len(r.head.samples))
	}
	t := typed{raw[fixedSize:]}
	if _, err := t.text(); err != nil { // ID
		return 0, err
	}
	if err := readAlleles(&t, &row.Site, alleles); err != nil {
		return 0, err
	}
	if row.Pass, err = r.passes(&t); err == nil && genotype.IsBlock(row.Alts) {
		row.End, err = r.blockEnd(&t, int(le32(raw[16:])&0xffff), row.Pos)
	}
	return fields, err
}

// place reads contig and position.
func (r *Reader) place(s *genotype.Site, raw []byte) error {
	contig := int32(le32(raw))
	if contig != r.contig || contig < 0 { // before the first record there is none
		name := r.head.contigs.name(contig)
		if name == "" {
			return fmt.Errorf("%w: the header does not list its contig", ErrRecord)
		}
		r.contig, r.canon = contig, panel.CanonicalContig(name)
	}
	pos := int64(int32(le32(raw[4:]))) + 1 // 0-based in BCF, and -1 is the telomere
	if pos < 0 || pos > maxPos {
		return fmt.Errorf("%w: a position is a number up to %d", ErrRecord, maxPos)
	}
	s.Contig, s.Pos = r.head.contigs.names[contig], uint32(pos)
	return nil
}

// readAlleles reads REF and the ALTs.
func readAlleles(t *typed, s *genotype.Site, n int) error {
	if n == 0 {
		return fmt.Errorf("%w: REF is missing", ErrRecord)
	}
	if n-1 > genotype.MaxAlts {
		return fmt.Errorf("%w: over %d ALTs", ErrRecord, genotype.MaxAlts)
	}
	s.Alts = s.Alts[:0]
	for i := range n {
		raw, err := t.text()
		if err != nil {
			return err
		}
		a, ok := allele(raw)
		switch {
		case !ok:
			return fmt.Errorf("%w: an allele is empty, or has blanks or commas", ErrRecord)
		case i == 0:
			s.Ref = a
		default:
			s.Alts = append(s.Alts, a)
		}
	}
	if len(s.Alts) == 1 && s.Alts[0] == "." {
		s.Alts = s.Alts[:0]
	}
	return nil
}

// allele is b in upper case, if it is one.
func allele(b []byte) (string, bool) {
	for _, c := range b {
		if c <= ' ' || c == ',' || c == 0x7f {
			return "", false
		}
	}
	return genotype.UpperCase(b), len(b) > 0
}

// passes reads FILTER. PASS is number 0 of every dictionary; none at all is ".".
func (r *Reader) passes(t *typed) (bool, error) {
	kind, n, raw, err := t.value()
	if err != nil {
		return false, err
	}
	if n == 0 {
		return true, nil
	}
	if kind != kindInt8 && kind != kindInt16 && kind != kindInt32 {
		return false, fmt.Errorf("%w: FILTER is no list of integers", ErrRecord)
	}
	size, _ := width(kind)
	pass := n == 1
	for i := range n {
		f := integer(raw[i*size:], size)
		if n == 1 && f == missing(size) {
			return true, nil
		}
		if r.head.strings.name(f) == "" {
			return false, fmt.Errorf("%w: the header does not list its filter", ErrRecord)
		}
		pass = pass && f == 0
	}
	return pass, nil
}
