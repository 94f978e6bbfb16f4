package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

// identity adds the flags that name the site.
func identity(c *cobra.Command, who *node.InitConfig) {
	c.Flags().StringVar(&who.Name, "name", "", "name of the site, as it was invited")
	c.Flags().StringVar(&who.Organisation, "organisation", "", "who runs the site")
	c.Flags().StringVar(&who.Country, "country", "", "where the genomes are, as two capital letters")
	c.Flags().StringVar(&who.Region, "region", "", "region that they must not leave, such as eu")
	c.Flags().Uint32Var(&who.PeopleCap, "people-cap", node.DefaultPeopleCap, "most people that the site ever counts in one answer")
}

func (a *app) initCommand() *cobra.Command {
	var who node.InitConfig
	c := &cobra.Command{
		Use: "init", Short: "Make this site's keys, which never leave its directory", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error { return a.make(who) },
	}
	identity(c, &who)
	return c
}

func (a *app) make(who node.InitConfig) error {
	who.HeadFile = a.head
	if err := node.Init(a.dir, who); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "Made the keys of site %s in %s.\n", who.Name, a.dir)
	return nil
}

func (a *app) join() *cobra.Command {
	var who node.InitConfig
	c := &cobra.Command{
		Use: "join TOKEN", Short: "Join a coordinator with the token that its operator gave you", Args: cli.Exactly(1),
		Long: "Join a coordinator with the token that its operator gave you.\n\n" +
			"The first time, the flags name the site and its keys are made. What leaves is the site's card:\n" +
			"its name, organisation, country, public keys and cap. Running it again is harmless, and shows\n" +
			"whether the operator has approved.",
		RunE: func(cmd *cobra.Command, args []string) error {
			join := func(n *node.Node) error {
				words, site, err := n.Join(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "Compare these words with the coordinator's operator, on another way than the token came:\n\n    %s\n\n", words)
				switch site.State {
				case "approved":
					fmt.Fprintln(a.out, "The operator has approved this site. Next: cohort add, then run.")
				default:
					fmt.Fprintf(a.out, "The operator has not approved this site yet (%s). Run join again to see.\n", site.State)
				}
				return nil
			}
			err := a.with(node.Config{}, join)
			if !errors.Is(err, node.ErrNoNode) || who.Name == "" {
				return err
			}
			if err := a.make(who); err != nil {
				return err
			}
			return a.with(node.Config{}, join)
		},
	}
	identity(c, &who)
	return c
}

func (a *app) runCommand() *cobra.Command {
	level := slog.LevelInfo
	var feed node.Config
	c := &cobra.Command{
		Use: "run", Short: "Answer the coordinator until you stop it", Args: cli.Exactly(0),
		Long: "Answer the coordinator until you stop it.\n\n" +
			"The node dials out and opens no port to other machines. What it has sent stands in egress.log, a line\n" +
			"a message. A hospital's own system can tell it of consents while it runs: by tables that are moved into\n" +
			"a folder, or posted to /consents at an address of this machine, with the token in consent.token.\n\n" +
			"What it finds odd stands in detection.json in its directory, and who is told of what happens in\n" +
			"notify.json; it goes by both from its start on.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
			feed.Log = log
			return a.with(feed, func(n *node.Node) error {
				log.Info("serving", "site", n.Card().Name, "version", version)
				return n.Run(cmd.Context())
			})
		},
	}
	c.Flags().StringVar(&feed.ConsentFolder, "consent-folder", "", "folder whose *.tsv tables of consents are taken in as they come")
	c.Flags().StringVar(&feed.ConsentListen, "consent-listen", "", "loopback address where tables of consents can be posted, such as 127.0.0.1:8081")
	c.Flags().TextVar(&level, "log-level", level, "debug, info, warn or error")
	return c
}

// ruled shows what the site goes by, and what waits for people.
func (a *app) ruled(ctx context.Context, n *node.Node, w io.Writer) error {
	p, err := n.Policy(ctx)
	switch {
	case errors.Is(err, node.ErrNoPolicy):
		fmt.Fprintf(w, "policy\tnone of its own: rosters and consents decide\n")
	case err != nil:
		return err
	default:
		fmt.Fprintf(w, "policy\tepoch %d, %d rules\n", p.Epoch, p.Rules.Len())
	}
	all, err := n.Motions(ctx)
	if err != nil {
		return err
	}
	waiting := 0
	for _, m := range all {
		if m.State == "open" {
			waiting++
		}
	}
	if waiting > 0 {
		fmt.Fprintf(w, "waiting\t%d for people; see approval list\n", waiting)
	}
	frozen, err := n.Frozen(ctx)
	if frozen {
		fmt.Fprintf(w, "frozen\tnothing is answered; thaw ends it\n")
	}
	return err
}

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show who this site is, what it holds and what it has accepted", Args: cli.Exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(node.Config{}, func(n *node.Node) error {
				card := n.Card()
				words, err := n.Words()
				if err != nil {
					return err
				}
				cohorts, err := n.Cohorts(cmd.Context())
				if err != nil {
					return err
				}
				studies, err := n.Studies(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintf(w, "site\t%s, %s, %s\n", card.Name, card.Organisation, card.Country)
				fmt.Fprintf(w, "words\t%s\n", words)
				fmt.Fprintf(w, "key\t%s\n", card.NodeKey.ID())
				fmt.Fprintf(w, "peer\t%s\n", card.Peer)
				if len(n.Coordinator()) == 0 {
					fmt.Fprintf(w, "coordinator\tnone; use join\n")
				}
				for _, e := range n.Coordinator() {
					fmt.Fprintf(w, "coordinator\t%s, %s\n", e.Name, e.URL)
				}
				for _, k := range cohorts {
					fmt.Fprintf(w, "cohort\t%s, added %s\n", k.Name, k.Added.UTC().Format("2006-01-02 15:04 MST"))
				}
				for _, s := range studies {
					fmt.Fprintf(w, "study\t%s, epoch %d, %s\n", s.Name, s.Epoch, s.State)
				}
				return errors.Join(a.ruled(cmd.Context(), n, w), w.Flush())
			})
		},
	}
}
