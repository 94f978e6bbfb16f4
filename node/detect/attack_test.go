package detect_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
)

// attack is somebody who tries to learn of one person, a question after the other.
type attack struct {
	name string
	rule detect.Rule
	// within is after how many questions it has to be found, with Default. docs/reference/detection.md
	// has the same numbers.
	within int
	next   func(a *asker, dice *rand.Rand, i int) detect.Event
}

// people tells a set of people.
func people(e detect.Event, tag string) detect.Event {
	e.Mode, e.People = protocol.Exact, digest("people "+tag)
	return e
}

var attacks = []attack{
	{"a program in a loop", detect.BurstOfResearcher, 60, func(a *asker, dice *rand.Rand, i int) detect.Event {
		return a.ask(2*time.Second, "cases", scattered(i))
	}},
	{"one region over cohort after cohort, to subtract", detect.SameRanges, 6, func(a *asker, dice *rand.Rand, i int) detect.Event {
		return a.ask(time.Hour, fmt.Sprint("stratum ", i), span(1000+dice.Uint64N(20), 2000+dice.Uint64N(20)))
	}},
	{"one region of one cohort again and again, to average", detect.SameCohort, 10, func(a *asker, dice *rand.Rand, i int) detect.Event {
		return a.ask(time.Hour, "cases", span(1000, 2000+uint64(i)))
	}},
	{"a region that is a list of variants, with one left out each time", detect.SameCohort, 10, func(a *asker, dice *rand.Rand, i int) detect.Event {
		var list []detect.Range
		for v := range uint64(50) {
			if v != uint64(i%50) {
				list = append(list, span(1000*v, 1000*v+1))
			}
		}
		return a.ask(time.Hour, "cases", list...)
	}},
	{"one region whenever somebody has left", detect.ChangedPeople, 4, func(a *asker, dice *rand.Rand, i int) detect.Event {
		return people(a.ask(48*time.Hour, "cases", span(1000, 2000)), fmt.Sprint(i))
	}},
	{"a chromosome in order", detect.Walk, 12, func(a *asker, dice *rand.Rand, i int) detect.Event {
		return a.ask(2*time.Hour, "cases", span(uint64(i)*1000, uint64(i+1)*1000))
	}},
	{"a chromosome backwards with gaps and overlaps", detect.Walk, 12, func(a *asker, dice *rand.Rand, i int) detect.Event {
		from := 900_000 - uint64(i)*1000 + dice.Uint64N(300)
		return a.ask(2*time.Hour, "cases", span(from, from+1000+dice.Uint64N(300)))
	}},
	{"a chromosome in any order", detect.Walk, 40, func(a *asker, dice *rand.Rand, i int) detect.Event {
		if i == 0 {
			a.order = dice.Perm(40)
		}
		tile := uint64(a.order[i])
		return a.ask(2*time.Hour, "cases", span(tile*1000, (tile+1)*1000))
	}},
	{"a chromosome behind a question for all of it, and among others", detect.Walk, 13, func(a *asker, dice *rand.Rand, i int) detect.Event {
		if i == 0 {
			return a.ask(2*time.Hour, "cases", span(0, 1<<20))
		}
		list := []detect.Range{span(uint64(i)*1000, uint64(i+1)*1000)}
		for decoy := range uint64(30) {
			from := 1<<21 + decoy*1_000_000 + dice.Uint64N(900_000)
			list = append(list, span(from, from+1000))
		}
		return a.ask(2*time.Hour, "cases", list...)
	}},
	{"a chromosome over two cohorts", detect.Walk, 24, func(a *asker, dice *rand.Rand, i int) detect.Event {
		tile := uint64(i / 2)
		return a.ask(time.Hour, []string{"cases", "controls"}[i%2], span(tile*1000, (tile+1)*1000))
	}},
	{"a genome variant by variant", detect.Singletons, 30, func(a *asker, dice *rand.Rand, i int) detect.Event {
		from := dice.Uint64N(1 << 29)
		return a.ask(5*time.Minute, "cases", span(from, from+1+dice.Uint64N(3)))
	}},
	{"variants that nobody has a reason to ask for", detect.Honeypot, 1, func(a *asker, dice *rand.Rand, i int) detect.Event {
		return a.ask(time.Hour, "cases", span(77+uint64(i), 78+uint64(i)))
	}},
}

func withHoneypot(c *detect.Config) {
	c.Honeypot.Variants = []detect.Pot{{Panel: digest("panel"), Index: new(uint64(77))}}
}

func TestEachAttackIsFound(t *testing.T) {
	for _, tt := range attacks {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(20) {
				d, mallory, dice := newDetector(t, withHoneypot), newAsker("mallory"), rand.New(rand.NewPCG(seed, 1))
				found := 0
				for i := 0; i < tt.within && found == 0; i++ {
					if slices.Contains(rulesOf(observe(t, d, tt.next(mallory, dice, i))), tt.rule) {
						found = i + 1
					}
				}
				if found == 0 {
					t.Fatalf("seed %d: not found in %d questions", seed, tt.within)
				}
				if seed == 0 {
					t.Logf("found at question %d", found)
				}
			}
		})
	}
}

// An attack is found although other researchers ask at the same time.
func TestEachAttackIsFoundAmongOthers(t *testing.T) {
	for _, tt := range attacks {
		t.Run(tt.name, func(t *testing.T) {
			d, dice := newDetector(t, withHoneypot), rand.New(rand.NewPCG(7, 7))
			mallory, others := newAsker("mallory"), newSite(7)
			for i := range tt.within {
				e := tt.next(mallory, dice, i)
				for range 5 {
					other := others.next()
					other.At = e.At
					observe(t, d, other)
				}
				v := observe(t, d, e)
				if slices.ContainsFunc(v.Findings, func(f detect.Finding) bool { return f.Rule == tt.rule && f.Subject.ID == digest("mallory") }) {
					return
				}
			}
			t.Errorf("not found in %d questions", tt.within)
		})
	}
}
