package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/internal/cli"
)

var errRefused = errors.New("no")

func program() *cobra.Command {
	root := &cobra.Command{Use: "program", Short: "A program"}
	root.AddCommand(cli.Group("thing", "Things",
		&cobra.Command{Use: "show NAME", Args: cli.Exactly(1), RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "refused" {
				return fmt.Errorf("show: %w", errRefused)
			}
			if args[0] == "misused" {
				return cli.Misused(errRefused)
			}
			if err := c.Context().Err(); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), args[0])
			return nil
		}},
		&cobra.Command{Use: "add [FILE]", Args: cli.Between(0, 1), RunE: func(*cobra.Command, []string) error { return nil }},
	))
	return root
}

func TestRun(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		name      string
		ctx       context.Context
		args      string
		code      int
		out, errs string // parts of what is printed
	}{
		{"a result goes to standard output", t.Context(), "thing show a", cli.Done, "a\n", ""},
		{"without a command there is help", t.Context(), "", cli.Done, "Usage:", ""},
		{"a group alone gives help", t.Context(), "thing", cli.Done, "show", ""},
		{"an unknown command is a mistake", t.Context(), "nonsense", cli.Usage, "", `"program" has no command "nonsense"; see program --help`},
		{"a misspelt command is named", t.Context(), "thing shwo", cli.Usage, "", "did you mean show?"},
		{"an unknown flag is a mistake", t.Context(), "thing show a --nonsense", cli.Usage, "", "program: unknown flag: --nonsense"},
		{"too few arguments are a mistake", t.Context(), "thing show", cli.Usage, "", "takes 1 arguments and got 0"},
		{"too many arguments are a mistake", t.Context(), "thing add a b", cli.Usage, "", "takes 0 to 1 arguments and got 2"},
		{"a command may call itself misused", t.Context(), "thing show misused", cli.Usage, "", "program: no"},
		{"a program's error has the program's code", t.Context(), "thing show refused", cli.Refused, "", "program: show: no"},
		{"an interrupt has a code of its own", over, "thing show a", cli.Interrupted, "", "canceled"},
		{"a mistake is one even when interrupted", over, "thing show", cli.Usage, "", "takes 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := cli.Run(tt.ctx, program(), strings.Fields(tt.args), &out, &errs, func(err error) int {
				if errors.Is(err, errRefused) {
					return cli.Refused
				}
				return cli.Failed
			})
			if code != tt.code || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.errs) {
				t.Errorf("got %d, %q, %q; want %d, %q, %q", code, out.String(), errs.String(), tt.code, tt.out, tt.errs)
			}
			if code != cli.Done && out.Len() > 0 || code == cli.Done && errs.Len() > 0 {
				t.Errorf("the wrong stream: %q, %q", out.String(), errs.String())
			}
		})
	}
}

// What no help shows is listed too, with the flags that take a text.
func TestTheListHasEveryCommand(t *testing.T) {
	root := program()
	hidden := &cobra.Command{Use: "secret FILE", Hidden: true, RunE: func(*cobra.Command, []string) error { return nil }}
	hidden.Flags().String("key", "", "a file")
	hidden.Flags().Bool("yes", false, "do it")
	root.AddCommand(hidden)
	var out, errs bytes.Buffer
	if code := cli.Run(t.Context(), root, []string{cli.ListWord}, &out, &errs, nil); code != cli.Done || errs.Len() > 0 {
		t.Fatalf("code %d, %q", code, errs.String())
	}
	want := "program\t\nprogram secret\tFILE\t--key\nprogram thing\t\nprogram thing add\t[FILE]\nprogram thing show\tNAME\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
