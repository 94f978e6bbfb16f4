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
