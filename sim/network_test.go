package sim_test

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// newNetwork starts a network that ends with the test.
func newNetwork(t *testing.T, cfg sim.Config) *sim.Network {
	t.Helper()
	cfg.Dir = t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := sim.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func readPanel(t *testing.T, path string) *panel.Panel {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list, err := panel.ReadVariants(f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := panel.New("GRCh38", list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// readTruth reads CHROM, POS, REF, ALT, AC, AN.
func readTruth(t *testing.T, path string) map[panel.Variant]counts {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	truth := make(map[panel.Variant]counts)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(fields[0], "#") {
			continue
		}
		pos, err := strconv.ParseUint(fields[1], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parseCounts(fields[4], fields[5])
		if err != nil {
			t.Fatal(err)
		}
		truth[panel.Variant{Contig: fields[0], Pos: uint32(pos), Ref: fields[2], Alt: fields[3]}] = c
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return truth
}

// differ compares an answer over the whole panel with the truth.
func differ(t *testing.T, answer researcher.Answer, truth map[panel.Variant]counts) {
	t.Helper()
	if len(answer.Rows) != len(truth) {
		t.Fatalf("%d variants answered of %d", len(answer.Rows), len(truth))
	}
	for _, r := range answer.Rows {
		if got, want := (counts{r.AC, r.AN}), truth[r.Variant]; got != want {
			t.Errorf("%v: got %+v, want %+v", r.Variant, got, want)
		}
	}
}
