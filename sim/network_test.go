package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/locus-genomics/locus/sim"
)

// newNetwork starts a network that ends with the test.
func newNetwork(t *testing.T, cfg sim.Config) *sim.Network {
	t.Helper()
	cfg.Dir = t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := sim.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}
