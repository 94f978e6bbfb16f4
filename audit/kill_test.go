package audit_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit/verify"
)

// TestKilledAtAnyMoment kills a process that appends, again and again on one log. What it
// has acknowledged is there, the log opens, and all of it verifies.
func TestKilledAtAnyMoment(t *testing.T) {
	if dir := os.Getenv("LOCUS_AUDIT_APPEND"); dir != "" {
		appendForEver(t, dir)
	}
	kills := 10
	if testing.Short() {
		kills = 2
	}
	dir, acknowledged := t.TempDir(), uint64(0)
	for i := range kills {
		acknowledged = max(acknowledged, appendAndKill(t, dir, time.Duration(37*(i+1))*time.Millisecond))
		l := open(t, dir, nil)
		size := l.Head().Size
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		report, err := verify.Log(os.DirFS(dir), policy(t, 0), verify.Options{})
		if err != nil || size < acknowledged || report.Beyond != 0 {
			t.Fatalf("kill %d: %d entries, %d acknowledged, %d files beyond, %v", i, size, acknowledged, report.Beyond, err)
		}
	}
	if acknowledged < uint64(kills) {
		t.Errorf("only %d entries were acknowledged: the test kills too early", acknowledged)
	}
}

// appendAndKill returns how many entries the process had acknowledged.
func appendAndKill(t *testing.T, dir string, after time.Duration) (acknowledged uint64) {
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledAtAnyMoment$")
	c.Env = append(os.Environ(), "LOCUS_AUDIT_APPEND="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var timer *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		index, is := strings.CutPrefix(lines.Text(), "appended ")
		if !is {
			t.Fatal(lines.Text())
		}
		n, err := strconv.ParseUint(index, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if acknowledged = max(acknowledged, n+1); timer == nil { // it has begun
			timer = time.AfterFunc(after, func() { c.Process.Kill() })
		}
	}
	c.Wait() // it was killed
	return acknowledged
}

// appendForEver is the process that is killed: many write at once, so that batches go
// over the edges of tiles.
func appendForEver(t *testing.T, dir string) {
	l := open(t, dir, nil)
	said := make(chan uint64)
	for range 40 {
		go func() {
			for i := 0; ; i++ {
				index, err := l.Append(t.Context(), entry(i))
				if err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
				said <- index
			}
		}()
	}
	for index := range said {
		fmt.Println("appended", index)
	}
}
