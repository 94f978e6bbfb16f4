package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// shownRows is how many variants of the region the report prints.
const shownRows = 8

// count is what is known of a variant, AC and AN as text would hide how they differ.
type count struct{ ac, an int64 }

// row is one line of an answer, named as the answer names it.
type row struct {
	variant string // CHROM POS REF ALT, with tabs
	count
}

// comparison is an answer held against the pooled truth.
type comparison struct {
	title           string
	rows            []row
	pooled          map[string]count
	compared, wrong int
}

func (d *demo) askRegion(ctx context.Context) error {
	return d.askAndCompare(ctx, d.files.Region, d.files.Region, "region.tsv")
}

func (d *demo) askAll(ctx context.Context) error {
	return d.askAndCompare(ctx, "everything", "", "everything.tsv")
}

func (d *demo) askAndCompare(ctx context.Context, title, region, file string) error {
	var question []string
	if region != "" {
		question = []string{"--region", region}
	}
	if err := d.ask(ctx, d.path(file), question...); err != nil {
		return err
	}
	answer, err := readRows(d.path(file))
	if err != nil {
		return err
	}
	truth, err := readRows(d.files.Truth)
	if err != nil {
		return err
	}
	c := comparison{title: title, rows: answer, pooled: make(map[string]count, len(truth))}
	for _, t := range truth {
		c.pooled[t.variant] = t.count
	}
	if region == "" && len(answer) != len(truth) {
		return fmt.Errorf("%d variants answered of %d", len(answer), len(truth))
	}
	for _, r := range answer {
		want, ok := c.pooled[r.variant]
		if !ok {
			return fmt.Errorf("an answer for a variant that nobody asked for: %q", r.variant)
		}
		for _, same := range []bool{r.ac == want.ac, r.an == want.an} {
			c.compared++
			if !same {
				c.wrong++
			}
		}
	}
	d.answers = append(d.answers, c)
	return nil
}

// readRows reads a table with a header whose first columns are CHROM, POS, REF and
// ALT and that has the columns AC and AN.
func readRows(path string) (rows []row, err error) {
	column, lines, err := readTable(path)
	if err != nil {
		return nil, err
	}
	for _, fields := range lines {
		ac, err1 := strconv.ParseInt(fields[column["AC"]], 10, 64)
		an, err2 := strconv.ParseInt(fields[column["AN"]], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, row{strings.Join(fields[:4], "\t"), count{ac, an}})
	}
	return rows, nil
}

// readTable reads a table with a header, and where each of its columns is.
func readTable(path string) (column map[string]int, rows [][]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	if !lines.Scan() {
		return nil, nil, errors.Join(fmt.Errorf("%s is empty", path), lines.Err())
	}
	column = make(map[string]int)
	for i, name := range strings.Split(strings.TrimPrefix(lines.Text(), "#"), "\t") {
		column[name] = i
	}
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != len(column) {
			return nil, nil, fmt.Errorf("%s: a line of %d columns, want %d", path, len(fields), len(column))
		}
		rows = append(rows, fields)
	}
	return column, rows, lines.Err()
}

// report prints what the researcher got beside the truth, and where the time went.
func (d *demo) report() error {
	took := time.Since(d.began)
	compared, wrong := 0, 0
	for _, c := range d.answers {
		compared, wrong = compared+c.compared, wrong+c.wrong
	}
	if err := d.answers[0].print(d.out); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\ndiffering counts: %d\n(of %d compared: AC and AN of every variant, in the region and everywhere)\n", wrong, compared)
	d.private.print(d.out)
	for _, s := range append(d.spent, spent{"in all", took}) {
		fmt.Fprintf(d.out, "%6.1f s  %3.0f %%  %s\n", s.took.Seconds(), 100*s.took.Seconds()/took.Seconds(), s.title)
	}
	if wrong > 0 {
		return errDiffers
	}
	return d.private.check()
}

// print writes the first rows of an answer that are not all zero.
func (c comparison) print(out io.Writer) error {
	fmt.Fprintf(out, "\n%s: %d variants. What the researcher read, beside the pooled truth:\n\n", c.title, len(c.rows))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHROM\tPOS\tREF\tALT\tAC\tAN\tAF\tpooled AC\tpooled AN\t")
	for _, r := range c.rows[:min(shownRows, len(c.rows))] {
		want := c.pooled[r.variant]
		af := "nan"
		if r.an > 0 {
			af = strconv.FormatFloat(float64(r.ac)/float64(r.an), 'g', 4, 64)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\t%d\t\n", r.variant, r.ac, r.an, af, want.ac, want.an)
	}
	if more := len(c.rows) - shownRows; more > 0 {
		fmt.Fprintf(w, "… %d more\t\n", more)
	}
	return w.Flush()
}

// printCommands says how to go on with a network that was kept.
func (d *demo) printCommands() {
	fmt.Fprintf(d.out, "\nThe network runs in %s. Go on with:\n\n", d.dir)
	fmt.Fprintf(d.out, "  export PATH=%s:$PATH LOCUS_HOME=%s LOCUS_COORDINATOR_DIR=%s\n", d.bin, d.path("researcher"), d.coordinatorDir(0))
	fmt.Fprintf(d.out, "  locus study show %s\n", study)
	fmt.Fprintf(d.out, "  locus run af --study %s --cohort %s --region %s -o vcf\n", study, cohort, d.files.Region)
	fmt.Fprintf(d.out, "  locus-coordinator cluster status\n")
	fmt.Fprintf(d.out, "  locus-node --dir %s status\n", d.path(hospitals[0].name))
	pids := make([]string, len(d.procs))
	for i, p := range d.procs {
		pids[i] = strconv.Itoa(p.cmd.Process.Pid)
	}
	fmt.Fprintf(d.out, "\nand end it with:\n\n  kill %s && rm -r %s\n", strings.Join(pids, " "), d.dir)
}
