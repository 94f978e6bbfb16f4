package node

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// drawn are ranges below 64, and the places that they hold.
func drawn(dice *rand.Rand) ([]panel.Range, map[uint64]bool) {
	in := make(map[uint64]bool)
	for i := range uint64(64) {
		if dice.IntN(3) == 0 {
			in[i] = true
		}
	}
	return rangesOf(in), in
}

// rangesOf is the naive way from places to ranges.
func rangesOf(in map[uint64]bool) (ranges []panel.Range) {
	for i := range uint64(65) {
		switch n := len(ranges); {
		case !in[i]:
		case i > 0 && in[i-1]:
			ranges[n-1].To++
		default:
			ranges = append(ranges, panel.Range{From: i, To: i + 1})
		}
	}
	return ranges
}

func TestRangesAreSetsOfPlaces(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, inA := drawn(dice)
		b, inB := drawn(dice)
		both, left := make(map[uint64]bool), make(map[uint64]bool)
		for i := range uint64(64) {
			both[i], left[i] = inA[i] || inB[i], inA[i] && !inB[i]
			if holds(a, i) != inA[i] {
				t.Fatalf("%v holds %d: %v", a, i, !inA[i])
			}
		}
		if d := cmp.Diff(rangesOf(both), union(a, b)); d != "" && len(a)+len(b) > 0 {
			t.Fatalf("%v and %v: %s", a, b, d)
		}
		if d := cmp.Diff(rangesOf(left), minus(a, b)); d != "" {
			t.Fatalf("%v without %v: %s", a, b, d)
		}
		got, err := parseRanges(encodeRanges(a), 64)
		if err != nil || !slices.Equal(got, a) {
			t.Fatalf("%v is read as %v, %v", a, got, err)
		}
		n := 1 + dice.IntN(8)
		if c := coarsen(a, n); len(c) > n || len(minus(a, c)) > 0 {
			t.Fatalf("%v in %d ranges is %v", a, n, c)
		}
	}
}

// With few places two panels have much in common, and one has its contigs named with chr.
func TestVariantsOfTwoPanels(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	make := func(prefix string) *panel.Panel {
		var list []panel.Variant
		for i := range 64 {
			alt := []string{"C", "G", "T", "AC"}[dice.IntN(4)]
			list = append(list, panel.Variant{Contig: prefix + []string{"2", "10", "X"}[i/22], Pos: uint32(1 + i), Ref: "A", Alt: alt})
		}
		p, err := panel.New("GRCh38", list)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for range 200 {
		p, other := make(""), make("chr")
		a, inA := drawn(dice)
		b, inB := drawn(dice)
		want := map[uint64]bool{}
		for i := range inA {
			v := p.At(int(i))
			v.Contig = "chr" + v.Contig
			want[i] = true
			for k := range inB {
				if other.At(int(k)) == v {
					want[i] = false
				}
			}
		}
		if d := cmp.Diff(rangesOf(want), minusOf(p, a, other, b)); d != "" {
			t.Fatalf("%v without %v: %s", a, b, d)
		}
	}
}

func TestPeopleOfTwoLists(t *testing.T) {
	dice := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var a, b []byte
		common, differ := 0, 0
		for i := range byte(40) {
			tag := bytes.Repeat([]byte{i}, tagSize)
			inA, inB := dice.IntN(2) == 0, dice.IntN(2) == 0
			if inA {
				a = append(a, tag...)
			}
			if inB {
				b = append(b, tag...)
			}
			switch {
			case inA && inB:
				common++
			case inA || inB:
				differ++
			}
		}
		if c, d := compareTags(a, b); c != common || d != differ {
			t.Fatalf("%d in common and %d that differ, want %d and %d", c, d, common, differ)
		}
	}
}

func TestShareIsRoundedUp(t *testing.T) {
	for _, tt := range []struct {
		name            string
		variants, class uint64
		within          bool
	}{
		{"260 of 2,000 people", 260, 2000, true},
		{"261 of 2,000 people", 261, 2000, false},
		{"2 of 20 people", 2, 20, true},
		{"3 of 20 people", 3, 20, false},
		{"nothing of nobody", 0, 0, true},
		{"one of nobody", 1, 0, false},
		{"more than a site can give", maxReleased + 1, 1_000_000, false},
		{"as much as a site can give", maxReleased, 20, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := shareOf(tt.variants, tt.class) <= releaseShare; got != tt.within {
				t.Errorf("within the limit: %v", got)
			}
		})
	}
}

// With too little room a snapshot tells of more variants than were given; with less it
// says that it is not complete.
func TestSnapshotOfWhatWasReleasedFitsItsRoom(t *testing.T) {
	r, err := openRecords(filepath.Join(t.TempDir(), "records.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var gaps []panel.Range
	for i := range uint64(1000) {
		gaps = append(gaps, panel.Range{From: 2 * i, To: 2*i + 1})
	}
	list, of := protocol.Hash("list"), protocol.Hash("panel")
	for _, step := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO people (list, class, variants) VALUES (?, 20, 1000)", []any{list[:]}},
		{"INSERT INTO released (list, sites, panel, size, ranges) VALUES (?, zeroblob(32), ?, 5000, ?)", []any{list[:], of[:], encodeRanges(gaps)}},
	} {
		if _, err := r.db.ExecContext(t.Context(), step.query, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		room int
		all  bool
		want []panel.Range
	}{
		{"all of it", 1 << 20, true, gaps},
		{"without the gaps", 1 << 14, true, []panel.Range{{From: 0, To: 1999}}},
		{"nothing", 64, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			room := tt.room
			got, all, err := takePeople(t.Context(), r.db, &room)
			if err != nil || all != tt.all {
				t.Fatalf("all %v, %v", all, err)
			}
			if !all {
				return
			}
			if taken := len(got[0].append(nil)); taken != tt.room-room {
				t.Errorf("it takes %d bytes and reckons with %d", taken, tt.room-room)
			}
			if d := cmp.Diff(tt.want, got[0].given[0].ranges); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzParseRanges(f *testing.F) {
	f.Add([]byte(nil), uint64(0))
	f.Add([]byte{1, 2, 3, 4}, uint64(10))
	f.Add([]byte{0, 1, 0, 1}, uint64(10))
	f.Add([]byte{0x80}, uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, variants uint64) {
		ranges, err := parseRanges(b, variants)
		if err != nil {
			return
		}
		again, err := parseRanges(encodeRanges(ranges), variants)
		if err != nil || !slices.Equal(again, ranges) {
			t.Errorf("%v is read as %v, %v", ranges, again, err)
		}
		if n := size(ranges); n > variants {
			t.Errorf("%d of %d variants", n, variants)
		}
	})
}
