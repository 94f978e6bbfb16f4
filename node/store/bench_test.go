package store_test

import (
	"crypto/cipher"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// A cohort as large as sites have, whose frequencies are those of whole genomes: as
// many variants in each octave.
const (
	benchSamples = 100_000
	benchSites   = 4000
)

func benchRows() []genotype.Row {
	rng := rand.New(rand.NewPCG(11, 11))
	rows := make([]genotype.Row, benchSites)
	for i := range rows {
		carriers := int(math.Exp2(rng.Float64()*math.Log2(benchSamples/2))) - 1
		var c genotype.Classes
		c.Het, c.Hom = drawn(rng, carriers), genotype.Set{}
		c.Missing = drawn(rng, rng.IntN(20))
		c.Het.IDs = slices.DeleteFunc(c.Het.IDs, func(id uint32) bool { return slices.Contains(c.Missing.IDs, id) })
		for k := 0; k < len(c.Het.IDs) && carriers > 2000; k += 8 {
			c.Hom.IDs = append(c.Hom.IDs, c.Het.IDs[k])
		}
		if len(c.Hom.IDs) > 0 {
			n := -1
			c.Het.IDs = slices.DeleteFunc(c.Het.IDs, func(uint32) bool { n++; return n%8 == 0 })
		}
		rows[i] = genotype.Row{
			Site:    genotype.Site{Contig: "1", Pos: uint32(1000 + 30*i), Ref: "A", Alts: []string{"C"}, Pass: true},
			Classes: []genotype.Classes{c},
		}
	}
	return rows
}

func drawn(rng *rand.Rand, n int) genotype.Set {
	ids := make([]uint32, n)
	for i := range ids {
		ids[i] = uint32(rng.IntN(benchSamples))
	}
	slices.Sort(ids)
	return genotype.Set{IDs: slices.Compact(ids)}
}

func BenchmarkBuild(b *testing.B) {
	rows := benchRows()
	forEach(b, func(b *testing.B, aead cipher.AEAD) {
		path := filepath.Join(b.TempDir(), "s")
		for b.Loop() {
			w, err := store.Create(path, store.Header{Samples: make([]string, benchSamples)}, aead)
			if err != nil {
				b.Fatal(err)
			}
			for i := range rows {
				if err := w.Add(&rows[i]); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Commit(); err != nil {
				b.Fatal(err)
			}
		}
		genotypes(b, benchSites)
	})
}

// BenchmarkClassify builds from calls, as readers of text give them.
func BenchmarkClassify(b *testing.B) {
	rows := benchRows()[:200]
	for i := range rows {
		rows[i].Expand(benchSamples)
	}
	path := filepath.Join(b.TempDir(), "s")
	for b.Loop() {
		w, err := store.Create(path, store.Header{Samples: make([]string, benchSamples)}, key(b))
		if err != nil {
			b.Fatal(err)
		}
		for i := range rows {
			if err := w.Add(&rows[i]); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	genotypes(b, len(rows))
}

func genotypes(b *testing.B, sites int) {
	b.ReportMetric(float64(benchSamples)*float64(sites)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Ggeno/s")
}

func forEach(b *testing.B, run func(*testing.B, cipher.AEAD)) {
	b.Run("sealed", func(b *testing.B) { run(b, key(b)) })
	b.Run("checked", func(b *testing.B) { run(b, store.Checksum()) })
}

// onStore runs on a Reader of the cohort.
func onStore(b *testing.B, run func(*testing.B, *store.Reader)) {
	rows := benchRows()
	forEach(b, func(b *testing.B, aead cipher.AEAD) {
		r := open(b, write(b, aead, store.Header{Samples: make([]string, benchSamples)}, rows...), aead)
		run(b, r)
		b.ReportMetric(float64(r.Size())/benchSites, "B/site")
	})
}

func BenchmarkRead(b *testing.B) {
	onStore(b, func(b *testing.B, r *store.Reader) {
		var row genotype.Row
		for b.Loop() {
			if err := r.Only(); err != nil {
				b.Fatal(err)
			}
			var err error
			for err == nil {
				err = r.Next(&row)
			}
			if err != io.EOF {
				b.Fatal(err)
			}
		}
		genotypes(b, benchSites)
	})
}

func BenchmarkCheck(b *testing.B) {
	onStore(b, func(b *testing.B, r *store.Reader) {
		for b.Loop() {
			if err := r.Check(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		genotypes(b, benchSites)
	})
}

// benchWanted asks for every site of the cohort.
func benchWanted(b *testing.B) *tally.Wanted {
	var vs []panel.Variant
	for i := range benchSites {
		vs = append(vs, panel.Variant{Contig: "1", Pos: uint32(1000 + 30*i), Ref: "A", Alt: "C"})
	}
	list, err := panel.New("GRCh38", vs)
	if err != nil {
		b.Fatal(err)
	}
	wanted, err := tally.Want(list, []panel.Range{{From: 0, To: benchSites}})
	if err != nil {
		b.Fatal(err)
	}
	return wanted
}

// benchPeople are in so many strata, and in none.
func benchPeople(strata int) tally.People {
	p := tally.People{Labels: make([]uint8, benchSamples), Sexes: make([]genotype.Sex, benchSamples)}
	for i := range p.Labels {
		p.Labels[i] = uint8(i % (strata + 1))
	}
	return p
}

func BenchmarkCount(b *testing.B) {
	wanted := benchWanted(b)
	for _, strata := range []int{1, 20} {
		p := benchPeople(strata)
		b.Run(map[int]string{1: "one stratum", 20: "20 strata"}[strata], func(b *testing.B) {
			onStore(b, func(b *testing.B, r *store.Reader) {
				for b.Loop() {
					if err := r.Only(); err != nil {
						b.Fatal(err)
					}
					if _, _, err := tally.Strata(b.Context(), r, wanted, p, genotype.GRCh38); err != nil {
						b.Fatal(err)
					}
				}
				genotypes(b, benchSites)
			})
		})
	}
}

func BenchmarkRegion(b *testing.B) {
	onStore(b, func(b *testing.B, r *store.Reader) {
		var row genotype.Row
		for b.Loop() {
			if err := r.Only(store.Region{Contig: "1", From: 60_000, To: 61_000}); err != nil {
				b.Fatal(err)
			}
			var err error
			for err == nil {
				err = r.Next(&row)
			}
			if err != io.EOF {
				b.Fatal(err)
			}
		}
	})
}
