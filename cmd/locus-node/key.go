package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol/rest"
)

func (a *app) key() *cobra.Command {
	return cli.Group("key", "The keys that this site believes, and its own", a.keyList(), a.keyRevoke(), a.keyRotate(), a.keyPolicy())
}

func (a *app) keyList() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use: "list", Short: "List the keys of the rosters that were accepted here", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkForm(form); err != nil {
				return err
			}
			return a.with(node.Config{}, func(n *node.Node) error {
				list, err := n.KnownKeys(cmd.Context())
				if err != nil {
					return err
				}
				if form == formJSON {
					return writeJSON(a.out, keysJSON(list))
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "KEY\tOF\tNAME\tORGANISATION\tSTUDIES\tSTATE")
				for _, k := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID.Short(), cmp.Or(k.Role, "-"), cmp.Or(k.Name, "-"), cmp.Or(k.Organisation, "-"), cmp.Or(strings.Join(k.Studies, ", "), "-"), keyState(k))
				}
				return w.Flush()
			})
		},
	}
	outputForm(c, &form)
	return c
}

func keyState(k node.KnownKey) string {
	switch {
	case k.Revoked:
		return "revoked"
	case k.Own:
		return "own"
	case len(k.Studies) == 0:
		return "past"
	}
	return "believed"
}

// keysJSON is a list for programs. Its names are stable.
func keysJSON(list []node.KnownKey) any {
	type row struct {
		Key          string   `json:"key"`
		Of           string   `json:"of,omitempty"`
		Name         string   `json:"name,omitempty"`
		Organisation string   `json:"organisation,omitempty"`
		Studies      []string `json:"studies"`
		State        string   `json:"state"`
	}
	rows := make([]row, 0, len(list))
	for _, k := range list {
		rows = append(rows, row{k.ID.String(), k.Role, k.Name, k.Organisation, append([]string{}, k.Studies...), keyState(k)})
	}
	return struct {
		APIVersion string `json:"apiVersion"`
		Keys       []row  `json:"keys"`
	}{rest.APIVersion, rows}
}

func (a *app) keyRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke KEY", Short: "Believe a key no more, at once and for good", Args: cli.Exactly(1),
		Long: "Believe a key no more, at once and for good. KEY is the beginning of one that key list shows, or all 64\n" +
			"digits of one that no roster names yet.\n\n" +
			"Nothing that a researcher's key has signed is answered from then on, nor what is being counted. A key of\n" +
			"a coordinator's member ends what runs under its tasks, and the member is not heard any more; the others\n" +
			"are. A key of another site stops every study whose roster has it. No roster that names the key is\n" +
			"accepted again. It needs nobody's consent, and it cannot be taken back: the way on is a roster of the\n" +
			"next epoch with another key. Tell the other sites: this one speaks for itself alone.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				k, err := n.RevokeKey(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				who := "a key that no roster here names"
				if k.Role != "" {
					who = fmt.Sprintf("the %s key of %s", k.Role, k.Name)
				}
				fmt.Fprintf(a.err, "Revoked %s, %s: nothing that it signs is answered here any more.\n", k.ID.Short(), who)
				if len(k.Studies) > 0 {
					fmt.Fprintf(a.err, "Its studies here: %s. Tell their other sites, and the operator, who proposes the next epoch without it.\n", strings.Join(k.Studies, ", "))
				}
				return nil
			})
		},
	}
}

func (a *app) keyRotate() *cobra.Command {
	var erase bool
	c := &cobra.Command{
		Use: "rotate", Short: "Replace what the node can replace by itself: what is sealed to it, and its sessions' root", Args: cli.Exactly(0),
		Long: "Replace at once what the node can replace by itself, and declare it: the key that questions and shares are\n" +
			"sealed to, and the root that the secrets of sessions come from. Time does the same, every 60 days and every\n" +
			"day. The node must not be serving: stop it, rotate, start it.\n\n" +
			"The older keys are kept for what was sealed to them. With --erase they go now: do that when somebody may\n" +
			"have read the disk. Questions and attempts that are under way are lost then, and are asked again.\n\n" +
			"Not rotated: the node's and the custodian's key, which are in rosters that others have signed; the pin key\n" +
			"and the noise key, since the same question must have the same answer for ever; the declaration key and the\n" +
			"backup key, which past declarations and sealed cohorts are read with. A site whose directory was stolen\n" +
			"joins anew as another site.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				until, err := n.RotateKeys(cmd.Context(), erase)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Rotated: the new key is declared, and kept until %s.\n", until.UTC().Format(time.DateOnly))
				return nil
			})
		},
	}
	c.Flags().BoolVar(&erase, "erase", false, "erase the older keys now, and lose what was sealed to them")
	return c
}
