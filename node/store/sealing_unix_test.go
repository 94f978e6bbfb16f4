//go:build unix

package store_test

import (
	"crypto/cipher"
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
)

// nothing is an AEAD that neither hides nor protects: what sealing costs is measured
// against it, and nothing else may have it.
type nothing struct{}

func (nothing) NonceSize() int                                { return 12 }
func (nothing) Overhead() int                                 { return 0 }
func (nothing) Seal(dst, _, plain, _ []byte) []byte           { return append(dst, plain...) }
func (nothing) Open(dst, _, sealed, _ []byte) ([]byte, error) { return sealed, nil }

// BenchmarkSealing reads and counts in turn what is sealed, what has checksums only and
// what has nothing, and reports the least processor time of each.
func BenchmarkSealing(b *testing.B) {
	rows, wanted := benchRows(), benchWanted(b)
	kinds := []struct {
		name string
		aead cipher.AEAD
	}{{"sealed", key(b)}, {"checked", store.Checksum()}, {"open", nothing{}}}
	var in []*store.Reader
	for _, k := range kinds {
		in = append(in, open(b, write(b, k.aead, store.Header{Samples: make([]string, benchSamples)}, rows...), k.aead))
	}
	for _, strata := range []int{0, 1, 20} {
		b.Run(fmt.Sprintf("%d strata", strata), func(b *testing.B) {
			p := benchPeople(strata)
			least, wall := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}, [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}
			for b.Loop() {
				for i, r := range in {
					if err := r.Only(); err != nil {
						b.Fatal(err)
					}
					from, start := processor(b), time.Now()
					var err error
					if strata == 0 {
						var row genotype.Row
						for err == nil {
							err = r.Next(&row)
						}
						err = nil
					} else {
						_, _, err = tally.Strata(b.Context(), r, wanted, p, genotype.GRCh38)
					}
					if err != nil {
						b.Fatal(err)
					}
					least[i] = min(least[i], (processor(b) - from).Seconds())
					wall[i] = min(wall[i], time.Since(start).Seconds())
				}
			}
			for i, k := range kinds {
				b.ReportMetric(1e6*least[i], "cpu-µs/"+k.name)
				b.ReportMetric(1e6*wall[i], "wall-µs/"+k.name)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// processor is the time that this process has had of the processors.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
