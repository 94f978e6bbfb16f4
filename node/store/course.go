package store

import (
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// pseudo is the key of the pseudo-autosomal parts of X where they stand apart from it.
const pseudo = "X, pseudo-autosomal"

// course tells the contigs of sites apart by keys that do not come back in a file that
// is sorted. X alone may: PLINK writes its pseudo-autosomal parts as contig 25, behind Y,
// whose sites are called X here. That is what they are taken for where all sites of one
// of the two stretches are in these parts and none of the other's are.
type course struct {
	name    string // canonical name of the last site's contig
	pos     uint32 // of the last site of X
	runs    int    // of X
	in, out bool   // all sites of its first stretch are, or can be, in these parts, and outside
}

// key is that of the next site's contig.
func (c *course) key(s *genotype.Site) string {
	before := c.name
	if c.name = panel.CanonicalContig(s.Contig); c.name != "X" {
		return c.name
	}
	in37, in38 := genotype.GRCh37.InPAR(s.Pos), genotype.GRCh38.InPAR(s.Pos)
	in, out := in37 || in38, !in37 || !in38 // near their ends it depends on the assembly
	switch {
	case c.runs == 0:
		c.runs, c.in, c.out = 1, true, true
	case c.runs == 1 && (before != "X" || s.Pos < c.pos) && (c.out && in || c.in && out):
		c.runs = 2
	}
	c.pos = s.Pos
	if c.runs == 2 && (c.out && in || c.in && out) {
		return pseudo
	}
	c.in, c.out = c.in && in, c.out && out
	return c.name
}
