package table

import (
	"fmt"
	"io"
	"iter"
	"text/tabwriter"
)

// maxShown is how much of an allele Text shows: longer ones would push the counts out
// of sight.
const maxShown = 16

// Text writes the first rows, aligned, and how many more there are. First below 1
// means all of them.
func Text(w io.Writer, first int, rows iter.Seq[Row]) error {
	return textTable(w, first, "CHROM\tPOS\tREF\tALT\tAC\tAN\tAF", rows, func(t *tabwriter.Writer, r *Row) error {
		_, err := fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%d\t%d\t%s\n", r.Contig, r.Pos, shorten(r.Ref), shorten(r.Alt), r.AC, r.AN, r.appendAF(nil, "-"))
		return err
	})
}

// textTable writes a head, the first rows and how many more there are.
func textTable[R any](w io.Writer, first int, head string, rows iter.Seq[R], line func(*tabwriter.Writer, *R) error) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	n := 0
	for r := range rows {
		if n++; first > 0 && n > first {
			continue
		}
		if err := line(t, &r); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	if first > 0 && n > first {
		if _, err := fmt.Fprintf(w, "… %d more\n", n-first); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	return nil
}

// shorten keeps the start of an allele and says how long it is.
func shorten(allele string) string {
	if len(allele) <= maxShown {
		return allele
	}
	return fmt.Sprintf("%s…(%d)", allele[:8], len(allele))
}
