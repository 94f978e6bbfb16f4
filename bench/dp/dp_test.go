//go:build unix

package dp_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/google/differential-privacy/go/v3/noise"

	"github.com/locus-genomics/locus/dp/sample"
)

// BenchmarkTable has the time of the processor for one draw, and for a whole vector both
// that and the time that passes.
func BenchmarkTable(b *testing.B) {
	narrow := noise.SigmaForGaussian(1, 2, 1, 1e-9) // 11, for both
	wide := noise.SigmaForGaussian(1, 200, 1, 1e-9) // 1,099
	b.Run("gaussian/narrow/go", func(b *testing.B) { ours(b, narrow) })
	b.Run("gaussian/narrow/google", func(b *testing.B) { google(b, 2) })
	b.Run("gaussian/wide/go", func(b *testing.B) { ours(b, wide) })
	b.Run("gaussian/wide/google", func(b *testing.B) { google(b, 200) })
	b.Run("vector/10M/go", vector)
}

// ours adds noise to a vector that stays in the cache, and reports the time of one number.
func ours(b *testing.B, sigma float64) {
	g := gaussian(b, sigma)
	v := make([]int64, 1<<12)
	bits := sample.NewBits([32]byte{1}, 0)
	perDraw(b, len(v), func() { g.Add(v, bits) })
}

func google(b *testing.B, change int64) {
	g, x := noise.Gaussian(), int64(0)
	perDraw(b, 64, func() {
		for range 64 {
			var err error
			if x, err = g.AddNoiseInt64(x, 1, change, 1, 1e-9); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// vector adds noise to ten million numbers, by two workers.
func vector(b *testing.B) {
	g := gaussian(b, 8192)
	v := make([]int64, 10_000_000)
	began, used := time.Now(), processorTime(b)
	for b.Loop() {
		sample.AddNoise(v, g, [32]byte{1}, 2)
	}
	b.ReportMetric(time.Since(began).Seconds()/float64(b.N), "s")
	b.ReportMetric(float64(processorTime(b)-used)/1e9/float64(b.N), "cpu-s")
	b.ReportMetric(0, "ns/op")
}

func gaussian(b *testing.B, sigma float64) *sample.Gaussian {
	b.Helper()
	g, err := sample.NewGaussian(sample.Whole(uint64(sigma*sigma) + 1))
	if err != nil {
		b.Fatal(err)
	}
	return g
}

func perDraw(b *testing.B, draws int, do func()) {
	b.Helper()
	began := processorTime(b)
	for b.Loop() {
		do()
	}
	b.ReportMetric(float64(processorTime(b)-began)/float64(b.N)/float64(draws), "ns/draw")
	b.ReportMetric(0, "ns/op")
}

// processorTime is not lengthened by other programs on the machine.
func processorTime(b *testing.B) int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return used.Utime.Nano() + used.Stime.Nano()
}
