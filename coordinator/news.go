package coordinator

import "sync"

// news wakes everyone who watches a task or a study, as often as something may look
// different. The zero value is ready.
type news struct {
	mu sync.Mutex
	ch chan struct{}
}

// next is closed at the next news.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

func (n *news) spread() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}
