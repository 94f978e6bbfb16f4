// Package schedule decides what a leader does next for a task. Start with [Plan].
//
// It is pure: what is committed, what the leader holds in memory and the time go
// in, and steps come out. A step that is under way may come out again: who takes
// the steps knows that. All of a leader's memory can be lost: the steps to get it
// again then come out, and sites answer them with the bytes they have stored.
//
//	sites ready ──Start──▶ Offer… ──▶ Fetch… ──▶ Deliver… ──▶ SignCut ──▶ Cut… ──▶ Witness… ──▶ Open…
//	                                                                 └──▶ Sum
//
// Words are fetched before there is a cut, so that a site that dies after its
// contribution is missed for its opening at most.
//
// After an attempt that failed for a reason that may pass, the next one starts when
// every site it needs is connected and ready. The other reasons end the task.
package schedule

import (
	"slices"
	"time"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

// Kind is what a step does.
type Kind uint8

// The kinds of a step. Those in the first group are commits, those in the second
// calls of one site, and Sum is work of the leader's own.
const (
	Start Kind = iota + 1
	Pass
	Fail
	SignCut

	Offer
	Fetch
	Deliver
	Cut
	Witness
	Open

	Sum
)

// String is the kind in one word.
func (k Kind) String() string {
	names := [...]string{"", "start", "pass", "fail", "sign cut", "offer", "fetch", "deliver", "cut", "witness", "open", "sum"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Step is one thing to do for a task.
type Step struct {
	Kind Kind
	// Point is the site to call.
	Point uint32
	// Failure is why, with Fail.
	Failure state.Failure
}

// Site is what the leader knows of a site by itself.
type Site struct {
	// Connected sites can be called, Ready ones also contribute.
	Connected, Ready bool
	// Shares and Words tell that the leader holds what the site has contributed,
	// Vote that it holds its vote.
	Shares, Words, Vote bool
	// Sees are the sites whose vote this one keeps, as the leader holds it signed.
	Sees []uint32
}

// Memory is what a leader knows of a task by itself, and may have lost.
type Memory struct {
	// Sites are all sites of the roster, by point.
	Sites map[uint32]Site
	// Sum tells that the leader has the bytes of the sum.
	Sum bool
}

// Pace is how patient a leader is between attempts.
type Pace struct {
	// Again is the pause before a second attempt; later ones wait longer.
	Again time.Duration
}

// maxPause bounds the pause between two attempts.
const maxPause = time.Minute

// maxNoCuts is how many attempts may end without a set: a share that does not open
// may be a fault on the way, and is a bad dealer when it happens again.
const maxNoCuts = 2

// Plan returns what to do for a task now, and when to look again even if nothing
// happens; the zero time means never.
func Plan(t *state.Task, m Memory, pace Pace, now time.Time) (steps []Step, again time.Time) {
	switch {
	case t.Failed != 0:
		return nil, time.Time{}
	case t.Done():
		// The answer stays here for as long as sites could give it again.
		if !m.Sum && now.Before(t.Attempt.Expires) {
			steps = sum(t, m)
		}
		return steps, time.Time{}
	case t.Attempt == nil:
		return begin(t, m, t.Submitted, now)
	case t.Attempt.Phase == session.Failed:
		return afterFailure(t, m, pace, now)
	case t.Attempt.Phase == session.Done && !now.Before(t.Attempt.Expires):
		// It was opened, and the sum was never made.
		return []Step{{Kind: Fail, Failure: state.QueryExpired}}, time.Time{}
	}
	again = t.Attempt.Expires
	if t.Attempt.Phase == session.Contributing {
		again = t.Attempt.ContributeBy
	}
	if !now.Before(again) && t.Attempt.Phase != session.Done {
		return []Step{{Kind: Pass}}, again
	}
	switch t.Attempt.Phase {
	case session.Contributing:
		steps = append(offers(t, m), fetches(t, m)...)
	case session.Receiving:
		steps = deliveries(t, m)
	case session.Opening, session.Done:
		steps = openings(t, m)
	}
	return steps, again
}

// begin starts an attempt when the sites it needs are there, from a time on.
func begin(t *state.Task, m Memory, from, now time.Time) ([]Step, time.Time) {
	expires := t.Header.Message.Expires
	if !now.Before(expires) {
		return []Step{{Kind: Fail, Failure: state.QueryExpired}}, time.Time{}
	}
	if now.Before(from) {
		return nil, earlier(from, expires)
	}
	rules := t.Rules()
	there := slices.DeleteFunc(slices.Clone(rules.Asked()), func(p uint32) bool {
		return !m.Sites[p].Connected || !m.Sites[p].Ready
	})
	if len(rules.Named) > 0 && len(there) < len(rules.Named) || !rules.Valid(there) {
		return nil, expires
	}
	return []Step{{Kind: Start}}, expires
}

// afterFailure tries again, or ends the task.
func afterFailure(t *state.Task, m Memory, pace Pace, now time.Time) ([]Step, time.Time) {
	fail := func(why state.Failure) ([]Step, time.Time) { return []Step{{Kind: Fail, Failure: why}}, time.Time{} }
	switch t.Attempt.Reason {
	case session.Refused:
		for _, p := range t.Attempt.Points() {
			if code := t.Attempt.Sites[p].Refused; code != 0 && !Passing(code) {
				return fail(state.RefusedBySite)
			}
		}
	case session.NoCut:
		if t.NoCuts >= maxNoCuts {
			return fail(state.NoSet)
		}
	}
	if t.Attempt.Number >= protocol.MaxAttempts {
		return fail(state.Exhausted)
	}
	return begin(t, m, t.Changed.Add(pause(pace, t.Attempt.Number)), now)
}

// pause grows with the number of the attempt that failed.
func pause(pace Pace, number uint32) time.Duration {
	return min(pace.Again<<min(number-1, 10), maxPause)
}

// Passing tells whether a site may say yes another time to what it refused with
// this code. A code that is not listed stays.
func Passing(code protocol.Code) bool {
	switch code {
	case protocol.Internal, protocol.NotReady, protocol.Lost, protocol.Expired, protocol.UnknownSession, protocol.NotWitnessed,
		protocol.AwaitingApproval, protocol.Frozen, protocol.Throttled:
		return true
	}
	return false
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// call makes a step for each connected site that a task needs it of.
func call(kind Kind, points []uint32, m Memory, needed func(point uint32) bool) (steps []Step) {
	for _, p := range points {
		if m.Sites[p].Connected && needed(p) {
			steps = append(steps, Step{Kind: kind, Point: p})
		}
	}
	return steps
}

// offers asks those that have neither contributed nor refused.
func offers(t *state.Task, m Memory) []Step {
	return call(Offer, t.Attempt.Points(), m, func(p uint32) bool {
		s := t.Attempt.Sites[p]
		return s.Refused == 0 && (s.Header.IsZero() || !m.Sites[p].Shares)
	})
}

// fetches brings in the words of those that have contributed. One that is away may
// have given them before: the step itself knows.
func fetches(t *state.Task, m Memory) (steps []Step) {
	for _, p := range t.Attempt.Contributors() {
		if !m.Sites[p].Words && t.Attempt.Sites[p].Refused == 0 {
			steps = append(steps, Step{Kind: Fetch, Point: p})
		}
	}
	return steps
}

// deliveries hands out the shares, once the leader holds all that was contributed.
func deliveries(t *state.Task, m Memory) []Step {
	contributors := t.Attempt.Contributors()
	if missing := append(offersAgain(contributors, m), fetches(t, m)...); len(missing) > 0 {
		return missing
	}
	if slices.ContainsFunc(contributors, func(p uint32) bool { return !m.Sites[p].Shares }) {
		return nil // the site that has them is away
	}
	return call(Deliver, contributors, m, func(p uint32) bool {
		s := t.Attempt.Sites[p]
		return !s.HasReceived && s.Refused == 0
	})
}

// offersAgain asks contributors for what this leader has not seen, or has lost.
func offersAgain(contributors []uint32, m Memory) []Step {
	return call(Offer, contributors, m, func(p uint32) bool { return !m.Sites[p].Shares })
}

// openings takes the votes, has them witnessed, takes the openings and adds up.
func openings(t *state.Task, m Memory) (steps []Step) {
	if t.Cut.IsZero() {
		return []Step{{Kind: SignCut}}
	}
	members := t.Attempt.Members()
	if t.Attempt.Phase == session.Opening {
		open := func(p uint32) bool { return t.Attempt.Sites[p].Opened || t.Attempt.Sites[p].Refused != 0 }
		steps = call(Cut, members, m, func(p uint32) bool { return !open(p) && !m.Sites[p].Vote })
		steps = append(steps, call(Witness, t.Roster.Message.Points(), m, func(w uint32) bool {
			return slices.ContainsFunc(members, func(p uint32) bool {
				return p != w && !open(p) && m.Sites[p].Vote && !slices.Contains(m.Sites[w].Sees, p)
			})
		})...)
		// A member that has opened has given its words before: from then on it is
		// needed no more than the threshold says.
		steps = append(steps, call(Open, members, m, func(p uint32) bool {
			return !t.Sum.IsZero() && !open(p) && m.Sites[p].Vote && Witnesses(m, p) >= t.Roster.Message.Threshold-1
		})...)
	}
	if t.Sum.IsZero() {
		steps = append(steps, sum(t, m)...)
	}
	return steps
}

// Witnesses counts the sites that keep a site's vote.
func Witnesses(m Memory, of uint32) (n int) {
	for p, s := range m.Sites {
		if p != of && slices.Contains(s.Sees, of) {
			n++
		}
	}
	return n
}

// sum adds up when every member can be asked for its words. One that is away may
// have given them before: the step itself knows.
func sum(*state.Task, Memory) []Step { return []Step{{Kind: Sum}} }
