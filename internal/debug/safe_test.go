//go:build !locus_unsafe

package debug_test

import (
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
)

// This compiles only while Attack is a constant, and false: a map literal may not
// have one constant key twice.
var _ = map[bool]struct{}{debug.Attack: {}, true: {}}

func TestAReleaseBuildHasEveryMechanism(t *testing.T) {
	for m := debug.AllowList; m <= debug.CheckWords; m++ {
		if debug.Without(m) {
			t.Errorf("mechanism %d is switched off", m)
		}
	}
}
