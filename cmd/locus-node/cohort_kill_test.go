package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/cli"
)

// longer is the people's VCF with sites at one more contig: enough to take a while.
func longer(t *testing.T, dir, contig string) {
	t.Helper()
	vcf := get(t, dir, "people.vcf")
	at := strings.LastIndex(vcf, "22\t1000")
	var b strings.Builder
	b.WriteString(vcf[:at])
	for i := range 20_000 {
		b.WriteString(strings.Replace(vcf[at:], "22\t1000", fmt.Sprintf("%s\t%d", contig, 1000+i), 1))
	}
	put(t, dir, contig+".vcf", b.String())
}

// A node that is killed while a cohort grows has the old cohort or the new one. It is
// killed when it says how far it has come, a little further each time.
func TestAKillLeavesTheOldCohortOrTheNewOne(t *testing.T) {
	dir := soundDir(t)
	longer(t, dir, "X")
	variants := func() string {
		t.Helper()
		code, out, errs := locusNode(t, dir, "cohort", "check", "everyone")
		if code != cli.Done {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		for line := range strings.Lines(out) {
			if f := strings.Fields(line); f[0] == "variants" {
				return f[1]
			}
		}
		t.Fatal("no variants")
		return ""
	}
	for _, lines := range []int{1, 2, 30, 95, 1000} {
		c := exec.CommandContext(t.Context(), "locus-node", "cohort", "update", "everyone", "X.vcf", "--progress=json")
		c.Dir = dir
		c.Env = append(os.Environ(), "LOCUS_NODE_DIR="+filepath.Join(dir, "geneva"))
		out, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		for s := bufio.NewScanner(out); s.Scan(); {
			if said++; said == lines {
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		err = c.Wait()
		got := variants()
		switch {
		case err == nil && got != "20001":
			t.Errorf("it was done, and has %s variants", got)
		case err != nil && got != "1" && got != "20001":
			t.Errorf("killed at line %d: %s variants", lines, got)
		case lines == 1000 && err != nil:
			t.Errorf("it was not killed: %v", err)
		}
		if got != "1" {
			return
		}
	}
}

func TestCheckFindsADamagedStore(t *testing.T) {
	dir := soundDir(t)
	stores, err := filepath.Glob(filepath.Join(dir, "geneva", "cohorts", "*.store"))
	if err != nil || len(stores) != 1 {
		t.Fatalf("%d stores, %v", len(stores), err)
	}
	was, err := os.ReadFile(stores[0])
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(at int) []byte {
		b := append([]byte(nil), was...)
		b[at] ^= 1
		return b
	}
	for name, is := range map[string][]byte{
		"its first byte": flipped(0), "its middle": flipped(len(was) / 2), "its last byte": flipped(len(was) - 1),
		"cut short": was[:len(was)-1], "longer": append(append([]byte(nil), was...), 0), "empty": nil,
	} {
		if err := os.WriteFile(stores[0], is, 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := locusNode(t, dir, "cohort", "check")
		if code != cli.Altered || out != "" || !strings.Contains(errs, "everyone") || !strings.Contains(errs, filepath.Base(stores[0])) || !strings.Contains(errs, "add the cohort again") {
			t.Errorf("%s: exit code %d, %s%s", name, code, out, errs)
		}
	}
	if err := os.WriteFile(stores[0], was, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := locusNode(t, dir, "cohort", "check"); code != cli.Done {
		t.Errorf("as it was: exit code %d, %s", code, errs)
	}
}
