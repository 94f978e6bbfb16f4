//go:build !locus_unsafe

package protocol_test

import (
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
)

// defended requires that an attack is refused. With the tag locus_unsafe it also
// requires that the attack succeeds without the mechanism.
func defended(t *testing.T, _ debug.Mechanism, attack func() error) {
	t.Helper()
	if attack() == nil {
		t.Error("the attack succeeds")
	}
}
