package synth

import (
	"fmt"
	"io"
	"math/rand/v2"
)

// person is one of a site's cohort.
type person struct {
	male       bool
	population int
	status     bool // a case
	age        int
}

// group is the people of one site and one population, by their place in the cohort.
type group []int

// makePeople draws a site's cohort. A site's own population is two thirds of it.
func makePeople(rng *rand.Rand, site, n int) ([]person, [populations]group) {
	people := make([]person, n)
	var groups [populations]group
	for i := range people {
		p := &people[i]
		p.population = site % populations
		if rng.IntN(3) == 0 {
			p.population = rng.IntN(populations)
		}
		p.male = rng.IntN(2) == 0
		p.status = rng.IntN(5) == 0
		p.age = 18 + rng.IntN(70)
		groups[p.population] = append(groups[p.population], i)
	}
	return people, groups
}

func sampleName(site, i int) string { return fmt.Sprintf("S%02d-%06d", site+1, i+1) }

// copies is how many copies of a chromosome a person has.
func (p *person) copies(of ploidy) int {
	if of == one || of == sexBound && p.male {
		return 1
	}
	return 2
}

// writeSamples writes a site's sample table.
func writeSamples(w io.Writer, site int, people []person) error {
	if _, err := io.WriteString(w, "sample_id\tperson_id\tsex\tpopulation\tstatus\tage\n"); err != nil {
		return err
	}
	for i, p := range people {
		sex, status := "female", "control"
		if p.male {
			sex = "male"
		}
		if p.status {
			status = "case"
		}
		if _, err := fmt.Fprintf(w, "%s\tP%02d-%06d\t%s\tpop%d\t%s\t%d\n", sampleName(site, i), site+1, i+1, sex, p.population+1, status, p.age); err != nil {
			return err
		}
	}
	return nil
}
