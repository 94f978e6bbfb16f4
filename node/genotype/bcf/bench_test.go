package bcf_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// cohort is a file of people most of whose alleles are rare, as BCF and as text. With
// depths it has the fields that GATK writes.
func cohort(b *testing.B, samples, variants int, depths bool) (packed, text []byte) {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var head strings.Builder
	head.WriteString("##fileformat=VCFv4.2\n##contig=<ID=1>\n")
	for _, field := range []string{"GT,Number=1,Type=String", "AD,Number=R,Type=Integer", "DP,Number=1,Type=Integer", "GQ,Number=1,Type=Integer", "PL,Number=G,Type=Integer"} {
		fmt.Fprintf(&head, "##FORMAT=<ID=%s,Description=\"\">\n", field)
	}
	head.WriteString("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range samples {
		fmt.Fprintf(&head, "\tS%d", i)
	}
	head.WriteByte('\n')
	out := bytes.NewBufferString(head.String())
	var records [][]byte
	for v := range variants {
		r := record{pos: int32(99 + v), samples: uint32(samples), alleles: 2, fields: 1, shared: []byte{0x07, 0x17, 'A', 0x17, 'C', 0x11, 0}, indiv: []byte{0x11, 1, 0x21}}
		fmt.Fprintf(out, "1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 100+v)
		if depths {
			out.WriteString(":AD:DP:GQ:PL")
		}
		f := rng.Float64()
		f = f * f * f / 2
		ad, dp, gq, pl := []byte{0x11, 2, 0x21}, []byte{0x11, 3, 0x11}, []byte{0x11, 4, 0x11}, []byte{0x11, 5, 0x32}
		for range samples {
			x, y := bit(rng.Float64() < f), bit(rng.Float64() < f)
			r.indiv = append(r.indiv, byte(x+1)<<1, byte(y+1)<<1)
			fmt.Fprintf(out, "\t%d/%d", x, y)
			if depths {
				depth := 20 + rng.IntN(20)
				alt := depth * (x + y) / 2
				q := 60 + rng.IntN(40)
				ad, dp, gq = append(ad, byte(depth-alt), byte(alt)), append(dp, byte(depth)), append(gq, byte(q))
				likely := []int32{int32(q), int32(10 * q), int32(12 * q)}
				likely[0], likely[x+y] = likely[x+y], 0
				pl = append(pl, integers(2, likely...)...)
				fmt.Fprintf(out, ":%d,%d:%d:%d:%d,%d,%d", depth-alt, alt, depth, q, likely[0], likely[1], likely[2])
			}
		}
		if depths {
			r.fields = 5
			r.indiv = append(append(append(append(r.indiv, ad...), dp...), gq...), pl...)
		}
		out.WriteByte('\n')
		records = append(records, r.bytes())
	}
	var z bytes.Buffer
	w := bgzf.NewWriter(&z)
	if _, err := w.Write(out.Bytes()); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return way{}.write(b, head.String(), records...), z.Bytes()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The bytes are those of the unpacked file; inflating alone is what nothing can beat.
func BenchmarkReader(b *testing.B) {
	for _, c := range []struct {
		name   string
		depths bool
	}{{"GT only", false}, {"GATK fields", true}} {
		packed, text := cohort(b, 2000, 1000, c.depths)
		plain, err := io.ReadAll(bgzf.NewReader(bytes.NewReader(packed)))
		if err != nil {
			b.Fatal(err)
		}
		for _, way := range []struct {
			name string
			file []byte
			open func(io.Reader) (genotype.Reader, error)
		}{
			{"BCF", packed, func(r io.Reader) (genotype.Reader, error) { return bcf.New(r, bcf.Config{}) }},
			{"BCF, one site in a hundred", packed, func(r io.Reader) (genotype.Reader, error) {
				return bcf.New(r, bcf.Config{Covers: func(s *genotype.Site) bool { return s.Pos%100 == 0 }})
			}},
			{"BCF, unpacked before", plain, func(r io.Reader) (genotype.Reader, error) { return bcf.New(r, bcf.Config{}) }},
			{"BCF inflated alone", packed, nil},
			{"VCF", text, func(r io.Reader) (genotype.Reader, error) { return vcf.New(r, vcf.Config{}) }},
		} {
			size := int64(len(way.file))
			if bgzf.Is(way.file) {
				if size, err = io.Copy(io.Discard, bgzf.NewReader(bytes.NewReader(way.file))); err != nil {
					b.Fatal(err)
				}
			}
			b.Run(c.name+"/"+way.name, func(b *testing.B) {
				b.SetBytes(size)
				for b.Loop() {
					if way.open == nil {
						if _, err := io.Copy(io.Discard, bgzf.NewReader(bytes.NewReader(way.file))); err != nil {
							b.Fatal(err)
						}
						continue
					}
					r, err := way.open(bytes.NewReader(way.file))
					var row genotype.Row
					for err == nil {
						err = r.Next(&row)
					}
					if err != io.EOF {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
