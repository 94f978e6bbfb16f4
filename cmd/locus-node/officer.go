package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
)

// officerKeyType is the kind of PEM block that a key is in.
const officerKeyType = "LOCUS OFFICER KEY"

// maxKeyFile bounds a file with a key.
const maxKeyFile = 16 << 10

func (a *app) officer() *cobra.Command {
	return cli.Group("officer", "The people who decide at this site: stewards, data-protection officers, ethics",
		a.officerKey(), a.officerList(), a.officerAdd(), a.officerRemove(), a.officerRule())
}

// officerCard is the public half of an officer's key.
type officerCard struct {
	Name string `json:"name"`
	Key  []byte `json:"key"`
}

func (a *app) officerKey() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "key FILE", Short: "Make an officer's own key in FILE, and print the card that officer add takes", Args: cli.Exactly(1),
		Long: "Make an officer's own key in FILE, and print the card that officer add takes. It needs no node: an\n" +
			"officer makes it where nobody else can read it. Whoever has the file can say yes as the officer.",
		RunE: func(_ *cobra.Command, args []string) error {
			if name == "" {
				return cli.Misusedf("--name is needed: it is shown beside what the officer says")
			}
			seed := make([]byte, 32)
			if _, err := rand.Read(seed); err != nil {
				return err
			}
			defer clear(seed)
			key, err := protocol.NewSigningKey(seed)
			if err != nil {
				return err
			}
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			if err := pem.Encode(f, &pem.Block{Type: officerKeyType, Bytes: seed}); err != nil {
				f.Close()
				return err
			}
			if err := f.Sync(); err != nil {
				f.Close()
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
			return writeJSON(a.out, officerCard{name, key.Public().Bytes()})
		},
	}
	c.Flags().StringVar(&name, "name", "", "the officer's name")
	return c
}

// readOfficerKey reads what officer key has made; nil for no file.
func readOfficerKey(path string) (*protocol.SigningKey, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := readFile(path, maxKeyFile)
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != officerKeyType {
		return nil, cli.Misusedf("%s is no officer's key; locus-node officer key makes one", path)
	}
	defer clear(block.Bytes)
	return protocol.NewSigningKey(block.Bytes)
}

func (a *app) officerList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the officers, and who has to agree to changes", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				list, rule, err := n.Officers(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tROLE\tKEY")
				for _, o := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\n", o.Name, o.Role, o.Key.ID().Short())
				}
				if err := w.Flush(); err != nil {
					return err
				}
				fmt.Fprintf(a.err, "Changes of policy and officers, and a thaw, need: %s\n", rule)
				return nil
			})
		},
	}
}

func (a *app) officerAdd() *cobra.Command {
	var role string
	c := &cobra.Command{
		Use: "add CARD", Short: "Give somebody a role, from the card that officer key has printed", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := readFile(args[0], maxKeyFile)
			if err != nil {
				return err
			}
			var card officerCard
			if err := json.Unmarshal(raw, &card); err != nil {
				return cli.Misusedf("%s is no officer's card: %v", args[0], err)
			}
			key, err := protocol.ParsePublicKey(card.Key)
			if err != nil {
				return cli.Misusedf("%s: the key %.12s… is none: %v", args[0], base64.StdEncoding.EncodeToString(card.Key), err)
			}
			return a.changed(cmd, func(n *node.Node) (node.Motion, error) {
				return n.AddOfficer(cmd.Context(), node.Officer{Name: card.Name, Role: role, Key: key})
			})
		},
	}
	c.Flags().StringVar(&role, "role", "", "steward, dpo or ethics")
	return c
}

func (a *app) officerRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Take a role away; what waits and was said by the officer counts no more", Args: cli.Exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changed(cmd, func(n *node.Node) (node.Motion, error) { return n.RemoveOfficer(cmd.Context(), args[0]) })
		},
	}
}

func (a *app) officerRule() *cobra.Command {
	return &cobra.Command{
		Use: "rule APPROVAL", Short: "Say who has to agree to changes, such as \"2 of steward, dpo\"", Args: cli.Exactly(1),
		Long: "Say who has to agree to changes of policy and officers, to a thaw and to this rule: roles with + between\n" +
			"them (\"steward + dpo\"), or so many of some (\"2 of steward, dpo, ethics\"). The custodian is a steward.",
		RunE: func(cmd *cobra.Command, args []string) error {
			rule, err := policy.ParseApproval(args[0])
			if err != nil {
				return cli.Misusedf("%v", err)
			}
			return a.changed(cmd, func(n *node.Node) (node.Motion, error) { return n.RuleChanges(cmd.Context(), rule) })
		},
	}
}

// changed moves a change, and says where it stands.
func (a *app) changed(cmd *cobra.Command, do func(*node.Node) (node.Motion, error)) error {
	return a.with(node.Config{}, func(n *node.Node) error {
		m, err := do(n)
		if err != nil {
			return err
		}
		a.tellMotion(m)
		return nil
	})
}

func (a *app) freeze() *cobra.Command {
	return &cobra.Command{
		Use: "freeze", Short: "Stop everything at once: nothing is answered until a thaw", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				if err := n.Freeze(cmd.Context()); err != nil {
					return err
				}
				fmt.Fprintln(a.err, "Frozen: nothing is contributed, voted on or opened. locus-node thaw ends it.")
				return nil
			})
		},
	}
}

func (a *app) thaw() *cobra.Command {
	return &cobra.Command{
		Use: "thaw", Short: "End a freeze, when those have agreed who have to", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.changed(cmd, func(n *node.Node) (node.Motion, error) { return n.Thaw(cmd.Context()) })
		},
	}
}
