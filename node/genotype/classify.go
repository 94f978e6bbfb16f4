package genotype

import "slices"

// Classify turns Calls into Classes, and leaves Calls empty. A row that has classes
// stays as it is. Of a half call, and of a sole allele, the order in which its two
// parts are written is forgotten, as is the difference between two absent alleles and
// one that is absent and one that is missing.
func (r *Row) Classify() {
	if len(r.Classes) > 0 || len(r.Calls) == 0 {
		return
	}
	n := max(1, len(r.Alts))
	r.Classes = slices.Grow(r.Classes, n)[:n]
	for k := range r.Classes {
		r.Classes[k].of(r.Calls, Reference+1+Allele(k))
	}
	r.Calls = r.Calls[:0]
}

// of fills c with everyone's classes for one ALT.
func (c *Classes) of(calls []Call, alt Allele) {
	c.Het, c.Hom, c.Missing, c.Haploid, c.Other = c.Het.emptied(), c.Hom.emptied(), c.Missing.emptied(), c.Haploid.emptied(), c.Other.emptied()
	c.Halves, c.Base = c.Halves[:0], NoAlt
	if alts := copiesOnly(calls, alt); 2*alts > len(calls) {
		c.Base = AllAlt
	}
	for i, call := range calls {
		if call == HomRef && c.Base == NoAlt {
			continue
		}
		c.add(uint32(i), call, alt)
	}
	for _, s := range []*Set{&c.Het, &c.Hom, &c.Missing, &c.Haploid, &c.Other} {
		s.pack(len(calls))
	}
}

// copiesOnly is how many people have the ALT and nothing else.
func copiesOnly(calls []Call, alt Allele) (n int) {
	for _, call := range calls {
		if a, b := call.Alleles(); a == alt && (b == alt || b == Absent) || b == alt && a == Absent {
			n++
		}
	}
	return n
}

// add puts a person where the call belongs.
func (c *Classes) add(i uint32, call Call, alt Allele) {
	a, b := call.Alleles()
	if a == Absent || a < b && b != Absent {
		a, b = b, a // an allele is first, and the greater one of two
	}
	if a > Reference && a != alt || b > Reference && b != alt {
		c.Other.IDs = append(c.Other.IDs, i)
	}
	if b == Absent {
		c.Haploid.IDs = append(c.Haploid.IDs, i)
	}
	class := NoAlt
	switch {
	case a < Reference:
		class = NotCalled
	case b == Missing:
		c.Halves = append(c.Halves, Half{Sample: i, Alt: a == alt})
		return
	case a == alt && (b == alt || b == Absent):
		class = AllAlt
	case a == alt || b == alt:
		class = OneAlt
	}
	switch {
	case class == c.Base:
	case class == OneAlt:
		c.Het.IDs = append(c.Het.IDs, i)
	case class == NotCalled:
		c.Missing.IDs = append(c.Missing.IDs, i)
	default:
		c.Hom.IDs = append(c.Hom.IDs, i)
	}
}

// emptied keeps the memory of a list.
func (s Set) emptied() Set { return Set{IDs: s.IDs[:0]} }

// Expand turns Classes into Calls, one for each of so many samples, and leaves Classes
// empty. A row that has no classes stays as it is. The lesser allele of a call comes
// first, but for Absent, which comes last. The classes MUST fit the samples.
func (r *Row) Expand(samples int) {
	if len(r.Classes) == 0 {
		return
	}
	r.Calls = slices.Grow(r.Calls[:0], samples)[:samples]
	r.base()
	for k := range r.Classes {
		c, alt := &r.Classes[k], Reference+1+Allele(k)
		for i := range c.Het.All() {
			// REF gives way: once where the other allele is REF, twice in a call of two ALTs.
			if _, b := r.Calls[i].Alleles(); b == Reference {
				r.Calls[i] = NewCall(Reference, alt)
			} else {
				r.Calls[i] = NewCall(b, alt)
			}
		}
		if c.Base == NoAlt {
			for i := range c.Hom.All() {
				r.Calls[i] = NewCall(alt, alt)
			}
		}
		for _, h := range c.Halves {
			if h.Alt {
				r.Calls[h.Sample] = NewCall(Missing, alt)
			}
		}
	}
	for i := range r.Classes[0].Haploid.All() {
		a, _ := r.Calls[i].Alleles()
		r.Calls[i] = NewCall(a, Absent)
	}
	r.Classes = r.Classes[:0]
}

// base writes the calls of who has no ALT, half a call, none, or the ALT that most have.
func (r *Row) base() {
	usual := HomRef
	for k := range r.Classes {
		if alt := Reference + 1 + Allele(k); r.Classes[k].Base == AllAlt {
			usual = NewCall(alt, alt)
		}
	}
	for i := range r.Calls {
		r.Calls[i] = usual
	}
	for k := range r.Classes {
		c := &r.Classes[k]
		if c.Base == AllAlt {
			for i := range c.Het.All() {
				r.Calls[i] = HomRef
			}
			for i := range c.Hom.All() {
				r.Calls[i] = HomRef
			}
		}
	}
	for i := range r.Classes[0].Missing.All() {
		r.Calls[i] = NoCall
	}
	for _, h := range r.Classes[0].Halves {
		r.Calls[h.Sample] = NewCall(Missing, Reference)
	}
}
