// Command locus asks questions of a study and alone can read the answers.
package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/genes"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// version is set by the Makefile.
var version = "dev"

func main() { cli.Main(run) }

// app is what every command is given.
type app struct {
	home string
	out  io.Writer // the result, nothing else
	err  io.Writer // everything else
}

func run(ctx context.Context, args []string, _ io.Reader, out, errs io.Writer) int {
	a := &app{out: out, err: errs}
	root := &cobra.Command{Use: "locus", Short: "Ask questions of genomes that stay where they are", Version: version}
	root.PersistentFlags().StringVar(&a.home, "home", defaultHome(), "directory of your key and your questions (LOCUS_HOME)")
	root.AddCommand(a.initCommand(), a.whoami(), a.key(), a.study(), a.explain(), a.runCommand(), a.task(), a.result(), a.table(), a.audit(), a.viewer(), a.synth())
	return cli.Run(ctx, root, args, out, errs, exitCode)
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

// errWaiting, errRefused and errFailed say how a task stands.
var (
	errWaiting = errors.New("the task waits for its sites")
	errRefused = errors.New("the task was refused")
	errFailed  = errors.New("the task failed")
)

func exitCode(err error) int {
	var problem *rest.Problem
	switch {
	case errors.Is(err, researcher.ErrAwaited):
		return cli.Waiting
	case errors.Is(err, researcher.ErrDeclined):
		return cli.Refused
	case errors.Is(err, verify.ErrAltered), errors.Is(err, verify.ErrSignature), errors.Is(err, verify.ErrQuorum), errors.Is(err, verify.ErrFormat):
		return cli.Altered
	case errors.Is(err, verify.ErrPolicy):
		return cli.Usage
	case errors.Is(err, researcher.ErrAltered), errors.Is(err, researcher.ErrNotMine),
		errors.Is(err, researcher.ErrRoster), errors.Is(err, researcher.ErrTable), errors.Is(err, researcher.ErrTableBundle), errors.Is(err, rest.ErrPin):
		return cli.Altered
	case errors.Is(err, researcher.ErrSelection), errors.Is(err, researcher.ErrPrecision), errors.Is(err, panel.ErrRegion), errors.Is(err, genes.ErrAmbiguous):
		return cli.Usage
	case errors.Is(err, errRefused):
		return cli.Refused
	case errors.Is(err, errWaiting):
		return cli.Waiting
	case errors.Is(err, rest.ErrUnavailable):
		return cli.Unavailable
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, genes.ErrUnknown), errors.Is(err, researcher.ErrNoHome), errors.Is(err, researcher.ErrNotJoined),
		errors.Is(err, researcher.ErrNoTable):
		return cli.NotFound
	case errors.As(err, &problem):
		switch problem.Status {
		case 401, 403:
			return cli.Denied
		case 404:
			return cli.NotFound
		case 409:
			if problem.Code == rest.CodeNotDone {
				return cli.Waiting
			}
		}
	}
	return cli.Failed
}

// load opens the home.
func (a *app) load() (*researcher.Home, error) { return researcher.Load(a.home) }

// inStudy runs something with the client of a study.
func (a *app) inStudy(study string, do func(*researcher.Client) error) error {
	h, err := a.load()
	if err != nil {
		return err
	}
	client, err := h.Client(study)
	if err != nil {
		return err
	}
	defer client.Close()
	return do(client)
}
