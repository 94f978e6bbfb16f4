package worker_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol/panel"
)

// cohort is the same people as a VCF and as bed, bim and fam. Most alleles are rare.
func cohort(samples, variants int) (vcf string, plink [][]byte) {
	rng := rand.New(rand.NewPCG(1, 2))
	var text, bim, fam bytes.Buffer
	bed := []byte("\x6c\x1b\x01")
	text.WriteString(head[:len(head)-len("a\tb\tc\n")-1])
	for i := range samples {
		fmt.Fprintf(&text, "\tS%d", i)
		fmt.Fprintf(&fam, "0 S%d 0 0 1 -9\n", i)
	}
	for v := range variants {
		fmt.Fprintf(&text, "\nchr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 100+v)
		fmt.Fprintf(&bim, "1 . 0 %d C A\n", 100+v)
		f := rng.Float64()
		f = f * f * f / 2
		packed := make([]byte, (samples+3)/4)
		for i := range samples {
			n := 0
			for range 2 {
				if rng.Float64() < f {
					n++
				}
			}
			text.WriteString([]string{"\t0/0", "\t0/1", "\t1/1"}[n])
			packed[i/4] |= []byte{3, 2, 0}[n] << (2 * (i % 4))
		}
		bed = append(bed, packed...)
	}
	text.WriteByte('\n')
	return text.String(), [][]byte{bed, bim.Bytes(), fam.Bytes()}
}

// everything asks for all variants of a cohort.
func everything(b *testing.B, variants int) *tally.Wanted {
	b.Helper()
	var vs []panel.Variant
	for v := range variants {
		vs = append(vs, panel.Variant{Contig: "1", Pos: uint32(100 + v), Ref: "A", Alt: "C"})
	}
	p, err := panel.New("GRCh38", vs)
	if err != nil {
		b.Fatal(err)
	}
	w, err := tally.Want(p, []panel.Range{{To: uint64(variants)}})
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// BenchmarkReading examines a file as a cohort that is added, and counts one that is
// asked for, in this process and in a child.
func BenchmarkReading(b *testing.B) {
	const samples, variants = 4000, 8000
	text, plink := cohort(samples, variants)
	wanted := everything(b, variants)
	for _, c := range []struct {
		name   string
		format worker.Format
		files  [][]byte
	}{
		{"VCF.gz", worker.VariantCalls, [][]byte{pack(b, text)}},
		{"bed", worker.Plink, plink},
	} {
		p := tally.People{Labels: make([]uint8, samples), Sexes: make([]genotype.Sex, samples)}
		for i := range p.Labels {
			p.Labels[i] = 1
		}
		for _, w := range []struct {
			name string
			use  func(r genotype.Reader) error
		}{
			{"read", func(r genotype.Reader) error {
				var row genotype.Row
				for {
					if err := r.Next(&row); err != nil {
						if err == io.EOF {
							err = nil
						}
						return err
					}
				}
			}},
			{"examine", func(r genotype.Reader) error {
				_, err := tally.Examine(b.Context(), r, p, genotype.GRCh38)
				return err
			}},
			{"count", func(r genotype.Reader) error {
				_, _, err := tally.AlleleFrequency(b.Context(), r, wanted, p, genotype.GRCh38)
				return err
			}},
		} {
			b.Run(c.name+", "+w.name+", in this process", func(b *testing.B) {
				for b.Loop() {
					r, _, err := worker.Open(source(c.format, c.files...), nil)
					if err == nil {
						err = w.use(r)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(c.name+", "+w.name+", in a child", func(b *testing.B) {
				for b.Loop() {
					r, err := worker.Start(b.Context(), config(b), source(c.format, c.files...), nil)
					if err == nil {
						err = w.use(r)
					}
					if err != nil {
						b.Fatal(err)
					}
					if err := r.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
