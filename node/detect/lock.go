package detect

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// SubjectKind says what a subject is.
type SubjectKind uint8

// The kinds of subjects.
const (
	// OfResearcher is a key that signs questions; its id is the key's.
	OfResearcher SubjectKind = 1
	// OfStudy is a study; its id is StudyID.
	OfStudy SubjectKind = 2
	// OfPeer is a peer of the transport; its id is PeerID.
	OfPeer SubjectKind = 3
)

// Subject is who a finding is about, and who is throttled or frozen.
type Subject struct {
	Of SubjectKind     `json:"of"`
	ID protocol.Digest `json:"id"`
}

func (s Subject) compare(t Subject) int {
	return cmp.Or(cmp.Compare(s.Of, t.Of), s.ID.Compare(t.ID))
}

// maxLocks bounds who is throttled or frozen: keys, studies and peers are of signed rosters.
const maxLocks = 1 << 16

// lock stops what a subject asks.
type lock struct {
	action Action
	until  time.Time // of Throttle
	span   time.Duration
}

// locks are those of one lane: for all questions, or for exact ones alone.
type locks map[Subject]lock

// set makes a subject's lock as strict as it was or stricter.
func (l locks) set(s Subject, r Reaction, at time.Time) {
	old, there := l[s]
	switch {
	case !there && l.full(at):
		// Everybody is stopped then.
	case r.Action == Freeze:
		l[s] = lock{action: Freeze}
	case r.Action == Throttle && old.action != Freeze:
		n := lock{Throttle, at.Add(time.Duration(r.Throttle)), time.Duration(r.Throttle)}
		if old.action == Throttle && old.until.After(n.until) && old.until.Sub(at) <= old.span {
			n = old
		}
		l[s] = n
	}
}

// standing is what is to be done about a subject at a time, and until when.
func (l locks) standing(s Subject, at time.Time) (Action, time.Time) {
	k, locked := l[s]
	if !locked || k.action == Freeze {
		return k.action, time.Time{}
	}
	// A clock that was set back does not make it longer than it was meant.
	until := k.until
	if latest := at.Add(k.span); until.After(latest) {
		until = latest
		l[s] = lock{k.action, until, k.span}
	}
	if !at.Before(until) {
		delete(l, s)
		return 0, time.Time{}
	}
	return k.action, until
}

// full drops throttles that are over, and reports whether there is no room for more locks.
func (l locks) full(at time.Time) bool {
	if len(l) >= maxLocks {
		maps.DeleteFunc(l, func(_ Subject, k lock) bool { return k.action == Throttle && !at.Before(k.until) })
	}
	return len(l) >= maxLocks
}

// frozen lists the subjects that wait to be thawed.
func (l locks) frozen() (list []Subject) {
	for s, k := range l {
		if k.action == Freeze {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, Subject.compare)
	return list
}
