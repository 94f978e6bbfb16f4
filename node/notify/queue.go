package notify

import (
	"errors"
	"os"
	"slices"
	"sync"
)

// queue is what waits for one target.
type queue struct {
	folder folder
	most   int
	wake   chan struct{} // of one place: that there is something

	mu      sync.Mutex
	waiting []entry
	next    uint64
	dropped uint64
	// failures are those in a row.
	failures int
}

func openQueue(f folder, most int) (*queue, error) {
	waiting, dropped, err := f.open()
	q := &queue{folder: f, most: most, wake: make(chan struct{}, 1), waiting: waiting, dropped: dropped}
	if n := len(waiting); n > 0 {
		q.next = waiting[n-1].seq + 1
		q.wake <- struct{}{}
	}
	return q, err
}

// put makes an item durable. Of bytes that wait already nothing is made.
func (q *queue) put(item Item) error {
	q.mu.Lock()
	known := slices.ContainsFunc(q.waiting, func(e entry) bool { return e.id == item.ID })
	e := entry{q.next, item.ID, item.Form}
	q.next++
	q.mu.Unlock()
	if known {
		return nil
	}
	if err := q.folder.write(e.file(), item.Body); err != nil {
		return err
	}
	q.mu.Lock()
	q.waiting = inOrder(q.waiting, e)
	over := slices.Clone(q.waiting[:max(0, len(q.waiting)-q.most)])
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	var err error
	for _, o := range over {
		err = errors.Join(err, q.drop(o))
	}
	return err
}

// head is the oldest item.
func (q *queue) head() (e entry, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return entry{}, false
	}
	return q.waiting[0], true
}

// forget takes an entry out of the list, and reports whether it was there.
func (q *queue) forget(e entry) bool {
	i := slices.Index(q.waiting, e)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// told takes an item away that was told.
func (q *queue) told(e entry) error {
	q.mu.Lock()
	q.forget(e)
	q.failures = 0
	q.mu.Unlock()
	return q.folder.remove(e.file())
}

// drop takes an item away that is not told, and counts it.
func (q *queue) drop(e entry) error {
	q.mu.Lock()
	there := q.forget(e)
	if there {
		q.dropped++
	}
	n := q.dropped
	q.mu.Unlock()
	if !there {
		return nil // it was told in the meantime, or another has dropped it
	}
	// The count comes first: a crash in between counts one that is told after all.
	return errors.Join(q.folder.count(n), q.folder.remove(e.file()))
}

// failed counts an attempt that failed.
func (q *queue) failed() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failures++
	return q.failures
}

// gone reports of an error that the item was dropped while it was read.
func gone(err error) bool { return errors.Is(err, os.ErrNotExist) }

// holds reports whether an entry still waits.
func (q *queue) holds(e entry) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Contains(q.waiting, e)
}
