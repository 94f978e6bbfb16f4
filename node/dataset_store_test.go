package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// newShelf is one with the keys of a site of its own.
func newShelf(t *testing.T) *shelf {
	t.Helper()
	cfg := keystore.Config{Dir: filepath.Join(t.TempDir(), "keys")}
	if err := keystore.Create(cfg, time.Unix(1_700_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{dir: t.TempDir(), keys: keys, entropy: rand.Reader, free: freeBytes, askRoom: askRoom, gaugeFrom: gaugeFrom, gaugeBytes: gaugeBytes}
}

// plainTag is under no key.
func plainTag(domain string, parts ...[]byte) protocol.Digest {
	return protocol.Tag(nil, domain, parts...)
}

// keepOn takes a dataset in, and gives it as it comes back from the records.
func keepOn(t *testing.T, s *shelf, spec CohortSpec) definition {
	t.Helper()
	d, _, err := readDataset(t.Context(), child(t), spec, s)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = parseDefinition(spec.Name, raw); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADatasetIsCountedFromItsStoreInEveryFormat(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	for _, name := range []string{"toy.vcf", "toy.vcf.gz", "toy.bcf", "toy.bed", "toy2.pgen"} {
		t.Run(name, func(t *testing.T) {
			assembly := "GRCh38"
			p, all := toyPanel(t, assembly)
			spec := toySpec(dir, name)
			d, files := keepOn(t, s, spec), read(t, spec)
			if d.content(plainTag) != files.content(plainTag) || d.Genotypes != files.Genotypes {
				t.Error("it is another dataset because it has a store")
			}
			for _, ranges := range [][]panel.Range{all, all[:1], {{From: 1, To: 2}}} {
				want, wantWarnings, err := s.count(t.Context(), files, p, ranges)
				if err != nil {
					t.Fatal(err)
				}
				got, gotWarnings, err := s.count(t.Context(), d, p, ranges)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" || wantWarnings != gotWarnings {
					t.Errorf("counts (-files +store):\n%s", diff)
				}
			}
			now, summary, err := s.scrub(t.Context(), d)
			if err != nil || now.content(plainTag) != d.content(plainTag) {
				t.Errorf("scrub: %v", err)
			}
			if diff := cmp.Diff(toySummary(d.Assembly.String()), summary); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The genotypes were taken in: their files may go.
func TestAStoreNeedsNoSource(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	p, all := toyPanel(t, "GRCh38")
	d := keepOn(t, s, toySpec(dir, "toy.vcf"))
	if err := os.Remove(filepath.Join(dir, "toy.vcf")); err != nil {
		t.Fatal(err)
	}
	counts, _, err := s.count(t.Context(), d, p, all)
	if diff := cmp.Diff(toyCounts(everyone), counts); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAStoreThatIsNotItselfIsNotCounted(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	p, all := toyPanel(t, "GRCh38")
	d, other := keepOn(t, s, toySpec(dir, "toy.vcf")), keepOn(t, s, toySpec(dir, "toy.vcf.gz"))
	path := filepath.Join(s.dir, d.Store.name())
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	another, err := os.ReadFile(filepath.Join(s.dir, other.Store.name()))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(was)
	flipped[len(was)/2] ^= 1
	for _, c := range []struct {
		name string
		is   []byte
	}{
		{"one byte differs", flipped}, {"it ends too early", was[:len(was)-1]}, {"it is empty", nil},
		{"it is the store of another dataset with the same genotypes", another}, {"it is a text", []byte(toyVCF())},
	} {
		writeFile(t, path, string(c.is))
		if counts, _, err := s.count(t.Context(), d, p, all); !errors.Is(err, errDatasetChanged) || counts != nil {
			t.Errorf("%s: counts %v, %v", c.name, counts != nil, err)
		}
		if _, _, err := s.scrub(t.Context(), d); !errors.Is(err, errDatasetChanged) {
			t.Errorf("%s: scrub: %v", c.name, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.count(t.Context(), d, p, all); !errors.Is(err, errDatasetChanged) {
		t.Errorf("it is gone: %v", err)
	}
	writeFile(t, path, string(was))
	stranger := newShelf(t)
	stranger.dir = s.dir
	if _, _, err := stranger.count(t.Context(), d, p, all); !errors.Is(err, errDatasetChanged) {
		t.Errorf("another site's keys: %v", err)
	}
	if _, _, err := s.count(t.Context(), d, p, all); err != nil {
		t.Errorf("as it was: %v", err)
	}
	samples := filepath.Join(dir, "samples.tsv")
	writeFile(t, samples, toySamples(toyPeople-1))
	if _, _, err := s.count(t.Context(), d, p, all); !errors.Is(err, errDatasetChanged) {
		t.Errorf("the sample table has changed: %v", err)
	}
}

// A filter that is read in another way than when the cohort was taken in gives no answer.
func TestAFilterThatChoosesOthersIsNotAnsweredFrom(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	s.parsing = child(t)
	p, err := panel.New("GRCh38", []panel.Variant{{Contig: "1", Pos: 10, Ref: "A", Alt: "C"}})
	if err != nil {
		t.Fatal(err)
	}
	spec := toySpec(dir, "toy.vcf")
	spec.Filter = `side == "left"`
	for name, d := range map[string]definition{"stored": keepOn(t, s, spec), "not stored": read(t, spec)} {
		if _, _, err := s.count(t.Context(), d, p, []panel.Range{{To: 1}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d.Filter = `has(side)`
		if _, _, err := s.count(t.Context(), d, p, []panel.Range{{To: 1}}); !errors.Is(err, errDatasetChanged) {
			t.Errorf("%s: got %v, want %v", name, err, errDatasetChanged)
		}
	}
}

func TestADatasetThatIsRefusedLeavesNoStore(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	writeFile(t, filepath.Join(dir, "twice.vcf"), toyVCF()+toyVCF()[len(toyVCF())-100:])
	if _, _, err := readDataset(t.Context(), child(t), toySpec(dir, "twice.vcf"), s); err == nil {
		t.Error("a damaged file was taken in")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := readDataset(ctx, child(t), toySpec(dir, "toy.vcf"), s); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

func TestTheShelfKeepsWhatCohortsHave(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	held, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.lock(); !errors.Is(err, errAdding) {
		t.Errorf("two at once: %v", err)
	}
	d, old := keepOn(t, s, toySpec(dir, "toy.vcf")), keepOn(t, s, toySpec(dir, "toy.vcf"))
	writeFile(t, filepath.Join(s.dir, old.Store.name()+".new"), "what a kill left")
	if err := s.sweep([]keptCohort{{definition: d}, {definition: read(t, toySpec(dir, "toy.bed"))}}); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(s.dir)
	if err != nil || len(left) != 2 || left[0].Name() != d.Store.name() && left[1].Name() != d.Store.name() {
		t.Errorf("%d files are left, %v", len(left), err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRegionsOfAPanelCoverItsVariants(t *testing.T) {
	var vs []panel.Variant
	for _, pos := range []uint32{5, 6, 1000, 5000, 5000 + near, 5001 + 2*near} {
		vs = append(vs, panel.Variant{Contig: "1", Pos: pos, Ref: "A", Alt: "C"}, panel.Variant{Contig: "X", Pos: pos, Ref: "A", Alt: "C"})
	}
	p, err := panel.New("GRCh38", vs)
	if err != nil {
		t.Fatal(err)
	}
	regions := regionsOf(p, []panel.Range{{From: 0, To: 6}, {From: 7, To: 12}})
	if len(regions) != 6 {
		t.Errorf("%d regions", len(regions))
	}
	for i := range p.Len() {
		in := false
		for _, r := range regions {
			v := p.At(i)
			in = in || r.Contig == v.Contig && r.From <= v.Pos && v.Pos <= r.To
		}
		if in != (i != 6) {
			t.Errorf("variant %d: %v", i, in)
		}
	}
}
