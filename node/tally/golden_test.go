package tally_test

import (
	"encoding/hex"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
)

// The digest of a file is part of what a cohort declares, so it MUST stay what it was
// when the cohort was added, however readers come to hand their rows over.
func TestTheDigestOfAFileStays(t *testing.T) {
	lines := []string{
		"1 10 . A C . PASS . GT 0/0 0/1 1/1 ./.", "1 11 . A C,G . PASS . GT 1/2 0/2 2/2 ./1", "1 12 . AT A,*,<DEL> . q . GT 0/3 1|2 0 .",
		"1 13 . A . . PASS . GT 0/0 ./0 0 .", "X 5000000 . A C . PASS . GT 0 0/1 1/1 1", "Y 5 . A C . PASS . GT 1 . 0 .", "MT 5 . A C,T . . . GT 1 2 0 0",
	}
	many := "1 14 . A C,G,T,AC,AG,AT,AAC,AAG,AAT,AAAC,AAAG,AAAT,AAAAC,AAAAG . PASS . GT 0/14 13/13 ./7 5"
	for _, c := range []struct {
		name, want string
		coded      bool
		lines      []string
		row        func(*genotype.Row)
	}{
		{"as VCF writes it", "89b2df6eb54f5b134b6f067fa88470f1abda0b1ffda47ea1d7b2075af78a463b", false, append(lines[:4:4], append([]string{many}, lines[4:]...)...), nil},
		{"as bed writes it", "bee7a5247799643936ede447b52722a27c1b38805e3a9cf4ec779ec15494937d", true, []string{"1 10 . A C . PASS . GT 0/0 0/1 1/1 ./.", "X 5 . A C . PASS . GT 0/0 0/1 1/1 ./.", "Y 5 . A . . PASS . GT 0/0 0/0 ./. ./."}, nil},
		{"with blocks", "b835c1f2496978fd5f13a40550886e2ee942b0f152c2848e8e3c9521efb06000", false, lines, until(13, 90)},
		{"with aligned alleles", "c10f7f15e74f76362f2c3e57e52fd4525dffe34f55915105693dab254c007eca", false, lines, func(row *genotype.Row) {
			if row.Pos == 12 {
				row.Aligned = []genotype.Spelling{{Pos: 8, Ref: "CT", Alt: "C"}, {}, {}}
			}
		}},
	} {
		for form, as := range forms() {
			r := read(t, text(c.lines...))
			if c.coded {
				r = coded{r}
			}
			r = told{r, c.row}
			e, err := tally.Examine(t.Context(), as(r), people, genotype.GRCh38)
			if got := hex.EncodeToString(e.Digest[:]); err != nil || got != c.want {
				t.Errorf("%s, as %s: got %s, %v", c.name, form, got, err)
			}
		}
	}
}
