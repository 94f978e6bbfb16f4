package panel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrInput is returned when text is neither a VCF nor a list of variants.
var ErrInput = errors.New("panel: neither a VCF nor a list CHROM POS REF ALT")

// maxStart is how much of a line is looked at. Genotypes stand behind it.
const maxStart = 1 << 20

// ReadVariants reads the variants of a VCF, with or without genotypes, or of a list
// with the columns CHROM POS REF ALT between tabs or blanks, where lines that start
// with # are comments. Each ALT becomes a variant. What a VCF may say and a panel does
// not is left out: symbolic alleles, *, records without ALT, those on contigs of an
// assembly file (<name>) and at telomeres (POS 0). In a list these are mistakes.
func ReadVariants(r io.Reader) ([]Variant, error) {
	l := lines{r: bufio.NewReaderSize(r, maxStart)}
	in := input{}
	for l.next() {
		if l.number == 1 {
			if len(l.text) > 1 && l.text[0] == 0x1f && l.text[1] == 0x8b {
				return nil, fmt.Errorf("%w: it is compressed; unpack it first", ErrInput)
			}
			in.vcf = bytes.HasPrefix(l.text, []byte("##fileformat=VCF"))
		}
		if err := in.line(l.text); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrInput, l.number, err)
		}
	}
	switch {
	case l.err != nil:
		return nil, fmt.Errorf("read variants: %w", l.err)
	case in.vcf && !in.header:
		return nil, fmt.Errorf("%w: a VCF without its #CHROM line", ErrInput)
	}
	return in.variants, nil
}

// lines gives the start of every line of a text.
type lines struct {
	r      *bufio.Reader
	text   []byte
	number int
	err    error
}

func (l *lines) next() bool {
	text, err := l.r.ReadSlice('\n')
	if len(text) == 0 || err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		if !errors.Is(err, io.EOF) {
			l.err = err
		}
		return false
	}
	l.number++
	if !errors.Is(err, bufio.ErrBufferFull) {
		l.text = bytes.TrimRight(text, "\r\n")
		return true
	}
	l.text = bytes.Clone(text)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.r.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.err = err
		return false
	}
	return true
}

// input is a text as far as it was read.
type input struct {
	vcf, header bool
	variants    []Variant
	contig      string // of the line before, so that equal names are one string
}

func (in *input) line(text []byte) error {
	switch {
	case in.vcf && bytes.HasPrefix(text, []byte("#CHROM\t")):
		in.header = bytes.HasPrefix(text, []byte("#CHROM\tPOS\tID\tREF\tALT"))
	case len(bytes.TrimSpace(text)) == 0 || text[0] == '#':
	case in.vcf:
		if !in.header {
			return errors.New("a record before the #CHROM line")
		}
		f := bytes.SplitN(text, []byte{'\t'}, 6)
		if len(f) < 6 {
			return errors.New("fewer columns than a VCF has")
		}
		return in.record(f[0], f[1], f[3], f[4])
	default:
		f := bytes.Fields(text)
		if len(f) != 4 {
			return fmt.Errorf("%d columns; want CHROM POS REF ALT", len(f))
		}
		return in.record(f[0], f[1], f[2], f[3])
	}
	return nil
}

func (in *input) record(contig, pos, ref, alts []byte) error {
	if in.vcf && (len(contig) > 2 && contig[0] == '<' && contig[len(contig)-1] == '>' || string(pos) == "0") {
		return nil
	}
	if in.contig == "" || string(contig) != in.contig {
		in.contig = string(contig)
		if err := checkContig(in.contig); err != nil {
			return err
		}
	}
	n, err := strconv.ParseUint(string(pos), 10, 32)
	if err != nil {
		return errors.New("POS is not a number")
	}
	v := Variant{Contig: in.contig, Pos: uint32(n), Ref: allele(ref)}
	for alt := range bytes.SplitSeq(alts, []byte{','}) {
		if v.Alt = allele(alt); in.vcf && isSymbol(v.Alt) {
			continue
		}
		if err := checkAlleles(v); err != nil {
			return err
		}
		if len(in.variants) == MaxVariants {
			return fmt.Errorf("over %d variants", MaxVariants)
		}
		in.variants = append(in.variants, v)
	}
	return nil
}

// isSymbol reports whether an ALT of a VCF is no sequence: missing, overlapped by a
// deletion, symbolic, or a breakend.
func isSymbol(alt string) bool {
	return alt == "." || alt == "*" || strings.ContainsAny(alt, "<>[]") ||
		len(alt) > 1 && (alt[0] == '.' || alt[len(alt)-1] == '.')
}

// allele is upper case, and one string for each single base.
func allele(b []byte) string {
	if len(b) == 1 {
		if k := strings.IndexByte("ACGTNacgtn", b[0]); k >= 0 {
			return "ACGTN"[k%5 : k%5+1]
		}
	}
	return string(bytes.ToUpper(b))
}
