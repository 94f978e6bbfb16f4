package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/dp/ledger"
)

func TestHeadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "head")
	f := ledger.NewHeadFile(path, newSigner("witness"))
	if h, known, err := f.Head(t.Context()); known || err != nil {
		t.Errorf("before the first head: got %v, %v, %v", h, known, err)
	}
	at := func(seq uint64) ledger.Head {
		return ledger.Head{Ledger: key("ledger"), Seq: seq, Digest: key("digest")}
	}
	other := at(9)
	other.Ledger = key("other")
	for _, c := range []struct {
		name   string
		record ledger.Head
		want   uint64 // the last head after
		err    error
	}{
		{"the first head", at(0), 0, nil},
		{"a later head", at(5), 5, nil},
		{"an earlier head is ignored", at(3), 5, nil},
		{"the head of another ledger", other, 5, ledger.ErrWitness},
		{"the latest head", at(6), 6, nil},
	} {
		if err := f.Record(t.Context(), c.record); !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.err)
		}
		got, known, err := ledger.NewHeadFile(path, newSigner("witness")).Head(t.Context())
		if got != at(c.want) || !known || err != nil {
			t.Errorf("%s: the file holds %v, %v, %v, want %d", c.name, got, known, err, c.want)
		}
	}
}

func TestAHeadFileThatCouldNotBeWrittenIsNotWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "head")
	f := ledger.NewHeadFile(path, newSigner("witness"))
	h := ledger.Head{Ledger: key("ledger"), Seq: 1}
	if err := os.Mkdir(path+".new", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Record(t.Context(), h); err == nil {
		t.Error("a head was recorded where there is no room for it")
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	if err := f.Record(t.Context(), h); err == nil {
		t.Error("a head was recorded after one that was not")
	}
	if _, known, err := f.Head(t.Context()); known || err != nil {
		t.Errorf("the file: got %v, %v, want none", known, err)
	}
}
