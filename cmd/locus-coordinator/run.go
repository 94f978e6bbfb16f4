package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/internal/cli"
)

func (a *app) runCommand() *cobra.Command {
	level := "info"
	c := &cobra.Command{
		Use: "run", Short: "Run this member until it is told to end", Args: cli.Exactly(0),
		Long: "Run this member until it is told to end.\n\n" +
			"It prints one line when it serves, and logs to stderr. SIGTERM or SIGINT ends it: a\n" +
			"member that leads hands on first.",
		RunE: func(c *cobra.Command, _ []string) error {
			var l slog.Level
			if err := l.UnmarshalText([]byte(level)); err != nil {
				return cli.Misusedf("--log-level %q: want debug, info, warn or error", level)
			}
			h, err := coordinator.LoadHome(a.dir)
			if err != nil {
				return err
			}
			m, err := coordinator.New(coordinator.Config{
				Home: h, Version: version, Log: slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: l})),
				Ready: func() {
					fmt.Fprintf(a.out, "member %s of %d serves %s\n", h.Card.Name, len(h.Members), h.Card.URL)
				},
			})
			if err != nil {
				return err
			}
			return m.Run(c.Context())
		},
	}
	c.Flags().StringVar(&level, "log-level", level, "debug, info, warn or error")
	return c
}
