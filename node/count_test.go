package node_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

const (
	countHead = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
	countText = countHead +
		"1\t10\t.\tA\tC,G\t.\tPASS\t.\tGT\t0/1\t1/2\t./.\n" +
		"1\t20\t.\tA\tT\t.\tq10\t.\tGT\t0/1\t1/1\t./.\n" +
		"2\t30\t.\tG\tT\t.\tPASS\t.\tGT\t0/1\t1/1\t0/0\n"
	countTable = "sample_id\tperson_id\tsex\tarm\nA\tp1\tmale\tx\nC\tp3\tfemale\ty\n"
)

// writeText writes a file of a test.
func writeText(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type countedSite struct {
	Contig string
	Pos    uint32
	Alts   []string
	AC     []int64
	AN     int64
}

func countAll(ctx context.Context, spec node.CountSpec) (all []countedSite, s node.CountSummary, err error) {
	s, err = node.Count(ctx, spec, func(strata []string, counts []tally.SiteCounts) error {
		for i, c := range counts {
			name := c.Site.Contig
			if strata[i] != "" {
				name += " of " + strata[i]
			}
			all = append(all, countedSite{name, c.Site.Pos, slices.Clone(c.Site.Alts), slices.Clone(c.AC), c.AN})
		}
		return nil
	})
	return all, s, err
}

func smallPanel(t *testing.T, assembly string) *panel.Panel {
	t.Helper()
	p, err := panel.New(assembly, []panel.Variant{{Contig: "chr1", Pos: 10, Ref: "A", Alt: "G"}, {Contig: "chr1", Pos: 11, Ref: "A", Alt: "G"}, {Contig: "chr2", Pos: 30, Ref: "G", Alt: "T"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCount(t *testing.T) {
	path, table := writeText(t, "people.vcf", countText), writeText(t, "people.tsv", countTable)
	list := smallPanel(t, "GRCh38")
	first := countedSite{"1", 10, []string{"C", "G"}, []int64{2, 1}, 4}
	for name, tt := range map[string]struct {
		spec    node.CountSpec
		want    []countedSite
		people  int
		contigs []string
	}{
		"everyone, at the file's own sites": {node.CountSpec{Path: path}, []countedSite{first, {"2", 30, []string{"T"}, []int64{3}, 6}}, 3, []string{"1", "2"}},
		"a region":                          {node.CountSpec{Path: path, Region: "chr1:1-15"}, []countedSite{first}, 3, []string{"1"}},
		"a region with nothing in it":       {node.CountSpec{Path: path, Region: "3"}, nil, 3, nil},
		"who the table names":               {node.CountSpec{Path: path, Samples: table, Region: "2"}, []countedSite{{"2", 30, []string{"T"}, []int64{1}, 4}}, 2, []string{"2"}},
		"some of them":                      {node.CountSpec{Path: path, Samples: table, Filter: "arm=x", Region: "2"}, []countedSite{{"2", 30, []string{"T"}, []int64{1}, 2}}, 1, []string{"2"}},
		"strata, each by itself": {node.CountSpec{Path: path, Samples: table, Strata: "arm", Region: "2"},
			[]countedSite{{"2 of x", 30, []string{"T"}, []int64{1}, 2}, {"2 of y", 30, []string{"T"}, []int64{0}, 2}}, 2, []string{"2"}},
		"strata over a panel": {node.CountSpec{Path: path, Samples: table, Strata: "arm", Panel: list, Region: "2"},
			[]countedSite{{"chr2 of x", 30, []string{"T"}, []int64{1}, 2}, {"chr2 of y", 30, []string{"T"}, []int64{0}, 2}}, 2, []string{"chr2"}},
		"a panel, also where the file has nothing": {node.CountSpec{Path: path, Panel: list},
			[]countedSite{{"chr1", 10, []string{"G"}, []int64{1}, 4}, {"chr1", 11, []string{"G"}, []int64{0}, 0}, {"chr2", 30, []string{"T"}, []int64{3}, 6}}, 3, []string{"chr1", "chr2"}},
		"a panel's region": {node.CountSpec{Path: path, Panel: list, Region: "2"}, []countedSite{{"chr2", 30, []string{"T"}, []int64{3}, 6}}, 3, []string{"chr2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, s, err := countAll(t.Context(), tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if s.People != tt.people || s.Samples != 3 || s.Sites*len(s.Strata) != len(tt.want) || !slices.Equal(s.Contigs, tt.contigs) {
				t.Errorf("%+v; want %d people at %d sites on %v", s, tt.people, len(tt.want), tt.contigs)
			}
		})
	}
}

func TestCountRefuses(t *testing.T) {
	path, table := writeText(t, "people.vcf", countText), writeText(t, "people.tsv", countTable)
	x := writeText(t, "x.vcf", countHead+"X\t5000000\t.\tA\tC\t.\tPASS\t.\tGT\t0\t1\t0/1\n")
	sized := writeText(t, "sized.vcf", strings.Replace(countText, "#CHROM", "##contig=<ID=1,length=249250621>\n#CHROM", 1))
	for name, tt := range map[string]struct {
		spec node.CountSpec
		want error
		says string
	}{
		"a file that is not there":         {node.CountSpec{Path: path + "x"}, fs.ErrNotExist, ""},
		"a file that is none":              {node.CountSpec{Path: table}, node.ErrFormat, "people.tsv"},
		"a table that is not there":        {node.CountSpec{Path: path, Samples: path + "x"}, fs.ErrNotExist, "sample table"},
		"a table of other people":          {node.CountSpec{Path: path, Samples: writeText(t, "o.tsv", "sample_id\tperson_id\tsex\nD\tp\tmale\n")}, node.ErrCount, "line 2"},
		"a file of sites":                  {node.CountSpec{Path: writeText(t, "sites.vcf", sitesText)}, node.ErrCount, "no samples"},
		"a filter without a table":         {node.CountSpec{Path: path, Filter: "arm=x"}, node.ErrConfig, ""},
		"strata without a table":           {node.CountSpec{Path: path, Strata: "arm"}, node.ErrConfig, ""},
		"a column that is not there":       {node.CountSpec{Path: path, Samples: table, Strata: "leg"}, node.ErrCount, "no column"},
		"a filter that is none":            {node.CountSpec{Path: path, Samples: table, Filter: "arm"}, node.ErrConfig, ""},
		"a region that is none":            {node.CountSpec{Path: path, Region: "1:9-3"}, panel.ErrRegion, ""},
		"a panel's region without variant": {node.CountSpec{Path: path, Panel: smallPanel(t, "GRCh38"), Region: "3"}, node.ErrCount, "no variant"},
		"an assembly that is not known":    {node.CountSpec{Path: path, Assembly: "T2T"}, node.ErrConfig, ""},
		"X where nothing tells":            {node.CountSpec{Path: x}, tally.ErrAssembly, "--assembly"},
		"another assembly than the file's": {node.CountSpec{Path: sized, Assembly: "GRCh38"}, node.ErrCount, "GRCh37 and GRCh38"},
		"another than the panel's":         {node.CountSpec{Path: sized, Panel: smallPanel(t, "hg38")}, node.ErrCount, "two assemblies"},
	} {
		_, s, err := countAll(t.Context(), tt.spec)
		if !errors.Is(err, node.ErrCount) || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %v that says %q", name, err, tt.want, tt.says)
		}
		if s.Sites != 0 || s.People != 0 {
			t.Errorf("%s: a summary of what was not counted: %+v", name, s)
		}
	}
	if got, _, err := countAll(t.Context(), node.CountSpec{Path: x, Assembly: "hg19"}); err != nil || len(got) != 1 {
		t.Errorf("X, told the assembly: %v, %v", got, err)
	}
	enough := errors.New("enough")
	if _, err := node.Count(t.Context(), node.CountSpec{Path: path}, func([]string, []tally.SiteCounts) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("who takes them has enough: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, _, err := countAll(ended, node.CountSpec{Path: path}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}
