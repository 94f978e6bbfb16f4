//go:build locus_unsafe

package debug_test

import (
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
)

func TestEveryMechanismIsInPlaceUntilATestSaysOtherwise(t *testing.T) {
	for m := debug.AllowList; m <= debug.CheckWords; m++ {
		if debug.Without(m) {
			t.Errorf("mechanism %d is switched off", m)
		}
	}
}

func TestDisableLastsUntilTheTestEnds(t *testing.T) {
	t.Run("while it runs", func(t *testing.T) {
		debug.Disable(t, debug.OneCut)
		if !debug.Without(debug.OneCut) {
			t.Error("OneCut is still in place")
		}
		if debug.Without(debug.SelfInCut) {
			t.Error("SelfInCut went with OneCut")
		}
	})
	if debug.Without(debug.OneCut) {
		t.Error("OneCut stays off after the test that switched it off")
	}
}

func TestTheZeroMechanismCannotBeAskedFor(t *testing.T) {
	defer func() {
		if got := recover(); got != debug.Marker {
			t.Errorf("Without(0) panics with %v, want Marker", got)
		}
	}()
	debug.Without(0)
}
