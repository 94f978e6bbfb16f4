package index_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype/index"
)

// FuzzOpen reads unpacked indexes of one VCF and of one BCF.
func FuzzOpen(f *testing.F) {
	text := makeVCF([]string{"1", "chrX"}, 30, 3000)
	binary := text.asBCF()
	vcf, at := text.file(f)
	f.Add(text.tbi(f, at))
	f.Add(text.csi(f, at, scheme{14, 5}))
	f.Add(text.csi(f, at, scheme{9, 4}))
	bcf, at := binary.file(f)
	f.Add(binary.csi(f, at, scheme{14, 6}))
	f.Add([]byte("TBI\x01\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, data := range [][]byte{vcf, bcf} {
			x, err := open(t, data, raw, text.contigs)
			if err != nil {
				if !errors.Is(err, index.ErrIndex) && !errors.Is(err, index.ErrStale) {
					t.Fatalf("an error of no known kind: %v", err)
				}
				continue
			}
			part, err := x.Part(everything(text))
			var n int64
			if err == nil {
				n, err = io.Copy(io.Discard, part)
			}
			if err != nil && !errors.Is(err, index.ErrStale) {
				t.Fatalf("an error of no known kind: %v", err)
			}
			all, _ := io.Copy(io.Discard, bgzf.NewReader(bytes.NewReader(data)))
			if n > all {
				t.Fatalf("%d bytes of a file of %d", n, all)
			}
		}
	})
}
