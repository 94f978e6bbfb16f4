package genotype

// Class is what a person has of one ALT allele at a site.
type Class uint8

// The classes. A person of whom one allele is known and the other is not is in none
// of them: see Half.
const (
	// NoAlt is two alleles, or the only one, and none of them is the ALT.
	NoAlt Class = iota
	// OneAlt is the ALT beside any other allele.
	OneAlt
	// AllAlt is the ALT twice, or as the only allele.
	AllAlt
	// NotCalled is no known allele.
	NotCalled
)

// Half is a person of whom one allele is known and the other is not.
type Half struct {
	Sample uint32
	// Alt tells that the known allele is the ALT.
	Alt bool
}

// Classes is everyone's genotype for one ALT allele, in the form that is counted and
// stored: the most frequent class is not written down, so that a rare allele costs as
// much as it has carriers.
type Classes struct {
	// Base is NoAlt or AllAlt: the class of everyone who is in no set below.
	Base Class
	// Het has the people of OneAlt; Hom those of AllAlt, or of NoAlt when Base is
	// AllAlt; Missing those of NotCalled. The three have nobody in common, nor with
	// Halves, which ascend by sample.
	Het, Hom, Missing Set
	Halves            []Half
	// Haploid are the people with one chromosome here, as the file says; they are in
	// NoAlt, AllAlt or NotCalled. It is empty where ploidy is told by sex and place
	// (Row.Coded).
	Haploid Set
	// Other are the carriers of another ALT of the site, whatever their class: who is
	// in NoAlt and not in Other is hom-ref.
	Other Set
}

// Sizes is how many people are in three of the classes.
type Sizes struct{ OneAlt, AllAlt, NotCalled int }

// Take makes classes of who is OneAlt, AllAlt and NotCalled, where nobody is half
// called. The bitmaps are of so many samples and are taken over; that of AllAlt may
// become that of NoAlt.
func (c *Classes) Take(samples int, oneAlt, allAlt, notCalled []uint64, n Sizes) {
	*c = Classes{Base: NoAlt, Halves: c.Halves[:0]}
	if noAlt := samples - n.OneAlt - n.AllAlt - n.NotCalled; n.AllAlt > noAlt {
		c.Base, n.AllAlt = AllAlt, noAlt
		for i := range allAlt {
			allAlt[i] = ^(oneAlt[i] | allAlt[i] | notCalled[i])
		}
		if over := samples % 64; over > 0 {
			allAlt[len(allAlt)-1] &= 1<<over - 1
		}
	}
	c.Het, c.Hom, c.Missing = marked(oneAlt, n.OneAlt), marked(allAlt, n.AllAlt), marked(notCalled, n.NotCalled)
}

// Lists is memory for what TakeListed makes of one row.
type Lists [3][]uint32

// TakeListed is Take, but a set of few people becomes a list, in the memory of lists.
func (c *Classes) TakeListed(samples int, oneAlt, allAlt, notCalled []uint64, n Sizes, lists *Lists) {
	c.Take(samples, oneAlt, allAlt, notCalled, n)
	if c.Base == AllAlt {
		n.AllAlt = samples - n.OneAlt - n.AllAlt - n.NotCalled
	}
	c.Het.list(n.OneAlt, samples, &lists[0])
	c.Hom.list(n.AllAlt, samples, &lists[1])
	c.Missing.list(n.NotCalled, samples, &lists[2])
}

// marked is a bitmap, or the set of nobody.
func marked(bits []uint64, n int) Set {
	if n == 0 {
		return Set{}
	}
	return Set{Bits: bits}
}

// Fits reports whether the classes can be those of so many samples, as Set.Fits does.
func (c *Classes) Fits(samples int) bool {
	for _, h := range c.Halves {
		if uint64(h.Sample) >= uint64(samples) {
			return false
		}
	}
	return c.Het.Fits(samples) && c.Hom.Fits(samples) && c.Missing.Fits(samples) &&
		c.Haploid.Fits(samples) && c.Other.Fits(samples)
}
