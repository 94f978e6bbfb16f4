package node_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/synth"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol/panel"
)

// indexed makes a cohort, packs it as a VCF or BCF, and has bcftools index it.
func indexed(t *testing.T, format ...string) string {
	t.Helper()
	bcftools, err := exec.LookPath("bcftools")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bcftools is needed where CI=true")
		}
		t.Skip("bcftools is not installed")
	}
	dir := t.TempDir()
	files, err := synth.Write(dir, synth.Config{Seed: 3, Sites: 1, People: 40, Variants: 1200, Formats: []synth.Format{synth.VCF},
		Compress: func(w io.Writer) (io.WriteCloser, error) { return bgzf.NewWriter(w), nil }})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "indexed")
	for _, args := range [][]string{{"view", "-O" + format[0], "-o", path, files.Sites[0].Genotypes}, append(append([]string{"index"}, format[1:]...), path)} {
		if out, err := exec.CommandContext(t.Context(), bcftools, args...).CombinedOutput(); err != nil {
			t.Fatalf("bcftools %s: %v\n%s", args[0], err, out)
		}
	}
	return path
}

func TestARegionByIndexIsTheRegionOfTheWhole(t *testing.T) {
	for name, format := range map[string][]string{"VCF and tabix": {"z", "-t"}, "VCF and CSI": {"z", "-c"}, "BCF": {"b", "-c"}} {
		t.Run(name, func(t *testing.T) {
			path := indexed(t, format...)
			bare := filepath.Join(t.TempDir(), "bare")
			if err := os.Link(path, bare); err != nil {
				t.Fatal(err)
			}
			list, err := node.ReadPanel(t.Context(), filepath.Join(filepath.Dir(path), "panel.tsv"), "GRCh38")
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			for _, region := range []string{"1", "chr7", "X:1-20000000", "7:100000000-120000000", "1:1-2", "MT", "9"} {
				for panelled, p := range map[string]*panel.Panel{"": nil, " of a panel": list} {
					want, _, err := countAll(t.Context(), node.CountSpec{Path: bare, Assembly: "GRCh38", Region: region, Panel: p})
					if errors.Is(err, node.ErrCount) && p != nil {
						continue // none of the panel's variants is there
					}
					if err != nil {
						t.Fatal(err)
					}
					got, s, err := countAll(t.Context(), node.CountSpec{Path: path, Assembly: "GRCh38", Region: region, Panel: p})
					if err != nil || !s.ByIndex || s.StaleIndex {
						t.Fatalf("%s%s: %v, by index %t, stale %t", region, panelled, err, s.ByIndex, s.StaleIndex)
					}
					if d := cmp.Diff(want, got); d != "" {
						t.Errorf("%s%s (-whole +by index):\n%s", region, panelled, d)
					}
					asked += len(got)
				}
			}
			if asked < 500 {
				t.Errorf("the regions have %d sites only", asked)
			}
		})
	}
}

func TestAnIndexThatDoesNotFitIsNotBelieved(t *testing.T) {
	path := indexed(t, "z", "-t")
	want, s, err := countAll(t.Context(), node.CountSpec{Path: path, Region: "7"})
	if err != nil || !s.ByIndex || len(want) == 0 {
		t.Fatalf("%d sites, by index %t, %v", len(want), s.ByIndex, err)
	}
	raw, err := os.ReadFile(path + ".tbi")
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(indexed(t, "b", "-c") + ".csi")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"of another file": string(other), "cut short": string(raw[:len(raw)/2]), "of nothing": "", "no index": "hello\n"} {
		if err := os.WriteFile(path+".tbi", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, s, err := countAll(t.Context(), node.CountSpec{Path: path, Region: "7"})
		if err != nil || s.ByIndex || !s.StaleIndex {
			t.Errorf("%s: by index %t, stale %t, %v", name, s.ByIndex, s.StaleIndex, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-fitting +not):\n%s", name, d)
		}
	}
}

// A published index that is older than its file is seen for what it is.
func TestAStaleIndexOfARealFileIsNotBelieved(t *testing.T) {
	data := os.Getenv("LOCUS_DATA")
	if data == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	path := filepath.Join(data, "awkward_made", "stale_index.vcf.gz")
	whole, s, err := countAll(t.Context(), node.CountSpec{Path: path})
	if err != nil || s.ByIndex || s.StaleIndex || len(whole) == 0 {
		t.Fatalf("all of it: %d sites, %+v, %v", len(whole), s, err)
	}
	got, s, err := countAll(t.Context(), node.CountSpec{Path: path, Region: whole[0].Contig})
	if err != nil || s.ByIndex || !s.StaleIndex {
		t.Errorf("by index %t, stale %t, %v", s.ByIndex, s.StaleIndex, err)
	}
	if d := cmp.Diff(whole, got); d != "" {
		t.Error(d)
	}
}
