package synth

import (
	"math"
	"math/rand/v2"
)

// What is called of one copy of a chromosome.
const (
	isRef byte = iota
	isAlt
	isMissing
)

// call is what is known of one person at one variant: two copies, or one in first.
type call struct{ first, second byte }

// drawn is one site's genotypes at one variant: all are hom-ref but those listed.
type drawn struct {
	calls   []call
	touched []int // people who may be other than hom-ref, each once
	ac, an  int64
}

// sampler draws one site's genotypes, variant after variant.
type sampler struct {
	rng    *rand.Rand
	people []person
	groups [populations]group
	// halves says whether half calls can be written.
	halves bool
	// copies is how many there are of each kind of chromosome, in all.
	copies [3]int64
	marked []bool // who is in touched
	drawn
}

func newSampler(rng *rand.Rand, people []person, groups [populations]group) sampler {
	s := sampler{
		rng: rng, people: people, groups: groups,
		marked: make([]bool, len(people)), drawn: drawn{calls: make([]call, len(people))},
	}
	for of := range s.copies {
		for i := range people {
			s.copies[of] += int64(people[i].copies(ploidy(of)))
		}
	}
	return s
}

func (s *sampler) touch(i int) {
	if !s.marked[i] {
		s.marked[i] = true
		s.touched = append(s.touched, i)
	}
}

// draw replaces what was drawn before. The cost grows with the number of people who
// are not hom-ref (or not hom-alt, where ALT is common), not with the cohort.
func (s *sampler) draw(v *variant, of ploidy) *drawn {
	for _, i := range s.touched {
		s.calls[i], s.marked[i] = call{}, false
	}
	s.touched = s.touched[:0]
	for k, members := range s.groups {
		s.drawGroup(members, v.frequency[k], of)
	}
	s.drop(v.missing, of)
	s.count(of)
	return &s.drawn
}

// drawGroup gives ALT to the copies of one population, each with probability p.
func (s *sampler) drawGroup(members group, p float64, of ploidy) {
	flip := p > 0.5
	if flip {
		p = 1 - p
		for _, i := range members {
			s.calls[i] = call{isAlt, isAlt}
			s.touch(i)
		}
	}
	s.each(2*len(members), p, func(slot int) {
		i := members[slot/2]
		c := &s.calls[i]
		if slot%2 == 0 {
			c.first ^= isAlt
		} else {
			c.second ^= isAlt
		}
		s.touch(i)
	})
	if of == two {
		return
	}
	for _, i := range members {
		if s.people[i].copies(of) == 1 {
			s.calls[i].second = isRef
		}
	}
}

// drop takes calls away, one in thirty of them by half where that can be written.
func (s *sampler) drop(p float64, of ploidy) {
	s.each(len(s.people), p, func(i int) {
		c := &s.calls[i]
		half := s.halves && s.rng.IntN(30) == 0 && s.people[i].copies(of) == 2
		if !half {
			c.first = isMissing
		}
		if s.people[i].copies(of) == 2 {
			c.second = isMissing
		}
		s.touch(i)
	})
}

// each calls f with every one of n places that chance p picks, in ascending order.
func (s *sampler) each(n int, p float64, f func(int)) {
	if p <= 0 {
		return
	}
	if p >= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	// The gap between two picked places is geometric.
	scale := 1 / math.Log1p(-p)
	for i := s.gap(scale, n); i < n; i += 1 + s.gap(scale, n) {
		f(i)
	}
}

func (s *sampler) gap(scale float64, most int) int {
	g := math.Log(1-s.rng.Float64()) * scale
	if g > float64(most) {
		return most
	}
	return int(g)
}

// count adds up what was drawn, from all copies being REF.
func (s *sampler) count(of ploidy) {
	s.ac, s.an = 0, s.copies[of]
	for _, i := range s.touched {
		called := [2]byte{s.calls[i].first, s.calls[i].second}
		for _, allele := range called[:s.people[i].copies(of)] {
			switch allele {
			case isAlt:
				s.ac++
			case isMissing:
				s.an--
			}
		}
	}
}
