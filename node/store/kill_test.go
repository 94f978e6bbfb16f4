package store_test

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/store"
)

// builderPath is set in the process that is killed: it builds stores there without end.
const builderPath = "LOCUS_TEST_STORE"

// TestMain is that process, too.
func TestMain(m *testing.M) {
	if path := os.Getenv(builderPath); path != "" {
		fmt.Fprintln(os.Stderr, buildWithoutEnd(path))
		os.Exit(2)
	}
	os.Exit(m.Run())
}

func buildWithoutEnd(path string) error {
	block, err := aes.NewCipher(testKey())
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	rows := randomRows(rand.New(rand.NewPCG(8, 8)), 200, 3000)
	for n := 1; ; n++ {
		w, err := store.Create(path, store.Header{Dataset: [32]byte{1}, Samples: names(200)}, aead)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := w.Add(&rows[i]); err != nil {
				return err
			}
			if i%100 == 0 {
				fmt.Println("build", n, "is at", i)
			}
		}
		if err := w.Commit(); err != nil {
			return err
		}
	}
}

// Wherever a kill hits, there is the store of a build before it, whole.
func TestAKillLeavesAWholeStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cohort")
	for round := range 12 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), builderPath+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 31 + 3*round { // a build has 30
			if !lines.Scan() {
				t.Fatal("the builder has ended")
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the builder was not killed")
		}
		r := open(t, path, key(t))
		if err := r.Check(t.Context()); err != nil || r.Sites() != 3000 {
			t.Errorf("round %d: %d sites, %v", round, r.Sites(), err)
		}
	}
}
