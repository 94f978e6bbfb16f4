package verify_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit/verify"
)

var update = flag.Bool("update", false, "write the golden log anew")

// A log and a receipt that were written once go on to verify: the formats are for good.
func TestTheGoldenLogStillVerifies(t *testing.T) {
	dir := filepath.Join("testdata", "golden")
	if *update {
		writeGolden(t, dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, "policy"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := verify.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Log(os.DirFS(filepath.Join(dir, "log")), p, verify.Options{})
	if err != nil || r.Newest.Size != 3 || r.Cosigned.Size != 3 || r.First.UnixMilli() != 1_780_000_000_000 {
		t.Errorf("%+v, %v", r, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "1.tlog-proof"))
	if err != nil {
		t.Fatal(err)
	}
	e, index, c, err := verify.Receipt(raw, p)
	if err != nil || e.Kind != "decision" || index != 1 || len(c.Witnesses) != 2 {
		t.Errorf("%+v, %d, %+v, %v", e, index, c, err)
	}
}

func writeGolden(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	m := newLog(t, 1, 0, 3, func() time.Time { return time.UnixMilli(1_780_000_000_000) })
	files := map[string][]byte{"policy": []byte("# The sites of a test.\n" + m.text), "1.tlog-proof": m.receipts[1], "head": m.heads[1]}
	for name, f := range m.files {
		files["log/"+name] = f.Data
	}
	for name, data := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// What stands in the reference is what the verifier knows.
func TestTheReferenceListsTheKinds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "audit-log.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; ; i++ {
		raw := append([]byte{1, byte(i), 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 32)...)
		raw[41] = 1
		e, err := verify.ParseEntry(raw)
		if listed := strings.Contains(string(text), fmt.Sprintf("| %d %s |", i, e.Kind)); err == nil && !listed {
			t.Errorf("kind %d, %s, is not in the reference", i, e.Kind)
		}
		if err != nil {
			if i < 20 || regexp.MustCompile(fmt.Sprintf(`\| %d [a-z]`, i)).Match(text) {
				t.Errorf("the verifier does not know kind %d", i)
			}
			return
		}
	}
}
