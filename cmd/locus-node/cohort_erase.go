package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

func (a *app) cohortErase() *cobra.Command {
	var out string
	var yes bool
	c := &cobra.Command{
		Use: "erase NAME", Short: "Erase a cohort for good, and prove it", Args: cli.Exactly(1),
		Long: "Erase a cohort for good, and prove it. The key that its genotypes are sealed with is destroyed, the cohort\n" +
			"is forgotten, the sealed files are taken away, and the node signs that it was so. What is printed, or\n" +
			"written to --out, an auditor verifies without the node: locus audit verify --policy FILE PROOF.\n\n" +
			"From then on nobody opens the genotypes, whatever copies of the node's directory there are, unless one of\n" +
			"them has the key (keys/cohort-…): destroy such copies. The node cannot reach the files that the cohort was\n" +
			"added from, its sample table, or copies of those, and the proof says nothing of them. What was charged\n" +
			"for the cohort stays charged.\n\n" +
			"Run it again to finish what a power loss has ended, and to get the proof again with a newer receipt: a\n" +
			"node that serves writes it into its log within seconds, and the other sites cosign that.",
		Example: "  locus-node cohort erase controls --out proof.json\n  locus-node key policy > geneva.policy\n  locus audit verify --policy geneva.policy proof.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				if _, err := n.Cohort(cmd.Context(), args[0]); err == nil && !yes {
					if err := a.agreed(args[0], "the cohort's name to erase it for good"); err != nil {
						return err
					}
				}
				proof, err := n.EraseCohort(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				raw, err := json.MarshalIndent(proof, "", "  ")
				if err != nil {
					return err
				}
				if err := a.keep(out, append(raw, '\n')); err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Erased cohort %s. Destroy what is not the node's: its source files, its sample table, and copies of the node's keys.\n", args[0])
				if proof.Receipt == "" {
					fmt.Fprintln(a.err, "The proof has no receipt of the audit log yet: the node that serves writes it down. Run this again in some seconds.")
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "file for the proof; standard output without it")
	c.Flags().BoolVar(&yes, "yes", false, "a custodian says that it is to be erased")
	return c
}

// keep writes a result into a file that is whole or as it was, or prints it.
func (a *app) keep(path string, raw []byte) error {
	if path == "" || path == "-" {
		_, err := a.out.Write(raw)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".locus-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

func (a *app) keyPolicy() *cobra.Command {
	return &cobra.Command{
		Use: "policy", Short: "Print this node's key as a policy for locus audit verify", Args: cli.Exactly(0),
		Long: "Print this node's key as a policy for locus audit verify: with it an auditor verifies this node's log,\n" +
			"receipts, and proofs of erasure. It asks for no cosignature; add lines of witnesses and a quorum for\n" +
			"that. Who takes it from this node believes this node: compare the key with the one in a roster.",
		RunE: func(*cobra.Command, []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				card := n.Card()
				_, err := fmt.Fprintf(a.out, "# %s\nlog %s\nquorum 0\n", card.Name, audit.VerifierKey(audit.NodeOrigin(card.NodeKey.ID()), card.NodeKey))
				return err
			})
		},
	}
}
