package bitmap_test

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/locus-genomics/locus/internal/bitmap"
)

const (
	denseBytes   = 256 << 20 // more than any cache has
	denseSamples = 100_000
)

// BenchmarkDensePlanes counts bitmaps of 100,000 people under a mask, and beside that
// adds up the same memory, word by word, which is what reading it costs at least. Both
// are told by the processor time of the fastest round, in pages of 4 KiB and, where the
// system gives them, in huge ones.
func BenchmarkDensePlanes(b *testing.B) {
	for name, huge := range map[string]bool{"small pages": false, "huge pages": true} {
		b.Run(name, func(b *testing.B) {
			planes := mapped(b, huge)
			mask := bitmap.New(denseSamples)
			for i := range mask {
				mask[i] = 0xfeffdffbff7feffd
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			sum, bits := uint64(0), 0
			var read, counted time.Duration
			for b.Loop() {
				read = faster(read, func() {
					for i := 0; i+4 <= len(planes); i += 4 {
						sum += planes[i] + planes[i+1] + planes[i+2] + planes[i+3]
					}
				})
				counted = faster(counted, func() {
					for rest := planes; len(rest) >= len(mask); rest = rest[len(mask):] {
						bits += bitmap.CountAnd(rest[:len(mask)], mask)
					}
				})
			}
			if sum == 0 || bits == 0 {
				b.Fatal("there is nothing in the memory")
			}
			b.ReportMetric(denseBytes/read.Seconds()/1e9, "GB/s-read")
			b.ReportMetric(denseBytes/counted.Seconds()/1e9, "GB/s-counted")
			b.ReportMetric(100*read.Seconds()/counted.Seconds(), "%-of-read")
		})
	}
}

// mapped is memory with something in it.
func mapped(b *testing.B, huge bool) []uint64 {
	raw, err := unix.Mmap(-1, 0, denseBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { unix.Munmap(raw) })
	advice := unix.MADV_NOHUGEPAGE
	if huge {
		advice = unix.MADV_HUGEPAGE
	}
	if err := unix.Madvise(raw, advice); err != nil {
		b.Skip("the system cannot be told what pages to take: ", err)
	}
	planes := unsafe.Slice((*uint64)(unsafe.Pointer(&raw[0])), len(raw)/8)
	for i := range planes {
		planes[i] = uint64(i) * 0x9e3779b97f4a7c15
	}
	return planes
}

// faster is the lesser of a time, unless it is 0, and the processor time that f takes.
func faster(than time.Duration, f func()) time.Duration {
	used := func() time.Duration {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
			panic(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	f()
	if took := used() - before; than == 0 || took < than {
		return took
	}
	return than
}
