package index_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/index"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/protocol/panel"
)

// reader reads a VCF or a BCF.
func reader(r io.Reader, binary bool) (genotype.Reader, error) {
	if binary {
		return bcf.New(r, bcf.Config{})
	}
	return vcf.New(r, vcf.Config{})
}

// rows are the rows of a file that touch regions, in its order, and how many there were.
func rows(t testing.TB, r io.Reader, binary bool, regions []index.Region) (touching []string, read int) {
	t.Helper()
	g, err := reader(r, binary)
	var row genotype.Row
	for err == nil {
		if err = g.Next(&row); err != nil {
			break
		}
		read++
		for _, k := range regions {
			if panel.CanonicalContig(k.Contig) == panel.CanonicalContig(row.Contig) && row.Pos <= k.To && row.Pos+uint32(len(row.Ref))-1 >= k.From {
				touching = append(touching, fmt.Sprint(row.Contig, row.Pos, row.Ref, row.Alts, row.Calls))
				break
			}
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return touching, read
}

// kind is a made file with one of the indexes that it may have, which is unpacked.
type kind struct {
	m         made
	data, raw []byte
}

// kinds are a made file as VCF and as BCF.
func kinds(t testing.TB, m made) map[string]kind {
	t.Helper()
	text, at := m.file(t)
	all := map[string]kind{"tbi": {m, text, m.tbi(t, at)}, "csi of a VCF": {m, text, m.csi(t, at, scheme{14, 5})}}
	b := m.asBCF()
	data, at := b.file(t)
	for name, s := range map[string]scheme{"csi of a BCF": {14, 6}, "csi of small bins": {8, 5}, "csi of large bins": {20, 3}} {
		all[name] = kind{b, data, b.csi(t, at, s)}
	}
	return all
}

func TestAPartHasTheRowsOfItsRegions(t *testing.T) {
	m := makeVCF([]string{"chr2", "chrX", "GL1"}, 150, 3000)
	rng := rand.New(rand.NewPCG(1, 2))
	plain := []byte(m.head)
	for _, s := range m.sites {
		plain = append(plain, s.text...)
	}
	for name, k := range kinds(t, m) {
		t.Run(name, func(t *testing.T) {
			x, err := open(t, k.data, k.raw, m.contigs)
			if err != nil {
				t.Fatal(err)
			}
			fewer := 0
			for range 60 {
				var regions []index.Region
				for range 1 + rng.IntN(3) {
					from := rng.Uint32N(460_000)
					regions = append(regions, index.Region{Contig: []string{"2", "chr2", "X", "GL1", "5"}[rng.IntN(5)], From: from, To: from + rng.Uint32N(9000)})
				}
				part, err := x.Part(regions)
				if err != nil {
					t.Fatal(err)
				}
				got, read := rows(t, part, k.m.binary, regions)
				want, all := rows(t, bytes.NewReader(plain), false, regions)
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("%v (-want +got):\n%s", regions, d)
				}
				if read < all/2 {
					fewer++
				}
			}
			if fewer < 20 && name != "csi of large bins" {
				t.Errorf("only %d of 60 parts are under half of the file", fewer)
			}
		})
	}
}

func TestRegionsAtTheirEdges(t *testing.T) {
	m := makeVCF([]string{"1", "2"}, 40, 5000)
	for name, k := range kinds(t, m) {
		x, err := open(t, k.data, k.raw, m.contigs)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name   string
			region index.Region
			want   int
		}{
			{"all of a contig", index.Region{Contig: "2", From: 1, To: 1<<32 - 1}, 40},
			{"all of a contig from 0", index.Region{Contig: "2", From: 0, To: 1<<32 - 1}, 40},
			{"one position that a record and a deletion have", index.Region{Contig: "1", From: 20_001, To: 20_001}, 2},
			{"the end of a deletion", index.Region{Contig: "1", From: 20_000, To: 20_000}, 1},
			{"nothing", index.Region{Contig: "1", From: 30_002, To: 30_003}, 0},
			{"behind the last record", index.Region{Contig: "1", From: 300_000, To: 400_000}, 0},
			{"from after to", index.Region{Contig: "1", From: 50_000, To: 10_000}, 0},
			{"another contig", index.Region{Contig: "3", From: 1, To: 1 << 30}, 0},
		} {
			part, err := x.Part([]index.Region{c.region})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := rows(t, part, k.m.binary, []index.Region{c.region}); len(got) != c.want {
				t.Errorf("%s: %s: %d rows, want %d", name, c.name, len(got), c.want)
			}
		}
	}
}

func TestAPartOfNothingIsTheHeader(t *testing.T) {
	m := makeVCF([]string{"1"}, 40, 5000)
	data, at := m.file(t)
	x, err := open(t, data, m.tbi(t, at), nil)
	if err != nil {
		t.Fatal(err)
	}
	part, err := x.Part(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(part)
	if err != nil || string(got) != m.head {
		t.Errorf("got %q, %v", got, err)
	}
}
