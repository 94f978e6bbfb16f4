package answer

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrAltered is returned when a result does not verify: the sum is not the one
	// that the sites' check words vouch for, or a signature does not fit.
	ErrAltered = errors.New("answer: the result does not verify; nothing was opened")
	// ErrNotMine is returned when a result is of a question another seed asked.
	ErrNotMine = errors.New("answer: this question was asked with another key")
)

// Asked is a question as it was signed, with what is needed to read its answer. It
// holds nothing that the seed does not give again but what was asked.
type Asked struct {
	Task   protocol.Digest  `json:"task"`
	Study  string           `json:"study"`
	Roster protocol.Digest  `json:"roster"`
	Cohort string           `json:"cohort"`
	Panel  protocol.Digest  `json:"panel"`
	Ranges []protocol.Range `json:"ranges"`
	// Region says in words what was selected; empty for all of the panel.
	Region  string    `json:"region,omitempty"`
	Purpose string    `json:"purpose,omitempty"`
	Made    time.Time `json:"made"`
	// Passport is the one that the sites were shown, or nothing.
	Passport []byte `json:"passport,omitempty"`
	// Query is what was sent, so that sending it again is the same question.
	Query []byte `json:"query"`
	// Private is of a question in mode dp, nil in mode exact.
	Private *AskedPrivately `json:"private,omitempty"`
}

// AskedPrivately is what is remembered of a question in mode dp.
type AskedPrivately struct {
	// Delta is the one at which Epsilon is said.
	Delta float64 `json:"delta"`
	// Noise and Release are as the header has them.
	Noise   protocol.Noise `json:"noise"`
	Release uint32         `json:"release"`
	// Before is set, and not kept, where the release was asked for from this home before.
	Before bool `json:"-"`
}

// Row is one variant's answer.
type Row struct {
	Variant panel.Variant
	// AC is the copies of ALT, AN the called alleles, over all sites of the cut. In mode dp
	// both are estimates, rounded.
	AC, AN int64
}

// Confidence is that of the intervals of a private answer where nothing else is said.
const Confidence = 0.95

// defaultDelta is the delta at which epsilon is said, where nobody remembers another.
const defaultDelta = 1e-9

// Noise is what was added to a private answer, and what it promises.
type Noise struct {
	// Spread is the standard deviation of the noise in each sum.
	Spread float64
	// Cost is what the answer was charged: Epsilon at Delta, in rho.
	Cost           account.Cost
	Epsilon, Delta float64
	// Honest is how many of the sites' shares it takes for that.
	Honest int
	// Release is which release of the question it is.
	Release uint32
	// People is an estimate of how many were counted.
	People float64
	// Confidence is that of the intervals.
	Confidence float64
}

// Answer is what a result says once everything in it has verified.
type Answer struct {
	Asked Asked
	Mode  protocol.Mode
	// Assembly is the reference that positions are of.
	Assembly string
	// Sites are the names of those whose counts are in the sum.
	Sites []string
	// Wrong are the names of those whose share of the key did not fit the others'. The
	// rest was enough, and the check words agree.
	Wrong []string
	// Granted are the names of those whose exact answer is more than their limit: their
	// custodian has signed for it.
	Granted []string
	// Logged are the names of those who have proved that their opening is in their audit log.
	// A site that denies it later contradicts its own signature.
	Logged  []string
	Purpose string
	Attempt uint32
	// Cut and Sum are what an auditor is given.
	Cut, Sum protocol.Digest
	Rows     []Row
	// Estimates are beside the rows of a private answer, Noise what is in them; nil in mode
	// exact.
	Estimates []dp.Estimate
	Noise     *Noise
}

// EstimateTable is the rows of a private answer as internal/table writes them.
func (a *Answer) EstimateTable() iter.Seq[table.Estimate] {
	return func(yield func(table.Estimate) bool) {
		i := 0
		for row := range a.Table() {
			e := &a.Estimates[i]
			if i++; !yield(table.Estimate{Row: row, AF: e.AF, SE: e.Error, Low: e.Low, High: e.High, PopLow: e.From, PopHigh: e.To}) {
				return
			}
		}
	}
}

// Table is the rows as internal/table writes them.
func (a *Answer) Table() iter.Seq[table.Row] {
	return func(yield func(table.Row) bool) {
		for _, r := range a.Rows {
			v := r.Variant
			if !yield(table.Row{Contig: v.Contig, Pos: v.Pos, Ref: v.Ref, Alt: v.Alt, AC: r.AC, AN: r.AN}) {
				return
			}
		}
	}
}

// Provenance is what an answer rests on, as a person reads it.
func (a *Answer) Provenance() []table.Field {
	mode, noise := "exact: not differentially private", ""
	if n := a.Noise; n != nil {
		mode = fmt.Sprintf("dp: differentially private, epsilon %.4g at delta %g (rho %.4g), release %d", n.Epsilon, n.Delta, float64(n.Cost.Rho)/account.RhoUnits, n.Release)
		noise = fmt.Sprintf("of standard deviation %.4g in each sum, by %d sites; holds while the shares of %d stay secret; intervals of %.6g %%", n.Spread, len(a.Sites), n.Honest, 100*n.Confidence)
	}
	granted := ""
	if len(a.Granted) > 0 {
		granted = "more than the limit on exact answers, by the custodians of " + strings.Join(a.Granted, ", ")
	}
	region, wrong := "everything", "none"
	if a.Asked.Region != "" {
		region = a.Asked.Region
	}
	if len(a.Wrong) > 0 {
		wrong = strings.Join(a.Wrong, ", ")
	}
	return []table.Field{
		{Name: "study", Value: fmt.Sprintf("%s, roster %s", a.Asked.Study, a.Asked.Roster)},
		{Name: "cohort", Value: a.Asked.Cohort},
		{Name: "region", Value: region},
		{Name: "panel", Value: a.Asked.Panel.String()},
		{Name: "purpose", Value: a.Purpose},
		{Name: "mode", Value: mode},
		{Name: "noise", Value: noise},
		{Name: "sites", Value: fmt.Sprintf("%d: %s", len(a.Sites), strings.Join(a.Sites, ", "))},
		{Name: "wrong openings", Value: wrong},
		{Name: "granted", Value: granted},
		{Name: "attempt", Value: fmt.Sprint(a.Attempt)},
		{Name: "task", Value: a.Asked.Task.String()},
		{Name: "cut", Value: a.Cut.String()},
		{Name: "sum", Value: a.Sum.String()},
	}
}
