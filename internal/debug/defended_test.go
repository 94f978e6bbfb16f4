package debug_test

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
)

// watched notes what a test is told, and what it has to clean up.
type watched struct {
	*testing.T
	failed bool
}

func (w *watched) Error(...any) { w.failed = true }

func TestDefendedSeesAnAttackThatSucceeds(t *testing.T) {
	refused := errors.New("refused")
	for _, tt := range []struct {
		name   string
		attack func() error
		fails  bool
	}{
		{"an attack that the mechanism stops", func() error {
			if debug.Without(debug.OneCut) {
				return nil
			}
			return refused
		}, false},
		{"an attack that nothing stops", func() error { return nil }, true},
		{"an attack that something else stops", func() error { return refused }, debug.Attack},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &watched{T: t}
			debug.Defended(w, debug.OneCut, tt.attack)
			if w.failed != tt.fails {
				t.Errorf("it fails: %v, want %v", w.failed, tt.fails)
			}
		})
	}
}
