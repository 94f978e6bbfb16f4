// Command locus-coordinator carries questions to sites and adds up what it cannot
// read.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/protocol/rest"
)

// The exit codes of all three programs.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
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
	dir string
	out io.Writer // the result, nothing else
	err io.Writer // everything else
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	a := &app{out: out, err: errs}
	root := &cobra.Command{
		Use: "locus-coordinator", Short: "Carry questions to sites and add up what cannot be read here", Version: version,
		SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	dir := os.Getenv("LOCUS_COORDINATOR_DIR")
	if dir == "" {
		dir = "locus-coordinator"
	}
	root.PersistentFlags().StringVar(&a.dir, "dir", dir, "directory of this member (LOCUS_COORDINATOR_DIR)")
	root.AddCommand(a.initCommand(), a.runCommand(), a.site(), a.study(), a.cluster())
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(errs, "locus-coordinator:", err)
	}
	return exitCode(ctx, err)
}

// usageError is a mistake in how a command was called.
type usageError struct{ error }

func exitCode(ctx context.Context, err error) int {
	var usage usageError
	var problem *rest.Problem
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, rest.ErrPin):
		return exitAltered
	case errors.Is(err, rest.ErrUnavailable):
		return exitUnavailable
	case errors.Is(err, coordinator.ErrNoHome), errors.Is(err, os.ErrNotExist):
		return exitNotFound
	case errors.As(err, &problem) && (problem.Status == 401 || problem.Status == 403):
		return exitDenied
	case errors.As(err, &problem) && problem.Status == 404:
		return exitNotFound
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return exitFailed
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

// operator is a client that signs as this member's operator.
func (a *app) operator() (*coordinator.Home, *rest.Client, error) {
	h, err := coordinator.LoadHome(a.dir)
	if err != nil {
		return nil, nil, err
	}
	return h, rest.NewClient(h.Endpoints(), h.Operator), nil
}

func (a *app) initCommand() *cobra.Command {
	var conf coordinator.InitConfig
	c := &cobra.Command{
		Use: "init", Short: "Make a member of a coordinator: its keys and its card", Args: exactly(0),
		Long: "Make a member of a coordinator: its keys and its card.\n\n" +
			"Of a coordinator of three, make each member, then copy every DIR/member.json into every\n" +
			"other member's DIR/members/ under the member's name, and run all three.",
		RunE: func(*cobra.Command, []string) error {
			h, err := coordinator.Init(a.dir, conf)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.err, "Made member %s in %s; its card is %s/member.json.\n", h.Card.Name, a.dir, a.dir)
			return nil
		},
	}
	c.Flags().StringVar(&conf.Name, "name", "c1", "name of the member")
	c.Flags().StringSliceVar(&conf.Listen, "listen", []string{"/ip4/127.0.0.1/tcp/7101"}, "where nodes and members connect, as multiaddresses")
	c.Flags().StringVar(&conf.API, "api", "127.0.0.1:7201", "host:port of the HTTP API")
	c.Flags().StringVar(&conf.Advertise, "advertise", "", "URL of the API as others reach it, when it is another")
	return c
}
