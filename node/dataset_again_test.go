package node_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
)

// The index of a pgen is read twice, from the file that has it.
func TestTheIndexOfAPgenIsFound(t *testing.T) {
	const (
		counts = "\x03\x00\x00\x00\x02\x00\x00\x00\x40" // three variants of two samples, with kinds of four bits
		index  = "\x50\x00\x01\x00\x01"                 // their kinds and lengths
		calls  = "\x04\x09"
		pvar   = "#CHROM POS REF ALT\n1 1 A C\n1 2 A C\n1 3 A C\n"
		psam   = "#IID\nalice\nbob\n"
	)
	for name, files := range map[string]map[string]string{
		"in the pgen": {"x.pgen": "\x6c\x1b\x10" + counts + "\x19\x00\x00\x00\x00\x00\x00\x00" + index + calls},
		"apart":       {"x.pgen": "\x6c\x1b\x20" + calls, "x.pgen.pgi": "\x6c\x1b\x30" + counts + "\x03\x00\x00\x00\x00\x00\x00\x00" + index},
		"in the pgen, with another beside it": {"x.pgen": "\x6c\x1b\x10" + counts + "\x19\x00\x00\x00\x00\x00\x00\x00" + index + calls,
			"x.pgen.pgi": "\x6c\x1b\x30 is of another file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files["x.pvar"], files["x.psam"] = pvar, psam
			for file, text := range files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r, closer, err := node.OpenGenotypes(filepath.Join(dir, "x.pgen"), bgen.Calling{})
			if err != nil {
				t.Fatal(err)
			}
			defer closer.Close()
			var carriers []int
			for {
				var row genotype.Row
				if err := r.Next(&row); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				row.Expand(2)
				n := 0
				for _, call := range row.Calls {
					if call != genotype.HomRef {
						n++
					}
				}
				carriers = append(carriers, n)
			}
			if len(carriers) != 3 || carriers[0] != 1 || carriers[1] != 0 || carriers[2] != 2 {
				t.Errorf("carriers of the variants are %v; want 1, 0 and 2", carriers)
			}
		})
	}
}
