package replica

import "sync"

// signal wakes everyone who waits, as often as it fires. Its zero value is
// ready.
type signal struct {
	mu      sync.Mutex
	waiting chan struct{} // nil if nobody asked since the last fire
}

// next returns a channel that is closed at the next fire.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = make(chan struct{})
	}
	return s.waiting
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != nil {
		close(s.waiting)
		s.waiting = nil
	}
}

// fault holds the first error after which a member must not go on.
type fault struct {
	once    sync.Once
	tripped chan struct{}
	first   error // set before tripped is closed
}

func newFault() *fault { return &fault{tripped: make(chan struct{})} }

// trip stops the member for err, or for what stopped it before, and returns
// that.
func (f *fault) trip(err error) error {
	f.once.Do(func() {
		f.first = err
		close(f.tripped)
	})
	return f.err()
}

// err is nil until trip was called.
func (f *fault) err() error {
	select {
	case <-f.tripped:
		return f.first
	default:
		return nil
	}
}
