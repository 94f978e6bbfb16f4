// Package table writes allele counts as files that other programs read: TSV, VCF of
// sites, plink2's .afreq, .acount and .gcount, JSON Lines; and Text for a person at a
// terminal. Every writer takes rows in the order that they come, once, and holds one at a time.
//
// A frequency is AC / AN with six significant digits, as plink2 writes it. Where AN is
// 0 there is none, and each format has its own word for that: NA in TSV (what R and
// pandas take for missing), "." in VCF, nan in .afreq, null in JSON.
//
// What the package does not do: escape. A row's contig and alleles MUST be printable
// and without blanks, as those of a panel are.
package table

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
)

// Row is one variant and what was counted: AC copies of ALT among AN called alleles.
type Row struct {
	Contig   string
	Pos      uint32
	Ref, Alt string
	AC, AN   int64
}

// appendAF writes AC / AN, or none.
func (r *Row) appendAF(b []byte, none string) []byte {
	if r.AN == 0 {
		return append(b, none...)
	}
	return strconv.AppendFloat(b, float64(r.AC)/float64(r.AN), 'g', 6, 64)
}

// writeLines writes a head and a line a row.
func writeLines[R any](w io.Writer, head string, rows iter.Seq[R], line func([]byte, *R) []byte) error {
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(head)
	var b []byte
	for r := range rows {
		b = line(b[:0], &r)
		if _, err := out.Write(b); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

const tsvHead = "#CHROM\tPOS\tREF\tALT\tAC\tAN\tAF\n"

// TSV writes a header and the columns CHROM, POS, REF, ALT, AC, AN and AF.
func TSV(w io.Writer, rows iter.Seq[Row]) error { return writeLines(w, tsvHead, rows, appendTSV) }

func appendTSV(b []byte, r *Row) []byte { return append(r.appendAF(r.appendTSVCounts(b), "NA"), '\n') }

// appendTSVCounts writes the columns before the frequency.
func (r *Row) appendTSVCounts(b []byte) []byte {
	b = appendText(b, r.Contig, '\t')
	b = appendNumber(b, int64(r.Pos), '\t')
	b = appendText(b, r.Ref, '\t')
	b = appendText(b, r.Alt, '\t')
	b = appendNumber(b, r.AC, '\t')
	return appendNumber(b, r.AN, '\t')
}

// Afreq writes what `plink2 --freq` writes. A variant's ID is CHROM:POS:REF:ALT, what
// --set-all-var-ids @:#:$r:$a gives it.
func Afreq(w io.Writer, rows iter.Seq[Row]) error {
	return writeLines(w, afreqHead, rows, func(b []byte, r *Row) []byte {
		b = append(r.appendAF(r.appendAfreqPlace(b), "nan"), '\t')
		return appendNumber(b, r.AN, '\n')
	})
}

const afreqHead = "#CHROM\tID\tREF\tALT\tALT_FREQS\tOBS_CT\n"

// appendAfreqPlace writes the columns before the frequency.
func (r *Row) appendAfreqPlace(b []byte) []byte {
	b = appendText(b, r.Contig, '\t')
	b = appendText(b, r.Contig, ':')
	b = appendNumber(b, int64(r.Pos), ':')
	b = appendText(b, r.Ref, ':')
	b = appendText(b, r.Alt, '\t')
	b = appendText(b, r.Ref, '\t')
	return appendText(b, r.Alt, '\t')
}

// JSONL writes one JSON object a line.
func JSONL(w io.Writer, rows iter.Seq[Row]) error {
	return writeLines(w, "", rows, func(b []byte, r *Row) []byte { return append(AppendJSON(b, r), '\n') })
}

// AppendJSON appends a row as one JSON object.
func AppendJSON(b []byte, r *Row) []byte {
	return append(r.appendAF(append(r.appendJSONPlace(b), `,"af":`...), "null"), '}')
}

// appendJSONPlace opens the object, up to AN.
func (r *Row) appendJSONPlace(b []byte) []byte {
	b = appendQuoted(append(b, `{"contig":`...), r.Contig)
	b = strconv.AppendUint(append(b, `,"pos":`...), uint64(r.Pos), 10)
	b = appendQuoted(append(b, `,"ref":`...), r.Ref)
	b = appendQuoted(append(b, `,"alt":`...), r.Alt)
	b = strconv.AppendInt(append(b, `,"ac":`...), r.AC, 10)
	return strconv.AppendInt(append(b, `,"an":`...), r.AN, 10)
}

// appendQuoted appends a JSON string of printable ASCII.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
