package panel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// ErrInput is returned when text holds no variants that can be read.
var ErrInput = errors.New("panel: neither a VCF, a pvar, a bim nor a list CHROM POS REF ALT")

const (
	// maxStart is how much of a line is looked at. Genotypes stand behind it.
	maxStart = 1 << 20
	// maxWindow is what RFC 8878 wants every decoder of zstd to take.
	maxWindow = 8 << 20
)

// LeftOut is what a file may say and a panel does not.
type LeftOut struct {
	// Symbols is ALTs that are no sequence: missing, *, symbolic, breakends.
	Symbols int
	// Unplaced is lines at position 0, on contig 0 of plink's files, or on a contig of an
	// assembly file (<name>).
	Unplaced int
}

// ReadVariants returns the variants that ScanVariants gives.
func ReadVariants(r io.Reader) ([]Variant, error) {
	var variants []Variant
	_, err := ScanVariants(r, func(v Variant) error {
		if len(variants) == MaxVariants {
			return fmt.Errorf("over %d variants", MaxVariants)
		}
		variants = append(variants, v)
		return nil
	})
	return variants, err
}

// ScanVariants hands over, ALT by ALT, the variants of
//
//	a VCF, with or without genotypes
//	a pvar of plink2, packed with zstd or not
//	a bim, whose last column is REF
//	a list with the columns CHROM POS REF ALT between tabs or blanks, where lines that
//	start with # are comments
//
// What the first three may say and a panel does not is left out; in a list it is a
// mistake. An error of take comes back with the number of the line. Contigs of pvar and
// bim that are numbers of plink's are given their names: 23 is X, 25 and XY too.
func ScanVariants(r io.Reader, take func(Variant) error) (LeftOut, error) {
	return ScanNamed(r, func(v Variant, _ []byte) error { return take(v) })
}

// ScanNamed is ScanVariants with the ID column, as it is written: ids separated by ";", or ".". It
// is valid until take returns, and nil in a list, which has none.
func ScanNamed(r io.Reader, take func(v Variant, id []byte) error) (LeftOut, error) {
	l := lines{r: bufio.NewReaderSize(r, maxStart)}
	if head, err := l.r.Peek(4); err == nil && string(head) == "\x28\xb5\x2f\xfd" {
		// One decoder at a time starts no goroutines.
		z, err := zstd.NewReader(l.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return LeftOut{}, fmt.Errorf("%w: %w", ErrInput, err)
		}
		defer z.Close()
		l.r = bufio.NewReaderSize(z, maxStart)
	}
	in := input{take: take}
	for l.next() {
		if l.number == 1 {
			if len(l.text) > 1 && l.text[0] == 0x1f && l.text[1] == 0x8b {
				return LeftOut{}, fmt.Errorf("%w: it is compressed; unpack it first", ErrInput)
			}
			if bytes.HasPrefix(l.text, []byte("##fileformat=VCF")) {
				in.kind = vcfText
			}
		}
		if err := in.line(l.text); err != nil {
			return LeftOut{}, fmt.Errorf("%w: line %d: %w", ErrInput, l.number, err)
		}
	}
	switch {
	case l.err != nil:
		return LeftOut{}, fmt.Errorf("read variants: %w", l.err)
	case in.kind == vcfText && !in.header:
		return LeftOut{}, fmt.Errorf("%w: a VCF without its #CHROM line", ErrInput)
	}
	return in.left, nil
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

// kind is what a text is.
type kind uint8

const (
	listText kind = iota
	vcfText
	pvarText
	bimText
)

// input is a text as far as it was read.
type input struct {
	kind    kind
	header  bool   // of a VCF or a pvar
	records bool   // there was one
	columns [5]int // of a pvar: where CHROM, POS, REF, ALT and ID stand; -1 for no ID
	take    func(Variant, []byte) error
	left    LeftOut
	named   string // the contig of the line before, so that equal names are one string
	contig  string // what it is called in a panel
	placed  bool
}

func (in *input) line(text []byte) error {
	switch {
	case in.kind == vcfText && bytes.HasPrefix(text, []byte("#CHROM\t")):
		in.header = bytes.HasPrefix(text, []byte("#CHROM\tPOS\tID\tREF\tALT"))
		return nil
	case in.kind == listText && !in.records && bytes.HasPrefix(text, []byte("#CHROM")):
		return in.names(bytes.Fields(text))
	case len(bytes.TrimSpace(text)) == 0 || text[0] == '#':
		return nil
	case in.kind == vcfText:
		if !in.header {
			return errors.New("a record before the #CHROM line")
		}
		f := bytes.SplitN(text, []byte{'\t'}, 6)
		if len(f) < 6 {
			return errors.New("fewer columns than a VCF has")
		}
		return in.record(f[0], f[1], f[3], f[4], f[2])
	}
	f := bytes.Fields(text)
	if !in.records && in.kind == listText && len(f) == 6 {
		in.kind = bimText
	}
	in.records = true
	switch c := in.columns; {
	case in.kind == pvarText && len(f) <= slices.Max(c[:]):
		return errors.New("fewer columns than the #CHROM line names")
	case in.kind == pvarText && c[4] >= 0:
		return in.record(f[c[0]], f[c[1]], f[c[2]], f[c[3]], f[c[4]])
	case in.kind == pvarText:
		return in.record(f[c[0]], f[c[1]], f[c[2]], f[c[3]], nil)
	case in.kind == bimText && len(f) != 6:
		return fmt.Errorf("%d columns; a bim has 6", len(f))
	case in.kind == bimText:
		return in.record(f[0], f[3], f[5], f[4], f[1])
	case len(f) != 4:
		return fmt.Errorf("%d columns; want CHROM POS REF ALT", len(f))
	}
	return in.record(f[0], f[1], f[2], f[3], nil)
}

// names reads the column names of a pvar. Those of a list, which are four, are a comment.
func (in *input) names(names [][]byte) error {
	if len(names) <= 4 {
		return nil
	}
	for i, want := range []string{"#CHROM", "POS", "REF", "ALT", "ID"} {
		at := slices.IndexFunc(names, func(n []byte) bool { return string(n) == want })
		if at < 0 && want != "ID" {
			return fmt.Errorf("no column %s", want)
		}
		in.columns[i] = at
	}
	in.kind, in.header = pvarText, true
	return nil
}

func (in *input) record(contig, pos, ref, alts, id []byte) error {
	if in.named == "" || string(contig) != in.named {
		in.named = string(contig)
		in.contig, in.placed = in.nameOf(in.named)
		if in.placed {
			if err := checkContig(in.contig); err != nil {
				return err
			}
		}
	}
	if in.kind != listText && (!in.placed || string(pos) == "0") {
		in.left.Unplaced++
		return nil
	}
	n, err := strconv.ParseUint(string(pos), 10, 32)
	if err != nil {
		return errors.New("POS is not a number")
	}
	v := Variant{Contig: in.contig, Pos: uint32(n), Ref: allele(ref)}
	for alt := range bytes.SplitSeq(alts, []byte{','}) {
		if v.Alt = allele(alt); in.kind != listText && IsSymbol(v.Alt) || in.kind > vcfText && v.Alt == "0" {
			in.left.Symbols++
			continue
		}
		if err := checkAlleles(v); err != nil {
			return err
		}
		if err := in.take(v, id); err != nil {
			return err
		}
	}
	return nil
}

// nameOf is what a contig is called in a panel; not ok for one that is no place.
func (in *input) nameOf(named string) (name string, ok bool) {
	switch in.kind {
	case vcfText:
		if len(named) > 2 && named[0] == '<' && named[len(named)-1] == '>' {
			return "", false
		}
	case pvarText, bimText:
		prefix, short := "", named
		if hasPrefix(named) {
			prefix, short = named[:3], named[3:]
		}
		switch strings.ToUpper(short) {
		case "0":
			return "", false
		case "23", "25", "XY", "PAR1", "PAR2":
			return prefix + "X", true
		case "24":
			return prefix + "Y", true
		case "26":
			return prefix + "MT", true
		}
	}
	return named, true
}

// IsSymbol reports whether an ALT of a VCF is no sequence: missing, overlapped by a
// deletion, symbolic, or a breakend.
func IsSymbol(alt string) bool {
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
