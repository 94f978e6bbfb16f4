package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// question is what is asked, from flags.
type question struct {
	study, mode, passport string
	researcher.Ask
}

// flags adds what says a question.
func (q *question) flags(f *pflag.FlagSet) {
	f.StringVar(&q.study, "study", "", "study to ask in")
	f.StringVar(&q.Cohort, "cohort", "", "cohort, as the roster names it")
	f.StringVar(&q.Panel, "panel", "", "panel, when the study has several")
	f.StringVar(&q.Region, "region", "", "region of the panel, 1-based and inclusive: chr7:117,120,016-117,308,718")
	f.StringSliceVar(&q.Genes, "gene", nil, "gene of --genes, by name or id; may be given several times")
	f.StringVar(&q.GeneFile, "genes", "", "where genes are: a BED with names or a GFF3, compressed or not")
	f.StringSliceVar(&q.RSIDs, "rsid", nil, "rsID of --rsids, such as rs334; may be given several times")
	f.StringVar(&q.NameFile, "rsids", "", "where rsIDs are: the .rsids beside the panel, or a VCF, pvar or bim with IDs")
	f.StringVar(&q.VariantFile, "variants", "", "file of variants: a VCF, pvar, bim, list CHROM POS REF ALT, or contig:position:REF:ALT and rsIDs, one a line")
	f.StringVar(&q.mode, "mode", "exact", "exact: the sum as it is, not differentially private; dp: with noise that nobody knows, charged to the sites' budgets")
	f.Float64Var(&q.Private.Epsilon, "epsilon", 0, "in mode dp, the most that the answer may cost")
	f.Float64Var(&q.Private.Delta, "delta", 1e-9, "in mode dp, the delta that --epsilon is at")
	f.Float64Var(&q.Private.Error, "error", 0, "in mode dp and in place of --epsilon, the error of a rare allele's frequency that is wanted, such as 0.005")
	f.BoolVar(&q.Private.AllCalled, "all-called", false, "in mode dp, take everybody as called at every variant: 1.4 times less error, wrong where calls are missing")
	f.BoolVar(&q.Private.Again, "again", false, "in mode dp, new noise for a question that was asked before; it is charged again")
	f.StringVar(&q.Purpose, "purpose", "", "what the answer is for, in words that custodians read")
	f.StringVar(&q.Use.Purpose, "use", "", "what the answer is for, by which sites choose whose consent covers it: general, health, disease, ancestry or methods")
	f.StringSliceVar(&q.Use.Diseases, "disease", nil, "with --use disease, a term such as MONDO:0005015; may be given several times")
	f.BoolVar(&q.Use.Commercial, "commercial", false, "with --use, somebody means to earn by the answer")
	f.StringVar(&q.passport, "passport", "", "a file with your GA4GH passport, for sites that ask for one")
	f.DurationVar(&q.Life, "life", researcher.DefaultLife, "how long to wait for sites that are away")
}

// check reads what the flags say.
func (q *question) check() (err error) {
	if q.Mode, err = protocol.ParseMode(q.mode); err != nil {
		return cli.Misused(err)
	}
	if q.study == "" || q.Cohort == "" {
		return cli.Misused(errors.New("--study and --cohort are needed"))
	}
	if q.passport != "" {
		if q.Passport, err = readPassport(q.passport); err != nil {
			return err
		}
	}
	slices.Sort(q.Use.Diseases)
	if err := q.Use.Check(); err != nil {
		return cli.Misused(err)
	}
	p := q.Private
	noise := p.Epsilon != 0 || p.Error != 0
	switch {
	case q.Mode == protocol.Exact && (noise || p.AllCalled || p.Again):
		return cli.Misused(errors.New("--epsilon, --error, --all-called and --again are of --mode dp"))
	case q.Mode == protocol.Private && (p.Epsilon != 0) == (p.Error != 0):
		return cli.Misused(errors.New("--mode dp takes --epsilon, the most that the answer may cost, or --error, the error that is wanted"))
	case p.Error < 0:
		return cli.Misused(errors.New("--error is above 0"))
	case p.Delta <= 0 || p.Delta >= 1:
		return cli.Misused(errors.New("--delta is between 0 and 1"))
	case p.Epsilon != 0:
		if err := (account.Budget{Epsilon: p.Epsilon, Delta: p.Delta}).Check(); err != nil {
			return cli.Misused(err)
		}
	}
	return nil
}

// readPassport reads a passport, no further than sites would.
func readPassport(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, protocol.MaxPassport+1))
	if err != nil {
		return nil, err
	}
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || len(raw) > protocol.MaxPassport {
		return nil, cli.Misusedf("%s is no passport: it has 1 to %d bytes", path, protocol.MaxPassport)
	}
	// Sites would refuse another file, but they would have it then.
	if !isPassport(raw) {
		return nil, cli.Misusedf("%s is no passport, and nothing was sent: it is a signed token, or a JSON list of such", path)
	}
	return raw, nil
}

// isPassport reports whether bytes have one of the forms that sites read: a token, a list of
// tokens, or what a broker says of a user, with such a list.
func isPassport(raw []byte) bool {
	var list []string
	var user struct {
		Visas []string `json:"ga4gh_passport_v1"`
	}
	switch {
	case raw[0] == '[':
		if json.Unmarshal(raw, &list) != nil {
			return false
		}
	case raw[0] == '{':
		if json.Unmarshal(raw, &user) != nil {
			return false
		}
		list = user.Visas
	default:
		list = []string{string(raw)}
	}
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { return !isToken(s) })
}

// isToken reports whether a text is a header, claims and a signature of a token.
func isToken(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return false
	}
	for i, part := range parts {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		var object map[string]json.RawMessage
		if err != nil || len(raw) == 0 || i < 2 && json.Unmarshal(raw, &object) != nil {
			return false
		}
	}
	return true
}

// selects is what chooses variants, in the help of each command that asks.
const selects = "Without --region, --gene, --rsid or --variants it is the whole panel; of several of these, all that\n" +
	"any of them names."

func (a *app) runCommand() *cobra.Command {
	c := cli.Group("run", "Ask a question and wait for the answer")
	q, out := &question{}, &output{}
	var detach bool
	af := &cobra.Command{
		Use: "af", Short: "How common is each variant: AC, AN and AF over all sites of a cohort", Args: cli.Exactly(0),
		Long: "How common is each variant: AC, AN and AF over all sites of a cohort.\n\n" + selects,
		Example: "  locus run af --study demo --cohort all --region chr7:117,120,016-117,308,718 --purpose \"carrier screening\"\n" +
			"  locus run af --study demo --cohort all --gene CFTR --genes gencode.gff3.gz\n" +
			"  locus run af --study demo --cohort all --mode dp --epsilon 1 --region chr7:117,120,016-117,308,718",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := errors.Join(q.check(), out.check()); err != nil {
				return err
			}
			return a.inStudy(q.study, func(client *researcher.Client) error { return a.ask(c, client, q, out, detach) })
		},
	}
	q.flags(af.Flags())
	af.Flags().BoolVar(&detach, "detach", false, "print the task's id and do not wait")
	out.flags(af.Flags())
	c.AddCommand(af)
	return c
}

func (a *app) ask(c *cobra.Command, client *researcher.Client, q *question, out *output, detach bool) error {
	if err := a.notInPanel(c, client, q); err != nil {
		return err
	}
	asked, err := submit(c.Context(), client, q.Ask)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "asked  %s\n", asked.Task.Short())
	if says := releaseOf(asked); says != "" {
		fmt.Fprintln(a.err, says)
	}
	if detach {
		fmt.Fprintln(a.out, asked.Task)
		return nil
	}
	if err := a.watch(c, client, asked.Task); err != nil {
		return err
	}
	return a.open(c, client, asked, out)
}

// submit composes a question and sends it, anew where a site has declared another dataset
// meanwhile.
func submit(ctx context.Context, client *researcher.Client, ask researcher.Ask) (asked researcher.Asked, err error) {
	for range 3 {
		if asked, err = client.Compose(ctx, ask, time.Now()); err != nil {
			return asked, err
		}
		var p *rest.Problem
		if err = client.Submit(ctx, asked); !errors.As(err, &p) || p.Code != "LOC-STATE-CONFLICT" {
			return asked, err
		}
	}
	return asked, err
}

// releaseOf says whether a private question is charged where it was asked from here before.
func releaseOf(asked researcher.Asked) string {
	p := asked.Private
	switch {
	case p == nil:
	case p.Before:
		return fmt.Sprintf("asked before: release %d once more, the same answer for no charge where a site's data are the same; --again asks for new noise", p.Release)
	case p.Release > 1:
		return fmt.Sprintf("release %d of this question: new noise, and charged again", p.Release)
	}
	return ""
}

// notInPanel says which variants of a file will not be asked for.
func (a *app) notInPanel(c *cobra.Command, client *researcher.Client, q *question) error {
	if q.VariantFile == "" {
		return nil
	}
	s, err := client.Select(c.Context(), q.Ask)
	if err != nil {
		return err
	}
	if s.Missing > 0 {
		fmt.Fprintf(a.err, "not in the panel: %d of the variants of %s (%s)\n", s.Missing, q.VariantFile, shown(s))
	}
	return nil
}

// watch shows a task until it is final, and turns how it ended into an error.
func (a *app) watch(c *cobra.Command, client *researcher.Client, id protocol.Digest) error {
	began := time.Now()
	line := ""
	t, err := client.Watch(c.Context(), id, func(t rest.Task) {
		if s := t.String(); s != line {
			line = s
			fmt.Fprintf(a.err, "%6.1f s  %s\n", time.Since(began).Seconds(), s)
		}
	})
	if err != nil {
		return err
	}
	if t.State == "done" {
		return nil
	}
	return a.why(t)
}

// why prints each site's reason and returns how the task ended.
func (a *app) why(t rest.Task) error {
	ended, refused := errFailed, false
	for _, s := range t.Sites {
		if s.Reason != "" {
			refused = refused || s.Step == "refused"
			fmt.Fprintf(a.err, "  %s: %s\n", s.Name, s.Reason)
		}
	}
	switch {
	case !t.Final():
		ended = errWaiting
	case refused:
		ended = errRefused
	}
	if t.Reason != "" {
		return fmt.Errorf("%w: %s", ended, t.Reason)
	}
	return ended
}

func (a *app) open(c *cobra.Command, client *researcher.Client, asked researcher.Asked, out *output) error {
	answer, err := client.OpenAt(c.Context(), asked, out.confidence)
	if err != nil {
		return err
	}
	return out.write(a, answer)
}

func (a *app) task() *cobra.Command {
	c := cli.Group("task", "What you have asked")
	c.AddCommand(&cobra.Command{
		Use: "list", Short: "List the questions asked from here, newest first", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error {
			h, err := a.load()
			if err != nil {
				return err
			}
			list, err := h.AllAsked()
			if err != nil {
				return err
			}
			for _, q := range list {
				fmt.Fprintf(a.out, "%s  %s  %s  %s  %s\n", q.Task.Short(), q.Made.Format(time.DateTime), q.Study, q.Cohort, regionOr(q.Region))
			}
			return nil
		},
	}, a.onTask("show", "Show where a task stands, site by site", func(c *cobra.Command, client *researcher.Client, asked researcher.Asked) error {
		t, err := client.Task(c.Context(), asked.Task)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.out, t.String())
		for _, s := range t.Sites {
			fmt.Fprintf(a.out, "  %s: %s %s\n", s.Name, s.Step, s.Reason)
		}
		return nil
	}), a.onTask("watch", "Watch a task until it ends", func(c *cobra.Command, client *researcher.Client, asked researcher.Asked) error {
		return a.watch(c, client, asked.Task)
	}), a.onTask("why", "Say why a task has no answer", func(c *cobra.Command, client *researcher.Client, asked researcher.Asked) error {
		t, err := client.Task(c.Context(), asked.Task)
		if err != nil || t.State == "done" {
			return err
		}
		return a.why(t)
	}))
	return c
}

func regionOr(region string) string {
	if region == "" {
		return "everything"
	}
	return region
}

// onTask is a command on one task that was asked from here.
func (a *app) onTask(use, short string, do func(*cobra.Command, *researcher.Client, researcher.Asked) error) *cobra.Command {
	return &cobra.Command{
		Use: use + " TASK", Short: short, Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			h, err := a.load()
			if err != nil {
				return err
			}
			asked, err := h.Asked(args[0])
			if err != nil {
				return err
			}
			client, err := h.Client(asked.Study)
			if err != nil {
				return err
			}
			defer client.Close()
			return do(c, client, asked)
		},
	}
}

func (a *app) result() *cobra.Command {
	c := cli.Group("result", "Answers")
	out := &output{}
	open := a.onTask("open", "Verify an answer and read it", func(c *cobra.Command, client *researcher.Client, asked researcher.Asked) error {
		if err := out.check(); err != nil {
			return err
		}
		return a.open(c, client, asked, out)
	})
	out.flags(open.Flags())
	c.AddCommand(open, a.export(), a.publish())
	return c
}
