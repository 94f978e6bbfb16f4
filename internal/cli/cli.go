// Package cli is what the command lines of the three programs have in common: exit
// codes, how a mistake in a call is told from a failure, and groups of commands. Start
// with Main and Run.
//
// What must hold: the result of a command goes to standard output and everything else
// to standard error; the exit code says how it ended, and a script can rely on it.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit codes of all three programs.
const (
	Done        = 0
	Failed      = 1
	Usage       = 2
	Refused     = 3
	Waiting     = 4
	Denied      = 5
	NotFound    = 6
	Unavailable = 7
	Altered     = 8
	Interrupted = 130
)

// UsageError is a mistake in how a command was called. Misused makes one.
type UsageError struct{ error }

// Unwrap is what was wrong.
func (e UsageError) Unwrap() error { return e.error }

// Misused makes an error one of the call: it ends in Usage.
func Misused(err error) error { return UsageError{err} }

// Misusedf is Misused of a new error.
func Misusedf(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// Main runs a program with what the system hands to it, and exits with its code. An
// interrupt or a request to end cancels the context.
func Main(run func(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Run executes a program's root command and returns its exit code. codeOf says what an
// error of its own means; Failed is for those that it does not know.
func Run(ctx context.Context, root *cobra.Command, args []string, out, errs io.Writer, codeOf func(error) int) int {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.Args, root.RunE = known, help
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return UsageError{err} })
	if len(args) == 1 && args[0] == ListWord {
		list(root, out)
		return Done
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return Done
	}
	fmt.Fprintf(errs, "%s: %v\n", root.Name(), err)
	switch {
	case errors.As(err, new(UsageError)):
		return Usage
	case ctx.Err() != nil:
		return Interrupted
	}
	return codeOf(err)
}

// Group is a command that only holds others.
func Group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: known, RunE: help}
	c.AddCommand(commands...)
	return c
}

func help(c *cobra.Command, _ []string) error { return c.Help() }

// Exactly wants so many arguments.
func Exactly(n int) cobra.PositionalArgs { return Between(n, n) }

// Between wants at least and at most so many arguments.
func Between(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) >= least && len(args) <= most:
			return nil
		case least == most:
			return Misusedf("%q takes %d arguments and got %d; see %s --help", c.CommandPath(), least, len(args), c.CommandPath())
		}
		return Misusedf("%q takes %d to %d arguments and got %d; see %s --help", c.CommandPath(), least, most, len(args), c.CommandPath())
	}
}

// known refuses a subcommand that is not there, and names those that it may have been.
func known(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return Misusedf("%q has no command %.32q; did you mean %s?", c.CommandPath(), args[0], strings.Join(near, " or "))
	}
	return Misusedf("%q has no command %.32q; see %s --help", c.CommandPath(), args[0], c.CommandPath())
}

// ListWord makes a program print all of its commands, those that no help shows included, a
// line each: a tab between the path, the arguments as Use has them, and each flag that takes
// a text. Tests of the whole program go by it, so that they miss no command.
const ListWord = "__commands"

func list(c *cobra.Command, out io.Writer) {
	_, takes, _ := strings.Cut(c.Use, " ")
	fmt.Fprintf(out, "%s\t%s", c.CommandPath(), takes)
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.NoOptDefVal == "" { // what stands alone takes no text
			fmt.Fprintf(out, "\t--%s", f.Name)
		}
	})
	fmt.Fprintln(out)
	for _, below := range c.Commands() {
		list(below, out)
	}
}
