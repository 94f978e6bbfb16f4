package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/tally"
)

// The forms of a count.
const (
	formAcount = "acount"
	formAfreq  = "afreq"
	formGcount = "gcount"
	formTSV    = "tsv"
	formVCF    = "vcf"
)

// countFlags are what the command takes beside what the node does.
type countFlags struct {
	panel, format, out string
	freq, genotypes    bool
}

func (a *app) count() *cobra.Command {
	var spec node.CountSpec
	var flags countFlags
	c := &cobra.Command{
		Use: "count FILE", Short: "Count a file of genotypes, as queries are counted; needs no node", Args: cli.Exactly(1),
		Long: "Count a file of genotypes, as queries are counted; needs no node, and sends nothing.\n\n" +
			"FILE is a VCF (plain or BGZF), a BCF, a .bed with its .bim and .fam, or a .pgen with its .pvar and\n" +
			".psam. Without --samples everyone in it is counted; without --panel the variants are its own, in its\n" +
			"order. The forms acount, afreq and gcount are those of plink2, to compare with:\n\n" +
			"  plink2 --vcf FILE --var-filter --set-all-var-ids @:#:$r:$a --freq counts\n\n" +
			"The result appears once all of the file was read and found sound, else not at all.",
		RunE: func(cmd *cobra.Command, args []string) error {
			spec.Path = args[0]
			if err := flags.settle(spec.Samples == "" && spec.Filter != ""); err != nil {
				return err
			}
			if err := spares(flags.out, spec.Path, spec.Samples, flags.panel); err != nil {
				return err
			}
			if flags.panel != "" {
				var err error
				if spec.Panel, err = node.ReadPanel(cmd.Context(), flags.panel, spec.Assembly); err != nil {
					return err
				}
			}
			return a.counted(cmd, spec, flags)
		},
	}
	f := c.Flags()
	f.StringVar(&spec.Samples, "samples", "", "sample table: sample_id, person_id and sex")
	f.StringVar(&spec.Filter, "where", "", "count the lines of the sample table with column=value only")
	f.StringVar(&flags.panel, "panel", "", "count the variants of this panel, or of this list with --assembly")
	f.StringVar(&spec.Region, "region", "", "count in this region only, such as chr7:117120016-117308718")
	f.StringVar(&spec.Assembly, "assembly", "", "GRCh37 or GRCh38, where the file does not tell; X is counted by it")
	f.BoolVar(&flags.freq, "freq", false, "the same as -o afreq")
	f.BoolVar(&flags.genotypes, "geno-counts", false, "the same as -o gcount")
	f.StringVarP(&flags.format, "output", "o", "", "form: acount, afreq, gcount, tsv or vcf; without it what --out ends in, or acount")
	f.StringVar(&flags.out, "out", "", "file to write, as a whole or not at all; an older one is replaced")
	return c
}

// settle finds the form, and mistakes in how the command was called.
func (f *countFlags) settle(filterAlone bool) error {
	asked := f.format
	for _, short := range []struct {
		set  bool
		form string
	}{{f.freq, formAfreq}, {f.genotypes, formGcount}} {
		if short.set && asked != "" && asked != short.form {
			return cli.Misused(errors.New("--freq, --geno-counts and -o each name a form: use one of them"))
		}
		if short.set {
			asked = short.form
		}
	}
	if asked == "" {
		asked = formAcount
		switch form := strings.TrimPrefix(filepath.Ext(f.out), "."); form {
		case formAfreq, formGcount, formTSV, formVCF:
			asked = form
		}
	}
	f.format = asked
	switch {
	case asked != formAcount && asked != formAfreq && asked != formGcount && asked != formTSV && asked != formVCF:
		return cli.Misusedf("%q is not a form; see locus-node count --help", asked)
	case asked == formGcount && f.panel != "":
		return cli.Misused(errors.New("genotypes are counted for the file's own variants: leave --panel out"))
	case filterAlone:
		return cli.Misused(errors.New("--where needs --samples"))
	}
	return nil
}

// counted counts into a file that nobody sees, and shows it when all went well.
func (a *app) counted(cmd *cobra.Command, spec node.CountSpec, flags countFlags) error {
	dir := os.TempDir()
	if flags.out != "" {
		dir = filepath.Dir(flags.out)
	}
	spool, err := os.CreateTemp(dir, "count-*.new")
	if err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	var summary node.CountSummary
	var countErr error
	sites := func(yield func(*table.Site) bool) {
		var site table.Site
		summary, countErr = node.Count(cmd.Context(), spec, func(c *tally.SiteCounts) error {
			show(c, &site)
			if !yield(&site) {
				return errStopped
			}
			return nil
		})
	}
	err = writeForm(spool, flags.format, sites)
	if countErr != nil && !errors.Is(countErr, errStopped) {
		return countErr
	}
	if err != nil {
		return err
	}
	if err := a.publish(spool, flags, summary); err != nil {
		return err
	}
	a.passedOver(summary)
	return nil
}

// errStopped is what a writer that cannot go on makes of the count.
var errStopped = errors.New("the counts could not be written")

// show makes a site of a report of what was counted.
func show(c *tally.SiteCounts, s *table.Site) {
	g := &c.Genotypes
	*s = table.Site{
		Contig: c.Site.Contig, Pos: c.Site.Pos, Ref: c.Site.Ref, Alts: c.Site.Alts, AC: c.AC, AN: c.AN,
		Genotypes: table.Genotypes{
			HomRef: g.HomRef, Het: g.Het, TwoAlts: g.TwoAlts, HapRef: g.HapRef, HapAlt: g.HapAlt,
			Missing: g.Missing + g.Half, // plink2 knows no half calls
		},
	}
}

// writeForm writes all but the head of a VCF.
func writeForm(w io.Writer, form string, sites iter.Seq[*table.Site]) error {
	switch form {
	case formAcount:
		return table.Acount(w, sites)
	case formAfreq:
		return table.SiteAfreq(w, sites)
	case formGcount:
		return table.Gcount(w, sites)
	}
	rows := func(yield func(table.Row) bool) {
		for s := range sites {
			for r := range s.Rows() {
				if !yield(r) {
					return
				}
			}
		}
	}
	if form == formVCF {
		return table.VCFRecords(w, rows)
	}
	return table.TSV(w, rows)
}

// publish puts the counts where they belong, behind a VCF's head, whose contigs are
// known now.
func (a *app) publish(spool *os.File, flags countFlags, s node.CountSummary) error {
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	whole := func(w io.Writer) error {
		if flags.format == formVCF {
			head := table.Head{Source: "locus-node", Date: time.Now().UTC().Format("20060102"), Assembly: s.Assembly, Contigs: s.Contigs}
			if err := table.VCFHead(w, head); err != nil {
				return err
			}
		}
		_, err := io.Copy(w, spool)
		return err
	}
	if flags.out == "" {
		return whole(a.out)
	}
	return replace(flags.out, whole)
}

// spares sees that a result does not take the place of what it is made of, nor of a file
// that lies beside it.
func spares(out string, inputs ...string) error {
	if out == "" {
		return nil
	}
	switch strings.ToLower(filepath.Ext(out)) {
	case ".bed", ".bim", ".fam", ".pgen", ".pvar", ".psam", ".zst", ".bcf", ".gz", ".bgz", ".tbi", ".csi", ".fai":
		return cli.Misusedf("%s has the name of a file of genotypes; choose another for the result", out)
	}
	there, err := os.Stat(out)
	if err != nil {
		return nil // nothing is replaced
	}
	for _, name := range inputs {
		if info, err := os.Stat(name); err == nil && os.SameFile(info, there) {
			return cli.Misusedf("%s is what is read; choose another file for the result", out)
		}
	}
	return nil
}

// replace writes a file that is whole or not there.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // it is gone once it has its name
	w := bufio.NewWriterSize(f, 1<<16)
	if err := errors.Join(write(w), w.Flush(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

// passedOver tells the custodian what the counts leave out.
func (a *app) passedOver(s node.CountSummary) {
	fmt.Fprintf(a.err, "counted %d of %d samples at %d sites\n", s.People, s.Samples, s.Sites)
	for _, l := range warnings(s.Warnings) {
		fmt.Fprintf(a.err, "warning: %s\n", l)
	}
}
