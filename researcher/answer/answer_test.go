package answer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/researcher/answer"
)

// phrase is a seed that everybody knows. Never use it.
const phrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon " +
	"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art"

func golden(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A bundle of an earlier version opens with its words, and says what it said.
func TestGolden(t *testing.T) {
	b, err := answer.Parse(golden(t, "golden.locus"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := answer.SeedOf("  " + strings.ToUpper(strings.ReplaceAll(phrase, " ", "\n")) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	a, err := b.Open(seed)
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	if err := table.TSV(&rows, a.Table()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden(t, "golden.tsv")), rows.String()); diff != "" {
		t.Errorf("the rows (-golden +got):\n%s", diff)
	}
}

func TestBundlesThatAreNotWhole(t *testing.T) {
	whole := golden(t, "golden.locus")
	for n := range whole {
		if _, err := answer.Parse(whole[:n]); !errors.Is(err, answer.ErrBundle) {
			t.Fatalf("the first %d bytes of %d: %v, want ErrBundle", n, len(whole), err)
		}
	}
	for name, tt := range map[string]struct {
		alter func([]byte) []byte
		says  string
	}{
		"one that goes on":         {func(b []byte) []byte { return append(b, 0) }, "goes on after its end"},
		"another file":             {func([]byte) []byte { return []byte("#CHROM\tPOS\n") }, "does not start as one"},
		"a byte that is another's": {func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, "not as it was written"},
		"a length beyond bounds": {func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[8:], 1<<60)
			return b
		}, "over the bound"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answer.Parse(tt.alter(bytes.Clone(whole)))
			if !errors.Is(err, answer.ErrBundle) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want what says %q", err, tt.says)
			}
		})
	}
}

func TestWordsThatAreNoSeed(t *testing.T) {
	for name, words := range map[string]string{
		"none":                    "",
		"one that is no word":     strings.Replace(phrase, "art", "artt", 1),
		"one in another's place":  strings.Replace(phrase, "art", "abandon", 1),
		"twelve":                  strings.Repeat("abandon ", 11) + "about",
		"more than anybody types": strings.Repeat("abandon ", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answer.SeedOf(words)
			if !errors.Is(err, answer.ErrWords) || strings.Contains(err.Error(), "abandon") {
				t.Errorf("got %v, want ErrWords without any word", err)
			}
		})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	seed, err := answer.SeedOf(phrase)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := seed.Secrets([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%q", "%d"} {
		if got := fmt.Sprintf(verb+verb, seed, secrets); got != "answer.Seed(…)answer.Secrets(…)" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

// FuzzParse: what is taken apart is the same when it is put together, and no bytes make
// Open believe what nobody signed.
func FuzzParse(f *testing.F) {
	whole := golden(f, "golden.locus")
	f.Add(whole)
	f.Add(whole[:40])
	f.Add([]byte("LOCUSRB1"))
	seed, err := answer.SeedOf(phrase)
	if err != nil {
		f.Fatal(err)
	}
	want := golden(f, "golden.tsv")
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := answer.Parse(raw)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if _, err := b.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		c, err := answer.Parse(again.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if a, err := c.Open(seed); err == nil {
			var rows bytes.Buffer
			if err := table.TSV(&rows, a.Table()); err != nil || !bytes.Equal(rows.Bytes(), want) {
				t.Errorf("another answer was opened: %v", err)
			}
		}
	})
}
