package researcher_test

import (
	"bytes"
	"encoding/binary"
	"errors"
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

// FuzzParseTableBundle: what is taken apart is the same when it is put together, and
// nothing verifies that no study has signed.
func FuzzParseTableBundle(f *testing.F) {
	whole := tableBundle(f, researcher.TableBundle{Rosters: [][]byte{[]byte("roster")}, Record: []byte("record"), Content: []byte("rows")})
	f.Add(whole)
	f.Add(whole[:20])
	f.Add([]byte("LOCUSTB1" + strings.Repeat("\xff", 16)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := researcher.ParseTableBundle(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(tableBundle(t, *b), raw) {
			t.Error("a bundle is put together in another way")
		}
		if _, err := b.Verify(protocol.Hash("study")); !errors.Is(err, researcher.ErrTable) {
			t.Errorf("got %v, want %v", err, researcher.ErrTable)
		}
	})
}
