package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// errAudit is a log that does not verify.
var errAudit = errors.New("the audit log does not verify")

func (a *app) audit() *cobra.Command {
	return cli.Group("audit", "What this site has logged, and what it can show of itself",
		a.auditShow(), a.auditProve(), a.auditPolicy(), a.auditFsck(), a.auditExport())
}

// logged is an entry as show prints it. Its names are stable.
type logged struct {
	Index   uint64          `json:"index"`
	Time    time.Time       `json:"time"`
	Kind    string          `json:"kind"`
	Subject protocol.Digest `json:"subject"`
	Study   protocol.Digest `json:"study,omitzero"`
	Session protocol.Digest `json:"session,omitzero"`
	Party   protocol.KeyID  `json:"party,omitzero"`
	Link    uint64          `json:"link,omitempty"`
	Head    protocol.Digest `json:"head,omitzero"`
	Epoch   uint64          `json:"epoch,omitempty"`
	Code    uint16          `json:"code,omitempty"`
}

// String is the entry on one line.
func (l logged) String() string {
	s := fmt.Sprintf("%d  %s  %-14s %s", l.Index, l.Time.Format(time.RFC3339), l.Kind, l.Subject.Short())
	if !l.Session.IsZero() {
		s += "  session " + l.Session.Short()
	}
	if l.Code != 0 {
		s += "  " + protocol.Code(l.Code).String()
	}
	return s
}

func (a *app) auditShow() *cobra.Command {
	var from uint64
	var form string
	c := &cobra.Command{
		Use: "show", Short: "Print the entries of this site's audit log", Args: cli.Exactly(0),
		Long: "Print the entries of this site's audit log. They name things by digest. It believes the disk: audit fsck\n" +
			"verifies it.",
		RunE: func(*cobra.Command, []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				key := n.Card().NodeKey
				_, err := audit.Read(filepath.Join(a.dir, "audit"), audit.NodeOrigin(key.ID()), key, from, func(index uint64, e audit.Entry) error {
					l := logged{index, e.Time, e.Kind.String(), e.Subject, e.Study, e.Session, e.Party, e.Sequence, e.Head, e.Epoch, e.Code}
					if form == formJSON {
						return json.NewEncoder(a.out).Encode(l)
					}
					_, err := fmt.Fprintln(a.out, l)
					return err
				})
				return err
			})
		},
	}
	c.Flags().Uint64Var(&from, "from", 0, "the first entry to print")
	outputForm(c, &form)
	return c
}

func (a *app) auditProve() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "prove INDEX", Short: "Write a receipt for an entry of this site's audit log", Args: cli.Exactly(1),
		Long: "Write a receipt for an entry of this site's audit log: who has the site's key verifies it with\n" +
			"locus audit verify, and needs nothing else. It is under a checkpoint that others have cosigned, where\n" +
			"one covers the entry.",
		RunE: func(_ *cobra.Command, args []string) error {
			index, err := strconv.ParseUint(args[0], 10, 62)
			if err != nil {
				return cli.Misusedf("%q is no index; locus-node audit show prints them", args[0])
			}
			if out == "" {
				out = args[0] + ".tlog-proof"
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				key := n.Card().NodeKey
				raw, err := audit.ReadReceipt(filepath.Join(a.dir, "audit"), audit.NodeOrigin(key.ID()), key, index)
				if err != nil {
					return err
				}
				return replace(out, func(w io.Writer) error { _, err := w.Write(raw); return err })
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write; INDEX.tlog-proof without it")
	return c
}

func (a *app) auditPolicy() *cobra.Command {
	return &cobra.Command{
		Use: "policy", Short: "Print the keys with which this site's audit log is verified", Args: cli.Exactly(0),
		Long: "Print a policy for locus audit verify: this site's key, the other sites of its studies as witnesses, and\n" +
			"a majority of them as the quorum. An auditor who takes it from the site believes the site: compare it\n" +
			"with what another site prints.",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				raw, err := n.LogPolicy(c.Context())
				if err != nil {
					return err
				}
				_, err = a.out.Write(raw)
				return err
			})
		},
	}
}

func (a *app) auditFsck() *cobra.Command {
	return &cobra.Command{
		Use: "fsck", Short: "Verify every byte of this site's audit log", Args: cli.Exactly(0),
		Long: "Verify every byte of this site's audit log: signatures, entries, tiles, the order of times, and that no\n" +
			"file is there that does not belong to it. How many sites have cosigned it is shown, and asked for by\n" +
			"locus audit verify.",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				key := n.Card().NodeKey
				p, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", key.VerifierKey(audit.NodeOrigin(key.ID()))))
				if err != nil {
					return err
				}
				r, err := verify.Log(os.DirFS(filepath.Join(a.dir, "audit")), p, verify.Options{Now: time.Now(), AllowUnknown: true})
				if err != nil {
					return fmt.Errorf("%w:\n%w", errAudit, err)
				}
				fmt.Fprintf(a.err, "%d entries from %s to %s are sound; %d files beyond the checkpoint\n",
					r.Newest.Size, r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339), r.Beyond)
				return nil
			})
		},
	}
}

func (a *app) auditExport() *cobra.Command {
	var since, out string
	c := &cobra.Command{
		Use: "export", Short: "Write a bundle that shows an auditor what this site was asked and decided", Args: cli.Exactly(0),
		Long: "Write a bundle that shows an auditor what this site was asked and decided: its register of processing\n" +
			"after Article 30 of the GDPR, its policies, changes of consents, decisions, privacy ledger, the program's\n" +
			"parts, and the audit log in which all of it stands. Nobody is named in it; personal data is refused.\n\n" +
			"The auditor verifies it offline with locus audit verify --policy FILE BUNDLE.",
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return cli.Misusedf("--out is needed: a bundle is a file that ends in .zip")
			}
			from := time.Now().AddDate(0, 0, -30)
			if since != "" {
				var err error
				if from, err = time.Parse(time.DateOnly, since); err != nil {
					return cli.Misusedf("--since %q is no day, as in 2026-11-25", since)
				}
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				return replace(out, func(w io.Writer) error { return n.Evidence(c.Context(), from, w) })
			})
		},
	}
	c.Flags().StringVar(&since, "since", "", "the first day, at most 90 days ago; 30 days ago without it")
	c.Flags().StringVar(&out, "out", "", "file to write, which ends in .zip")
	return c
}
