package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/node/policy/ontology"
)

func (a *app) packList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the policies to start from", Args: cli.Exactly(0),
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			for _, p := range policy.Packs() {
				fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Title)
			}
			return w.Flush()
		},
	}
}

func (a *app) packShow() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "show NAME", Short: "Show a policy to start from, or write it with its table of cases", Args: cli.Exactly(1),
		Long: "Show a policy to start from, or write it with its table of cases into a new folder (--out).\n\n" +
			"It is no legal advice. Put in your own organisation, project and days first.",
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := policy.FindPack(args[0])
			if err != nil {
				return fmt.Errorf("%w: %.40q; see locus-node policy pack list", err, args[0])
			}
			if out != "" {
				return a.writePack(p, out)
			}
			for _, f := range p.Files {
				if _, err := a.out.Write(f.Text); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder that is made, for the policy and its table of cases")
	return c
}

// writePack fills a folder that was not there before.
func (a *app) writePack(p policy.Pack, folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		if errors.Is(err, os.ErrExist) {
			return cli.Misusedf("%s is there already; name a folder that is not", folder)
		}
		return err
	}
	for _, f := range append(p.Files, p.Cases) {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(f.Name)), f.Text, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "Written. Put in what is yours, then try it: locus-node policy lint %s && locus-node policy test %s\n", folder, folder)
	return nil
}

func (a *app) policyOntology() *cobra.Command {
	var out, term string
	c := &cobra.Command{
		Use: "ontology FILE", Short: "Read which diseases are kinds of which, from MONDO's own file", Args: cli.Exactly(1),
		Long: "Read which diseases are kinds of which, from MONDO's own file: OBO, or OWL in RDF/XML, unpacked; or\n" +
			"from an extract of it. The extract (--out) has what is needed and no more, and is what --ontology of\n" +
			"policy test takes.",
		RunE: func(_ *cobra.Command, args []string) error {
			o, err := readOntology(args[0])
			if err != nil {
				return err
			}
			if term != "" {
				return a.showTerm(o, term)
			}
			if out != "" {
				if err := spares(out, args[0]); err != nil {
					return err
				}
				if err := replace(out, func(w io.Writer) error { return o.Extract(w) }); err != nil {
					return err
				}
			}
			s := o.Stats()
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "version\t%s\nterms\t%d\nparents\t%d\nroots\t%d\nobsolete\t%d\nreplaced\t%d\npassed over\t%d\n",
				o.Version(), s.Terms, s.Parents, s.Roots, s.Obsolete, s.Replaced, s.Dropped)
			return w.Flush()
		},
	}
	c.Flags().StringVar(&out, "out", "", "file for the extract; an older one is replaced")
	c.Flags().StringVar(&term, "term", "", "show this term and what is above it, such as MONDO:0005148")
	return c
}

func (a *app) showTerm(o *ontology.Ontology, term string) error {
	now, ok := o.Current(term)
	if !ok {
		return fmt.Errorf("%w: %.40q is not in the ontology, or is obsolete without a successor", ontology.ErrOntology, term)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, id := range append([]string{now}, o.Ancestors(now)...) {
		fmt.Fprintf(w, "%s\t%s\n", id, o.Name(id))
	}
	return w.Flush()
}
