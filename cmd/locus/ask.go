package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

func (a *app) runCommand() *cobra.Command {
	c := cli.Group("run", "Ask a question and wait for the answer")
	var study, mode string
	var ask researcher.Ask
	var detach bool
	out := &output{}
	af := &cobra.Command{
		Use: "af", Short: "How common is each variant: AC, AN and AF over all sites of a cohort", Args: cli.Exactly(0),
		Example: "  locus run af --study demo --cohort all --region chr7:117,120,016-117,308,718 --purpose \"carrier screening\"",
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if ask.Mode, err = protocol.ParseMode(mode); err != nil {
				return cli.Misused(err)
			}
			if study == "" || ask.Cohort == "" {
				return cli.Misused(errors.New("--study and --cohort are needed"))
			}
			if err := out.check(); err != nil {
				return err
			}
			return a.ask(c, study, ask, out, detach)
		},
	}
	f := af.Flags()
	f.StringVar(&study, "study", "", "study to ask in")
	f.StringVar(&ask.Cohort, "cohort", "", "cohort, as the roster names it")
	f.StringVar(&ask.Region, "region", "", "region of the panel, 1-based and inclusive: chr7:117,120,016-117,308,718; all of it without")
	f.StringVar(&ask.Panel, "panel", "", "panel, when the study has several")
	f.StringVar(&mode, "mode", "exact", "exact: the sum as it is, not differentially private")
	f.StringVar(&ask.Purpose, "purpose", "", "what the answer is for, in words that custodians read")
	f.DurationVar(&ask.Life, "life", researcher.DefaultLife, "how long to wait for sites that are away")
	f.BoolVar(&detach, "detach", false, "print the task's id and do not wait")
	out.flags(f)
	c.AddCommand(af)
	return c
}

func (a *app) ask(c *cobra.Command, study string, ask researcher.Ask, out *output, detach bool) error {
	h, err := a.load()
	if err != nil {
		return err
	}
	client, err := h.Client(study)
	if err != nil {
		return err
	}
	defer client.Close()
	began := time.Now()
	asked, err := client.Compose(c.Context(), ask, began)
	if err != nil {
		return err
	}
	if err := client.Submit(c.Context(), asked); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "asked  %s\n", asked.Task.Short())
	if detach {
		fmt.Fprintln(a.out, asked.Task)
		return nil
	}
	if err := a.watch(c, client, asked.Task); err != nil {
		return err
	}
	return a.open(c, client, asked, out)
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
	answer, err := client.Open(c.Context(), asked)
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
	c.AddCommand(open)
	return c
}

// create opens a file for a result, or standard output, and never leaves half of one.
func create(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return write(stdout)
	}
	f, err := os.CreateTemp(dirOf(path), ".locus-*")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return os.Rename(f.Name(), path)
}
