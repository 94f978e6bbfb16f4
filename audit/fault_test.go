package audit

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

// Each write, rename and sync fails once, on the way over the edge of a tile. The log
// then stops; opened again it has all that was acknowledged, and all of it verifies.
func TestEachEffectFailsOnce(t *testing.T) {
	made := t.TempDir()
	policy, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", VerifierKey("log", testKey(t).Public())))
	if err != nil {
		t.Fatal(err)
	}
	l := openAt(t, made)
	appendAll(t, l, 254)
	failed := errors.New("the disk is full")
	for k := range 1000 {
		dir, at := t.TempDir(), 0
		if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		l := openAt(t, dir)
		l.disk.testOnlyFault = func() error {
			if at++; at == k+1 {
				return failed
			}
			return nil
		}
		acknowledged, stopped := uint64(254), false
		for i := range 4 {
			_, err := l.Append(t.Context(), Entry{Kind: KindTask, Subject: protocol.Hash("x", fmt.Append(nil, i))})
			switch {
			case err == nil && !stopped:
				acknowledged++
			case err == nil:
				t.Fatalf("effect %d: the log goes on after it has failed", k)
			case !errors.Is(err, failed):
				t.Fatalf("effect %d: %v", k, err)
			default:
				stopped = true
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = openAt(t, dir)
		appendAll(t, l, 5)
		size := l.Head().Size
		l.Close()
		report, err := verify.Log(os.DirFS(dir), policy, verify.Options{})
		if err != nil || report.Beyond != 0 || size < acknowledged+5 {
			t.Fatalf("effect %d: %d entries, %d acknowledged, %d files beyond, %v", k, size, acknowledged, report.Beyond, err)
		}
		if !stopped {
			if k < 30 {
				t.Errorf("only %d effects were tried", k)
			}
			return
		}
	}
	t.Error("it never comes to an end")
}

func openAt(t *testing.T, dir string) *Log {
	t.Helper()
	l, err := Open(t.Context(), Config{Dir: dir, Origin: "log", Key: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// appendAll appends entries at once.
func appendAll(t *testing.T, l *Log, n int) {
	t.Helper()
	done := make(chan error)
	for i := range n {
		go func() {
			_, err := l.Append(t.Context(), Entry{Kind: KindTask, Subject: protocol.Hash("y", fmt.Append(nil, i))})
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
