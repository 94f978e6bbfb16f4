package session

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// Phase is where an attempt stands.
type Phase uint8

// The phases, in order. Done and Failed are final.
const (
	Contributing Phase = iota + 1
	Receiving
	Opening
	Done
	Failed
)

// String is the phase in one word.
func (p Phase) String() string {
	switch p {
	case Contributing:
		return "contributing"
	case Receiving:
		return "receiving"
	case Opening:
		return "opening"
	case Done:
		return "done"
	case Failed:
		return "failed"
	}
	return "unknown"
}

// Reason is why an attempt failed.
type Reason uint8

// The reasons. None is the zero value of an attempt that has not failed.
const (
	None    Reason = iota
	Refused        // a site that is needed said no
	Late           // a site that is needed did not contribute in time
	NoCut          // no set of contributions may be opened together
	Expired        // not enough openings before the end
)

// String is the reason in words.
func (r Reason) String() string {
	switch r {
	case None:
		return ""
	case Refused:
		return "refused by a site"
	case Late:
		return "a site did not contribute in time"
	case NoCut:
		return "no set of contributions that may be opened"
	case Expired:
		return "expired"
	}
	return "unknown"
}

var (
	// ErrStep is returned when an event does not belong to the phase or the site.
	ErrStep = errors.New("session: not a step of this attempt")
	// ErrChanged is returned when a step that was taken is taken again with other content.
	ErrChanged = errors.New("session: this step was taken with other content")
)

// Site is one site's part in an attempt.
type Site struct {
	// Header is the digest of its contribution's header, zero before it came.
	Header protocol.Digest
	// Bound is the set that its release is bound to, if it said so.
	Bound []uint32
	// Received are the points whose shares opened there; HasReceived that it said.
	Received    []uint32
	HasReceived bool
	// Voted and Opened are the steps after the cut.
	Voted, Opened bool
	// Refused is its code when it said no.
	Refused protocol.Code
}

// Rules are what an attempt needs to know of its roster and query.
type Rules struct {
	Mode      protocol.Mode
	Threshold int
	// Named is the set an exact answer adds up, or the named sites; empty: any.
	Named []uint32
	// Sites is n.
	Sites int
	// Valid reports whether points may be a cut: enough sites and organisations.
	Valid func(points []uint32) bool
}

// NewRules takes the rules of a query from its roster.
func NewRules(r *protocol.Roster, h *protocol.QueryHeader) Rules {
	return Rules{
		Mode: h.Mode, Threshold: r.Threshold, Named: h.Points, Sites: len(r.Sites),
		Valid: func(points []uint32) bool {
			return len(points) >= r.Threshold && r.Organisations(points) >= r.MinOrganisations
		},
	}
}

// Asked are the points that are offered the task.
func (r Rules) Asked() []uint32 {
	if len(r.Named) > 0 {
		return r.Named
	}
	points := make([]uint32, r.Sites)
	for i := range points {
		points[i] = uint32(i + 1)
	}
	return points
}

// Attempt is one try at a query, as the coordinator sees it.
type Attempt struct {
	Number uint32
	Phase  Phase
	Reason Reason
	// ContributeBy ends the first phase, Expires the attempt.
	ContributeBy, Expires time.Time
	// Sites are the asked sites by point.
	Sites map[uint32]*Site
	// Cut are the members of the sum once it is decided.
	Cut []protocol.CutEntry
}

// NewAttempt starts an attempt.
func NewAttempt(number uint32, rules Rules, contributeBy, expires time.Time) *Attempt {
	a := &Attempt{Number: number, Phase: Contributing, ContributeBy: contributeBy, Expires: expires, Sites: make(map[uint32]*Site)}
	for _, p := range rules.Asked() {
		a.Sites[p] = &Site{}
	}
	return a
}

// Points are the asked sites, ascending.
func (a *Attempt) Points() []uint32 {
	points := make([]uint32, 0, len(a.Sites))
	for p := range a.Sites {
		points = append(points, p)
	}
	slices.Sort(points)
	return points
}

// Contributors are the sites whose contribution came, ascending.
func (a *Attempt) Contributors() []uint32 {
	return slices.DeleteFunc(a.Points(), func(p uint32) bool { return a.Sites[p].Header.IsZero() })
}

// present are the contributors that have not said no.
func (a *Attempt) present() []uint32 {
	return slices.DeleteFunc(a.Contributors(), func(p uint32) bool { return a.Sites[p].Refused != 0 })
}

// Members are the sites in the cut, ascending.
func (a *Attempt) Members() []uint32 {
	points := make([]uint32, len(a.Cut))
	for i, e := range a.Cut {
		points[i] = e.Point
	}
	return points
}

func (a *Attempt) site(point uint32, phases ...Phase) (*Site, error) {
	s, ok := a.Sites[point]
	if !ok || !slices.Contains(phases, a.Phase) {
		return nil, fmt.Errorf("%w: site %d while %s", ErrStep, point, a.Phase)
	}
	return s, nil
}

// Contributed takes a site's contribution.
func (a *Attempt) Contributed(point uint32, header protocol.Digest, bound []uint32, rules Rules) error {
	s, err := a.site(point, Contributing, Receiving, Opening, Done)
	switch {
	case err != nil:
		return err
	case s.Header == header:
		return nil
	case !s.Header.IsZero():
		return fmt.Errorf("%w: the contribution of site %d", ErrChanged, point)
	case a.Phase != Contributing || s.Refused != 0:
		return fmt.Errorf("%w: a contribution of site %d while %s", ErrStep, point, a.Phase)
	}
	s.Header, s.Bound = header, bound
	a.afterContributing(rules)
	return nil
}

// Refuse takes a site's no. In mode exact, or when too few are left, it ends the attempt.
func (a *Attempt) Refuse(point uint32, code protocol.Code, rules Rules) error {
	s, err := a.site(point, Contributing, Receiving, Opening)
	if err != nil {
		return err
	}
	if a.Phase != Contributing && slices.Contains(a.Members(), point) && s.Opened {
		return fmt.Errorf("%w: site %d has opened", ErrStep, point)
	}
	s.Refused = code
	if a.Phase == Contributing {
		a.afterContributing(rules)
		return nil
	}
	return a.afterRefusal(rules)
}

// willing are the asked sites that have not said no.
func (a *Attempt) willing() []uint32 {
	return slices.DeleteFunc(a.Points(), func(p uint32) bool { return a.Sites[p].Refused != 0 })
}

func (a *Attempt) afterContributing(rules Rules) {
	willing := a.willing()
	if len(willing) < len(a.Sites) && len(rules.Named) > 0 || !rules.Valid(willing) {
		a.fail(Refused)
		return
	}
	if len(a.present()) == len(willing) {
		a.Phase = Receiving
	}
}

func (a *Attempt) afterRefusal(rules Rules) error {
	if a.Phase == Receiving {
		return a.decide(rules)
	}
	members := a.Members()
	left := slices.DeleteFunc(members, func(p uint32) bool { return a.Sites[p].Refused != 0 })
	if len(left) < rules.Threshold {
		a.fail(Refused)
	}
	return nil
}

// Received takes a site's list of the contributions whose share opened there.
func (a *Attempt) Received(point uint32, points []uint32, rules Rules) error {
	s, err := a.site(point, Receiving, Opening, Done)
	switch {
	case err != nil:
		return err
	case s.HasReceived && slices.Equal(s.Received, points):
		return nil
	case s.HasReceived:
		return fmt.Errorf("%w: what site %d has received", ErrChanged, point)
	case a.Phase != Receiving || s.Header.IsZero():
		return fmt.Errorf("%w: what site %d has received, while %s", ErrStep, point, a.Phase)
	}
	s.Received, s.HasReceived = slices.Clone(points), true
	return a.decide(rules)
}

// decide looks for the cut once every contributor that has not refused has spoken.
func (a *Attempt) decide(rules Rules) error {
	for _, p := range a.present() {
		if !a.Sites[p].HasReceived {
			return nil
		}
	}
	points, ok := a.cutPoints(rules)
	if !ok {
		a.fail(NoCut)
		return nil
	}
	for _, p := range points {
		a.Cut = append(a.Cut, protocol.CutEntry{Point: p, Header: a.Sites[p].Header})
	}
	a.Phase = Opening
	return nil
}

// Voted takes a member's vote for the cut.
func (a *Attempt) Voted(point uint32) error {
	s, err := a.site(point, Opening, Done)
	if err != nil {
		return err
	}
	if !slices.Contains(a.Members(), point) {
		return fmt.Errorf("%w: a vote of site %d, which is not in the cut", ErrStep, point)
	}
	s.Voted = true
	return nil
}

// OpenedBy takes a member's opening. With t of them the attempt is done.
func (a *Attempt) OpenedBy(point uint32, rules Rules) error {
	s, err := a.site(point, Opening, Done)
	if err != nil {
		return err
	}
	if !slices.Contains(a.Members(), point) {
		return fmt.Errorf("%w: an opening of site %d, which is not in the cut", ErrStep, point)
	}
	s.Voted, s.Opened = true, true
	opened := 0
	for _, p := range a.Members() {
		if a.Sites[p].Opened {
			opened++
		}
	}
	if opened >= rules.Threshold {
		a.Phase = Done
	}
	return nil
}

// Pass lets time pass.
func (a *Attempt) Pass(now time.Time, rules Rules) {
	switch {
	case a.Phase == Done || a.Phase == Failed:
	case !now.Before(a.Expires):
		a.fail(Expired)
	case a.Phase == Contributing && !now.Before(a.ContributeBy):
		if len(rules.Named) == 0 && rules.Valid(a.present()) {
			a.Phase = Receiving
			return
		}
		a.fail(Late)
	}
}

func (a *Attempt) fail(r Reason) { a.Phase, a.Reason = Failed, r }
