package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// maxSigned bounds a file of a table with its signatures.
const maxSigned = protocol.MaxTable + 512<<20

// publish hands an answer in for everybody of the study to read.
func (a *app) publish() *cobra.Command {
	var spec researcher.PublishSpec
	c := a.onTask("publish", "Ask the custodians of an answer's sites to let everybody of the study read it", func(c *cobra.Command, client *researcher.Client, asked researcher.Asked) error {
		t, err := client.Publish(c.Context(), asked, spec, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintln(a.out, t.ID)
		fmt.Fprintf(a.err, "handed in  %s: %d rows, %s, %d of %d sites have approved it\n", t.ID.Short(), t.Rows, printed(t.State), t.Approved, t.Sites)
		if t.State == rest.TablePending {
			fmt.Fprintln(a.err, "The custodian of each site decides with `locus-node release pending`. `locus table list` shows how it stands.")
		}
		return nil
	})
	c.Long = "Ask the custodians of an answer's sites to let everybody of the study read it.\n\n" +
		"The answer is opened and verified here, written as a table and signed with your key. The coordinator\n" +
		"keeps it in the clear, and hands it to the sites that are in it and to nobody else, until the custodians\n" +
		"of all of them have approved. Running it again hands the same table in again."
	c.Flags().StringVar(&spec.Title, "title", "", "one line that everybody of the study reads")
	c.Flags().BoolVar(&spec.Again, "again", false, "make a new table where a custodian has refused the one before")
	return c
}

func (a *app) table() *cobra.Command {
	c := cli.Group("table", "Tables that everybody of a study may read")
	c.AddCommand(a.tableList(), a.tableGet(), a.tableVerify())
	return c
}

func (a *app) tableList() *cobra.Command {
	return &cobra.Command{
		Use: "list STUDY", Short: "List the tables of a study: those that are published, and your own", Args: cli.Exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inStudy(args[0], func(client *researcher.Client) error {
				list, err := client.Tables(c.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "TABLE\tSTATE\tAPPROVED\tCOHORT\tMODE\tROWS\tTITLE")
				for _, t := range list {
					fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%s\t%d\t%s\n", t.ID.Short(), printed(t.State), t.Approved, t.Sites, printed(t.Cohort), printed(t.Mode), t.Rows, printed(t.Title))
				}
				return w.Flush()
			})
		},
	}
}

// printed leaves out what moves a terminal's cursor: a list is not verified.
func printed(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, s)
}

func (a *app) tableGet() *cobra.Command {
	var study, out, signed string
	c := &cobra.Command{
		Use: "get TABLE", Short: "Fetch a table, verify it, and write its rows", Args: cli.Exactly(1),
		Long: "Fetch a table, verify it, and write its rows.\n\n" +
			"What is verified is that its researcher has signed it, that the custodian of each site that is in it\n" +
			"has approved exactly these rows, and that all of them are of the roster that you have pinned.",
		RunE: func(c *cobra.Command, args []string) error {
			if study == "" {
				return cli.Misusedf("--study is needed")
			}
			return a.inStudy(study, func(client *researcher.Client) error {
				b, err := client.Table(c.Context(), args[0])
				if err != nil {
					return err
				}
				pinned, err := b.Pinned()
				if err != nil {
					return err
				}
				return a.writeTable(b, pinned, out, signed)
			})
		},
	}
	c.Flags().StringVar(&study, "study", "", "study whose table it is")
	c.Flags().StringVar(&out, "out", "", "file to write the rows to, as a whole or not at all; standard output without it")
	c.Flags().StringVar(&signed, "signed", "", "file to write the table to with every signature, for locus table verify")
	return c
}

// writeTable verifies a table and writes its rows, and what it rests on for the person.
func (a *app) writeTable(b *researcher.TableBundle, pinned protocol.Digest, out, signed string) error {
	t, err := b.Verify(pinned)
	if err != nil {
		return err
	}
	if signed != "" {
		if err := create(signed, a.out, func(w io.Writer) error { _, err := b.WriteTo(w); return err }); err != nil {
			return err
		}
	}
	if err := create(out, a.out, func(w io.Writer) error { _, err := w.Write(t.Content); return err }); err != nil {
		return err
	}
	for _, f := range t.Provenance() {
		if f[1] != "" {
			fmt.Fprintf(a.err, "%-11s %s\n", f[0], f[1])
		}
	}
	return nil
}

func (a *app) tableVerify() *cobra.Command {
	var study, out string
	c := &cobra.Command{
		Use: "verify FILE", Short: "Verify a table of a file, without a network, and write its rows", Args: cli.Exactly(1),
		Long: "Verify a table of a file that `locus table get --signed` wrote, without a network, and write its rows.\n\n" +
			"With --study it has to be of the roster that you have pinned. Without it the roster's words are shown,\n" +
			"and you compare them with a custodian of the study.",
		RunE: func(_ *cobra.Command, args []string) error {
			raw, err := readFile(args[0])
			if err != nil {
				return err
			}
			b, err := researcher.ParseTableBundle(raw)
			if err != nil {
				return err
			}
			pinned, err := b.Pinned()
			if err != nil {
				return err
			}
			if study != "" {
				h, err := a.load()
				if err != nil {
					return err
				}
				p, err := h.Study(study)
				if err != nil {
					return err
				}
				pinned = p.Roster
			}
			if err := a.writeTable(b, pinned, out, ""); err != nil {
				return err
			}
			if study == "" {
				fmt.Fprintf(a.err, "%-11s %s\nCompare these words with a custodian of the study.\n", "words", protocol.Words(pinned))
			}
			return nil
		},
	}
	c.Flags().StringVar(&study, "study", "", "study that you have joined, whose table it has to be")
	c.Flags().StringVar(&out, "out", "", "file to write the rows to, as a whole or not at all; standard output without it")
	return c
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSigned+1))
	if err == nil && len(raw) > maxSigned {
		err = errors.New("it is larger than a table can be")
	}
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	return raw, nil
}
