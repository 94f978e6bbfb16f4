package panel_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/protocol/panel"
)

// places is where each variant of a panel stands.
func places(p *panel.Panel) map[panel.Variant]int {
	at := make(map[panel.Variant]int, p.Len())
	for i := range p.Len() {
		at[p.At(i)] = i
	}
	return at
}

func TestCursorFindsInAnyOrder(t *testing.T) {
	p := newPanel(t, random(11, 140_000)) // three blocks, and contigs that end within them
	at := places(p)
	rng := rand.New(rand.NewPCG(4, 4))
	var asked []panel.Variant
	for i := range p.Len() {
		v := p.At(i)
		switch rng.IntN(6) {
		case 0:
			continue
		case 1:
			v.Pos += uint32(rng.IntN(3))
		case 2:
			v.Alt += "A"
		case 3:
			if v.Alt = "G"; v.Ref == "G" {
				v.Alt = "T"
			}
		}
		asked = append(asked, v)
	}
	shuffled := slices.Clone(asked[:20_000])
	rng.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
	nearly := slices.Clone(asked)
	for i := 0; i+2 < len(nearly); i += 5 {
		nearly[i], nearly[i+2] = nearly[i+2], nearly[i]
	}
	unknown := panel.Variant{Contig: "GL1", Pos: 5, Ref: "A", Alt: "C"}
	for name, list := range map[string][]panel.Variant{
		"in order": asked, "nearly in order": nearly, "in no order": shuffled,
		"with a contig that is not there": {p.At(0), unknown, p.At(1), unknown},
		"backwards":                       {p.At(900), p.At(3), p.At(900), p.At(3)},
		"beyond the end and back":         {{Contig: p.At(0).Contig, Pos: panel.MaxPos, Ref: "A", Alt: "C"}, p.At(0)},
	} {
		found := 0
		c := p.NewCursor()
		for _, v := range list {
			want, ok := at[v]
			if !ok {
				want = -1
			} else {
				found++
			}
			if got := c.Find(v); got != want {
				t.Fatalf("%s: %s is at %d, want %d", name, v, got, want)
			}
		}
		if found == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

func TestCursorTakesContigsByAnyName(t *testing.T) {
	p := newPanel(t, []panel.Variant{{Contig: "chr7", Pos: 5, Ref: "A", Alt: "C"}, {Contig: "chrM", Pos: 9, Ref: "AT", Alt: "A"}})
	c := p.NewCursor()
	if i, k := c.Find(panel.Variant{Contig: "7", Pos: 5, Ref: "A", Alt: "C"}), c.Find(panel.Variant{Contig: "MT", Pos: 9, Ref: "AT", Alt: "A"}); i != 0 || k != 1 {
		t.Errorf("%d and %d, want 0 and 1", i, k)
	}
}

func TestColumnsAreTheVariants(t *testing.T) {
	p := newPanel(t, random(12, 70_000))
	for _, r := range [][2]int{{0, p.Len()}, {5, 5}, {65_535, 65_537}, {100, 69_999}} {
		i := r[0]
		for c := range p.Columns(r[0], r[1]) {
			if c.From != i {
				t.Fatalf("%v: a column from %d, want %d", r, c.From, i)
			}
			for k := range c.Pos {
				ref, alt := c.Alleles(k)
				got := panel.Variant{Contig: c.Contig, Pos: c.Pos[k], Ref: ref, Alt: alt}
				if got != p.At(i) || c.Code(k) != panel.CodeOf(ref, alt) {
					t.Fatalf("%v: %s with code %d at %d, want %s", r, got, c.Code(k), i, p.At(i))
				}
				i++
			}
		}
		if i != r[1] {
			t.Errorf("%v: the columns end at %d", r, i)
		}
	}
	for range p.Columns(0, p.Len()) {
		break
	}
}

func TestCodeOf(t *testing.T) {
	seen := map[panel.Code]bool{}
	for _, ref := range []string{"A", "C", "G", "T"} {
		for _, alt := range []string{"A", "C", "G", "T"} {
			c := panel.CodeOf(ref, alt)
			if (c < panel.Other) != (ref != alt) || c < panel.Other && seen[c] {
				t.Errorf("%s>%s has code %d", ref, alt, c)
			}
			seen[c] = true
		}
	}
	for c := range 256 {
		s := string([]byte{byte(c)})
		if c != 'A' && c != 'C' && c != 'G' && c != 'T' && (panel.CodeOf("A", s) != panel.Other || panel.CodeOf(s, "A") != panel.Other) {
			t.Errorf("byte %d has a code", c)
		}
	}
}
