package bgzf

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	klauspost "github.com/klauspost/compress/flate"
)

// kinds are what files of genotypes hold: 44 % of the variants have one carrier, and
// some are common.
func kinds() map[string][]byte {
	rng := rand.New(rand.NewPCG(9, 10))
	var text, fields, binary []byte
	for v := range 200 {
		share := 1.0 / 4000
		if rng.IntN(100) >= 44 {
			share = rng.ExpFloat64() * 0.02
		}
		text = fmt.Appendf(text, "1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 10_000+37*v)
		fields = fmt.Appendf(fields, "1\t%d\t.\tA\tC\t.\tPASS\t.\tGT:AD:DP:GQ:PL", 10_000+37*v)
		for sample := range 4000 {
			a := 0
			if rng.Float64() < share {
				a = 1
			}
			text = fmt.Appendf(text, "\t0/%d", a)
			binary = append(binary, 2, byte(2+2*a))
			if sample >= 400 {
				continue
			}
			depth := 20 + rng.IntN(20)
			other := a * (depth / 2)
			fields = fmt.Appendf(fields, "\t0/%d:%d,%d:%d:%d:%d,%d,%d", a, depth-other, other, depth, min(99, 3*depth), 30*other, 3*depth*(1-a), 30*depth+rng.IntN(60))
		}
		text, fields = append(text, '\n'), append(fields, '\n')
	}
	return map[string][]byte{"VCF": text, "VCF with fields": fields, "BCF": binary}
}

// packed is one block without its frame.
type packed struct {
	src     []byte // with sourceSlack behind it
	n, size int
}

func packAll(b *testing.B, plain []byte) (file []byte, all []packed) {
	b.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	src := blocks{source: source{r: bytes.NewReader(out.Bytes())}}
	for {
		block, err := src.take()
		if err == io.EOF {
			return out.Bytes(), all
		}
		if err != nil {
			b.Fatal(err)
		}
		start := headerSize + int(binary.LittleEndian.Uint16(block[10:]))
		size, err := plainSize(block)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, packed{bytes.Clone(block[start : len(block)+sourceSlack]), len(block) - trailerSize - start, size})
	}
}

func BenchmarkInflate(b *testing.B) {
	for kind, plain := range kinds() {
		_, all := packAll(b, plain)
		dst := make([]byte, maxBlock+plainSlack)
		z := newInflater()
		for i, k := range kernels() {
			b.Run(fmt.Sprintf("%s/kernel %d", kind, i), func(b *testing.B) {
				z.turns = k
				each(b, all, len(plain), func(p packed) error { return z.inflate(dst, p.size, p.src, p.n) })
			})
		}
		var in bytes.Reader
		b.Run(kind+"/klauspost", func(b *testing.B) {
			r := klauspost.NewReader(&in)
			each(b, all, len(plain), func(p packed) error {
				in.Reset(p.src[:p.n])
				if err := r.(klauspost.Resetter).Reset(&in, nil); err != nil {
					return err
				}
				_, err := io.ReadFull(r, dst[:p.size])
				return err
			})
		})
		b.Run(kind+"/standard library", func(b *testing.B) {
			r := flate.NewReader(&in)
			each(b, all, len(plain), func(p packed) error {
				in.Reset(p.src[:p.n])
				if err := r.(flate.Resetter).Reset(&in, nil); err != nil {
					return err
				}
				_, err := io.ReadFull(r, dst[:p.size])
				return err
			})
		})
	}
}

func each(b *testing.B, all []packed, size int, inflate func(packed) error) {
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, p := range all {
			if err := inflate(p); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkReader is the whole of it: blocks found, unpacked and compared with their
// checksums.
func BenchmarkReader(b *testing.B) {
	for kind, plain := range kinds() {
		file, _ := packAll(b, plain)
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers %d", kind, workers), func(b *testing.B) {
				b.SetBytes(int64(len(plain)))
				for b.Loop() {
					r := NewParallelReader(bytes.NewReader(file), workers)
					for {
						_, err := r.Block()
						if err == io.EOF {
							break
						}
						if err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}
