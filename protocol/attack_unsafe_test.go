//go:build locus_unsafe

package protocol_test

import (
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
)

func defended(t *testing.T, m debug.Mechanism, attack func() error) {
	t.Helper()
	if attack() == nil {
		t.Error("the attack succeeds with the mechanism in place")
	}
	debug.Disable(t, m)
	if err := attack(); err != nil {
		t.Errorf("without the mechanism the attack still fails: %v", err)
	}
}
