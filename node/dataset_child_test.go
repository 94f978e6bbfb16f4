package node

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/worker"
)

// TestMain is the child that parses, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "parse" {
		if err := worker.Child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	if len(os.Args) == 2 && os.Args[1] == "fail" {
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// child parses in a process of its own, as locus-node does.
func child(t *testing.T) *parsing {
	t.Helper()
	p, err := worker.Self("parse")
	if err != nil {
		t.Fatal(err)
	}
	return newParsing(Config{Parser: p}.withDefaults())
}

func TestADatasetIsTheSameInThisProcess(t *testing.T) {
	dir := toyFiles(t)
	p, all := toyPanel(t, "GRCh38")
	for _, name := range []string{"toy.vcf", "toy.vcf.gz", "toy.bcf", "toy", "toy2"} {
		here, summary, err := readDataset(t.Context(), nil, toySpec(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		there, other, err := readDataset(t.Context(), child(t), toySpec(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(here, there); diff != "" {
			t.Errorf("%s: (-here +there):\n%s", name, diff)
		}
		if diff := cmp.Diff(summary, other); diff != "" {
			t.Errorf("%s: summaries (-here +there):\n%s", name, diff)
		}
		counts, _, err := here.count(t.Context(), nil, p, all)
		if diff := cmp.Diff(toyCounts(everyone), counts); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// A file is changed behind the back of who reads it: the far end of one that is longer
// than all pipes between the disk and the rows.
func TestTheDigestIsOfWhatWasParsed(t *testing.T) {
	const people, variants = 400, 10_000
	var b bytes.Buffer
	b.WriteString("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range people {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	for v := range variants {
		fmt.Fprintf(&b, "\n1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", v+1)
		b.WriteString(strings.Repeat("\t0/0", people))
	}
	b.WriteByte('\n')
	path := filepath.Join(t.TempDir(), "long.vcf")
	writeFile(t, path, b.String())

	in, err := definition{}.open(path, path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	g := in.genotypes
	r, _, err := g.parsed(t.Context(), child(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("1"), int64(b.Len()-2)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var row genotype.Row
	var last genotype.Call
	for err == nil {
		if err = r.Next(&row); err == nil {
			row.Expand(people)
			last = row.Calls[people-1]
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	is, err := g.files[0].record()
	if err != nil {
		t.Fatal(err)
	}
	before := sha256.Sum256(b.Bytes())
	b.Bytes()[b.Len()-2] = '1'
	after := sha256.Sum256(b.Bytes())
	parsed := before
	if last == genotype.NewCall(genotype.Reference, genotype.Reference+1) {
		parsed = after
	}
	if is.SHA256 != parsed {
		t.Errorf("the digest is not that of the file as it was parsed")
	}
	if parsed != after {
		t.Error("the change came too late for this test to tell anything")
	}
}

// A parser that fails ends what was asked for, leaves nothing, and the node goes on.
func TestADatasetIsRefusedWhenItsParserFails(t *testing.T) {
	dir := toyFiles(t)
	failing := newParsing(Config{Parser: worker.Program{Path: "/proc/self/exe", Args: []string{os.Args[0], "fail"}}}.withDefaults())
	if _, _, err := readDataset(t.Context(), failing, toySpec(dir, "toy.vcf"), nil); !errors.Is(err, worker.ErrChild) {
		t.Errorf("got %v, want %v", err, worker.ErrChild)
	}
	d := read(t, toySpec(dir, "toy.vcf"))
	p, all := toyPanel(t, "GRCh38")
	if counts, _, err := d.count(t.Context(), failing, p, all); !errors.Is(err, worker.ErrChild) || counts != nil {
		t.Errorf("a count: got %d counts, %v, want %v", len(counts), err, worker.ErrChild)
	}
	missing := newParsing(Config{Parser: worker.Program{Path: filepath.Join(dir, "nothing")}}.withDefaults())
	if _, _, err := readDataset(t.Context(), missing, toySpec(dir, "toy.vcf"), nil); !errors.Is(err, worker.ErrStart) {
		t.Errorf("no program: got %v, want %v", err, worker.ErrStart)
	}
	if _, _, err := d.count(t.Context(), child(t), p, all); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
