package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

func (a *app) audit() *cobra.Command {
	return cli.Group("audit", "What this member has logged", a.auditShow(), a.auditPolicy())
}

// logged is an entry as show prints it. Its names are stable.
type logged struct {
	APIVersion string           `json:"apiVersion"`
	Index      uint64           `json:"index"`
	Time       time.Time        `json:"time"`
	Kind       string           `json:"kind"`
	Subject    protocol.Digest  `json:"subject"`
	Study      *protocol.Digest `json:"study,omitempty"`
	Session    *protocol.Digest `json:"session,omitempty"`
	Party      *protocol.Digest `json:"party,omitempty"`
	Record     uint64           `json:"record,omitempty"`
	Head       *protocol.Digest `json:"head,omitempty"`
	Epoch      uint64           `json:"epoch,omitempty"`
	Code       uint16           `json:"code,omitempty"`
}

// auditShow reads the disk and asks nobody, so it works while the member runs and while it
// does not.
func (a *app) auditShow() *cobra.Command {
	var from uint64
	format := "text"
	c := &cobra.Command{
		Use: "show", Short: "Print the entries of this member's audit log", Args: cli.Exactly(0),
		Long: "Print the entries of this member's audit log, from DIR/audit. Entries name things by digest:\n" +
			"a task's is its id, a roster's is in the study's token, a key's is in a card.\n" +
			"It believes the disk. Whoever does not runs `locus audit verify` on a copy of the folder.",
		RunE: func(*cobra.Command, []string) error {
			if format != "text" && format != "jsonl" {
				return cli.Misusedf("%q is not a format; see --help", format)
			}
			h, err := coordinator.LoadHome(a.dir)
			if err != nil {
				return err
			}
			key := h.Signing.Public()
			_, err = audit.Read(filepath.Join(h.Dir, coordinator.AuditDir), audit.CoordinatorOrigin(key.ID()), key, from, func(index uint64, e audit.Entry) error {
				return a.entry(format, index, e)
			})
			return err
		},
	}
	c.Flags().Uint64Var(&from, "from", 0, "the first entry to print")
	c.Flags().StringVarP(&format, "output", "o", format, "format: text or jsonl")
	return c
}

func (a *app) entry(format string, index uint64, e audit.Entry) error {
	if format == "jsonl" {
		l := logged{
			APIVersion: rest.APIVersion, Index: index, Time: e.Time, Kind: e.Kind.String(), Subject: e.Subject, Record: e.Sequence, Epoch: e.Epoch, Code: e.Code,
		}
		for _, f := range []struct {
			to   **protocol.Digest
			from protocol.Digest
		}{{&l.Study, e.Study}, {&l.Session, e.Session}, {&l.Party, e.Party}, {&l.Head, e.Head}} {
			if !f.from.IsZero() {
				*f.to = &f.from
			}
		}
		return json.NewEncoder(a.out).Encode(l)
	}
	line := fmt.Sprintf("%d %s %s %s", index, e.Time.Format(time.RFC3339), e.Kind, e.Subject)
	if !e.Party.IsZero() {
		line += " by " + e.Party.Short()
	}
	if e.Code != 0 {
		line += fmt.Sprintf(" code %d", e.Code)
	}
	_, err := fmt.Fprintln(a.out, line)
	return err
}

func (a *app) auditPolicy() *cobra.Command {
	return &cobra.Command{
		Use: "export-policy", Short: "Print the keys with which the members' audit logs are verified", Args: cli.Exactly(0),
		Long: "Print a policy for `locus audit verify`: the keys of this coordinator's members, those of the sites\n" +
			"of every roster in force as witnesses, and a majority of the sites as the quorum.\n\n" +
			"An auditor who takes this file from the operator believes the operator. Compare it with the same\n" +
			"from another member, and the sites' keys with the rosters that their custodians have signed.",
		Example: "  locus-coordinator audit export-policy > c1.policy\n  locus audit verify --policy c1.policy /mnt/mirror/c1/audit",
		RunE: func(c *cobra.Command, _ []string) error {
			h, client, err := a.operator()
			if err != nil {
				return err
			}
			defer client.Close()
			members, err := h.RosterMembers()
			if err != nil {
				return err
			}
			var studies []rest.Study
			if err := client.JSON(c.Context(), http.MethodGet, "/v1/studies", nil, &studies); err != nil {
				return err
			}
			var rosters []protocol.Signed[protocol.Roster]
			var faults []error
			for _, s := range studies {
				if s.State != "open" {
					fmt.Fprintf(a.err, "Study %s has a roster that waits for signatures: its sites are left out. Export again when it is open.\n", s.Name)
					continue
				}
				r, err := protocol.OpenRoster(s.Roster)
				if err != nil {
					faults = append(faults, fmt.Errorf("roster of study %q: %w", s.Name, err))
					continue
				}
				rosters = append(rosters, r)
			}
			if err := errors.Join(faults...); err != nil {
				return err
			}
			_, err = fmt.Fprint(a.out, coordinator.Policy(members, rosters))
			return err
		},
	}
}
