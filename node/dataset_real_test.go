package node

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// plink2Counts reads ALT_CTS and OBS_CT of a real file, for ALTs that are written out.
func plink2Counts(t *testing.T, path string) map[panel.Variant][2]int64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[panel.Variant][2]int64)
	for s := bufio.NewScanner(z); s.Scan(); {
		col := strings.Split(s.Text(), "\t")
		pos, err := strconv.ParseUint(col[1], 10, 32)
		if err != nil {
			continue // the names of the columns
		}
		obs, err := strconv.ParseInt(col[6], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		copies := strings.Split(col[5], ",")
		for k, alt := range strings.Split(col[4], ",") {
			n, err := strconv.ParseInt(copies[k], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if genotype.IsBases(alt) {
				counts[panel.Trim(panel.Variant{Contig: col[0], Pos: uint32(pos), Ref: col[3], Alt: alt})] = [2]int64{n, obs}
			}
		}
	}
	return counts
}

// splitSamples writes three tables that share out the people of a real file.
func splitSamples(t *testing.T, path string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var tables [3]strings.Builder
	for i := range tables {
		tables[i].WriteString("sample_id\tperson_id\tsex\n")
	}
	for i, line := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
		col := strings.Split(line, "\t")
		fmt.Fprintf(&tables[i%3], "%s\t%s\t%s\n", col[0], col[0], col[1])
	}
	var paths []string
	for i := range tables {
		p := filepath.Join(t.TempDir(), "samples.tsv")
		writeFile(t, p, tables[i].String())
		paths = append(paths, p)
	}
	return paths
}

func TestThreeSitesOfARealFileSumToPlink2(t *testing.T) {
	data := os.Getenv("LOCUS_DATA")
	if data == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	dir := filepath.Join(data, "kg3_chr22_16mb")
	want := plink2Counts(t, filepath.Join(dir, "kg3_chr22.plink2.acount.gz"))
	var vs []panel.Variant
	for v := range want {
		vs = append(vs, v)
	}
	p, err := panel.New("GRCh37", vs)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		on   *shelf
	}{{"kg3_chr22_16mb.vcf.gz", nil}, {"kg3_chr22.derived.pgen", nil}, {"kg3_chr22_16mb.vcf.gz", newShelf(t)}} {
		sum := make([]int64, 2*p.Len())
		for _, table := range splitSamples(t, filepath.Join(dir, "kg3_chr22.strata.tsv")) {
			d, _, err := readDataset(t.Context(), child(t), CohortSpec{Name: "all", Path: filepath.Join(dir, c.name), Samples: table}, c.on)
			if err != nil {
				t.Fatal(err)
			}
			counter := c.on
			if counter == nil {
				counter = &shelf{parsing: child(t)}
			}
			counts, _, err := counter.count(t.Context(), d, p, []panel.Range{{From: 0, To: uint64(p.Len())}})
			if err != nil {
				t.Fatal(err)
			}
			for k := range counts {
				sum[k] += counts[k]
			}
		}
		differ := 0
		for i := range p.Len() {
			if got := ([2]int64{sum[2*i], sum[2*i+1]}); got != want[p.At(i)] {
				differ++
			}
		}
		if differ > 0 || p.Len() < 6000 {
			t.Errorf("%s: differing counts: %d of %d", c.name, differ, p.Len())
		}
	}
}
