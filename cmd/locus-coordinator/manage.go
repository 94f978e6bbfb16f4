package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

func (a *app) site() *cobra.Command {
	var organisation, words string
	invite := &cobra.Command{
		Use: "invite NAME", Short: "Print a token with which one site joins, once", Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, client, err := a.operator()
			if err != nil {
				return err
			}
			defer client.Close()
			var t rest.InvitationToken
			if err := client.JSON(c.Context(), http.MethodPost, "/v1/invitations", rest.Invitation{Name: args[0], Organisation: organisation}, &t); err != nil {
				return err
			}
			fmt.Fprintln(a.out, t.Token)
			return nil
		},
	}
	invite.Flags().StringVar(&organisation, "organisation", "", "whose site it is; the site says it itself when it joins")
	approve := &cobra.Command{
		Use: "approve NAME", Short: "Approve a site after both sides have compared five words", Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if words == "" {
				return cli.Misused(errors.New(`give the five words that the site's operator reads to you: --words "… … … … …"`))
			}
			_, client, err := a.operator()
			if err != nil {
				return err
			}
			defer client.Close()
			words := strings.Join(strings.Fields(words), " ")
			return client.JSON(c.Context(), http.MethodPost, "/v1/sites/"+args[0]+"/approval", rest.Approval{Words: words}, nil)
		},
	}
	approve.Flags().StringVar(&words, "words", "", "the five words that the site shows")
	list := &cobra.Command{
		Use: "list", Short: "List the sites, and the words of those that wait for approval", Args: cli.Exactly(0), Aliases: []string{"pending"},
		RunE: func(c *cobra.Command, _ []string) error {
			sites, err := a.sites(c)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SITE\tSTATE\tCONNECTED\tWORDS")
			for _, s := range sites {
				fmt.Fprintf(w, "%s\t%s\t%t\t%s\n", s.Name, s.State, s.Connected, s.Words)
			}
			return w.Flush()
		},
	}
	return cli.Group("site", "Sites", invite, list, approve)
}

func (a *app) sites(c *cobra.Command) ([]rest.Site, error) {
	_, client, err := a.operator()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var s rest.Sites
	err = client.JSON(c.Context(), http.MethodGet, "/v1/sites", nil, &s)
	return s.Sites, err
}

func (a *app) cluster() *cobra.Command {
	return cli.Group("cluster", "The members of the coordinator", &cobra.Command{
		Use: "status", Short: "Show the members and who leads", Args: cli.Exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			_, client, err := a.operator()
			if err != nil {
				return err
			}
			defer client.Close()
			var s rest.Cluster
			if err := client.JSON(c.Context(), http.MethodGet, "/v1/cluster", nil, &s); err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "MEMBER\tLEADS\tREACHED\tURL")
			for _, m := range s.Members {
				fmt.Fprintf(w, "%s\t%t\t%t\t%s\n", m.Name, m.Leader, m.Reached || m.Self, m.URL)
			}
			return w.Flush()
		},
	})
}

func (a *app) study() *cobra.Command {
	var noWait bool
	propose := &cobra.Command{
		Use: "propose FILE", Short: "Propose a study, or its next roster, to the custodians of its sites", Args: cli.Exactly(1),
		RunE: a.propose,
	}
	show := &cobra.Command{
		Use: "show STUDY", Short: "Show a study: who has signed, and the token for its researchers", Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.onStudy(c, http.MethodGet, "/v1/studies/"+args[0], nil)
		},
	}
	open := &cobra.Command{
		Use: "open STUDY", Short: "Open a study that every custodian has signed", Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.onStudy(c, http.MethodPost, "/v1/studies/"+args[0]+"/opening", nil); err != nil || noWait {
				return err
			}
			return a.awaitSites(c, args[0])
		},
	}
	open.Flags().BoolVar(&noWait, "no-wait", false, "do not wait until every site is ready to answer")
	token := &cobra.Command{
		Use: "token STUDY", Short: "Print the token with which researchers join an open study", Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, client, err := a.operator()
			if err != nil {
				return err
			}
			defer client.Close()
			var s rest.Study
			if err := client.JSON(c.Context(), http.MethodGet, "/v1/studies/"+args[0], nil, &s); err != nil {
				return err
			}
			if s.Token == "" {
				return fmt.Errorf("study %q is not open yet; it waits for %q", s.Name, s.Unsigned)
			}
			fmt.Fprintln(a.out, s.Token)
			return nil
		},
	}
	return cli.Group("study", "Studies", propose, show, open, token)
}

// openPatience is how long `study open` waits for sites that run.
const openPatience = 30 * time.Second

// awaitSites waits until every site of a study is ready, and names those that are not.
func (a *app) awaitSites(c *cobra.Command, study string) error {
	_, client, err := a.operator()
	if err != nil {
		return err
	}
	defer client.Close()
	late := time.NewTimer(openPatience)
	defer late.Stop()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		var s rest.Study
		if err := client.JSON(c.Context(), http.MethodGet, "/v1/studies/"+study, nil, &s); err != nil {
			return err
		}
		proposal, err := protocol.ParseProposal(s.Roster)
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		var away []string
		for _, site := range proposal.Message.Sites {
			if !slices.Contains(s.Ready, site.Name) {
				away = append(away, site.Name)
			}
		}
		if len(away) == 0 {
			fmt.Fprintln(a.out, "every site is ready")
			return nil
		}
		select {
		case <-c.Context().Done():
			return c.Context().Err()
		case <-late.C:
			fmt.Fprintf(a.out, "not ready yet: %s; do their nodes run, with the study's cohorts?\n", strings.Join(away, ", "))
			return nil
		case <-again.C:
		}
	}
}

func (a *app) onStudy(c *cobra.Command, method, path string, body []byte) error {
	_, client, err := a.operator()
	if err != nil {
		return err
	}
	defer client.Close()
	raw, err := client.Bytes(c.Context(), method, path, body)
	if err != nil {
		return err
	}
	var s rest.Study
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	fmt.Fprintf(a.out, "%s: %s\nroster: %s\n", s.Name, s.State, protocol.Words(s.Digest))
	if len(s.Unsigned) > 0 {
		fmt.Fprintf(a.out, "waits for the custodians of: %s\n", strings.Join(s.Unsigned, ", "))
	}
	if len(s.Ready) > 0 {
		fmt.Fprintf(a.out, "ready: %s\n", strings.Join(s.Ready, ", "))
	}
	return nil
}
