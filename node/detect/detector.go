package detect

import (
	"iter"
	"sync"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// Detector watches what a site is asked. Any number of goroutines may use it.
type Detector struct {
	cfg     Config
	horizon Duration

	mu     sync.Mutex
	events uint64
	// researchers and studies are what is remembered of questions, forged by kind of subject
	// what is remembered of messages that were not signed.
	researchers, studies trackers
	forged               map[SubjectKind]trackers
	// all stops every question of a subject, exact only exact ones: what led to it may have
	// been told by data.
	all, exact locks
}

// Verdict is what an event comes to.
type Verdict struct {
	Findings []Finding
	// Action is the strictest that is to be taken about this event: what it gave cause to
	// itself, or what its researcher, study or peer is under already. 0 is none.
	Action Action
	// Until is when a Throttle ends.
	Until time.Time
	// Kept says that the event changed what is remembered. A record may leave out an event
	// that is not, such as another offer of a question: it grows with what is asked, and not
	// with how often it is offered.
	Kept bool
}

// Stops reports whether a question is not to be answered now.
func (v *Verdict) Stops() bool { return v.Action >= Throttle }

// add makes a verdict as strict as an action, or leaves it.
func (v *Verdict) add(a Action, until time.Time) {
	switch {
	case a > v.Action:
		v.Action, v.Until = a, until
	case a == v.Action && until.After(v.Until):
		v.Until = until
	}
}

// New makes a detector that has seen nothing.
func New(cfg Config) (*Detector, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	return &Detector{
		cfg: cfg, horizon: Duration(cfg.Horizon()),
		researchers: make(trackers), studies: make(trackers),
		forged: map[SubjectKind]trackers{OfStudy: make(trackers), OfPeer: make(trackers)},
		all:    make(locks), exact: make(locks),
	}, nil
}

// Restore makes a detector that has seen a record of events. What they found was told when
// they came.
func Restore(cfg Config, record iter.Seq2[Event, error]) (*Detector, error) {
	d, err := New(cfg)
	if err != nil {
		return nil, err
	}
	for e, err := range record {
		if err != nil {
			return nil, err
		}
		if _, err := d.Observe(e); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Observe takes in an event, and says what is odd about it and what is to be done. An event
// that fails its Check changes nothing. Events have to come in the order in which they are
// recorded.
func (d *Detector) Observe(e Event) (Verdict, error) {
	if err := e.Check(); err != nil {
		return Verdict{}, err
	}
	if e.Mode != protocol.Exact {
		e.People = protocol.Digest{} // see the package's comment
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events++
	var v Verdict
	switch e.Kind {
	case Asked:
		v = d.asked(&e)
	case Unsigned:
		v = d.unsigned(&e)
	case Froze:
		d.lane(e.Mode == protocol.Exact).set(e.Subject, Reaction{Action: Freeze}, e.At)
		v.Kept = true
	case Thawed:
		d.thaw(e.Subject)
		v.Kept = true
	}
	return v, nil
}

// Frozen lists who is frozen, as events with which a record may begin that was cut off before
// a time.
func (d *Detector) Frozen(at time.Time) (list []Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.all.frozen() {
		list = append(list, Event{Kind: Froze, At: at, Subject: s})
	}
	for _, s := range d.exact.frozen() {
		list = append(list, Event{Kind: Froze, At: at, Subject: s, Mode: protocol.Exact})
	}
	return list
}

// Knows reports whether a question is remembered: nothing but who asks is then looked at when
// it is offered again.
func (d *Detector) Knows(researcher protocol.KeyID, query protocol.Digest, at time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.researchers[researcher].find(query, at, d.horizon) != nil
}

func (d *Detector) lane(exact bool) locks {
	if exact {
		return d.exact
	}
	return d.all
}

// thaw also forgets what a subject did: else its next question would freeze it again.
func (d *Detector) thaw(s Subject) {
	delete(d.all, s)
	delete(d.exact, s)
	delete(d.forged[s.Of], s.ID)
	switch s.Of {
	case OfResearcher:
		delete(d.researchers, s.ID)
	case OfStudy:
		delete(d.studies, s.ID)
	}
}

// asked looks at a question.
func (d *Detector) asked(e *Event) Verdict {
	var v Verdict
	who, study := Subject{OfResearcher, e.Researcher}, Subject{OfStudy, StudyID(e.Study)}
	subjects := []Subject{who, study, {OfPeer, e.Peer}}
	v.standing(d.all, e.At, subjects)
	stopped := v.Stops()
	known := d.researchers[who.ID].find(e.Query, e.At, d.horizon)
	if known == nil {
		d.baited(&v, e, who)
	}
	switch {
	case known != nil && known.passed:
		v.exact(d, e, subjects)
		if v.Action == Throttle {
			return Verdict{} // it is under way: what came after it does not end it
		}
	case known != nil, stopped:
		// What is refused because of its asker counts for nothing more: else a program that
		// tries again would never come free.
		v.exact(d, e, subjects)
	default:
		t := d.researchers.of(who.ID, d.events)
		d.count(&v, e, t, who, study)
		v.exact(d, e, subjects)
		t.kept[len(t.kept)-1].passed = !v.Stops()
		v.Kept = true
	}
	return v
}

// baited looks whether a question asks for what nobody has a reason to ask for.
func (d *Detector) baited(v *Verdict, e *Event, who Subject) {
	pot, hit := d.cfg.Honeypot.hit(e)
	if !hit {
		return
	}
	tell := d.raise(v, e, Honeypot, who, d.researchers.of(who.ID, d.events), 1)
	if tell {
		v.Findings[len(v.Findings)-1].Pot = pot
	}
	v.Kept = tell || d.cfg.Honeypot.Action == Throttle // which begins anew
}

// count looks at a question that is new, beside others, and remembers it.
func (d *Detector) count(v *Verdict, e *Event, t *tracker, who, study Subject) {
	d.raise(v, e, BurstOfResearcher, who, t, t.times.add(e.At, d.cfg.BurstOfResearcher.Window))
	s := d.studies.of(study.ID, d.events)
	d.raise(v, e, BurstInStudy, study, s, s.times.add(e.At, d.cfg.BurstInStudy.Window))
	k := keep(e)
	d.compare(v, e, who, t, &k)
	if k.exact {
		// The one rule that may depend on data: what follows holds for exact questions alone.
		d.raise(v, e, ChangedPeople, who, t, d.changedPeople(t, &k))
	}
	t.kept = append(t.kept, k)
	t.tiles += len(k.tiles)
	t.forget(e.At, d.horizon)
	d.researchers.shrink()
}

// unsigned looks at what is not signed by whom it speaks for.
func (d *Detector) unsigned(e *Event) Verdict {
	var v Verdict
	subjects := []Subject{{OfPeer, e.Peer}}
	if e.Study != "" {
		subjects = append(subjects, Subject{OfStudy, StudyID(e.Study)})
	}
	for _, s := range subjects {
		t := d.forged[s.Of].of(s.ID, d.events)
		d.raise(&v, e, FailedSignatures, s, t, t.times.add(e.At, d.cfg.FailedSignatures.Window))
	}
	v.standing(d.all, e.At, subjects)
	v.Kept = true
	return v
}

// standing adds what subjects are under already.
func (v *Verdict) standing(l locks, at time.Time, subjects []Subject) {
	for _, s := range subjects {
		v.add(l.standing(s, at))
	}
	if l.full(at) {
		v.add(Freeze, time.Time{})
	}
}

// exact is standing for what stops exact questions alone.
func (v *Verdict) exact(d *Detector, e *Event, subjects []Subject) {
	if e.Mode == protocol.Exact {
		v.standing(d.exact, e.At, subjects)
	}
}

// raise takes a rule's action if there are as many as it counts to, and reports whether it
// tells of it. The same is told again once a window has gone by, or once it is twice as many.
func (d *Detector) raise(v *Verdict, e *Event, r Rule, s Subject, t *tracker, count int) (tell bool) {
	reaction := d.cfg.Reaction(r)
	if count < reaction.Count && r != Honeypot {
		return false
	}
	f := newFinding(e, r, s, reaction, count)
	v.add(f.Action, f.Until)
	d.lane(r == ChangedPeople).set(s, reaction, e.At)
	if last, was := t.told[r]; was && within(e.At, last.at, reaction.Window) && count < 2*last.count {
		return false
	}
	if t.told[r] = (told{e.At, count}); r == Honeypot {
		t.told[r] = told{e.At, maxTimes} // one is as good as many
	}
	v.Findings = append(v.Findings, f)
	return true
}
