package bgzf_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/locus-genomics/locus/internal/bgzf"
)

func TestUnpackTellsByTheBeginning(t *testing.T) {
	const text = "7\t117559590\tATCT\tA\n"
	pack := func(w io.WriteCloser, b *bytes.Buffer) string {
		_, err := io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var blocks, stream bytes.Buffer
	for name, tt := range map[string]struct {
		file, want string
		fails      bool
	}{
		"BGZF":                      {pack(bgzf.NewWriter(&blocks), &blocks), text, false},
		"gzip":                      {pack(gzip.NewWriter(&stream), &stream), text, false},
		"text":                      {text, text, false},
		"a letter":                  {"7", "7", false},
		"nothing":                   {"", "", false},
		"gzip that ends at once":    {"\x1f\x8b", "", true},
		"gzip of an unknown method": {"\x1f\x8b\x07" + strings.Repeat("\x00", 20), "", true},
		"BGZF that ends early":      {blocks.String()[:blocks.Len()-28], "", true},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := bgzf.Unpack(iotest.OneByteReader(strings.NewReader(tt.file)))
			var got []byte
			if err == nil {
				got, err = io.ReadAll(r)
			}
			if (err != nil) != tt.fails || !tt.fails && string(got) != tt.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
