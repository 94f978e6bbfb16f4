// Command locus-coordinator carries questions to sites and adds up what it cannot
// read.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol/rest"
)

// version is set by the Makefile.
var version = "dev"

func main() { cli.Main(run) }

// app is what every command is given.
type app struct {
	dir string
	out io.Writer // the result, nothing else
	err io.Writer // everything else
}

func run(ctx context.Context, args []string, _ io.Reader, out, errs io.Writer) int {
	a := &app{out: out, err: errs}
	root := &cobra.Command{Use: "locus-coordinator", Short: "Carry questions to sites and add up what cannot be read here", Version: version}
	dir := os.Getenv("LOCUS_COORDINATOR_DIR")
	if dir == "" {
		dir = "locus-coordinator"
	}
	root.PersistentFlags().StringVar(&a.dir, "dir", dir, "directory of this member (LOCUS_COORDINATOR_DIR)")
	root.AddCommand(a.initCommand(), a.runCommand(), a.site(), a.study(), a.cluster(), a.audit())
	return cli.Run(ctx, root, args, out, errs, exitCode)
}

func exitCode(err error) int {
	var problem *rest.Problem
	switch {
	case errors.Is(err, rest.ErrPin), errors.Is(err, coordinator.ErrOtherPast),
		errors.Is(err, audit.ErrBehind), errors.Is(err, audit.ErrForked), errors.Is(err, audit.ErrDamaged):
		return cli.Altered
	case errors.Is(err, rest.ErrUnavailable):
		return cli.Unavailable
	case errors.Is(err, coordinator.ErrNoHome), errors.Is(err, os.ErrNotExist):
		return cli.NotFound
	case errors.As(err, &problem) && (problem.Status == 401 || problem.Status == 403):
		return cli.Denied
	case errors.As(err, &problem) && problem.Status == 404:
		return cli.NotFound
	}
	return cli.Failed
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
		Use: "init", Short: "Make a member of a coordinator: its keys and its card", Args: cli.Exactly(0),
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
