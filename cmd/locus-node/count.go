package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/worker"
)

// The forms of a count.
const (
	formAcount = "acount"
	formAfreq  = "afreq"
	formGcount = "gcount"
	formTSV    = "tsv"
	formVCF    = "vcf"
)

// collectAt lets the heap of a count grow to 8 MB before garbage is looked for. A count
// makes little but while it reads who there is, and most of that it keeps.
const collectAt = 200

// maxThreads bounds what is unpacked at once, and so memory.
const maxThreads = 64

// countFlags are what the command takes beside what the node does.
type countFlags struct {
	cohort, panel, format, out string
	freq, genotypes            bool
}

// forms are what -o takes.
func (f *countFlags) forms() map[string]table.Form {
	return map[string]table.Form{
		formAcount: table.Acount(), formAfreq: table.SiteAfreq(), formGcount: table.Gcount(), formTSV: table.SiteTSV(), formVCF: table.SiteVCF(),
	}
}

func (a *app) count() *cobra.Command {
	var spec node.CountSpec
	var flags countFlags
	c := &cobra.Command{
		Use: "count FILE", Short: "Count a file of genotypes, as queries are counted; needs no node", Args: cli.Between(0, 1),
		Long: "Count a file of genotypes, as queries are counted; needs no node, and sends nothing.\n\n" +
			"FILE is a VCF (plain or BGZF), a BCF, a .bed with its .bim and .fam, a .pgen with its .pvar and\n" +
			".psam, or a BGEN with --hardcall-threshold. Without --samples everyone in it is counted; without\n" +
			"--panel the variants are its own, in its order. The forms acount, afreq and gcount are those of plink2, to compare with:\n\n" +
			"  plink2 --vcf FILE --var-filter --nonfounders --set-all-var-ids @:#:$r:$a --freq counts\n\n" +
			"The result appears once all of the file was read and found sound, else not at all. With --region an\n" +
			"index beside a VCF or BCF is used, if it fits the file; the rest of it is then not looked at.\n\n" +
			"With --cohort and no FILE a cohort of this node is counted, from its sealed store; so the result is exact,\n" +
			"and for the custodian's eyes.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (flags.cohort != "") {
				return cli.Misusedf("name either a file or, with --cohort, a cohort")
			}
			spec.Path = strings.Join(args, "")
			if err := flags.settle(); err != nil {
				return err
			}
			switch {
			case spec.Callable != "" && flags.panel == "":
				return cli.Misusedf("--callable needs --panel: it tells of variants that the file does not list")
			case spec.Threads < 1 || spec.Threads > maxThreads:
				return cli.Misusedf("--threads is 1 to %d", maxThreads)
			case flags.cohort != "" && (spec.Samples != "" || spec.Filter != "" || spec.Callable != "" || spec.Calling != (bgen.Calling{})):
				return cli.Misusedf("--samples, --where, --callable and what is for a BGEN were told when the cohort was added")
			case flags.cohort == "" && spec.Samples == "" && (spec.Filter != "" || spec.Strata != ""):
				return cli.Misusedf("--where and --strata need --samples")
			case spec.Strata != "" && flags.out == "":
				return cli.Misusedf("--strata needs --out: each stratum has a file of its own, x.STRATUM.acount for x.acount")
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
	f.StringVar(&flags.cohort, "cohort", "", "count this cohort of the node in --dir, and no FILE")
	f.StringVar(&spec.Samples, "samples", "", "sample table: sample_id, person_id and sex")
	whereFlag(c, &spec.Filter, "count some lines of the sample table only")
	f.StringVar(&spec.Strata, "strata", "", "count the people of each value of this column of the sample table by themselves")
	f.StringVar(&flags.panel, "panel", "", "count the variants of this panel, or of this list with --assembly")
	f.StringVar(&spec.Callable, "callable", "", "BED of regions where everybody was looked at: a panel's variants there that the file does not list are hom-ref")
	f.StringVar(&spec.Region, "region", "", "count in this region only, such as chr7:117120016-117308718")
	f.StringVar(&spec.Assembly, "assembly", "", "GRCh37 or GRCh38, where the file does not tell; X is counted by it")
	calling(c, &spec.Calling)
	f.IntVar(&spec.Threads, "threads", 1, "blocks of a VCF.gz or BCF that are unpacked at once; each takes half a megabyte more")
	f.BoolVar(&flags.freq, "freq", false, "the same as -o afreq")
	f.BoolVar(&flags.genotypes, "geno-counts", false, "the same as -o gcount")
	f.StringVarP(&flags.format, "output", "o", "", "form: acount, afreq, gcount, tsv or vcf; without it what --out ends in, or acount")
	f.StringVar(&flags.out, "out", "", "file to write, as a whole or not at all; an older one is replaced")
	return c
}

// settle finds the form, and mistakes in how the command was called.
func (f *countFlags) settle() error {
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
	forms := f.forms()
	if asked == "" {
		asked = strings.TrimPrefix(filepath.Ext(f.out), ".")
		if _, ok := forms[asked]; !ok {
			asked = formAcount
		}
	}
	f.format = asked
	if _, ok := forms[asked]; !ok {
		return cli.Misusedf("%q is not a form; see locus-node count --help", asked)
	}
	if asked == formGcount && f.panel != "" {
		return cli.Misusedf("genotypes are counted for the file's own variants: leave --panel out")
	}
	return nil
}

// counted counts into files that nobody sees, and shows them when all went well.
func (a *app) counted(cmd *cobra.Command, spec node.CountSpec, flags countFlags) error {
	w := &spools{form: flags.forms()[flags.format], out: flags.out, head: flags.format == formVCF}
	defer w.remove()
	defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	summary, err := a.summarize(cmd.Context(), spec, flags, w)
	if err != nil {
		return a.pointed(err)
	}
	if err := w.open(len(summary.Strata)); err != nil { // there may have been no site
		return err
	}
	for _, stratum := range summary.Strata {
		if err := spares(stratumFile(flags.out, stratum), spec.Path, spec.Samples, flags.panel); err != nil {
			return err
		}
	}
	for i, stratum := range summary.Strata {
		if err := w.publish(i, a.out, stratumFile(flags.out, stratum), summary); err != nil {
			return err
		}
	}
	a.passedOver(summary)
	return nil
}

// summarize counts a file or a cohort. A file is parsed when this process can open no
// other any more.
func (a *app) summarize(ctx context.Context, spec node.CountSpec, flags countFlags, w *spools) (s node.CountSummary, err error) {
	if flags.cohort != "" {
		err = a.with(node.Config{}, func(n *node.Node) error {
			s, err = n.CountCohort(ctx, flags.cohort, spec, w.add)
			return err
		})
		return s, err
	}
	f, err := node.OpenCount(spec)
	if err != nil {
		return s, err
	}
	defer f.Close()
	if err := w.open(f.Strata()); err != nil {
		return s, err
	}
	alone := worker.Alone{Bytes: f.Bytes(), Late: func() {
		fmt.Fprintln(a.err, "locus-node: counting took more time than a sound file of this size takes; nothing was written")
		w.remove()
		os.Exit(cli.Failed)
	}}
	if flags.out != "" {
		alone.Folder = filepath.Dir(flags.out)
	}
	a.confine(alone)
	return f.Count(ctx, w.add)
}

// stratumFile is x.STRATUM.acount for x.acount, as plink2's --loop-cats names files, and
// x.acount where there are no strata.
func stratumFile(out, stratum string) string {
	if stratum == "" {
		return out
	}
	ending := filepath.Ext(out)
	return strings.TrimSuffix(out, ending) + "." + stratum + ending
}

// spares sees that a result does not take the place of what it is made of, nor of a file
// that lies beside it.
func spares(out string, inputs ...string) error {
	if out == "" {
		return nil
	}
	switch strings.ToLower(filepath.Ext(out)) {
	case ".bed", ".bim", ".fam", ".bgen", ".sample", ".pgen", ".pvar", ".psam", ".zst", ".bcf", ".gz", ".bgz", ".tbi", ".csi", ".fai":
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

// passedOver tells the custodian what the counts leave out.
func (a *app) passedOver(s node.CountSummary) {
	fmt.Fprintf(a.err, "counted %d of %d samples at %d sites\n", s.People, s.Samples, s.Sites)
	if s.Strata[0] != "" {
		fmt.Fprintf(a.err, "strata: %s\n", strings.Join(s.Strata, ", "))
	}
	if s.Sites == 0 {
		fmt.Fprintln(a.err, "warning: there is no such site; look how the file names the contig, and which positions it has")
	}
	if s.ByIndex {
		fmt.Fprintln(a.err, "read by its index: the rest of the file was not looked at")
	}
	if s.StaleIndex {
		fmt.Fprintln(a.err, "warning: the index beside the file does not fit it; all of the file was read")
	}
	for _, l := range warnings(s.Warnings) {
		fmt.Fprintf(a.err, "warning: %s\n", l)
	}
}
