package panel_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/protocol/panel"
)

// data is the folder of real files, or the reason to skip.
func data(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA names no folder of real genotype files")
	}
	return dir
}

func unzip(t *testing.T, path string) *gzip.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A panel of a real VCF holds exactly the sequence alleles that the reference answers list.
func TestPanelOfARealVCF(t *testing.T) {
	dir := filepath.Join(data(t), "kg3_chr22_16mb")
	variants, err := panel.ReadVariants(unzip(t, filepath.Join(dir, "kg3_chr22_16mb.vcf.gz")))
	if err != nil {
		t.Fatal(err)
	}
	p, err := panel.New("GRCh37", variants)
	if err != nil {
		t.Fatal(err)
	}
	want := map[panel.Variant]bool{}
	lines := bufio.NewScanner(unzip(t, filepath.Join(dir, "kg3_chr22.oracle.tsv.gz")))
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if f[0] == "CHROM" || strings.HasPrefix(f[0], "#") || strings.ContainsAny(f[4], "<*") {
			continue
		}
		pos, err := strconv.ParseUint(f[1], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		want[panel.Trim(panel.Variant{Contig: f[0], Pos: uint32(pos), Ref: f[3], Alt: f[4]})] = true
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(want) < 1000 || p.Len() != len(want) {
		t.Errorf("%d variants, the reference answers list %d", p.Len(), len(want))
	}
	for _, v := range all(p) {
		if !want[v] {
			t.Fatalf("%s is in the panel and not in the reference answers", v)
		}
	}
	file := write(t, p)
	again, err := panel.Parse(bytes.NewReader(file))
	if err != nil || again.Digest() != p.Digest() {
		t.Errorf("it does not come back: %v", err)
	}
	t.Logf("%d variants, %.2f bytes each", p.Len(), float64(len(file))/float64(p.Len()))
}

// Whatever a VCF is, it is read or refused, and a valid one is read.
func TestEveryRealVCFIsReadOrRefused(t *testing.T) {
	read, refused, valid := 0, 0, 0
	for _, folder := range []string{"vcf_validator", "awkward_made"} {
		err := filepath.WalkDir(filepath.Join(data(t), folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".vcf") {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if strings.Contains(path, "__passed__") {
				valid++
			}
			switch variants, err := panel.ReadVariants(bytes.NewReader(raw)); {
			case err == nil:
				read++
				if _, err := panel.New("any", variants); err != nil && !errors.Is(err, panel.ErrVariants) {
					t.Errorf("%s: %v", d.Name(), err)
				}
			case strings.Contains(path, "__passed__"):
				t.Errorf("%s is valid, and was refused: %v", d.Name(), err)
			case errors.Is(err, panel.ErrInput):
				refused++
			default:
				t.Errorf("%s: %v", d.Name(), err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read == 0 || refused == 0 || valid == 0 {
		t.Errorf("%d files read and %d refused, %d are known to be valid: there should be some of each", read, refused, valid)
	}
	t.Logf("%d files read, %d refused, %d known to be valid", read, refused, valid)
}
