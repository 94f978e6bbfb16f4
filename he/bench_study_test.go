//go:build unix

package he_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"runtime"
	"sync"
	"testing"

	"github.com/locus-genomics/locus/he"
)

// studyVariants have an AC and an AN each.
const studyVariants = 10_000_000

// benchStudy is three sites and a coordinator on this machine: counters, hidden words,
// check words, SHA-256, sum. Sites work at the same time, as they would.
func benchStudy(b *testing.B) {
	both(b, func(b *testing.B) {
		var sites [benchSites]*ours
		var hidden [benchSites]bytes.Buffer
		for i := range sites {
			sites[i] = newOurs(b, 2*studyVariants)
			hidden[i].Grow(6 * studyVariants)
		}
		sum := make([]byte, 6*studyVariants)
		inSeconds(b, func() {
			clear(sum)
			var all sync.WaitGroup
			for i, x := range sites {
				all.Go(func() {
					hidden[i].Reset()
					digest := sha256.New()
					m, _ := x.hide(b, io.MultiWriter(&hidden[i], digest))
					if _, err := m.Check(); err != nil {
						b.Error(err)
					}
					m.Wipe()
				})
			}
			all.Wait()
			if err := he.Add(sum, hidden[0].Bytes(), hidden[1].Bytes(), hidden[2].Bytes()); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// benchResult is the researcher with the sum of such a study.
func benchResult(b *testing.B) {
	both(b, func(b *testing.B) {
		x := newOurs(b, 2*studyVariants)
		total := x.total(b)
		inSeconds(b, func() { x.show(b, total) })
	})
}

// inSeconds repeats something and reports how long a clock says that it takes.
func inSeconds(b *testing.B, do func()) {
	b.Helper()
	do() // the first time memory is new to the program
	for b.Loop() {
		do()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
	b.ReportMetric(0, "ns/op")
}

// benchMemory is all that a mask and its hiding allocate for such a study, freed or not,
// beside the words.
func benchMemory(b *testing.B) {
	both(b, func(b *testing.B) {
		x := newOurs(b, 2*studyVariants)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, _ := x.hide(b, io.Discard)
		runtime.ReadMemStats(&after)
		m.Wipe()
		bytesPer(b, int(after.TotalAlloc-before.TotalAlloc), 1, "B")
	})
}
