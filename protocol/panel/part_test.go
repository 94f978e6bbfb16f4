package panel_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/protocol/panel"
)

// blockLen is how many variants a block has.
const blockLen = 1 << 16

// manyBlocks is a panel of three blocks and a bit.
func manyBlocks(t testing.TB) *panel.Panel {
	t.Helper()
	variants := make([]panel.Variant, 3*blockLen+10)
	for i := range variants {
		variants[i] = panel.Variant{Contig: fmt.Sprint(1 + i/100_000), Pos: uint32(1 + i%100_000), Ref: "A", Alt: "ACGT"[1+i%3 : 2+i%3]}
	}
	p, err := panel.New("GRCh38", variants)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func partOf(t testing.TB, p *panel.Panel, ranges ...panel.Range) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := p.WritePart(&out, ranges); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAPartHasWhatWasAskedFor(t *testing.T) {
	p := manyBlocks(t)
	for _, tt := range []struct {
		name   string
		ranges []panel.Range
		has    [4]bool // of the blocks
	}{
		{"one variant", []panel.Range{{From: 7, To: 8}}, [4]bool{true}},
		{"the last variant of a block", []panel.Range{{From: blockLen - 1, To: blockLen}}, [4]bool{true}},
		{"over a border", []panel.Range{{From: blockLen - 1, To: blockLen + 1}}, [4]bool{true, true}},
		{"two ranges", []panel.Range{{From: 0, To: 1}, {From: 2*blockLen + 5, To: 2*blockLen + 6}}, [4]bool{true, false, true}},
		{"the end", []panel.Range{{From: 3 * blockLen, To: 3*blockLen + 10}}, [4]bool{false, false, false, true}},
		{"everything", []panel.Range{{From: 0, To: 3*blockLen + 10}}, [4]bool{true, true, true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			part, err := panel.ParsePart(bytes.NewReader(partOf(t, p, tt.ranges...)), p.Digest())
			if err != nil {
				t.Fatal(err)
			}
			if part.Digest() != p.Digest() || part.Len() != p.Len() {
				t.Error("it does not prove the panel")
			}
			for b, want := range tt.has {
				from := b * blockLen
				to := min(from+blockLen, p.Len())
				if got := part.Has(from, to); got != want {
					t.Fatalf("block %d is there: %t, want %t", b, got, want)
				}
				for i := from; want && i < to; i += 97 {
					if part.At(i) != p.At(i) {
						t.Fatalf("variant %d is %s, want %s", i, part.At(i), p.At(i))
					}
				}
			}
			if part.Has(0, p.Len()) != (tt.has == [4]bool{true, true, true, true}) || part.Has(5, 5) || part.Has(-1, 1) || part.Has(0, p.Len()+1) {
				t.Error("it says that it has what it has not")
			}
		})
	}
	for _, r := range []panel.Range{{From: 5, To: 5}, {From: 6, To: 5}, {From: 0, To: 3*blockLen + 11}} {
		if _, err := p.WritePart(new(bytes.Buffer), []panel.Range{r}); err == nil {
			t.Errorf("%v was written", r)
		}
	}
}

func TestAPartThatIsNotOfThePanelIsRefused(t *testing.T) {
	p := manyBlocks(t)
	whole := partOf(t, p, panel.Range{From: 0, To: 1})
	for n := 0; n < len(whole); n += 1 + n/50 {
		if _, err := panel.ParsePart(bytes.NewReader(whole[:n]), p.Digest()); !errors.Is(err, panel.ErrDamaged) {
			t.Fatalf("the first %d bytes of %d: %v, want ErrDamaged", n, len(whole), err)
		}
	}
	for n := 0; n < len(whole); n += 1 + n/50 {
		bad := bytes.Clone(whole)
		bad[n] ^= 0x10
		if _, err := panel.ParsePart(bytes.NewReader(bad), p.Digest()); err == nil {
			t.Fatalf("it was read with byte %d altered", n)
		}
	}
	if _, err := panel.ParsePart(bytes.NewReader(append(bytes.Clone(whole), 0)), p.Digest()); !errors.Is(err, panel.ErrDamaged) {
		t.Errorf("one that goes on: %v, want ErrDamaged", err)
	}
	old := bytes.Clone(whole)
	old[7]--
	if _, err := panel.ParsePart(bytes.NewReader(old), p.Digest()); !errors.Is(err, panel.ErrDamaged) || !strings.Contains(err.Error(), "another version") {
		t.Errorf("a part of another version: %v, want ErrDamaged that says so", err)
	}
	if _, err := panel.ParsePart(bytes.NewReader(whole), [32]byte{1}); !errors.Is(err, panel.ErrDamaged) {
		t.Errorf("a part of another panel: %v, want ErrDamaged", err)
	}
}

// FuzzParsePart names the right panel, so that only its blocks and their lengths can lie.
func FuzzParsePart(f *testing.F) {
	p, err := panel.New("GRCh38", []panel.Variant{{Contig: "1", Pos: 5, Ref: "A", Alt: "C"}, {Contig: "2", Pos: 7, Ref: "AT", Alt: "A"}})
	if err != nil {
		f.Fatal(err)
	}
	whole := partOf(f, p, panel.Range{From: 0, To: 2})
	f.Add(whole)
	f.Add(whole[:30])
	f.Add(partOf(f, manyBlocks(f), panel.Range{From: 0, To: 1})[:200])
	f.Fuzz(func(t *testing.T, raw []byte) {
		part, err := panel.ParsePart(bytes.NewReader(raw), p.Digest())
		if err != nil {
			return
		}
		if part.Len() != 2 || part.Has(0, 2) && (part.At(0) != p.At(0) || part.At(1) != p.At(1)) {
			t.Error("another panel was read")
		}
	})
}
