// Package window shows what comes next in a stream, without handing it out. Start with
// New. It is for readers of unpacked files; a BGZF file has windows of its own.
package window

import "io"

const (
	// size is what is held at least. It fits a processor's own cache.
	size = 256 << 10
	// least is what a stream is asked for at once.
	least = 64 << 10
	// maxIdle is how often a stream may give nothing without a reason.
	maxIdle = 100
)

// Stream is a stream with a window. It is for one goroutine.
type Stream struct {
	r      io.Reader
	held   []byte
	lo, hi int   // what of held was not handed out
	err    error // of r, behind hi
}

// New reads from r, more than it needs at a time. Nothing is read before the first call.
func New(r io.Reader) *Stream { return &Stream{r: r} }

// Window shows n bytes or more, all that is at hand. Where fewer are left, it shows
// those, and says why. What it shows stays until the next call of Window.
//
// It holds no more than a few times what the stream has given, so that n need not be
// believed, and holds n at least where the stream has as many.
func (s *Stream) Window(n int) ([]byte, error) {
	for idle := 0; s.hi-s.lo < n; idle++ {
		if s.err == nil && idle == maxIdle {
			s.err = io.ErrNoProgress
		}
		if s.err != nil {
			return s.held[s.lo:s.hi], s.err
		}
		s.room()
		var k int
		if k, s.err = s.r.Read(s.held[s.hi:]); k > 0 {
			s.hi += k
			idle = 0
		}
	}
	return s.held[s.lo:s.hi], nil
}

// Advance hands out the first n bytes that Window showed. It panics when it did not
// show as many.
func (s *Stream) Advance(n int) {
	if n < 0 || n > s.hi-s.lo {
		panic("window: more is passed over than was shown")
	}
	s.lo += n
}

// room makes held fit for least more bytes.
func (s *Stream) room() {
	if s.lo == s.hi {
		s.lo, s.hi = 0, 0
	}
	if s.hi+least <= len(s.held) {
		return
	}
	shown := s.held[s.lo:s.hi]
	// Half of it free, so that bytes are moved once on average.
	if want := max(size, 2*len(shown)+least); want > len(s.held) {
		s.held = make([]byte, want)
	}
	s.lo, s.hi = 0, copy(s.held, shown)
}
