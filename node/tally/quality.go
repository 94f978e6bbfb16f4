package tally

import (
	"fmt"
	"math"

	"github.com/locus-genomics/locus/internal/stat"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Quality is what a custodian looks at before a file is trusted: a card of the people who
// are counted, at the sites that pass. It tells of genotypes: it is for the site's own
// eyes and MUST NOT leave it.
type Quality struct {
	// People are counted; of these, Men and Women are of known sex.
	People int `json:"people"`
	Men    int `json:"men"`
	Women  int `json:"women"`
	// Sites have a row. MultiAllelic ones have several ALTs, Monomorphic ones none. Blocks
	// of a gVCF are not among them.
	Sites        int `json:"sites"`
	MultiAllelic int `json:"multiAllelic"`
	Monomorphic  int `json:"monomorphic"`
	Blocks       int `json:"blocks"`
	// ALTs by what they change, once they are trimmed. Other is what cannot be asked for:
	// *, symbols and breakends.
	SNVs   int `json:"snvs"`
	Indels int `json:"indels"`
	MNVs   int `json:"mnvs"`
	Other  int `json:"other"`
	// Transitions and Transversions are of the SNVs.
	Transitions   int `json:"transitions"`
	Transversions int `json:"transversions"`
	// Genotypes is people times sites, those on Y left out. Of these, Missing have no known
	// allele and Half have one of two.
	Genotypes int64 `json:"genotypes"`
	Missing   int64 `json:"missing"`
	Half      int64 `json:"half"`
	// SparsePeople and SparseSites miss more than MostMissing of their genotypes.
	SparsePeople int `json:"sparsePeople"`
	SparseSites  int `json:"sparseSites"`
	// Het and HomAlt are genotypes at autosomal sites of one ALT.
	Het    int64 `json:"het"`
	HomAlt int64 `json:"homAlt"`
	// Tested are the autosomal sites of one ALT at which both alleles were seen, in people
	// with two copies. Unbalanced ones are out of Hardy-Weinberg equilibrium: their exact
	// p-value is below Balance.
	Tested     int `json:"tested"`
	Unbalanced int `json:"unbalanced"`
	// Sexes is what the genotypes tell of the sexes.
	Sexes SexCheck `json:"sexes"`
	// Contigs are in the file's order, up to maxListed of them. OtherSites lie elsewhere.
	Contigs    []ContigSites `json:"contigs"`
	OtherSites int           `json:"otherSites,omitempty"`
	// Sparse and Disagreeing are the samples behind SparsePeople and Sexes.Disagree, by
	// their numbers in the file: up to maxListed of each.
	Sparse      []uint32 `json:"sparse,omitempty"`
	Disagreeing []uint32 `json:"disagreeing,omitempty"`
}

// ContigSites is how many sites a contig has.
type ContigSites struct {
	Contig string `json:"contig"`
	Sites  int    `json:"sites"`
}

const (
	// MostMissing is the part of the genotypes from which on too many are missing.
	MostMissing = 0.05
	// Balance is the p-value below which alleles are not in equilibrium.
	Balance = 1e-6
	// maxListed bounds the lists of a card: it is read by a person.
	maxListed = 128
)

// Assessor makes the card of a file whose rows it is shown one after another. It holds 20
// bytes a sample, and is not safe for concurrent use.
type Assessor struct {
	assembly genotype.Assembly
	split    *split
	all      bool // everyone is counted
	sexes    []genotype.Sex
	card     Quality
	off      int // sites on Y

	missing []uint32 // by sample: sites, those on Y left out
	sex     sexSums

	contig string // of the row before
	named  string // as it is called elsewhere
	at     int    // in the card's contigs; -1 for elsewhere
	row    genotype.Row
	into   [2]int64
}

// NewAssessor makes one for a file of so many samples.
func NewAssessor(p People, samples int, a genotype.Assembly) (*Assessor, error) {
	if err := p.check(samples); err != nil {
		return nil, err
	}
	q := &Assessor{
		assembly: a, split: newSplit(p.together(), 1, false), sexes: p.Sexes,
		missing: make([]uint32, samples), sex: newSexSums(samples),
	}
	q.card.People = int(q.split.sizes[1])
	q.all = q.card.People == samples
	for i, s := range p.Sexes {
		switch {
		case q.split.part[i] == 0:
		case s == genotype.Male:
			q.card.Men++
		case s == genotype.Female:
			q.card.Women++
		}
	}
	return q, nil
}

// Add takes the next row, which has calls or classes of all samples and is left as it is.
func (q *Assessor) Add(row *genotype.Row) error {
	if !row.Pass {
		return nil
	}
	if row.End > 0 {
		q.card.Blocks++
		return nil
	}
	if row.Contig != q.contig || q.card.Sites == 0 {
		q.enter(row.Contig)
	}
	q.site(row)
	classes := row.Classes
	if len(classes) == 0 && len(row.Calls) == len(q.missing) {
		q.row.Calls, q.row.Alts, q.row.Classes = row.Calls, row.Alts, q.row.Classes[:0]
		q.row.Classify()
		classes = q.row.Classes
	}
	if len(classes) == 0 || !classes[0].Fits(len(q.missing)) {
		return fmt.Errorf("%w: a row of %d calls and the classes of %d ALTs", ErrPeople, len(row.Calls), len(row.Classes))
	}
	q.genotypes(row, &classes[0])
	return nil
}

// enter begins a contig.
func (q *Assessor) enter(contig string) {
	q.contig, q.named, q.at = contig, panel.CanonicalContig(contig), -1
	for i := range q.card.Contigs {
		if q.card.Contigs[i].Contig == q.named {
			q.at = i
			return
		}
	}
	if len(q.card.Contigs) < maxListed {
		q.at = len(q.card.Contigs)
		q.card.Contigs = append(q.card.Contigs, ContigSites{Contig: q.named})
	}
}

// site counts what a row says without genotypes.
func (q *Assessor) site(row *genotype.Row) {
	q.card.Sites++
	if q.at >= 0 {
		q.card.Contigs[q.at].Sites++
	} else {
		q.card.OtherSites++
	}
	switch n := len(row.Alts); {
	case n == 0:
		q.card.Monomorphic++
	case n > 1:
		q.card.MultiAllelic++
	}
	for _, alt := range row.Alts {
		q.alt(row.Ref, alt)
	}
}

func (q *Assessor) alt(ref, alt string) {
	switch {
	case !genotype.IsBases(alt) || !genotype.IsBases(ref):
		q.card.Other++
		return
	case len(ref) != len(alt):
		q.card.Indels++
		return
	}
	changed, at := 0, 0
	for i := range len(ref) {
		if ref[i] != alt[i] {
			changed, at = changed+1, i
		}
	}
	if changed != 1 {
		q.card.MNVs++
		return
	}
	q.card.SNVs++
	if purine(ref[at]) == purine(alt[at]) {
		q.card.Transitions++
	} else {
		q.card.Transversions++
	}
}

func purine(base byte) bool { return base == 'A' || base == 'G' }

// genotypes counts a row by the classes of its first ALT. Who is missing in one is
// missing in all.
func (q *Assessor) genotypes(row *genotype.Row, c *genotype.Classes) {
	place := q.assembly.PlaceOf(q.named, row.Pos)
	one := len(row.Alts) == 1 && genotype.IsBases(row.Alts[0])
	if place == genotype.SexY {
		q.off++
		if one {
			q.sex.y(c)
		}
		return
	}
	n := q.kinds(c)
	q.card.Missing += n.missing
	q.card.Half += n.half
	if float64(n.missing) > MostMissing*float64(q.card.People) {
		q.card.SparseSites++
	}
	if n.missing > 0 || !q.all {
		addEach(q.missing, &c.Missing)
	}
	switch {
	case !one:
	case place == genotype.SexX && q.assembly != genotype.UnknownAssembly:
		q.sex.x(c, n)
	case place == genotype.Diploid && q.named != "X":
		q.card.Het += n.oneAlt
		q.card.HomAlt += n.twoAlts
		if 2*n.twoAlts+n.oneAlt > 0 && 2*n.noAlt+n.oneAlt > 0 && c.Haploid.Len() == 0 {
			q.card.Tested++
			if stat.HardyWeinbergBelow(n.oneAlt, n.noAlt, n.twoAlts, Balance) {
				q.card.Unbalanced++
			}
		}
	}
}

// kinds counts the classes of one ALT among the people. Those of one chromosome are
// counted as if they had two.
func (q *Assessor) kinds(c *genotype.Classes) (n kinds) {
	n.oneAlt, n.twoAlts, n.missing = q.count(&c.Het), q.count(&c.Hom), q.count(&c.Missing)
	for _, h := range c.Halves {
		n.half += int64(q.split.part[h.Sample])
	}
	n.noAlt = int64(q.card.People) - n.oneAlt - n.twoAlts - n.missing - n.half
	if c.Base == genotype.AllAlt {
		n.noAlt, n.twoAlts = n.twoAlts, n.noAlt
	}
	return n
}

func (q *Assessor) count(s *genotype.Set) int64 {
	if q.all && s.Bits == nil {
		return int64(len(s.IDs))
	}
	q.into[1] = 0
	q.split.count(s, q.into[:])
	return q.into[1]
}

// addEach adds one to the number of each sample of a set.
func addEach(to []uint32, s *genotype.Set) {
	if s.Bits == nil {
		for _, id := range s.IDs {
			to[id]++
		}
		return
	}
	for id := range s.All() {
		to[id]++
	}
}

// Quality is the card of the rows that were shown.
func (q *Assessor) Quality() Quality {
	card := q.card
	sites := card.Sites - q.off
	card.Genotypes = int64(card.People) * int64(sites)
	most := uint32(math.Floor(MostMissing * float64(sites)))
	for i, n := range q.missing {
		if q.split.part[i] == 0 || n <= most {
			continue
		}
		card.SparsePeople++
		if len(card.Sparse) < maxListed {
			card.Sparse = append(card.Sparse, uint32(i))
		}
	}
	for i, declared := range q.sexes {
		if q.split.part[i] == 0 {
			continue
		}
		if card.Sexes.add(declared, q.sex.told(i)) && len(card.Disagreeing) < maxListed {
			card.Disagreeing = append(card.Disagreeing, uint32(i))
		}
	}
	return card
}
