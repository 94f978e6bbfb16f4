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
	"slices"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/node/policy/ontology"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol/rest"
)

// version is set by the Makefile.
var version = "dev"

func main() { cli.Main(run) }

// app is what every command is given.
type app struct {
	dir  string
	head string    // the head file of the ledger
	in   io.Reader // a terminal, or no question is asked
	out  io.Writer // the result, nothing else
	err  io.Writer // everything else
	// confine lets this process give up what it does not need to parse.
	confine func(worker.Alone)
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	a := &app{in: in, out: out, err: errs}
	a.confine = a.giveUp
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := &cobra.Command{
		Use: "locus-node", Short: "Keep a site's genomes and answer what its custodian has accepted", Version: version,
		Long: "Keep a site's genomes and answer what its custodian has accepted.\n\n" +
			"A site joins with three commands, join, cohort add and run, and decides with one: study accept.",
	}
	dir := os.Getenv("LOCUS_NODE_DIR")
	if dir == "" {
		dir = "locus-node"
	}
	root.PersistentFlags().StringVar(&a.dir, "dir", dir, "directory of this node (LOCUS_NODE_DIR)")
	root.PersistentFlags().StringVar(&a.head, "head-file", os.Getenv("LOCUS_NODE_HEAD"), "head file of the privacy ledger, outside of the directory and its backups (LOCUS_NODE_HEAD); DIR.head without it")
	root.AddCommand(a.initCommand(), a.join(), a.cohort(), a.consent(), a.runCommand(), a.status(), a.study(), a.preview(), a.release(), a.budget(), a.count(), a.panel(), a.policy(), a.approval(), a.officer(), a.freeze(), a.thaw(), a.finding(), a.notify(), a.key(), a.audit(), a.parse())
	return cli.Run(ctx, root, args, a.out, a.err, exitCode)
}

// giveUp confines this process for good, and says where the machine does not let it.
func (a *app) giveUp(to worker.Alone) {
	for _, l := range to.Confine() {
		fmt.Fprintf(a.err, "warning: while it counts, %s\n", l)
	}
}

// errNo is a custodian's no.
var errNo = errors.New("not accepted; nothing was signed")

func exitCode(err error) int {
	var problem *rest.Problem
	is := func(any ...error) bool {
		return slices.ContainsFunc(any, func(one error) bool { return errors.Is(err, one) })
	}
	switch {
	case errors.Is(err, node.ErrConfig), errors.Is(err, worker.ErrByHand):
		return cli.Usage
	case errors.Is(err, rest.ErrPin), errors.Is(err, node.ErrUnsound), errors.Is(err, node.ErrLedger), errors.Is(err, errAudit):
		return cli.Altered
	case is(errNo, errRules, node.ErrRoster, node.ErrCohort, node.ErrPersonal, node.ErrGrant, node.ErrConsent, roll.ErrConsents,
		node.ErrReopening, node.ErrBudget, node.ErrTable, node.ErrMotion, node.ErrOfficer, node.ErrTerms, node.ErrEvidence, node.ErrSubject, node.ErrKey, node.ErrErase,
		keystore.ErrMany):
		return cli.Refused
	case errors.Is(err, rest.ErrUnavailable), errors.Is(err, errNotTold):
		return cli.Unavailable
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, node.ErrNoNode), errors.Is(err, node.ErrNotJoined),
		errors.Is(err, node.ErrNoStudy), errors.Is(err, node.ErrNoCohort), errors.Is(err, node.ErrNoPolicy), errors.Is(err, node.ErrUntold):
		return cli.NotFound
	case errors.Is(err, policy.ErrNoPack):
		return cli.NotFound
	case errors.Is(err, policy.ErrPolicy), errors.Is(err, policy.ErrCases), errors.Is(err, ontology.ErrOntology), errors.Is(err, errWeak):
		return cli.Refused
	case errors.Is(err, node.ErrCount), errors.Is(err, node.ErrPanel):
		return cli.Refused
	case errors.As(err, &problem) && (problem.Status == 401 || problem.Status == 403):
		return cli.Denied
	case errors.As(err, &problem) && problem.Status == 404:
		return cli.NotFound
	}
	return cli.Failed
}

// with opens the node for the time that a command takes.
func (a *app) with(c node.Config, do func(*node.Node) error) error {
	c.Dir, c.HeadFile, c.Version = a.dir, a.head, version
	var err error
	if c.Parser, err = worker.Self(parseName); err != nil {
		return err
	}
	n, err := node.Open(c)
	if err != nil {
		return err
	}
	return errors.Join(do(n), n.Close())
}
