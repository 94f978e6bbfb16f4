package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/node/store"
)

func TestNextBeginsAnewAfterACheck(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(4, 4)), 50, 3000)
	r := open(t, write(t, key(t), store.Header{Samples: names(50)}, rows...), key(t))
	if err := r.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameRows(t, rows, read(t, r))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a check that was called off: %v", err)
	}
	sameRows(t, rows, read(t, r))
}
