package locus_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every console block of the README, the tutorials, the how-tos and the stories is run, block after block, in
// one shell a document. What would run this test again is only looked up.
func TestConsoleBlocksOfTheDocumentsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts whole networks")
	}
	documents := []string{"README.md"}
	for _, folder := range []string{"docs/tutorial", "docs/how-to", "examples/governance"} {
		found, err := filepath.Glob(folder + "/*.md")
		if err != nil || len(found) == 0 {
			t.Fatalf("%d documents in %s, %v", len(found), folder, err)
		}
		documents = append(documents, found...)
	}
	for _, name := range documents {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			commands := consoleCommands(string(raw))
			if len(commands) == 0 {
				t.Fatal("there is no console block, or the test does not find it")
			}
			for _, c := range commands {
				if strings.HasPrefix(c, "plink2 ") {
					needPlink2(t)
				}
			}
			runInShell(t, commands)
		})
	}
}

// needPlink2 ends the test of a document that compares with plink2 where there is none.
func needPlink2(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("plink2"); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("plink2 is needed where CI=true")
	}
	t.Skip("plink2 is not installed")
}

// consoleCommands are the commands after "$ " in the console blocks, with their
// here-documents. Other lines of a block are what the commands print.
func consoleCommands(document string) (commands []string) {
	inside, here := false, false
	for line := range strings.SplitSeq(document, "\n") {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case here:
			commands[len(commands)-1] += "\n" + line
			here = line != "EOF"
		case isCommand:
			commands = append(commands, command)
			here = strings.HasSuffix(command, "<<EOF")
		}
	}
	return commands
}

// runInShell runs commands in one shell, from the root of the repository, with a home
// and ports of its own. At the end the shell ends what it has started.
func runInShell(t *testing.T, commands []string) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	fmt.Fprintf(&script, "set -euo pipefail\nexec 9>&1\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n")
	ports := strings.NewReplacer("7101", freePort(t), "7201", freePort(t))
	for _, c := range commands {
		// A study is made below the root; here it is made elsewhere.
		c = strings.Replace(c, "mkdir study && cd study", "cd "+t.TempDir(), 1)
		if c == "make test" {
			c = "make --dry-run test >/dev/null"
		}
		quoted := "'" + strings.ReplaceAll(c, "'", `'\''`) + "'"
		fmt.Fprintf(&script, "echo + %s >&9\n%s\n", quoted, ports.Replace(c))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-c", script.String())
	shell.Dir = root
	shell.Cancel = func() error { return shell.Process.Signal(os.Interrupt) }
	shell.WaitDelay = 10 * time.Second
	home := t.TempDir()
	shell.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "LOCUS_HOME=", "LOCUS_COORDINATOR_DIR=",
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "DEMO_FLAGS=-people 60 -variants 400", "MAKEFLAGS=")
	var out bytes.Buffer
	shell.Stdout, shell.Stderr = &out, &out
	if err := shell.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if testing.Verbose() {
		t.Log(out.String())
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
