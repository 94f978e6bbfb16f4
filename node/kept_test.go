package node_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"
)

// What docs/reference/personal-data.md says is kept of names: in no file of a node's are the
// names of samples or the ids of people, while a cohort is there, has grown or is gone.
func TestNoNameOfASampleOrAPersonIsInClearInANodesDirectory(t *testing.T) {
	w := newNetwork(t, 2)
	s := w.sites[0]
	inClear := func(when string) {
		t.Helper()
		files := 0
		err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for _, name := range []string{"S0-000", "S0-024", "P0-000", "P0-024"} {
				for form, canary := range map[string][]byte{
					"as it is": []byte(name), "in hex": []byte(hex.EncodeToString([]byte(name))),
					"in base64": []byte(base64.RawStdEncoding.EncodeToString([]byte(name))), "in UTF-16": utf16Text(name),
				} {
					if bytes.Contains(b, canary) {
						t.Errorf("%s: %s has %s %s", when, filepath.Base(path), name, form)
					}
				}
			}
			return nil
		})
		if err != nil || files < 5 {
			t.Fatalf("%s: %d files, %v", when, files, err)
		}
	}
	inClear("a cohort was taken in")
	w.carry(w.ask())
	inClear("it was asked about")
	spec, _ := writeCohort(t, t.TempDir(), 0, people)
	spec.Name, spec.NoStore, spec.Filter = "unkept", true, `has(sex)`
	if _, err := s.node.AddCohort(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	inClear("another was, without a store")
	if _, _, err := s.node.CardSamples(t.Context(), cohortName); err != nil {
		t.Fatal(err)
	}
	if _, err := s.node.CheckCohort(t.Context(), cohortName); err != nil {
		t.Fatal(err)
	}
	inClear("its samples were shown, and it was checked")
	for _, name := range []string{cohortName, "unkept"} {
		if err := s.node.RemoveCohort(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	inClear("they are gone")
}

func utf16Text(s string) (b []byte) {
	for _, c := range utf16.Encode([]rune(s)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}
