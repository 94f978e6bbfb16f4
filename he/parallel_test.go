package he_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/locus-genomics/locus/he"
)

// TestMemoryDoesNotGrowWithTheWords: besides the words, which are held once, a site needs
// the same however many there are.
func TestMemoryDoesNotGrowWithTheWords(t *testing.T) {
	const most = 8 << 20
	for _, words := range []int{1, 10_000, 3_000_000} {
		s := newSession(t, 3, 2, words)
		m, err := he.NewMask(s, newRoot(t, 0), make([]int64, words))
		if err != nil {
			t.Fatal(err)
		}
		for name, do := range map[string]func() error{
			"WriteTo": func() error { _, err := m.WriteTo(io.Discard); return err },
			"Check":   func() error { _, err := m.Check(); return err },
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := do(); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > most {
				t.Errorf("%s of %d words takes %d bytes, want at most %d", name, words, used, most)
			}
		}
	}
}

// TestBytesDoNotDependOnTheProcessors hides, weighs and opens with one processor and with
// many.
func TestBytesDoNotDependOnTheProcessors(t *testing.T) {
	s := newSession(t, 3, 2, 2048*40+7)
	alice, bob := extremes(s, 0), extremes(s, 1)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first sum
	for i, processors := range []int{1, 2, 3, 16, 40} {
		runtime.GOMAXPROCS(processors)
		total := add(t, contribute(t, s, 0, alice), contribute(t, s, 1, bob))
		if i == 0 {
			first = total
		}
		if !bytes.Equal(total.hidden, first.hidden) || total.check != first.check {
			t.Errorf("%d processors give other bytes than one", processors)
		}
		if _, err := he.Open(s, total.hidden, total.check, total.openings); err != nil {
			t.Errorf("%d processors do not open the sum: %v", processors, err)
		}
	}
}

// TestWorkersAreBounded: what they need does not grow with the machine.
func TestWorkersAreBounded(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(256)
	s := newSession(t, 3, 2, 600_000)
	m, err := he.NewMask(s, newRoot(t, 0), make([]int64, s.Words))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := m.WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("with 256 processors it takes %d bytes", used)
	}
}
