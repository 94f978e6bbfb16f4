//go:build unix

package he_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"path"
	"runtime"
	"syscall"
	"testing"

	"github.com/tuneinsight/lattigo/v5/core/rlwe"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/he/pack"
)

// perCounter repeats something, and reports what it costs for each counter: the time
// of the processor, which other programs on the machine do not lengthen.
func perCounter(b *testing.B, counters int, do func()) {
	b.Helper()
	runtime.GC() // what was needed to prepare is used again, and not fresh memory
	began := processorTime(b)
	for b.Loop() {
		do()
	}
	b.ReportMetric(float64(processorTime(b)-began)/float64(b.N)/float64(counters), "ns/counter")
	b.ReportMetric(0, "ns/op")
}

func processorTime(b *testing.B) int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return used.Utime.Nano() + used.Stime.Nano()
}

// ours is one study with everything a site and the researcher need.
type ours struct {
	session  he.Session
	layout   pack.Layout
	counters []int64
	words    []int64
	kem      []byte // one site's public key; sealing to it costs the same for each
}

func newOurs(tb testing.TB, count int) *ours {
	tb.Helper()
	x := &ours{session: newSession(tb, benchSites, benchSites, 1)}
	var err error
	x.layout, err = pack.New(pack.Spec{Payload: x.session.Params.Payload(), Sites: benchSites, Min: 0, Max: benchMost})
	if err != nil {
		tb.Fatal(err)
	}
	if path.Base(tb.Name()) == "go" {
		x.layout = x.layout.Portable()
	}
	for _, c := range benchCounters(count) {
		x.counters = append(x.counters, int64(c))
	}
	x.session.Words = x.layout.Words(count)
	x.words = make([]int64, x.session.Words)
	if _, x.kem, err = he.KEMFromSeed([32]byte{1}); err != nil {
		tb.Fatal(err)
	}
	return x
}

// hide is what a site does from its counters to the bytes that it sends: the hidden
// words, and the sealed shares of their key.
func (x *ours) hide(tb testing.TB, to io.Writer) (m *he.Mask, sealed int) {
	tb.Helper()
	if err := x.layout.Pack(x.words, x.counters); err != nil {
		tb.Fatal(err)
	}
	m, err := he.NewMask(x.session, newRoot(tb, 0), x.words)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := m.WriteTo(to); err != nil {
		tb.Fatal(err)
	}
	shares, err := m.Shares()
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range shares {
		b, err := s.Seal(x.kem, []byte("bench"))
		if err != nil {
			tb.Fatal(err)
		}
		sealed += len(b)
	}
	return m, sealed
}

// total is the sum of what two sites send that have the same counters.
func (x *ours) total(tb testing.TB) sum {
	tb.Helper()
	if err := x.layout.Pack(x.words, x.counters); err != nil {
		tb.Fatal(err)
	}
	return add(tb, contribute(tb, x.session, 0, x.words), contribute(tb, x.session, 1, x.words))
}

// show is what the researcher does with a sum.
func (x *ours) show(tb testing.TB, total sum) {
	tb.Helper()
	words, err := he.Open(x.session, total.hidden, total.check, total.openings)
	if err != nil {
		tb.Fatal(err)
	}
	x.unpack(tb, words)
}

// unpack writes the sums of two sites' counters.
func (x *ours) unpack(tb testing.TB, words []int64) {
	tb.Helper()
	if err := x.layout.Unpack(x.counters, words, 2); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkTable is the table of docs/reference/performance.md: what is measured, then
// who does it. "go" is this package in portable Go, "avx512" with its assembly, where the
// processor has what that needs.
func BenchmarkTable(b *testing.B) {
	b.Run("site", benchSite)
	b.Run("check", benchCheck)
	b.Run("commit", benchCommit)
	b.Run("add", benchAdd)
	b.Run("add-one", benchAddOne)
	b.Run("open", benchOpen)
	b.Run("decrypt", benchDecrypt)
	b.Run("up", benchUp)
	b.Run("threshold", benchThreshold)
	b.Run("keys", benchKeys)
	b.Run("study", benchStudy)
	b.Run("result", benchResult)
	b.Run("memory", benchMemory)
}

// both runs something in portable Go, and with assembly where there is some.
func both(b *testing.B, run func(b *testing.B)) {
	he.Portable(func() { b.Run("go", run) })
	if he.Vectors() {
		b.Run("avx512", run)
	}
}

// textbooks runs something for each.
func textbooks(b *testing.B, run func(b *testing.B, x *textbook, counters []uint64)) {
	for _, name := range []string{"textbook13", "textbook14"} {
		b.Run(name, func(b *testing.B) {
			run(b, newTextbook(b, name, benchSites), benchCounters(benchCountTextbk))
		})
	}
}

// benchSite is everything from counters to bytes on the wire, shares included.
func benchSite(b *testing.B) {
	both(b, func(b *testing.B) {
		x := newOurs(b, benchCount)
		perCounter(b, benchCount, func() {
			m, _ := x.hide(b, io.Discard)
			m.Wipe()
		})
	})
	textbooks(b, func(b *testing.B, x *textbook, counters []uint64) {
		sum := x.add(b, nil, x.encrypt(b, counters))
		perCounter(b, len(counters), func() {
			x.encrypt(b, counters)
			x.share(b, 0, sum)
		})
	})
	b.Run("uint32sum", benchFloor)
}

// benchFloor adds counters that nothing hides.
func benchFloor(b *testing.B) {
	sum, counters := make([]uint32, benchCount), make([]uint32, benchCount)
	for i, c := range benchCounters(benchCount) {
		counters[i] = uint32(c)
	}
	perCounter(b, benchCount, func() {
		for i, c := range counters {
			sum[i] += c
		}
	})
}

// benchCheck is what the check words add at a site; the textbook has nothing like them.
func benchCheck(b *testing.B) {
	both(b, func(b *testing.B) {
		x := newOurs(b, benchCount)
		m, _ := x.hide(b, io.Discard)
		perCounter(b, benchCount, func() {
			if _, err := m.Check(); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// benchCommit is the SHA-256 of what a site sends, which its signed header names.
func benchCommit(b *testing.B) {
	b.Run("go", func(b *testing.B) {
		hidden := make([]byte, 3*benchCount)
		perCounter(b, benchCount, func() { sha256.Sum256(hidden) })
	})
}

// benchAdd is a coordinator that adds sites, eight at once as it does: of each.
func benchAdd(b *testing.B) {
	both(b, func(b *testing.B) { benchAddOf(b, 8) })
	b.Run("memcpy", func(b *testing.B) {
		from, to := make([]byte, 3*benchCount), make([]byte, 3*benchCount)
		perCounter(b, benchCount, func() { copy(to, from) })
	})
	textbooks(b, func(b *testing.B, x *textbook, counters []uint64) {
		blocks := x.encrypt(b, counters)
		sum := x.add(b, nil, blocks)
		perCounter(b, len(counters), func() {
			x.add(b, sum, blocks)
		})
	})
	b.Run("uint32sum", benchFloor)
}

// benchAddOne is a coordinator that adds one site alone.
func benchAddOne(b *testing.B) {
	both(b, func(b *testing.B) { benchAddOf(b, 1) })
}

func benchAddOf(b *testing.B, sites int) {
	x := newOurs(b, benchCount)
	var hidden bytes.Buffer
	x.hide(b, &hidden)
	all := make([][]byte, sites)
	for i := range all {
		all[i] = bytes.Clone(hidden.Bytes()) // in memory of its own
	}
	sum := make([]byte, hidden.Len())
	perCounter(b, sites*benchCount, func() {
		if err := he.Add(sum, all...); err != nil {
			b.Fatal(err)
		}
	})
}

// benchOpen is a researcher, from the sum and the openings to counters; of ours the
// check words are part of it.
func benchOpen(b *testing.B) {
	both(b, func(b *testing.B) {
		x := newOurs(b, benchCount)
		total := x.total(b)
		perCounter(b, benchCount, func() { x.show(b, total) })
	})
	textbooks(b, func(b *testing.B, x *textbook, counters []uint64) {
		var sum []*rlwe.Ciphertext
		for range x.sites {
			sum = x.add(b, sum, x.encrypt(b, counters))
		}
		switched := x.switched(b, sum, x.share(b, 0, sum), x.share(b, 1, sum), x.share(b, 2, sum))
		perCounter(b, len(counters), func() {
			x.decrypt(b, switched, counters)
		})
	})
}

// benchDecrypt is benchOpen of ours without check words, which the textbook has not.
func benchDecrypt(b *testing.B) {
	both(b, func(b *testing.B) {
		x := newOurs(b, benchCount)
		total := x.total(b)
		perCounter(b, benchCount, func() {
			words, err := he.Decrypt(x.session, total.hidden, total.openings)
			if err != nil {
				b.Fatal(err)
			}
			x.unpack(b, words)
		})
	})
}

// benchUp is what a site sends for each counter. The few thousand bytes that do not
// depend on their number are in benchThreshold's log.
func benchUp(b *testing.B) {
	both(b, func(b *testing.B) {
		x := newOurs(b, benchSmall)
		var hidden bytes.Buffer
		x.hide(b, &hidden)
		bytesPer(b, hidden.Len(), benchSmall, "B/counter")
	})
	textbooks(b, func(b *testing.B, x *textbook, counters []uint64) {
		bytesPer(b, size(x.encrypt(b, counters)), len(counters), "B/counter")
	})
}

// benchThreshold is what opening the sum adds to a site's bytes for one more variant,
// which is two counters: the sealed shares of ours have one length.
func benchThreshold(b *testing.B) {
	both(b, func(b *testing.B) {
		_, few := newOurs(b, benchSmall/2).hide(b, io.Discard)
		_, many := newOurs(b, benchSmall).hide(b, io.Discard)
		bytesPer(b, many-few, benchSmall/4, "B/variant")
	})
	textbooks(b, func(b *testing.B, x *textbook, counters []uint64) {
		sum := x.add(b, nil, x.encrypt(b, counters))
		few, many := size(x.share(b, 0, sum[:1])), size(x.share(b, 0, sum[:2]))
		bytesPer(b, many-few, x.params.MaxSlots()/2, "B/variant")
	})
}

// benchKeys is what a site sends of its key among a thousand, when keys of pairs are
// known, and when each share is sealed by itself.
func benchKeys(b *testing.B) {
	const sites = 1000
	s := newSession(b, sites, 4*sites/5+1, 1)
	b.Run("sealed", func(b *testing.B) { bytesPer(b, sites*he.SealedShareSize(s.Params, 1), 1, "B") })
	b.Run("go", func(b *testing.B) {
		s.Packing = he.PackingFor(sites, s.Threshold)
		size := 0
		for i := range sites {
			size += s.FrameSize(i)
		}
		bytesPer(b, size, 1, "B")
	})
}

func bytesPer(b *testing.B, bytes, of int, unit string) {
	for b.Loop() { // nothing to time
	}
	b.ReportMetric(float64(bytes)/float64(of), unit)
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCut is the part that does not grow with the counters, by the number of sites.
func BenchmarkCut(b *testing.B) {
	for _, n := range []int{3, 10, 100} {
		s := newSession(b, n, 2*n/3+1, 1)
		b.Run(fmt.Sprintf("deal to %d", n), func(b *testing.B) {
			m, err := he.NewMask(s, newRoot(b, 0), []int64{1})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := m.Shares(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("combine %d", s.Threshold), func(b *testing.B) {
			total := add(b, contribute(b, s, 0, []int64{1}), contribute(b, s, 1, []int64{2}))
			for b.Loop() {
				if _, err := he.Open(s, total.hidden, total.check, total.pick(seq(s.Threshold)...)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func seq(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}
