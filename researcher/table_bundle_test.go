package researcher_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

func tableBundle(t testing.TB, b researcher.TableBundle) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestATableBundleIsReadAsItWasWritten(t *testing.T) {
	want := researcher.TableBundle{Rosters: [][]byte{[]byte("first"), []byte("second")}, Record: []byte("record"), Content: []byte("rows")}
	got, err := researcher.ParseTableBundle(tableBundle(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, *got); d != "" {
		t.Error(d)
	}
}

func TestTableBundlesThatAreNotWhole(t *testing.T) {
	whole := tableBundle(t, researcher.TableBundle{Rosters: [][]byte{[]byte("roster")}, Record: []byte("record"), Content: []byte("rows")})
	for n := range whole {
		if _, err := researcher.ParseTableBundle(whole[:n]); !errors.Is(err, researcher.ErrTableBundle) {
			t.Fatalf("the first %d bytes of %d: got %v", n, len(whole), err)
		}
	}
	for name, alter := range map[string]func([]byte) []byte{
		"one that goes on":         func(b []byte) []byte { return append(b, 0) },
		"another file":             func([]byte) []byte { return []byte("#CHROM\tPOS\n") },
		"a byte that is another's": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"no roster at all":         func(b []byte) []byte { binary.LittleEndian.PutUint64(b[8:], 0); return b },
		"rosters without end":      func(b []byte) []byte { binary.LittleEndian.PutUint64(b[8:], 1<<60); return b },
		"a part without end":       func(b []byte) []byte { binary.LittleEndian.PutUint64(b[16:], 1<<60); return b },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := researcher.ParseTableBundle(alter(bytes.Clone(whole))); !errors.Is(err, researcher.ErrTableBundle) {
				t.Errorf("got %v, want %v", err, researcher.ErrTableBundle)
			}
		})
	}
}

// goldenWords are those of the roster of a table that an earlier version has published.
const goldenWords = "say tackle attitude raven round"

func golden(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/table.locus")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// It still verifies, and says what it said. With any byte altered, also where the file's
// own digest is put right, it does not.
func TestAGoldenTableVerifies(t *testing.T) {
	raw := golden(t)
	b, err := researcher.ParseTableBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := b.Pinned()
	if err != nil {
		t.Fatal(err)
	}
	if got := protocol.Words(pinned); got != goldenWords {
		t.Errorf("its words are %q, want %q", got, goldenWords)
	}
	table, err := b.Verify(pinned)
	if err != nil {
		t.Fatal(err)
	}
	if rows := bytes.Count(table.Content, []byte("\n")) - 1; rows != 29 || !bytes.HasPrefix(table.Content, []byte("#CHROM\tPOS\tREF\tALT\tAF\tSE\n1\t3141890\tT\tA\t")) {
		t.Errorf("%d rows of\n%.200s", rows, table.Content)
	}
	said := fmt.Sprint(table.Provenance())
	for _, want := range []string{"dp: differentially private, epsilon 1 at delta 1e-09, release 1", "3: geneva, lyon, torino", "A second look", "Alice Example, Example University"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	}
	for at := 0; at < len(raw)-sha256.Size; at += 2003 {
		altered := bytes.Clone(raw)
		altered[at] ^= 4
		digest := sha256.Sum256(altered[:len(raw)-sha256.Size])
		copy(altered[len(raw)-sha256.Size:], digest[:])
		b, err := researcher.ParseTableBundle(altered)
		if err == nil {
			_, err = b.Verify(pinned)
		}
		if !errors.Is(err, researcher.ErrTable) && !errors.Is(err, researcher.ErrTableBundle) {
			t.Errorf("with byte %d altered: got %v", at, err)
		}
	}
}

// FuzzParseTableBundle: what is taken apart is the same when it is put together, and
// nothing verifies that no study has signed.
func FuzzParseTableBundle(f *testing.F) {
	whole := tableBundle(f, researcher.TableBundle{Rosters: [][]byte{[]byte("roster")}, Record: []byte("record"), Content: []byte("rows")})
	f.Add(whole)
	f.Add(whole[:20])
	f.Add(golden(f))
	pinned := protocol.Hash("study")
	f.Add([]byte("LOCUSTB1" + strings.Repeat("\xff", 16)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := researcher.ParseTableBundle(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(tableBundle(t, *b), raw) {
			t.Error("a bundle is put together in another way")
		}
		if _, err := b.Verify(pinned); !errors.Is(err, researcher.ErrTable) {
			t.Errorf("got %v, want %v", err, researcher.ErrTable)
		}
	})
}
