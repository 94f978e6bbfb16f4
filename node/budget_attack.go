package node

import (
	"context"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/dp/sample"
	"github.com/locus-genomics/locus/protocol"
)

// Attacked is what published attacks find of a release that was not made yet.
type Attacked struct {
	// People and Variants are how many the attacks were played with: fewer than the
	// question has where Thinned.
	People, Variants int
	Thinned          bool
	// Findings are a line for each attack. Those of mode dp have a bound, and beside them the
	// same attacks on an exact answer, which succeed.
	Findings []attack.Finding
}

const (
	// maxPlayed bounds the genotypes that are simulated.
	maxPlayed = 1 << 26
	// targets are how many people of the cohort, and how many strangers, are looked for.
	targets = 500
)

// Attack plays published attacks on the answer that a question would get from this site
// alone, as if all other sites were in league with who asks: their counts and their noise
// are known, and only the honest share hides this site's people. The people are simulated,
// as many as the cohort has, with the cohort's allele frequencies and without links between
// variants. Nothing is charged, sent or kept, and what is printed is of people who never
// lived.
func (n *Node) Attack(ctx context.Context, spec PreviewSpec) (Attacked, error) {
	q, _, err := n.considered(ctx, spec)
	if err != nil {
		return Attacked{}, err
	}
	view := Preview{}
	if !n.ask(ctx, q, &view, len(spec.Query) > 0) {
		for _, r := range view.Rules {
			// Whether to allow more is what a custodian may want to know this for.
			if r.Why != nil && r.Code != protocol.BudgetExhausted {
				return Attacked{}, fmt.Errorf("%w: %q does not hold: %w", ErrPreview, r.Says, r.Why)
			}
		}
	}
	p, err := n.panels.kept(q.panel)
	if err != nil {
		return Attacked{}, fmt.Errorf("%w: panel %q is not here yet: %w", ErrPreview, q.panel.Name, err)
	}
	if q.data.People < protocol.MinCohort {
		return Attacked{}, fmt.Errorf("%w: fewer than %d people of cohort %q consent", ErrPreview, protocol.MinCohort, q.cohort.Name)
	}
	counts, _, err := n.shelf.count(ctx, q.data, p, q.ranges)
	if err != nil {
		return Attacked{}, err
	}
	defer clear(counts)
	var seed [32]byte
	if _, err := io.ReadFull(n.cfg.Entropy, seed[:]); err != nil {
		return Attacked{}, fmt.Errorf("draw a seed: %w", err)
	}
	return play(q, counts, seed)
}

// play simulates a cohort like the one that was counted, and attacks what would be released.
func play(q *question, counts []int64, seed [32]byte) (a Attacked, err error) {
	reference, thinned := frequencies(counts, maxPlayed/q.data.People)
	a = Attacked{People: q.data.People, Variants: len(reference), Thinned: thinned}
	population, err := attack.NewPopulation(reference)
	if err != nil {
		return a, err
	}
	members := &simulated{}
	exact := attack.Release{Coding: attack.Plain(), Sums: make([]int64, len(reference)), People: a.People - 1, Reference: reference}
	b := sample.NewBits(seed, 2)
	defer b.Wipe()
	person := make([]uint8, len(reference))
	for i := range a.People {
		population.Person(person, b)
		for j, g := range person {
			exact.Sums[j] += int64(g)
		}
		if i < targets {
			members.people = append(members.people, append([]uint8(nil), person...))
		}
	}
	people := min(targets, a.People)
	if a.Findings, err = attack.Pending(exact, attack.Claim{}, members, population, people, seed); err != nil {
		return a, err
	}
	for i := range a.Findings {
		a.Findings[i].Release = protocol.Exact.String()
	}
	event, private := q.vector.Event()
	if !private {
		return a, nil
	}
	cost, err := account.Of(event)
	if err != nil {
		return a, err
	}
	noise, err := sample.NewGaussian(event.Parameter)
	if err != nil {
		return a, err
	}
	noisy := exact
	noisy.Coding, noisy.Variance = attack.Coding{Scale: 2, Centre: 2}, float64(event.Honest)*event.Parameter.Float()
	noisy.Sums = make([]int64, len(exact.Sums))
	for j, sum := range exact.Sums {
		noisy.Sums[j] = 2*sum - 2*int64(a.People) // 2 AC - AN, with everybody called
	}
	for share := range event.Honest {
		sample.AddNoise(noisy.Sums, noise, dpSeed(seed, share), 1)
	}
	members.next = 0
	found, err := attack.Pending(noisy, attack.Claim{Rho: float64(cost.Rho) / account.RhoUnits}, members, population, people, seed)
	for i := range found {
		found[i].Release = protocol.Private.String()
	}
	a.Findings = append(a.Findings, found...)
	return a, err
}

// dpSeed is one of several seeds.
func dpSeed(seed [32]byte, share int) [32]byte {
	return protocol.Tag(seed[:], "locus/attack/v1", []byte{byte(share), byte(share >> 8)})
}

// frequencies are those of at most so many of the variants, evenly chosen, and never 0 or 1.
func frequencies(counts []int64, most int) (reference []float64, thinned bool) {
	step := 1
	for (len(counts)/2+step-1)/step > max(1, most) {
		step++
	}
	for i := 0; i < len(counts); i += 2 * step {
		reference = append(reference, (float64(counts[i])+0.5)/(float64(counts[i+1])+1))
	}
	return reference, step > 1
}

// simulated is a Panel of given people, one after the other.
type simulated struct {
	people [][]uint8
	next   int
}

// Person implements attack.Panel.
func (s *simulated) Person(dst []uint8, _ *sample.Bits) {
	copy(dst, s.people[s.next%len(s.people)])
	s.next++
}
