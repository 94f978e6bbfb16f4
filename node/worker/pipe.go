package worker

import (
	"bytes"
	"errors"
	"os"
	"sync"
)

// pipe is its two ends.
type pipe struct{ r, w *os.File }

func newPipes(n int) (all []pipe, err error) {
	for range n {
		var p pipe
		if p.r, p.w, err = os.Pipe(); err != nil {
			for _, p := range all {
				err = errors.Join(err, p.r.Close(), p.w.Close())
			}
			return nil, err
		}
		widen(p.w)
		all = append(all, p)
	}
	return all, nil
}

// maxHead is what is kept of what a child writes to its standard error: the beginning
// of a message of the runtime, in which its cause stands.
const maxHead = 4 << 10

// head keeps the beginning of what is written. It is searched and never shown: a child
// that was taken over writes what it likes.
type head struct {
	mu sync.Mutex
	b  []byte
}

// Write keeps some.
func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.b = append(h.b, p[:min(len(p), maxHead-len(h.b))]...)
	return len(p), nil
}

func (h *head) hasAny(texts ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range texts {
		if bytes.Contains(h.b, []byte(s)) {
			return true
		}
	}
	return false
}
