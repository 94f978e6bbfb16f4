// Command locus asks questions of a study and alone can read the answers.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// The exit codes of all three programs.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitWaiting     = 4
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
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// app is what every command is given.
type app struct {
	home string
	out  io.Writer // the result, nothing else
	err  io.Writer // everything else
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	a := &app{out: out, err: errs}
	root := &cobra.Command{
		Use: "locus", Short: "Ask questions of genomes that stay where they are", Version: version,
		SilenceErrors: true, SilenceUsage: true, Args: known,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().StringVar(&a.home, "home", defaultHome(), "directory of your key and your questions (LOCUS_HOME)")
	root.AddCommand(a.initCommand(), a.whoami(), a.key(), a.study(), a.runCommand(), a.task(), a.result(), a.synth())
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errQuiet) {
		fmt.Fprintln(errs, "locus:", err)
	}
	return exitCode(ctx, err)
}

func defaultHome() string {
	if dir := os.Getenv("LOCUS_HOME"); dir != "" {
		return dir
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return ".locus"
	}
	return filepath.Join(dir, "locus")
}

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// errQuiet ends a command whose message was printed already; errWaiting, errRefused
// and errFailed say how a task stands.
var (
	errQuiet   = errors.New("")
	errWaiting = errors.New("the task waits for its sites")
	errRefused = errors.New("the task was refused")
	errFailed  = errors.New("the task failed")
)

func exitCode(ctx context.Context, err error) int {
	var usage usageError
	var problem *rest.Problem
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, researcher.ErrAltered), errors.Is(err, researcher.ErrNotMine),
		errors.Is(err, researcher.ErrRoster), errors.Is(err, rest.ErrPin):
		return exitAltered
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errWaiting):
		return exitWaiting
	case errors.Is(err, rest.ErrUnavailable):
		return exitUnavailable
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, researcher.ErrNoHome), errors.Is(err, researcher.ErrNotJoined):
		return exitNotFound
	case errors.As(err, &problem):
		switch problem.Status {
		case 401, 403:
			return exitDenied
		case 404:
			return exitNotFound
		case 409:
			if problem.Code == rest.CodeNotDone {
				return exitWaiting
			}
		}
	}
	return exitFailed
}

// load opens the home.
func (a *app) load() (*researcher.Home, error) { return researcher.Load(a.home) }

// known refuses a subcommand that is not there, and names those that it may have been.
func known(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("%q has no command %.32q; see %s --help", c.CommandPath(), args[0], c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%q has no command %.32q; did you mean %s?", c.CommandPath(), args[0], strings.Join(near, " or "))
	}
	return usageError{err}
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
