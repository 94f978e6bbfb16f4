package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
)

// BenchmarkTable is the time from an entry to a checkpoint with the cosignatures of three
// witnesses of this process, each with a disk of its own, and what it takes to verify all of
// a log of a million entries.
func BenchmarkTable(b *testing.B) {
	b.Run("cosigned/go", func(b *testing.B) {
		var witnesses []audit.Remote
		for i, name := range []string{"bern", "zug", "chur"} {
			witnesses = append(witnesses, newSite(b, name, byte(2+i)).remote())
		}
		l := open(b, b.TempDir(), func(c *audit.Config) { c.Witnesses, c.Quorum = witnesses, 3 })
		each(b, func(i int) error { _, _, err := l.AppendWitnessed(b.Context(), entry(i)); return err })
	})
	dir, made := b.TempDir(), false
	b.Run("verify-1M/go", func(b *testing.B) {
		if !made {
			l := open(b, dir, nil)
			flood(b, l, million)
			l.Close()
			made = true
		}
		p := policy(b, 0)
		for b.Loop() {
			if report, err := verify.Log(os.DirFS(dir), p, verify.Options{Now: time.Now()}); err != nil || report.Newest.Size != million {
				b.Fatalf("%+v, %v", report, err)
			}
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/log")
	})
}

const million = 1_000_000

// BenchmarkAppend is the time from an entry to what somebody can rely on: to the disk,
// and to a checkpoint that three witnesses, each 20 ms away, have cosigned.
func BenchmarkAppend(b *testing.B) {
	b.Run("durable", func(b *testing.B) {
		l := open(b, b.TempDir(), nil)
		each(b, func(i int) error { _, err := l.Append(b.Context(), entry(i)); return err })
	})
	b.Run("cosigned", func(b *testing.B) {
		var witnesses []audit.Remote
		for i, name := range []string{"bern", "zug", "chur"} {
			r := newSite(b, name, byte(2+i)).remote()
			call := r.Call
			r.Call = func(ctx context.Context, request []byte) (audit.Reply, error) {
				<-time.After(20 * time.Millisecond) // there and back
				return call(ctx, request)
			}
			witnesses = append(witnesses, r)
		}
		l := open(b, b.TempDir(), func(c *audit.Config) { c.Witnesses, c.Quorum = witnesses, 3 })
		each(b, func(i int) error { _, _, err := l.AppendWitnessed(b.Context(), entry(i)); return err })
	})
	b.Run("many at once", func(b *testing.B) {
		l := open(b, b.TempDir(), nil)
		b.ResetTimer()
		flood(b, l, b.N)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}

// each reports the median and the 99th percentile of a call.
func each(b *testing.B, call func(i int) error) {
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		if err := call(i); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms/median")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "ms/p99")
}

// BenchmarkVerify verifies a log of a million entries, or of LOCUS_AUDIT_ENTRIES, that it
// makes first.
func BenchmarkVerify(b *testing.B) {
	n := 1_000_000
	if text := os.Getenv("LOCUS_AUDIT_ENTRIES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	l := open(b, dir, nil)
	start := time.Now()
	flood(b, l, n)
	made := time.Since(start)
	l.Close()
	start = time.Now()
	open(b, dir, nil)
	opened := time.Since(start)
	p := policy(b, 0)
	runtime.GC()
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.ReadMemStats(&before)
		report, err := verify.Log(os.DirFS(dir), p, verify.Options{Now: time.Now()})
		if err != nil || report.Newest.Size != uint64(n) || report.Beyond != 0 {
			b.Fatalf("%+v, %v", report, err)
		}
		runtime.ReadMemStats(&after)
	}
	b.ReportMetric(made.Seconds(), "s/made") // after the loop, which forgets what is reported before
	b.ReportMetric(opened.Seconds()*1000, "ms/open")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/verify")
	b.ReportMetric(float64(max(after.HeapInuse, before.HeapInuse))/(1<<20), "MB-heap")
	size := int64(0)
	filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return err
	})
	b.ReportMetric(float64(size)/(1<<20), "MB-disk")
}
