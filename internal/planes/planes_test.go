package planes_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/planes"
)

// who gives the letter of each sample's plane: r for none of them.
func who(p *planes.Planes, samples int) string {
	b := make([]byte, samples)
	for i := range b {
		b[i] = 'r'
		for letter, plane := range map[byte][]uint64{'h': p.Het, 'a': p.Hom, 'm': p.Missing} {
			if plane[i/64]>>(i%64)&1 != 0 {
				b[i] = letter
			}
		}
	}
	return string(b)
}

func TestWhatTheCellsOfALineMean(t *testing.T) {
	for _, c := range []struct {
		name, cells, want string // no want: refused
	}{
		{"the usual", "0/0 0/1 1/0 1/1 ./.", "rhham"},
		{"phased, and a mixture", "0|0 0|1 1/0 1|1 .|.", "rhham"},
		{"half a call", "0/0 ./1 0/0 0/0 0/0", ""},
		{"half a call, the other way", "0/0 0/0 0|. 0/0 0/0", ""},
		{"one chromosome", "0/0 0 0/0 0/0 0/0", ""},
		{"three", "0/0 0/0/1 0/0 0/0 0/0", ""},
		{"a second ALT", "0/0 0/2 0/0 0/0 0/0", ""},
		{"another separator", "0/0 0/0 0-0 0/0 0/0", ""},
		{"a blank", "0/0 0/0 0/  0/0", ""},
		{"a cell too few", "0/0 0/0 0/0 0/0", ""},
		{"a cell too many", "0/0 0/0 0/0 0/0 0/0 0/0", ""},
		{"an empty one", "0/0 0/0  0/0 0/0", ""},
		{"letters", "0/0 a/a 0/0 0/0 0/0", ""},
	} {
		text := "\t" + strings.ReplaceAll(c.cells, " ", "\t")
		for name, read := range map[string]func(p *planes.Planes) bool{
			"GT alone": func(p *planes.Planes) bool { return p.Text([]byte(text)) },
			"and other fields": func(p *planes.Planes) bool {
				return p.Cells([]byte(strings.ReplaceAll(text, "\t", ":9,9\t")[4:] + ":7"))
			},
			"fields left out": func(p *planes.Planes) bool { return p.Cells([]byte(text)) },
		} {
			p := planes.New(5)
			ok := read(p)
			if ok != (c.want != "") {
				t.Errorf("%s, %s: taken %t", c.name, name, ok)
			}
			if ok && who(p, 5) != c.want {
				t.Errorf("%s, %s: got %s, want %s", c.name, name, who(p, 5), c.want)
			}
		}
	}
}

func TestWhatPairsMean(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"the usual", []byte{2, 2, 2, 4, 4, 2, 4, 4, 0, 0}, "rhham"},
		{"phased", []byte{2, 3, 2, 5, 5, 3, 4, 5, 0, 1}, "rhham"},
		{"half a call", []byte{2, 2, 0, 4, 4, 2, 4, 4, 0, 0}, ""},
		{"one chromosome", []byte{2, 2, 2, 0x81, 4, 2, 4, 4, 0, 0}, ""},
		{"a second ALT", []byte{2, 2, 2, 6, 4, 2, 4, 4, 0, 0}, ""},
		{"a byte too few", []byte{2, 2, 2, 4, 4, 2, 4, 4, 0}, ""},
	} {
		p := planes.New(5)
		ok := p.Pairs(c.raw)
		if ok != (c.want != "") {
			t.Errorf("%s: taken %t", c.name, ok)
		}
		if ok && who(p, 5) != c.want {
			t.Errorf("%s: got %s, want %s", c.name, who(p, 5), c.want)
		}
	}
}

// Every genotype at every place of lines of every length around the sizes of kernels.
func TestEverySampleIsFoundWhereItIs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	kinds := []struct {
		text string
		pair []byte
		want byte
	}{{"0/0", []byte{2, 2}, 'r'}, {"0|1", []byte{2, 5}, 'h'}, {"1/1", []byte{4, 4}, 'a'}, {"./.", []byte{0, 0}, 'm'}}
	for _, samples := range []int{1, 2, 15, 16, 17, 31, 63, 64, 65, 127, 128, 129, 200, 1000} {
		for round := range 20 {
			var text, fields strings.Builder
			var raw, want []byte
			for range samples {
				k := kinds[0]
				if round > 0 && rng.IntN(20) < round {
					k = kinds[rng.IntN(4)]
				}
				text.WriteString("\t" + k.text)
				fields.WriteString("\t" + k.text + strings.Repeat(":1", rng.IntN(30)))
				raw, want = append(raw, k.pair...), append(want, k.want)
			}
			counts := [3]int{}
			for i, letter := range "ham" {
				counts[i] = strings.Count(string(want), string(letter))
			}
			p := planes.New(samples)
			for name, ok := range map[string]func() bool{
				"Text": func() bool { return p.Text([]byte(text.String())) }, "Cells": func() bool { return p.Cells([]byte(fields.String())) },
				"Pairs": func() bool { return p.Pairs(raw) },
			} {
				if !ok() || who(p, samples) != string(want) || counts != [3]int{p.Hets, p.Homs, p.Missings} {
					t.Fatalf("%s of %d samples: got %s %v, want %s %v", name, samples, who(p, samples), [3]int{p.Hets, p.Homs, p.Missings}, want, counts)
				}
			}
		}
	}
}
