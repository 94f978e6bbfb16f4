package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

func (a *app) initCommand() *cobra.Command {
	var who researcher.Identity
	c := &cobra.Command{
		Use: "init", Short: "Make your key, and the card that an operator puts into a roster", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error {
			if who.Name == "" || who.Organisation == "" {
				return cli.Misusedf("--name and --organisation are needed: custodians read them")
			}
			h, err := researcher.Init(a.home, who)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.err, "Made a key in %s. Write its 24 words down now: locus key backup\nGive this card to the study's operator:\n", a.home)
			return a.card(h)
		},
	}
	c.Flags().StringVar(&who.Name, "name", "", "your name")
	c.Flags().StringVar(&who.Organisation, "organisation", "", "where you work")
	return c
}

func (a *app) whoami() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Print your card", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error {
			h, err := a.load()
			if err != nil {
				return err
			}
			return a.card(h)
		},
	}
}

func (a *app) card(h *researcher.Home) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	return e.Encode(h.Card())
}

func (a *app) key() *cobra.Command {
	c := cli.Group("key", "Your key")
	var who researcher.Identity
	restore := &cobra.Command{
		Use: "restore FILE", Short: "Make your key again from a file with its 24 words (- for standard input)", Args: cli.Exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if who.Name == "" || who.Organisation == "" {
				return cli.Misusedf("--name and --organisation are needed: custodians read them")
			}
			name := args[0]
			if name == "-" {
				name = "/dev/stdin"
			}
			words, err := os.ReadFile(name)
			if err != nil {
				return fmt.Errorf("read words: %w", err)
			}
			h, err := researcher.Restore(a.home, who, string(words))
			if err != nil {
				return err
			}
			return a.card(h)
		},
	}
	restore.Flags().StringVar(&who.Name, "name", "", "your name")
	restore.Flags().StringVar(&who.Organisation, "organisation", "", "where you work")
	c.AddCommand(restore, &cobra.Command{
		Use: "show", Short: "Print the digest of your key, and its words to compare", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error {
			h, err := a.load()
			if err != nil {
				return err
			}
			id := h.Key().Public().ID()
			fmt.Fprintf(a.out, "%s  %s\n", id, protocol.Words(id))
			return nil
		},
	}, &cobra.Command{
		Use: "backup", Short: "Print the 24 words that give your key again: whoever has them is you", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error {
			h, err := a.load()
			if err != nil {
				return err
			}
			words, err := h.Words()
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, words)
			return nil
		},
	}, a.keyNew())
	return c
}

// keyNew is init under the name that the other key commands suggest.
func (a *app) keyNew() *cobra.Command {
	c := a.initCommand()
	c.Use, c.Short = "new", "Make your key: the same as locus init"
	return c
}
