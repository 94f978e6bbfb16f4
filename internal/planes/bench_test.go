package planes_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/internal/planes"
)

// The bytes are those of the line, or of the values.
func BenchmarkPlanes(b *testing.B) {
	const samples = 10_000
	for _, carriers := range []float64{0.0001, 0.01, 0.3} {
		rng := rand.New(rand.NewPCG(1, 2))
		var text, fields, raw []byte
		for range samples {
			x, y := byte(0), byte(0)
			if rng.Float64() < carriers {
				x, y = byte(rng.IntN(2)), 1
			}
			text = append(text, '\t', '0'+x, '/', '0'+y)
			fields = fmt.Appendf(append(fields, '\t', '0'+x, '/', '0'+y), ":%d,%d:%d:%d:0,%d,%d", rng.IntN(40), rng.IntN(40), rng.IntN(40), 10+rng.IntN(89), rng.IntN(99), rng.IntN(999))
			raw = append(raw, 2+2*x, 2+2*y)
		}
		p := planes.New(samples)
		for _, c := range []struct {
			name string
			in   []byte
			read func([]byte) bool
		}{{"GT alone", text, p.Text}, {"GT and other fields", fields, p.Cells}, {"pairs", raw, p.Pairs}} {
			b.Run(fmt.Sprintf("%s/carriers %g", c.name, carriers), func(b *testing.B) {
				b.SetBytes(int64(len(c.in)))
				in := bytes.Clone(c.in)
				for b.Loop() {
					if !c.read(in) {
						b.Fatal("refused")
					}
				}
			})
		}
	}
}
