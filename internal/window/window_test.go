package window_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/locus-genomics/locus/internal/window"
)

func text(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestAWindowMovesOverWhatIsRead(t *testing.T) {
	plain := text(2_000_000)
	for _, c := range []struct {
		name    string
		n, step int // of each window, and how far it moves
	}{
		{"a byte at a time, some thousand a step", 1, 1234},
		{"windows that overlap", 70_000, 40_000},
		{"windows larger than any buffer", 900_000, 450_000},
		{"more than there is", 2_000_001, 0},
	} {
		for way, r := range map[string]io.Reader{
			"": bytes.NewReader(plain), ", in halves": iotest.HalfReader(bytes.NewReader(plain)), ", with the end": iotest.DataErrReader(bytes.NewReader(plain)),
		} {
			s := window.New(r)
			at := 0
			for {
				w, err := s.Window(c.n)
				if !bytes.Equal(w, plain[at:at+len(w)]) {
					t.Fatalf("%s%s: the window at %d shows something else", c.name, way, at)
				}
				if err != nil {
					if err != io.EOF || at+len(w) != len(plain) || len(w) >= c.n {
						t.Errorf("%s%s: at %d with %d bytes shown: %v", c.name, way, at, len(w), err)
					}
					break
				}
				if len(w) < c.n {
					t.Fatalf("%s%s: %d bytes are shown", c.name, way, len(w))
				}
				n := min(max(c.step, 1), len(w))
				s.Advance(n)
				at += n
			}
		}
	}
}

func TestAWindowShowsWhatIsBeforeTheFault(t *testing.T) {
	fault := errors.New("a fault")
	s := window.New(io.MultiReader(bytes.NewReader([]byte("abc")), iotest.ErrReader(fault)))
	for range 2 { // and it stays
		if w, err := s.Window(4); string(w) != "abc" || !errors.Is(err, fault) {
			t.Errorf("%q, %v", w, err)
		}
	}
	if w, err := s.Window(3); string(w) != "abc" || err != nil {
		t.Errorf("%q, %v", w, err)
	}
}

// A length that a file claims costs nothing before the bytes are there.
func TestALengthThatIsOnlyClaimedIsNotHeld(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w, err := window.New(bytes.NewReader(make([]byte, 1000))).Window(1 << 30)
	runtime.ReadMemStats(&after)
	if len(w) != 1000 || err != io.EOF {
		t.Fatalf("%d bytes, %v", len(w), err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
		t.Errorf("%d bytes are held of 1000", allocated)
	}
}

func TestAStreamThatNeverGivesAnythingIsLeft(t *testing.T) {
	if _, err := window.New(idle{}).Window(1); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

func TestPassingOverWhatWasNotShownPanics(t *testing.T) {
	s := window.New(bytes.NewReader([]byte("abc")))
	if _, err := s.Window(3); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("it does not")
		}
	}()
	s.Advance(4)
}

// idle gives nothing without a reason.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
