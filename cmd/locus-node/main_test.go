package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/locus-genomics/locus/protocol"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"locus-node": func() {
			noteChild()
			peak := watchPeak()
			code := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
			peak()
			os.Exit(code)
		},
	})
}

// noteChild leaves a mark beside the program when it runs as the process that parses.
// That process is told nothing, so that the mark has no other place.
func noteChild() {
	if len(os.Args) == 2 && os.Args[1] == parseName {
		if self, err := os.Executable(); err == nil {
			_ = os.WriteFile(filepath.Join(filepath.Dir(self), "child"), nil, 0o600)
		}
	}
}

// inChild COMMAND [ARGS] wants a command to have files parsed in a process of their own.
// It runs the program from a place of its own, since stories are told at one time.
func inChild(ts *testscript.TestScript, neg bool, args []string) {
	program, err := exec.LookPath(args[0])
	ts.Check(err)
	dir, err := os.MkdirTemp(ts.Getenv("WORK"), "program")
	ts.Check(err)
	here := filepath.Join(dir, filepath.Base(program))
	ts.Check(os.Link(program, here))
	ts.Check(ts.Exec(here, args[1:]...))
	if _, err := os.Stat(filepath.Join(dir, "child")); (err == nil) == neg {
		ts.Fatalf("%q: parsed in a process of its own: %v", args, err == nil)
	}
}

// The stories are told without a network: none of them gets beyond this machine.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: setup,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "in-child": inChild},
	})
}

// setup writes a cohort of 25 people, one of 19, tokens, and whom to tell that is not there.
func setup(env *testscript.Env) error {
	env.Setenv("LOCUS_NODE_DIR", filepath.Join(env.WorkDir, "geneva"))
	endpoint := protocol.Endpoint{Name: "c1", URL: "https://127.0.0.1:1", Pin: protocol.Hash("pin"), Peer: "12D3KooWJ9YCv3EcJgev5JhXJWFtWPzGghpQgNTuLj9Hy2zwgwCD"}
	site := protocol.Token{Kind: protocol.SiteToken, Endpoints: []protocol.Endpoint{endpoint}, Site: "geneva", Secret: make([]byte, 32)}
	study := protocol.Token{Kind: protocol.StudyToken, Endpoints: []protocol.Endpoint{endpoint}, Study: "demo", Roster: protocol.Hash("roster")}
	env.Setenv("SITE_TOKEN", site.String())
	env.Setenv("STUDY_TOKEN", study.String())
	for name, people := range map[string]int{"people": 25, "few": 19} {
		vcf, table := cohort(people)
		if err := errors.Join(
			os.WriteFile(filepath.Join(env.WorkDir, name+".vcf"), []byte(vcf), 0o600),
			os.WriteFile(filepath.Join(env.WorkDir, name+".tsv"), []byte(table), 0o600)); err != nil {
			return err
		}
	}
	secret := filepath.Join(env.WorkDir, "siem.secret")
	away := fmt.Sprintf(`{"apiVersion": "locus/v1", "webhooks": [{"name": "siem", "url": "http://127.0.0.1:1/", "secretFile": %q}]}`, secret)
	return errors.Join(
		os.WriteFile(secret, []byte("whsec_"+strings.Repeat("QUJD", 10)+"\n"), 0o600),
		os.WriteFile(filepath.Join(env.WorkDir, "away.json"), []byte(away), 0o600))
}

func cohort(people int) (vcf, table string) {
	v, s := new(strings.Builder), new(strings.Builder)
	v.WriteString("##fileformat=VCFv4.2\n##contig=<ID=22>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"GT\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	s.WriteString("sample_id\tperson_id\tsex\tarm\n")
	for i := range people {
		fmt.Fprintf(v, "\tS%03d", i)
		fmt.Fprintf(s, "S%03d\tP%03d\tfemale\t%d\n", i, i, i/20)
	}
	v.WriteString("\n22\t1000\t.\tA\tG\t.\tPASS\t.\tGT" + strings.Repeat("\t0/1", people) + "\n")
	return v.String(), s.String()
}

// exits CODE COMMAND [ARGS] wants one exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGS]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
