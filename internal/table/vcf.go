package table

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Head is what a VCF says before its records.
type Head struct {
	// Source is the program that writes; Date is YYYYMMDD.
	Source, Date string
	// Assembly is the reference that positions are of.
	Assembly string
	// Contigs MUST list every contig of the rows, in their order.
	Contigs []string
	// Provenance is what the counts rest on, a line each.
	Provenance []Field
	// Confidence is that of the intervals of estimates.
	Confidence float64
}

// Field is a name and what stands under it. The name is letters, digits and _; the
// value may be any text.
type Field struct{ Name, Value string }

// VCF writes version 4.3, sites only, a record for each ALT, with AC, AN and AF.
func VCF(w io.Writer, h Head, rows iter.Seq[Row]) error {
	return writeLines(w, h.text(), rows, appendVCF)
}

// VCFHead writes what stands before the records.
func VCFHead(w io.Writer, h Head) error {
	if _, err := io.WriteString(w, h.text()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// appendVCFPlace writes the columns before INFO.
func (r *Row) appendVCFPlace(b []byte) []byte {
	b = appendText(b, r.Contig, '\t')
	b = append(appendNumber(b, int64(r.Pos), '\t'), ".\t"...)
	b = appendText(b, r.Ref, '\t')
	return append(append(b, r.Alt...), "\t.\t.\t"...)
}

func appendVCF(b []byte, r *Row) []byte {
	b = append(r.appendVCFPlace(b), "AC="...)
	b = append(appendNumber(b, r.AC, ';'), "AN="...)
	b = append(appendNumber(b, r.AN, ';'), "AF="...)
	return append(r.appendAF(b, "."), '\n')
}

func (h *Head) text() string {
	return h.above() +
		"##INFO=<ID=AC,Number=A,Type=Integer,Description=\"Copies of ALT over all sites\">\n" +
		"##INFO=<ID=AN,Number=1,Type=Integer,Description=\"Called alleles over all sites\">\n" +
		"##INFO=<ID=AF,Number=A,Type=Float,Description=\"AC / AN\">\n" + vcfColumns
}

const vcfColumns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"

// above is what stands above the INFO lines.
func (h *Head) above() string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.3\n")
	if h.Date != "" {
		fmt.Fprintf(&b, "##fileDate=%s\n", h.Date)
	}
	fmt.Fprintf(&b, "##source=%s\n", h.Source)
	if h.Assembly != "" {
		fmt.Fprintf(&b, "##reference=%s\n", h.Assembly)
	}
	for _, f := range h.Provenance {
		// Quoted, a value holds no line end and does not look like a structured line.
		fmt.Fprintf(&b, "##%s=%s\n", f.Name, strconv.Quote(f.Value))
	}
	for _, c := range h.Contigs {
		if h.Assembly == "" {
			fmt.Fprintf(&b, "##contig=<ID=%s>\n", c)
		} else {
			fmt.Fprintf(&b, "##contig=<ID=%s,assembly=%s>\n", c, h.Assembly)
		}
	}
	return b.String()
}
