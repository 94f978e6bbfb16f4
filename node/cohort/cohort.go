package cohort

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

var (
	// ErrNoSample is returned when the table has a sample that the file has not.
	ErrNoSample = errors.New("cohort: this sample is not in the genotype file; take the table of this file, or leave the line out")
	// ErrSex is returned when the table and the genotype file give a sample two sexes.
	ErrSex = errors.New("cohort: the genotype file gives this sample the other sex; find out which one is right, and mend the other")
	// ErrSmall is returned when a cohort has fewer people than its minimum.
	ErrSmall = errors.New("cohort: too few people")
	// ErrNobody is returned when nobody is left to be counted.
	ErrNobody = errors.New("cohort: nobody is in it; look at the table, and at what it is filtered by")
)

// Cohort is who of a genotype file's samples is counted.
type Cohort struct {
	// Labels has one label a sample, in the file's order: 0 for who is not in the
	// cohort, and 1 for who is; with strata, 1 for who is in the first of them.
	Labels []uint8
	// Strata are the names of the strata, sorted; nil where the table was read without.
	Strata []string
	// Sexes has one sex a sample, in the file's order.
	Sexes []genotype.Sex
	// People is how many are in the cohort.
	People int
	// Ignored is how many samples of the file the table does not name.
	Ignored int

	persons []string
	places  []int32 // of their samples in the file
}

// Cohort fits the table to the samples of a file, whose names MUST differ. The sexes
// may be nil, or what the file itself says; they stand in where the table knows none.
// A cohort under the minimum is refused.
func (t *Table) Cohort(samples []string, sexes []genotype.Sex, minimum int) (*Cohort, error) {
	c := &Cohort{Labels: make([]uint8, len(samples)), Sexes: make([]genotype.Sex, len(samples))}
	copy(c.Sexes, sexes)
	places := finder{samples: samples}
	c.persons, c.places = make([]string, 0, len(t.rows)), make([]int32, 0, len(t.rows))
	for i := range t.rows {
		r := &t.rows[i]
		at, ok := places.of(r.sample)
		if !ok {
			return nil, &LineError{Line: int(r.line), Err: ErrNoSample}
		}
		if r.sex != genotype.UnknownSex {
			if c.Sexes[at] != genotype.UnknownSex && c.Sexes[at] != r.sex {
				return nil, &LineError{Line: int(r.line), Err: ErrSex}
			}
			c.Sexes[at] = r.sex
		}
		if r.chosen {
			c.Labels[at] = 1 + r.stratum
			c.persons, c.places = append(c.persons, r.person), append(c.places, int32(at))
		}
	}
	c.Strata = t.strata
	c.People, c.Ignored = len(c.persons), len(samples)-len(t.rows)
	switch {
	case c.People == 0:
		return nil, ErrNobody
	case c.People < minimum:
		return nil, fmt.Errorf("%w: at least %d are needed; take in more of them", ErrSmall, minimum)
	}
	return c, nil
}

// finder finds samples by name. A table in the order of the file needs no index, whether or
// not it leaves some out.
type finder struct {
	samples []string
	next    int
	passed  int // how many samples were looked at in vain
	at      map[string]int
}

func (f *finder) of(name string) (place int, ok bool) {
	if f.next < len(f.samples) && f.samples[f.next] == name {
		f.next++
		return f.next - 1, true
	}
	for i := f.next + 1; f.at == nil && i < len(f.samples); i++ {
		if f.samples[i] == name {
			f.next = i + 1
			return i, true
		}
		// A table in the order of the file passes over each sample once.
		if f.passed++; f.passed > len(f.samples) {
			f.index()
		}
	}
	if f.at == nil {
		f.index()
	}
	if place, ok = f.at[name]; ok {
		f.next = place + 1
	}
	return place, ok
}

func (f *finder) index() {
	f.at = make(map[string]int, len(f.samples))
	for i, s := range f.samples {
		f.at[s] = i
	}
}

// PersonsDigest names who is in the cohort.
func (c *Cohort) PersonsDigest() [32]byte { return PersonsDigest(c.persons) }

// PersonsDigest names people, in no order. It is a plain hash of their ids, which are
// easily guessed: it MUST NOT leave the site unless it is keyed.
func PersonsDigest(persons []string) [32]byte {
	h := sha256.New()
	for _, p := range slices.Sorted(slices.Values(persons)) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return [32]byte(h.Sum(nil))
}
