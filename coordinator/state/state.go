package state

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

var (
	// ErrCommand is returned for bytes that are no command. One that was committed
	// stops a member: Admit keeps it out of the log.
	ErrCommand = errors.New("state: not a command")
	// ErrNotFound is answered to a command about something that does not exist.
	ErrNotFound = errors.New("state: not found")
	// ErrConflict is answered to a command that does not fit the state.
	ErrConflict = errors.New("state: does not fit the present state")
	// ErrInvalid is answered to a command whose content is not what it must be.
	ErrInvalid = errors.New("state: not valid")
)

// Bounds of the state. They keep a snapshot small enough for memory.
const (
	maxSites   = 4096
	maxPanels  = 1024
	maxStudies = 256
	// maxLive bounds the tasks of one study that are not final.
	maxLive = 256
	// maxTasks bounds all tasks.
	maxTasks = 10_000
	// keepFor is how long after its query's expiry a final task is kept.
	keepFor = 90 * 24 * time.Hour
)

// SiteState is how far a site has come.
type SiteState uint8

// The states of a site.
const (
	Invited SiteState = iota + 1
	Pending
	Approved
)

// String is the state in one word, as the API has it.
func (s SiteState) String() string {
	switch s {
	case Invited:
		return "invited"
	case Pending:
		return "pending"
	case Approved:
		return "approved"
	}
	return "unknown"
}

// Site is a site that was invited.
type Site struct {
	Name  string
	State SiteState
	// Invitation tells a join request made with the token.
	Invitation protocol.PublicKey
	// Request is the join request as sent, Card what it says.
	Request []byte
	Card    protocol.Card
}

// Panel is a stored list of variants.
type Panel struct {
	Digest   protocol.Digest
	Assembly string
	Variants uint64
	// Blob is the SHA-256 of its encoding, Size that one's bytes.
	Blob protocol.Digest
	Size uint64
}

// Study is a study with its rosters.
type Study struct {
	Name string
	// Opened are the rosters that were opened, by epoch. The last one is in force.
	Opened []protocol.Signed[protocol.Roster]
	// Proposed is one that custodians are asked to sign, or zero.
	Proposed protocol.Signed[protocol.Roster]
	// Declarations are the newest ones of the roster in force, by point.
	Declarations map[uint32]protocol.Signed[protocol.Declaration]
	// Reports are what sites say of their budgets under it, by point; most say nothing.
	Reports map[uint32]protocol.Signed[protocol.SiteReport]
}

func newStudy(name string) *Study {
	return &Study{
		Name: name, Declarations: make(map[uint32]protocol.Signed[protocol.Declaration]), Reports: make(map[uint32]protocol.Signed[protocol.SiteReport]),
	}
}

// Open is the roster in force.
func (s *Study) Open() (protocol.Signed[protocol.Roster], bool) {
	if len(s.Opened) == 0 {
		return protocol.Signed[protocol.Roster]{}, false
	}
	return s.Opened[len(s.Opened)-1], true
}

// newest is the roster with the highest epoch number, opened or not.
func (s *Study) newest() protocol.Signed[protocol.Roster] {
	if !s.Proposed.IsZero() {
		return s.Proposed
	}
	open, _ := s.Open()
	return open
}

// roster returns an opened roster by its digest.
func (s *Study) roster(d protocol.Digest) (protocol.Signed[protocol.Roster], bool) {
	i := slices.IndexFunc(s.Opened, func(r protocol.Signed[protocol.Roster]) bool { return r.Digest() == d })
	if i < 0 {
		return protocol.Signed[protocol.Roster]{}, false
	}
	return s.Opened[i], true
}

// Since are the opened rosters from one on, without the one in force: none when it is that
// one.
func (s *Study) Since(d protocol.Digest) (list [][]byte) {
	for i, r := range s.Opened {
		if i < len(s.Opened)-1 && (list != nil || r.Digest() == d) {
			list = append(list, r.Bytes())
		}
	}
	return list
}

// Failure is why a task ended without an answer.
type Failure uint8

// The failures. Zero: it has not failed.
const (
	RefusedBySite Failure = iota + 1 // a site said no for a reason that stays
	NoSet                            // no set of contributions may be opened together
	Exhausted                        // it was tried as often as may be
	QueryExpired                     // the query is too old
	RosterEnded                      // another roster is in force
)

// String is the failure in words.
func (f Failure) String() string {
	switch f {
	case RefusedBySite:
		return session.Refused.String()
	case NoSet:
		return session.NoCut.String()
	case Exhausted:
		return "tried as often as a query may be"
	case QueryExpired:
		return "the query has expired"
	case RosterEnded:
		return "the roster that it was asked under has ended"
	}
	return ""
}

// Set is a cut that was decided in some attempt.
type Set struct{ Session, Digest protocol.Digest }

// Task is a query and how far it has come.
type Task struct {
	ID protocol.Digest
	// Roster is the one that it was asked under.
	Roster protocol.Signed[protocol.Roster]
	Header protocol.Signed[protocol.QueryHeader]
	// Bodies are the sealed bodies in roster order. A final task has none.
	Bodies [][]byte
	// Declarations are those that the query lists.
	Declarations []protocol.Signed[protocol.Declaration]
	// Submitted and Changed are by the proposers' clocks.
	Submitted, Changed time.Time
	// Failed is set when the task has ended without an answer.
	Failed Failure

	// Attempt is the present one, nil before the first.
	Attempt *session.Attempt
	// Task is what a member signed for it, Cut what a member signed of its cut.
	Task protocol.Signed[protocol.Task]
	Cut  protocol.Signed[protocol.Cut]
	// Contributions are the signed headers, Received and Openings what came after,
	// by point and as sent.
	Contributions map[uint32][]byte
	Received      map[uint32][]byte
	Openings      map[uint32][]byte
	// Sum is the SHA-256 of the sum, once it was made, and SumSize its bytes.
	Sum     protocol.Digest
	SumSize uint64
	// Sets are the cuts of all attempts.
	Sets []Set
	// NoCuts counts the attempts that ended without a cut.
	NoCuts uint32
}

// Rules are what the attempts of a task go by.
func (t *Task) Rules() session.Rules {
	return session.NewRules(&t.Roster.Message, &t.Header.Message)
}

// Session is the session of the present attempt.
func (t *Task) Session() protocol.SessionID { return t.Task.Message.Session() }

// Done tells whether the answer can be fetched.
func (t *Task) Done() bool {
	return t.Attempt != nil && t.Attempt.Phase == session.Done && !t.Sum.IsZero()
}

// Final tells whether the task will not change any more.
func (t *Task) Final() bool { return t.Failed != 0 || t.Done() }

// Clone is a copy that may be kept after View.
func (t *Task) Clone() *Task {
	c := *t
	c.Contributions, c.Received, c.Openings = maps.Clone(t.Contributions), maps.Clone(t.Received), maps.Clone(t.Openings)
	c.Sets = slices.Clone(t.Sets)
	if t.Attempt == nil {
		return &c
	}
	a := *t.Attempt
	a.Cut, a.Sites = slices.Clone(a.Cut), make(map[uint32]*session.Site, len(a.Sites))
	for p, s := range t.Attempt.Sites {
		site := *s
		a.Sites[p] = &site
	}
	c.Attempt = &a
	return &c
}

// State is everything that the members agree on. It belongs to its Machine: look at
// it in View, and change nothing.
type State struct {
	Sites   map[string]*Site
	Panels  map[protocol.Digest]Panel
	Studies map[string]*Study
	Tasks   map[protocol.Digest]*Task
	// Tables are publications by their digest.
	Tables map[protocol.Digest]*Table
	// Records counts what the members write to their audit logs of all this, and Head is
	// the digest over it.
	Records uint64
	Head    protocol.Digest
}

func newState() *State {
	return &State{
		Sites: make(map[string]*Site), Panels: make(map[protocol.Digest]Panel),
		Studies: make(map[string]*Study), Tasks: make(map[protocol.Digest]*Task),
		Tables: make(map[protocol.Digest]*Table),
	}
}

// study returns a study by name.
func (s *State) study(name string) (*Study, error) {
	st, ok := s.Studies[name]
	if !ok {
		return nil, fmt.Errorf("%w: no such study", ErrNotFound)
	}
	return st, nil
}

// inForce returns a study and the roster that is in force.
func (s *State) inForce(name string) (*Study, protocol.Signed[protocol.Roster], error) {
	st, err := s.study(name)
	if err != nil {
		return nil, protocol.Signed[protocol.Roster]{}, err
	}
	open, ok := st.Open()
	if !ok {
		return nil, open, fmt.Errorf("%w: study %q is not open", ErrConflict, st.Name)
	}
	return st, open, nil
}

// rosterOf returns a roster of a study, by the bytes of its digest, in force or not.
func (s *State) rosterOf(study string, raw []byte) (none protocol.Signed[protocol.Roster], err error) {
	st, err := s.study(study)
	if err != nil {
		return none, err
	}
	digest, err := protocol.ParseDigest(raw)
	if err != nil {
		return none, err
	}
	roster, ok := st.roster(digest)
	if !ok {
		return none, fmt.Errorf("%w: study %q has had no such roster", ErrInvalid, study)
	}
	return roster, nil
}

// task returns a task by the bytes of its digest.
func (s *State) task(query []byte) (*Task, error) {
	d, err := protocol.ParseDigest(query)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	t, ok := s.Tasks[d]
	if !ok {
		return nil, fmt.Errorf("%w: no such task", ErrNotFound)
	}
	return t, nil
}

// Decided returns the set that was cut in a session, if this log knows of one.
func (s *State) Decided(id protocol.SessionID) (protocol.Digest, bool) {
	for _, t := range s.Tasks {
		for _, set := range t.Sets {
			if set.Session == id {
				return set.Digest, true
			}
		}
	}
	return protocol.Digest{}, false
}
