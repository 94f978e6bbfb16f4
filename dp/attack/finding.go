package attack

import (
	"fmt"
	"io"
	"strings"

	"github.com/locus-genomics/locus/dp/sample"
)

// Finding is a line of a report.
type Finding struct {
	// Attack and Release say which one, and on what.
	Attack, Release string
	Outcome         Outcome
	Claim           Claim
}

// levels are the shares of false positives that are reported.
func levels() []float64 { return []float64{0.05, 0.01, 0.001} }

// Markdown writes a table of findings: how many targets each attack finds, and at most
// could by what is claimed. What follows ± is one standard error.
func Markdown(w io.Writer, findings []Finding) error {
	var b strings.Builder
	b.WriteString("| attack | release | trials | AUC |")
	for _, l := range levels() {
		fmt.Fprintf(&b, " at %g %% false | bound |", 100*l)
	}
	b.WriteString("\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range findings {
		fmt.Fprintf(&b, "| %s | %s | %d | %.3f |", f.Attack, f.Release, len(f.Outcome.in), f.Outcome.AUC())
		for _, l := range levels() {
			bound := "none"
			if f.Claim != (Claim{}) {
				bound = fmt.Sprintf("%.2f %%", 100*f.Claim.Bound(l))
			}
			r := f.Outcome.At(l)
			fmt.Fprintf(&b, " %.2f ± %.2f %% | %s |", 100*r.TPR(), 100*r.StandardError(), bound)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// pendingBeacon is how many questions Pending asks of a release as if it were a beacon.
const pendingBeacon = 20

// Pending attacks a release before it leaves, as it is: with so many people from the
// cohort, and as many strangers. The scores share the release's noise, so that what is
// found says how this release fares, and is no test of its claim.
func Pending(r Release, claim Claim, members, strangers Panel, people int, seed [32]byte) ([]Finding, error) {
	ratio, err := LikelihoodRatio(r)
	if err != nil {
		return nil, err
	}
	homer, err := Homer(r)
	if err != nil {
		return nil, err
	}
	beacon, err := Beacon(r, pendingBeacon)
	if err != nil {
		return nil, err
	}
	if people < 1 {
		return nil, fmt.Errorf("%w: %d people", ErrTrials, people)
	}
	tests := []interface{ Score([]uint8) float64 }{ratio, homer, beacon}
	scores := make([][2][]float64, len(tests))
	target := make([]uint8, len(r.Reference))
	for world, panel := range []Panel{strangers, members} {
		b := sample.NewBits(seed, uint64(world))
		for range people {
			panel.Person(target, b)
			for i, t := range tests {
				scores[i][world] = append(scores[i][world], t.Score(target))
			}
		}
	}
	findings := make([]Finding, len(tests))
	for i, name := range []string{"likelihood ratio", "Homer", fmt.Sprintf("beacon, %d questions", pendingBeacon)} {
		o, err := NewOutcome(scores[i][1], scores[i][0])
		if err != nil {
			return nil, err
		}
		findings[i] = Finding{name, "pending", o, claim}
	}
	return findings, nil
}
