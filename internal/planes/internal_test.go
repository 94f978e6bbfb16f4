//go:build amd64 && !purego

package planes

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// same wants of a kernel and of Go that both refuse, or both find the same. The planes
// begin with what another line left.
func same(t *testing.T, what string, samples int, fast, portable func(p *Planes) bool) {
	t.Helper()
	a, b := New(samples), New(samples)
	for i := range a.Het {
		a.Het[i], a.Hom[i], a.Missing[i] = 0xaaaa, ^uint64(0), 1
	}
	ok := fast(a)
	if want := portable(b); ok != want {
		t.Fatalf("%s of %d samples: taken %t, by Go %t", what, samples, ok, want)
	}
	if ok && !(slices.Equal(a.Het, b.Het) && slices.Equal(a.Hom, b.Hom) && slices.Equal(a.Missing, b.Missing) &&
		a.Hets == b.Hets && a.Homs == b.Homs && a.Missings == b.Missings) {
		t.Fatalf("%s of %d samples: not the same", what, samples)
	}
}

func onlyWith512(t *testing.T) {
	if !hasAVX512 {
		t.Skip("this processor has no AVX-512: there is one way only")
	}
}

// Every byte at every place of the cells of two blocks.
func TestTheKernelsOfTextRefuseWhatGoRefuses(t *testing.T) {
	for _, k := range []struct {
		name string
		has  bool
		text kernel
	}{{"AVX2", hasAVX2, text2}, {"AVX-512", hasAVX512, text512}} {
		if !k.has {
			t.Logf("this processor has no %s", k.name)
			continue
		}
		everyByte(t, k.text)
		mixtures(t, k.text)
	}
}

// mixtures are lines of all usual cells.
func mixtures(t *testing.T, text kernel) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 8))
	for samples := range 300 {
		var line []byte
		for range samples + 1 {
			line = append(line, []string{"\t0/0", "\t0|0", "\t0/1", "\t1|0", "\t1/1", "\t./.", "\t0/0"}[rng.IntN(7)]...)
		}
		same(t, "mixed text", samples+1, func(p *Planes) bool { return p.read(line, text, cell, homRef) },
			func(p *Planes) bool { return p.read(line, textGo, cell, homRef) })
	}
}

func everyByte(t *testing.T, text kernel) {
	t.Helper()
	const samples = 128
	for _, usual := range []string{"\t0/0", "\t0|0", "\t1/1", "\t./."} {
		line := bytes.Repeat([]byte(usual), samples)
		for at := range line {
			was := line[at]
			for b := range 256 {
				line[at] = byte(b)
				same(t, "text", samples, func(p *Planes) bool { return p.read(line, text, cell, homRef) },
					func(p *Planes) bool { return p.read(line, textGo, cell, homRef) })
			}
			line[at] = was
		}
	}
}

func TestTheKernelOfPairsRefusesWhatGoRefuses(t *testing.T) {
	onlyWith512(t)
	const samples = 128
	for _, usual := range []byte{2, 3, 4, 0} {
		raw := bytes.Repeat([]byte{usual}, 2*samples)
		for at := range raw {
			for b := range 256 {
				raw[at] = byte(b)
				same(t, "pairs", samples, func(p *Planes) bool { return p.read(raw, pairs512, pair, 0x02020202) },
					func(p *Planes) bool { return p.read(raw, pairsGo, pair, 0x02020202) })
			}
			raw[at] = usual
		}
	}
}

// Lines of random letters, of which most are usual.
func TestTheKernelOfCellsGathersWhatGoGathers(t *testing.T) {
	onlyWith512(t)
	rng := rand.New(rand.NewPCG(5, 6))
	cells := []string{"0/0", "0/1", "1|1", "./.", "0/0:1", "0/1:22,3:4", "./.:", "0/0:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
	odd := []string{"", "0", "0/", "0/1/1", "0/0\t", ":", "0/0x", "::::", "0:/0", "10/0"}
	taken := 0
	for round := range 30_000 {
		samples := 1 + rng.IntN(150)
		var line []byte
		for i := range samples {
			line = append(append(line, '\t'), cells[rng.IntN(len(cells))]...)
			if round%3 == 0 && rng.IntN(2*samples) == 0 {
				line = append(line[:len(line)-rng.IntN(min(4, len(line)))], odd[rng.IntN(len(odd))]...)
			}
			if round%7 == 0 && i == samples-1 {
				line = append(line, odd[rng.IntN(len(odd))]...)
			}
		}
		same(t, "cells", samples, func(p *Planes) bool { return withGather(p, line, gather512) }, func(p *Planes) bool {
			ok := withGather(p, line, func(text, cells []byte, samples int) bool { return gatherGo(text, cells, samples) })
			if ok {
				taken++
			}
			return ok
		})
	}
	if taken < 10_000 {
		t.Errorf("%d lines are taken only", taken)
	}
}

// withGather is Cells with one way to gather.
func withGather(p *Planes, text []byte, gather func(text, cells []byte, samples int) bool) bool {
	p.cells = make([]byte, cell*p.samples+cellsSlack)
	return gather(text, p.cells, p.samples) && p.Text(p.cells[:cell*p.samples])
}
