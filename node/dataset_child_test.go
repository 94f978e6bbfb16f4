package node

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		if diff := cmp.Diff(here, there); diff != "" || summary != other {
			t.Errorf("%s: %+v, %+v (-here +there):\n%s", name, summary, other, diff)
		}
		counts, _, err := here.count(t.Context(), nil, p, all)
		if diff := cmp.Diff(toyCounts(everyone), counts); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}
