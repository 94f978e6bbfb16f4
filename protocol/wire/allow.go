package wire

import (
	"maps"
	"slices"
	"sync"

	"github.com/locus-genomics/locus/internal/debug"
)

// AllowList is the set of peers that may be connected. It can be replaced at any
// time; the transports that use it then close what is no longer allowed. Nobody
// is on a nil or empty list.
type AllowList struct {
	mu      sync.Mutex
	peers   map[PeerID]struct{}
	changed signal
}

// NewAllowList makes a list of ids.
func NewAllowList(ids ...PeerID) *AllowList {
	l := &AllowList{}
	l.Replace(ids...)
	return l
}

// Replace puts ids in place of the whole list, at once.
func (l *AllowList) Replace(ids ...PeerID) {
	peers := make(map[PeerID]struct{}, len(ids))
	for _, id := range ids {
		peers[id] = struct{}{}
	}
	l.mu.Lock()
	l.peers = peers
	l.mu.Unlock()
	l.changed.fire()
}

// Allows reports whether the list names id.
func (l *AllowList) Allows(id PeerID) bool {
	if debug.Without(debug.AllowList) {
		return true
	}
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.peers[id]
	return ok
}

// Peers returns the list, sorted.
func (l *AllowList) Peers() []PeerID {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.peers))
}

// next returns a channel that is closed at the next Replace; of a nil list, one
// that never is.
func (l *AllowList) next() <-chan struct{} {
	if l == nil {
		return nil
	}
	return l.changed.next()
}

// signal tells any number of waiters that something may have changed. A waiter
// takes the channel first, looks second, and waits third: then no change is
// missed. The zero value is ready.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
