package panel_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol/panel"
)

// sequenced makes a panel such as whole genomes give: one variant in 31 bases, ten in a
// hundred of them insertions and deletions, mostly of a base or two, and two
// transitions for each transversion.
func sequenced(t testing.TB, n int) *panel.Panel {
	t.Helper()
	const bases = "ACGT"
	partner := map[byte]byte{'A': 'G', 'G': 'A', 'C': 'T', 'T': 'C'}
	rng := rand.New(rand.NewPCG(3, 7))
	list := make([]panel.Variant, 0, n)
	pos := uint32(10_000)
	for len(list) < n {
		pos += 1 + uint32(rng.ExpFloat64()*30)
		ref := bases[rng.IntN(4)]
		v := panel.Variant{Contig: "chr1", Pos: pos, Ref: string(ref)}
		switch k := rng.IntN(30); {
		case k < 3:
			more := make([]byte, 1+int(rng.ExpFloat64()*1.8))
			for i := range more {
				more[i] = bases[rng.IntN(4)]
			}
			if v.Alt = v.Ref; k == 0 {
				v.Alt += string(more)
			} else {
				v.Ref += string(more)
			}
		case k < 21:
			v.Alt = string(partner[ref])
		default:
			alt := ref
			for alt == ref || alt == partner[ref] {
				alt = bases[rng.IntN(4)]
			}
			v.Alt = string(alt)
		}
		list = append(list, v)
		if rng.IntN(200) == 0 && len(v.Ref) == 1 && len(v.Alt) == 1 && len(list) < n { // a second ALT
			for _, alt := range []byte(bases) {
				if alt != ref && alt != v.Alt[0] {
					v.Alt = string(alt)
					list = append(list, v)
					break
				}
			}
		}
	}
	p, err := panel.New("GRCh38", list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// measured runs a benchmark's loop and says how many variants were gone through in a
// second of CPU. The wall clock tells more of the machine's other work.
func measured(b *testing.B, n int, do func()) {
	b.Helper()
	runtime.GC()
	best := time.Duration(1 << 62)
	for b.Loop() {
		before := used(b)
		do()
		best = min(best, used(b)-before)
	}
	b.ReportMetric(float64(n)/best.Seconds()/1e6, "Mrows/CPU-s")
}

func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The panel's promise: at most 1.75 bytes a variant.
func TestAPanelOfWholeGenomesIsSmall(t *testing.T) {
	p := sequenced(t, 200_000)
	if size := float64(len(write(t, p))) / float64(p.Len()); size > 1.75 {
		t.Errorf("%.3f bytes a variant, want at most 1.75", size)
	} else {
		t.Logf("%.3f bytes a variant", size)
	}
}

// Reading a panel: unpacked, hashed, decoded and checked.
func BenchmarkParse(b *testing.B) {
	p := sequenced(b, 2_000_000)
	var file bytes.Buffer
	if _, err := p.WriteTo(&file); err != nil {
		b.Fatal(err)
	}
	b.Logf("%.3f bytes a variant", float64(file.Len())/float64(p.Len()))
	measured(b, p.Len(), func() {
		if _, err := panel.Parse(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	})
}

// Joining: the panel against the variants that a site has, in their order. One site has
// all of them, the other every second one and as many that the panel has not.
func BenchmarkJoin(b *testing.B) {
	p := sequenced(b, 2_000_000)
	for _, bb := range []struct {
		name string
		has  func(i int) bool
	}{
		{"all", func(int) bool { return true }},
		{"half", func(i int) bool { return i*2654435761>>7&1 == 0 }},
	} {
		site := make([]panel.Variant, p.Len())
		for i := range site {
			v := p.At(i)
			if !bb.has(i) {
				v.Pos++ // likely a variant that the panel has not
			}
			site[i] = v
		}
		found := 0
		b.Run(bb.name, func(b *testing.B) {
			measured(b, p.Len(), func() {
				found = 0
				c := p.NewCursor()
				for i := range site {
					if c.Find(site[i]) >= 0 {
						found++
					}
				}
			})
		})
		if found < p.Len()/3 {
			b.Fatalf("%d found", found)
		}
	}
}
