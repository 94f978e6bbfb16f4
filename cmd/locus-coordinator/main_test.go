package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/locus-genomics/locus/audit/verify"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"locus-coordinator": main})
}

// Each story runs real members on this machine's loopback.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: setup,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "mode": mode, "terminate": terminate, "verifies": verifies},
	})
}

// setup finds free ports: API1 to API3 and NET1 to NET3.
func setup(env *testscript.Env) error {
	env.Setenv("LOCUS_COORDINATOR_DIR", filepath.Join(env.WorkDir, "c1"))
	for i := range 3 {
		for _, name := range []string{"API", "NET"} {
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer l.Close() // all at the end, so that all differ
			addr := l.Addr().String()
			if name == "NET" {
				_, port, err := net.SplitHostPort(addr)
				if err != nil {
					return err
				}
				addr = "/ip4/127.0.0.1/tcp/" + port
			}
			env.Setenv(name+strconv.Itoa(i+1), addr)
		}
	}
	return nil
}

// verifies POLICY LOG does what `locus audit verify` does.
func verifies(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: verifies POLICY LOG")
	}
	policy, err := verify.ParsePolicy([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	_, err = verify.Log(os.DirFS(ts.MkAbs(args[1])), policy, verify.Options{Now: time.Now()})
	ts.Check(err)
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

// terminate sends SIGTERM to every member that runs, as a service manager does.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, c := range ts.BackgroundCmds() {
		if err := c.Process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			ts.Check(err)
		}
	}
}

// mode OCTAL FILE wants the permissions of a file.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm(); got != os.FileMode(want) {
		ts.Fatalf("%s has mode %o, want %o", args[1], got, want)
	}
}
