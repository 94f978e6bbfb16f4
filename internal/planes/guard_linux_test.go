//go:build amd64 && !purego

package planes

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/guard"
)

// guarded is New in memory that ends where nobody may look.
func guarded(t *testing.T, samples, way int) *Planes {
	t.Helper()
	of := func() []uint64 {
		atEnd, atBegin := guard.Of[uint64](t, (samples+63)/64)
		return [][]uint64{atEnd, atBegin}[way]
	}
	cellsEnd, cellsBegin := guard.Bytes(t, cell*samples+cellsSlack)
	return &Planes{Het: of(), Hom: of(), Missing: of(), samples: samples, cells: [][]byte{cellsEnd, cellsBegin}[way]}
}

// TestNothingIsReadOrWrittenOutsideOfTheSlices reads lines of every length around those
// of blocks, which nearly everyone's cells are long in now and then.
func TestNothingIsReadOrWrittenOutsideOfTheSlices(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	lengths := []int{191, 192, 193, 1023, 1024, 1025, 1<<16 - 1, 1 << 16, 1<<16 + 1}
	for n := range 140 {
		lengths = append(lengths, n)
	}
	for _, samples := range lengths {
		var text, fields strings.Builder
		var raw []byte
		for range samples {
			k := rng.IntN(4)
			text.WriteString([]string{"\t0/0", "\t0|1", "\t1/1", "\t./."}[k])
			fields.WriteString([]string{"\t0/0", "\t0|1", "\t1/1", "\t./."}[k] + strings.Repeat(":1", rng.IntN(3)*rng.IntN(30)))
			raw = append(raw, []byte{2, 2, 4, 0}[k], []byte{2, 5, 4, 1}[k])
		}
		for way := range 2 {
			at := func(s string) []byte {
				atEnd, atBegin := guard.Bytes(t, len(s))
				p := [][]byte{atEnd, atBegin}[way]
				copy(p, s)
				return p
			}
			text, fields, raw := at(text.String()), at(fields.String()), at(string(raw))
			for name, read := range map[string]func(p *Planes) bool{
				"Text": func(p *Planes) bool { return p.Text(text) }, "Cells": func(p *Planes) bool { return p.Cells(fields) },
				"Pairs":        func(p *Planes) bool { return p.Pairs(raw) },
				"Text by AVX2": func(p *Planes) bool { return p.read(text, text2, cell, homRef) },
			} {
				if name == "Text by AVX2" && !hasAVX2 {
					continue
				}
				p := guarded(t, samples, way)
				if !read(p) {
					t.Fatalf("%s of %d samples is refused", name, samples)
				}
				same(t, name, samples, read, func(p *Planes) bool { return p.read(text, textGo, cell, homRef) })
			}
		}
	}
}
