package genes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/genes"
	"github.com/locus-genomics/locus/protocol/panel"
)

const bedText = `track name=genes
# contig	start	end	name
chr7	117120016	117308718	CFTR	0	+
chr13	32315085	32400268	BRCA2	0	+
chr17	43044294	43125364	BRCA1	0	-
chr1	99	200	PARTS
chr1	299	400	PARTS
chr1	149	250	PARTS
chrX	10	20	TWIN
chrY	10	20	TWIN
`

const gffText = `##gff-version 3.1.26
#!genome-build Genome Reference Consortium GRCh38.p14
##sequence-region 7 1 159345973
7	ensembl_havana	gene	117480025	117668665	.	+	.	ID=gene:ENSG00000001626;Name=CFTR;biotype=protein_coding;gene_id=ENSG00000001626;version=18
7	ensembl_havana	mRNA	117480025	117668665	.	+	.	ID=transcript:ENST00000003084;Parent=gene:ENSG00000001626;Name=CFTR-201
NC_000017.11	BestRefSeq	gene	43044295	43125364	.	-	.	ID=gene-BRCA1;Name=BRCA1;gene=BRCA1
NC_012920.1	RefSeq	gene	3307	4262	.	+	.	ID=gene-ND1;Name=ND1
1	havana	pseudogene	11869	14409	.	+	.	ID=ENSG00000223972.5;gene_name=DDX11L1
1	havana	ncRNA_gene	17000	17100	.	-	.	ID=gene:ENSG01;Name=Y_RNA
2	havana	ncRNA_gene	500	600	.	-	.	ID=gene:ENSG02;Name=Y_RNA
3	havana	gene	10	20	.	-	.	ID=gene:ENSG03;Name=HLA%2DA
3	havana	gene	30	40	.	-	.	Alias=nobody
##FASTA
>7
ACGT
`

func read(t *testing.T, text string) *genes.Genes {
	t.Helper()
	g, err := genes.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestFind(t *testing.T) {
	for name, tt := range map[string]struct {
		file, gene, want string
	}{
		"a BED counts from 0":            {bedText, "CFTR", "[chr7:117120017-117308718]"},
		"parts of one gene are joined":   {bedText, "PARTS", "[chr1:100-250 chr1:300-400]"},
		"a BED without tabs":             {"1 0 5 A\n", "A", "[1:1-5]"},
		"a GFF3 counts from 1":           {gffText, "CFTR", "[7:117480025-117668665]"},
		"by its id":                      {gffText, "ENSG00000001626", "[7:117480025-117668665]"},
		"by its whole id":                {gffText, "gene:ENSG00000001626", "[7:117480025-117668665]"},
		"without its version":            {gffText, "ENSG00000223972", "[1:11869-14409]"},
		"by gene_name":                   {gffText, "DDX11L1", "[1:11869-14409]"},
		"an accession is a chromosome":   {gffText, "BRCA1", "[17:43044295-43125364]"},
		"and the mitochondrion":          {gffText, "ND1", "[MT:3307-4262]"},
		"one of several, by its id":      {gffText, "ENSG02", "[2:500-600]"},
		"a name with an escape":          {gffText, "HLA-A", "[3:10-20]"},
		"a GFF3 that does not say it is": {"1\th\tgene\t5\t6\t.\t+\t.\tID=a\n", "a", "[1:5-6]"},
		"line ends of another system":    {strings.ReplaceAll(bedText, "\n", "\r\n"), "BRCA2", "[chr13:32315086-32400268]"},
		"parts of one feature in a GFF3": {"##gff-version 3\n1\th\tgene\t5\t6\t.\t+\t.\tID=a\n1\th\tgene\t9\t9\t.\t+\t.\tID=a\n", "a", "[1:5-6 1:9]"},
		"a BED of nine columns is a BED": {"1\t4\t6\tA\t0\t+\t4\t6\t0\n", "A", "[1:5-6]"},
	} {
		got, err := read(t, tt.file).Find(tt.gene)
		if s := fmt.Sprint(got); err != nil || s != tt.want {
			t.Errorf("%s: %s, %v; want %s", name, s, err, tt.want)
		}
	}
	if got := read(t, gffText).Assembly(); got != "GRCh38.p14" {
		t.Errorf("assembly %q", got)
	}
	if g := read(t, bedText); g.Assembly() != "" || g.Len() != 6 {
		t.Errorf("a BED of %d genes on %q", g.Len(), g.Assembly())
	}
}

func TestFindRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		file, gene string
		want       error
		says       string
	}{
		"a name that no gene has":             {bedText, "TP53", genes.ErrUnknown, `"TP53"`},
		"a misspelling, with what is near it": {bedText, "BRCA3", genes.ErrUnknown, "near it are BRCA1, BRCA2"},
		"another case":                        {bedText, "cftr", genes.ErrUnknown, "CFTR"},
		"a name on two contigs":               {bedText, "TWIN", genes.ErrAmbiguous, "chrX:11-20, at chrY:11-20"},
		"a name of two genes":                 {gffText, "Y_RNA", genes.ErrAmbiguous, "gene:ENSG01 at 1:17000-17100, gene:ENSG02 at 2:500-600"},
		"a transcript":                        {gffText, "CFTR-201", genes.ErrUnknown, ""},
		"no name":                             {bedText, "", genes.ErrUnknown, ""},
	} {
		got, err := read(t, tt.file).Find(tt.gene)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, %v; want %v that says %q", name, got, err, tt.want, tt.says)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	gtf := "1\th\tgene\t5\t6\t.\t+\t.\tgene_id \"ENSG1\"; gene_name \"A\";\n"
	for name, tt := range map[string]struct{ file, says string }{
		"nothing":                   {"", "no gene"},
		"comments only":             {"# a\n\n", "no gene"},
		"no names":                  {"1\t5\t6\n", "line 1: 3 columns"},
		"a start that is no number": {"1\tx\t6\tA\n", "line 1: start and end"},
		"an end before the start":   {"1\t6\t6\tA\n", "start and end"},
		"a place too far":           {"1\t6\t4294967295\tA\n", "start and end"},
		"a GFF3 from 0":             {"##gff-version 3\n1\th\tgene\t0\t6\t.\t+\t.\tID=a\n", "line 2: start and end"},
		"a GTF":                     {gtf, "is it a GTF"},
		"another version":           {"##gff-version 2\n", "GFF3"},
		"too few columns":           {"##gff-version 3\n1\th\tgene\t5\t6\n", "5 columns"},
		"no contig":                 {"\t5\t6\tA\n", "contig's name"},
		"an empty name":             {"1\t5\t6\t\n", "a name of 0 bytes"},
		"a long name":               {"1\t5\t6\t" + strings.Repeat("A", 129) + "\n", "129 bytes"},
		"a long line":               {"1\t5\t6\t" + strings.Repeat("A", 1<<20) + "\n", "over 1048576 bytes"},
		"a compressed file":         {"\x1f\x8b\x08\x04\x00", "unpack it"},
	} {
		if _, err := genes.Read(strings.NewReader(tt.file)); !errors.Is(err, genes.ErrFormat) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %v that says %q", name, err, genes.ErrFormat, tt.says)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(bedText)
	f.Add(gffText)
	f.Add("1\t5\t6\tA\n1\t5\t6\tA%zz\n")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := genes.Read(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, genes.ErrFormat) {
				t.Error(err)
			}
			return
		}
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\t\n;= ", r) }) {
			regions, err := g.Find(word)
			if err != nil {
				if !errors.Is(err, genes.ErrUnknown) && !errors.Is(err, genes.ErrAmbiguous) {
					t.Error(err)
				}
				continue
			}
			for i, r := range regions {
				again, err := panel.ParseRegion(r.String())
				if err != nil || cmp.Diff(r, again) != "" || i > 0 && r.From <= regions[i-1].To {
					t.Errorf("%q is at %v, %v", word, regions, err)
				}
			}
		}
	})
}

func TestGenesAreOfAnAssemblyOrNot(t *testing.T) {
	for name, tt := range map[string]struct {
		file, assembly string
		want           bool
	}{
		"the same, of another patch":      {gffText, "GRCh38", true},
		"the same under its other name":   {gffText, "hg38", true},
		"the one before":                  {gffText, "GRCh37.p13", false},
		"the one before, by another name": {gffText, "hg19", false},
		"one that is not known here":      {gffText, "T2T-CHM13v2.0", true},
		"a file that does not say":        {bedText, "GRCh37", true},
	} {
		if got := read(t, tt.file).MayBeOf(tt.assembly); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
