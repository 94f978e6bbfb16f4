package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/node/store"
)

func TestCheckTellsHowFarItIs(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(4, 4)), 50, 3000)
	r := open(t, write(t, key(t), store.Header{Samples: names(50)}, rows...), key(t))
	var told []int64
	if err := r.Check(t.Context(), func(done, total int64) {
		if total != r.Size() || done > total {
			t.Errorf("%d bytes of %d", done, total)
		}
		told = append(told, done)
	}); err != nil {
		t.Fatal(err)
	}
	if len(told) < 6 || !slices.IsSorted(told) {
		t.Errorf("it told %d", told)
	}
	sameRows(t, rows, read(t, r)) // which begins anew
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Check(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a check that was called off: %v", err)
	}
}
