package store_test

import (
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
)

// noise is as large as a store gets: whatever anyone has is drawn anew.
func noise(samples, n int) []genotype.Row {
	rng := rand.New(rand.NewPCG(1, 9))
	rows := make([]genotype.Row, n)
	for i := range rows {
		rows[i] = genotype.Row{Site: genotype.Site{Contig: "1", Pos: uint32(1 + i), Ref: "A", Alts: []string{"C"}, Pass: true}}
		for range samples {
			rows[i].Calls = append(rows[i].Calls, []genotype.Call{
				genotype.HomRef, genotype.NoCall, genotype.NewCall(genotype.Reference, genotype.Reference+1),
				genotype.NewCall(genotype.Reference+1, genotype.Reference+1),
			}[rng.IntN(4)])
		}
	}
	return rows
}

func TestNoStoreIsLargerThanItsEstimate(t *testing.T) {
	const samples, sites = 1000, 600
	rows := noise(samples, sites)
	size := open(t, write(t, key(t), store.Header{Samples: names(samples)}, rows...), key(t)).Size()
	const bed, text = sites * (samples/4 + 20), sites * (4*samples + 30)
	for _, c := range []struct {
		name  string
		kind  store.Kind
		bytes int64
	}{
		{"bed", store.Bed, bed}, {"text", store.Text, text},
		// Noise cannot be compressed: two bits a call are left, whatever packs them.
		{"compressed", store.Compressed, sites * (samples/4 + 20)}, {"pgen", store.Pgen, bed},
	} {
		got := store.Estimate(c.kind, c.bytes, samples)
		if c.kind == store.Compressed {
			got += got / 4 // it is no bound there
		}
		if got < size || got > 4*size {
			t.Errorf("%s: a store of %d bytes was to take %d", c.name, size, got)
		}
	}
}

func TestAGaugeTellsTheSizeFromTheFirstRows(t *testing.T) {
	const samples = 300
	rows := randomRows(rand.New(rand.NewPCG(2, 9)), samples, 6000)
	h := store.Header{Samples: names(samples)}
	size := open(t, write(t, key(t), h, rows...), key(t)).Size()
	g, err := store.NewGauge(h, key(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := g.Estimate(0, 100); n != 0 {
		t.Errorf("of nothing it tells %d", n)
	}
	for i := range rows[:500] {
		if err := g.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	got := g.Estimate(500, int64(len(rows)))
	if float64(got) < 1.1*float64(size) || float64(got) > 1.5*float64(size) {
		t.Errorf("a store of %d bytes was to take %d", size, got)
	}
	if all := g.Estimate(500, 500); all >= got {
		t.Errorf("a twelfth takes %d, all of it %d", all, got)
	}
}
