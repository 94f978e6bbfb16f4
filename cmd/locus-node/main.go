// Command locus-node keeps a site's genomes and answers what its custodian has
// accepted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol/rest"
)

// The exit codes of all three programs.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitDenied      = 5
	exitNotFound    = 6
	exitUnavailable = 7
	exitAltered     = 8
	exitInterrupted = 130
)

// version is set by the Makefile.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what every command is given.
type app struct {
	dir string
	in  io.Reader // a terminal, or no question is asked
	out io.Writer // the result, nothing else
	err io.Writer // everything else
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	a := &app{in: in, out: out, err: errs}
	root := &cobra.Command{
		Use: "locus-node", Short: "Keep a site's genomes and answer what its custodian has accepted", Version: version,
		Long: "Keep a site's genomes and answer what its custodian has accepted.\n\n" +
			"A site joins with three commands, join, cohort add and run, and decides with one: study accept.",
		SilenceErrors: true, SilenceUsage: true, Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	dir := os.Getenv("LOCUS_NODE_DIR")
	if dir == "" {
		dir = "locus-node"
	}
	root.PersistentFlags().StringVar(&a.dir, "dir", dir, "directory of this node (LOCUS_NODE_DIR)")
	root.AddCommand(a.initCommand(), a.join(), a.cohort(), a.runCommand(), a.status(), a.study(), a.preview(), a.count(), a.panel())
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(errs, "locus-node:", err)
	}
	return exitCode(ctx, err)
}

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// errNo is a custodian's no.
var errNo = errors.New("not accepted; nothing was signed")

func exitCode(ctx context.Context, err error) int {
	var usage usageError
	var problem *rest.Problem
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage), errors.Is(err, node.ErrConfig):
		return exitUsage
	case errors.Is(err, rest.ErrPin):
		return exitAltered
	case errors.Is(err, errNo), errors.Is(err, errRules), errors.Is(err, node.ErrRoster), errors.Is(err, node.ErrCohort):
		return exitRefused
	case errors.Is(err, rest.ErrUnavailable):
		return exitUnavailable
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, node.ErrNoNode), errors.Is(err, node.ErrNotJoined),
		errors.Is(err, node.ErrNoStudy), errors.Is(err, node.ErrNoCohort):
		return exitNotFound
	case errors.Is(err, node.ErrCount), errors.Is(err, node.ErrPanel):
		return exitRefused
	case errors.As(err, &problem) && (problem.Status == 401 || problem.Status == 403):
		return exitDenied
	case errors.As(err, &problem) && problem.Status == 404:
		return exitNotFound
	}
	return exitFailed
}

// with opens the node for the time that a command takes.
func (a *app) with(c node.Config, do func(*node.Node) error) error {
	c.Dir, c.Version = a.dir, version
	n, err := node.Open(c)
	if err != nil {
		return err
	}
	return errors.Join(do(n), n.Close())
}

// exactly wraps cobra's check so that a wrong number of arguments is a usage error.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%q takes %d arguments and got %d; see %s --help", c.CommandPath(), n, len(args), c.CommandPath())}
		}
		return nil
	}
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: exactly(0), RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(commands...)
	return c
}
