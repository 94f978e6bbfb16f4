package tally_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

func TestWhatABedSays(t *testing.T) {
	for _, c := range []struct{ name, bed, want string }{
		{"one region", "1\t9\t20\n", "1\t9\t20\n"},
		{"no line end at the end, and CR LF", "1\t9\t20\r\n1\t30\t40", "1\t9\t20\n1\t30\t40\n"},
		{"names in any spelling", "chr1\t9\t20\nchrM\t0\t5\n22\t1\t2\n", "1\t9\t20\n22\t1\t2\nMT\t0\t5\n"},
		{"two spellings of one contig", "chr1\t9\t20\n1\t15\t30\n", "1\t9\t30\n"},
		{"regions in any order that touch and overlap", "1\t50\t60\n1\t9\t20\n1\t20\t30\n1\t10\t12\n1\t55\t70\n", "1\t9\t30\n1\t50\t70\n"},
		{"more columns, and blanks for tabs", "1\t9\t20\tname\t0\t+\n1 30 40 name\n", "1\t9\t20\n1\t30\t40\n"},
		{"remarks and empty lines", "# made by hand\n\nbrowser position chr1\ntrack name=x\n1\t9\t20\n", "1\t9\t20\n"},
		{"the last position there is", fmt.Sprintf("1\t0\t%d\n", panel.MaxPos), fmt.Sprintf("1\t0\t%d\n", panel.MaxPos)},
	} {
		r, err := tally.ParseRegions(strings.NewReader(c.bed))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var b bytes.Buffer
		if n, err := r.WriteTo(&b); err != nil || n != int64(b.Len()) || b.String() != c.want {
			t.Errorf("%s: %d bytes, %v:\n%s", c.name, n, err, b.String())
		}
		again, err := tally.ParseRegions(&b)
		if err != nil || again.Digest() != r.Digest() || again.Bases() != r.Bases() {
			t.Errorf("%s: written and read again it is another, %v", c.name, err)
		}
	}
}

func TestRegionsThatAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ bed, says string }{
		"nothing":                         {"", "there is none in it; where nobody was looked at everywhere, go without"},
		"remarks only":                    {"# none\n", "there is none"},
		"two columns":                     {"1\t9\t20\n1\t9\n", "line 2: 2 columns; want contig, start and end"},
		"an end that is before the start": {"1\t20\t9\n", "line 1: the region from 20 to 9 has no base"},
		"no base":                         {"1\t9\t9\n", "line 1: the region from 9 to 9 has no base"},
		"a start that is no number":       {"1\tnine\t20\n", "line 1: start and end are numbers"},
		"a start below 0":                 {"1\t-1\t20\n", "line 1: start and end are numbers"},
		"an end over the last position":   {"1\t9\t2147483648\n", "line 1: start and end are numbers from 0 to 2147483647"},
		"no contig":                       {"\t9\t20\n", "line 1: a contig's name of 0 bytes"},
		"a contig without end":            {strings.Repeat("c", 129) + "\t9\t20\n", "line 1: a contig's name of 129 bytes"},
		"a line without end":              {"1\t9\t20\n1\t" + strings.Repeat("9", 1<<16), "line 2 is over 65536 bytes long"},
		"a BED that is compressed":        {"\x1f\x8b\x08\x04\x00", "line 1: 1 columns"},
	} {
		r, err := tally.ParseRegions(strings.NewReader(tt.bed))
		if !errors.Is(err, tally.ErrRegions) || r != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", name, err, tt.says)
		}
	}
}

func TestNoRegionsHoldNothing(t *testing.T) {
	var none *tally.Regions
	if n, err := none.WriteTo(nil); none.Hold("1", 1, 1) || none.Bases() != 0 || n != 0 || err != nil {
		t.Error("they hold something")
	}
}

// Whatever the order of the lines, a position is held when one of them has it.
func TestRegionsHoldWhatTheirLinesHave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var bed strings.Builder
		var has [50]bool
		for range rapid.IntRange(1, 8).Draw(t, "regions") {
			start := rapid.IntRange(0, 40).Draw(t, "start")
			end := rapid.IntRange(start+1, 48).Draw(t, "end")
			fmt.Fprintf(&bed, "chr7\t%d\t%d\n", start, end)
			for pos := start + 1; pos <= end; pos++ {
				has[pos] = true
			}
		}
		r, err := tally.ParseRegions(strings.NewReader(bed.String()))
		if err != nil {
			t.Fatal(err)
		}
		bases := uint64(0)
		for first := range has {
			all := true
			for last := first; last < len(has); last++ {
				all = all && has[last]
				if got := r.Hold("7", uint32(first), uint32(last)); got != all {
					t.Fatalf("%d to %d: %v, want %v, of\n%s", first, last, got, all, bed.String())
				}
			}
			if has[first] {
				bases++
			}
		}
		if r.Bases() != bases || r.Hold("8", 10, 10) {
			t.Fatalf("%d bases, want %d; or another contig is held", r.Bases(), bases)
		}
	})
}

func FuzzRegions(f *testing.F) {
	for _, s := range []string{"1\t9\t20\n", "chr1 9 20\r\n# x\n1\t0\t2147483647", "track\n", "\t1\t2", "1\t5\t4", "X\t1\t2\tx\nX\t2\t3\nX\t0\t9\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, bed []byte) {
		r, err := tally.ParseRegions(bytes.NewReader(bed))
		if err != nil {
			if !errors.Is(err, tally.ErrRegions) {
				t.Errorf("another error: %v", err)
			}
			return
		}
		var b bytes.Buffer
		if _, err := r.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		again, err := tally.ParseRegions(&b)
		if err != nil || again.Digest() != r.Digest() || r.Bases() == 0 {
			t.Errorf("written and read again it is another, %v", err)
		}
	})
}
