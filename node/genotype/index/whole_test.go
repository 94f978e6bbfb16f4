package index_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/index"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// region reads some of a file if its index can be believed, and else all of it.
func region(data []byte, idx io.Reader, r index.Region) (io.Reader, error) {
	x, err := index.Open(index.Config{Index: idx, Data: bytes.NewReader(data), Size: int64(len(data))})
	var part io.Reader
	if err == nil {
		part, err = x.Part([]index.Region{r})
	}
	if errors.Is(err, index.ErrStale) || errors.Is(err, index.ErrIndex) {
		return bytes.NewReader(data), nil
	}
	return part, err
}

func TestAStaleIndexCostsTimeAndNoRows(t *testing.T) {
	m := makeVCF([]string{"7"}, 200, 3000)
	data, at := m.file(t)
	shorter := m
	shorter.sites = append(shorter.sites[:100:100], shorter.sites[120:]...)
	changed, _ := shorter.file(t)
	k := index.Region{Contig: "chr7", From: 300_000, To: 420_000}
	for name, c := range map[string]struct {
		data []byte
		rows int
		less bool
	}{"an index that fits": {data, 40, true}, "a stale one": {changed, 20, false}} {
		part, err := region(c.data, bytes.NewReader(pack(t, m.tbi(t, at))), k)
		if err != nil {
			t.Fatal(err)
		}
		read, found := 0, 0
		v, err := vcf.New(part, vcf.Config{})
		var row genotype.Row
		for err == nil {
			if err = v.Next(&row); err == nil {
				read++
				if row.Pos >= k.From && row.Pos <= k.To {
					found++
				}
			}
		}
		if err != io.EOF || found != c.rows || (read < 100) != c.less {
			t.Errorf("%s: %d of %d rows, %v", name, found, read, err)
		}
	}
}
