package panel_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol/panel"
)

// sidecars are the three kinds of file, each with a reader that says only whether it can be read.
func sidecars(t testing.TB, p *panel.Panel) map[string]struct {
	file []byte
	read func(file []byte, p *panel.Panel) error
} {
	t.Helper()
	var names, ids, coverage bytes.Buffer
	n, err := panel.NewNames(p, namesOf(p))
	if err != nil {
		t.Fatal(err)
	}
	c := panel.NewCoverage(p)
	for i := range p.Len() {
		c.Set(i, panel.Cover(i%3))
	}
	w, err := panel.NewIDsWriter(&ids, p, 2, make([][24]byte, len(p.Contigs())))
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		if err := w.Write(idOf(i)); err != nil {
			t.Fatal(err)
		}
	}
	_, err1 := n.WriteTo(&names, p)
	_, err2 := c.WriteTo(&coverage, p)
	if err := errors.Join(err1, err2, w.Close()); err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		file []byte
		read func(file []byte, p *panel.Panel) error
	}{
		"rsIDs": {names.Bytes(), func(file []byte, p *panel.Panel) error {
			n, err := panel.ParseNames(bytes.NewReader(file), p)
			if err == nil {
				for _, v := range namesOf(p) {
					_, e := n.Find(v.RS)
					err = errors.Join(err, e)
				}
			}
			return err
		}},
		"allele ids": {ids.Bytes(), func(file []byte, p *panel.Panel) error {
			_, err := panel.OpenIDs(bytes.NewReader(file), int64(len(file)), p)
			return err
		}},
		"coverage": {coverage.Bytes(), func(file []byte, p *panel.Panel) error {
			_, err := panel.ParseCoverage(bytes.NewReader(file), p)
			return err
		}},
	}
}

// namesOf gives most variants an rsID, every ninth two, and some variants one together.
func namesOf(p *panel.Panel) (list []panel.Name) {
	for i := range p.Len() {
		if i%7 != 0 {
			list = append(list, panel.Name{RS: uint32(1 + (i*7919)%(1<<20)), Place: uint32(i)})
		}
		if i%9 == 0 {
			list = append(list, panel.Name{RS: panel.MaxRS - uint32(i/100), Place: uint32(i)})
		}
	}
	return list
}

func idOf(i int) (id [24]byte) {
	id[0], id[1], id[23] = byte(i), byte(i>>8), 1
	return id
}

func TestSidecarsAreOfOnePanel(t *testing.T) {
	p, other := newPanel(t, random(5, 300)), newPanel(t, random(6, 300))
	kinds := sidecars(t, p)
	for name, kind := range kinds {
		if err := kind.read(kind.file, p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := kind.read(kind.file, other); !errors.Is(err, panel.ErrForeign) {
			t.Errorf("%s of another panel: %v, want %v", name, err, panel.ErrForeign)
		}
		for n, k := range kinds {
			if err := kind.read(k.file, p); n != name && !errors.Is(err, panel.ErrSidecar) {
				t.Errorf("%s read as %s: %v, want %v", n, name, err, panel.ErrSidecar)
			}
		}
		for i := range kind.file {
			damaged := bytes.Clone(kind.file)
			damaged[i] ^= 0x10
			if err := kind.read(damaged, p); !errors.Is(err, panel.ErrSidecar) && !errors.Is(err, panel.ErrForeign) {
				t.Fatalf("%s with a flipped bit in byte %d: %v", name, i, err)
			}
		}
		for n := 0; n < len(kind.file); n += 1 + n/100 {
			if err := kind.read(kind.file[:n], p); !errors.Is(err, panel.ErrSidecar) {
				t.Fatalf("%d of %d bytes of %s: %v", n, len(kind.file), name, err)
			}
		}
		if err := kind.read(append(bytes.Clone(kind.file), 0), p); !errors.Is(err, panel.ErrSidecar) {
			t.Errorf("%s with a byte behind: %v", name, err)
		}
	}
}

func TestSidecarsPassOnWhatTheirReaderSays(t *testing.T) {
	p := newPanel(t, random(5, 300))
	broken := errors.New("cable pulled")
	file := sidecars(t, p)["rsIDs"].file
	r := io.MultiReader(bytes.NewReader(file[:len(file)-40]), iotest.ErrReader(broken))
	if _, err := panel.ParseNames(r, p); !errors.Is(err, broken) || errors.Is(err, panel.ErrSidecar) {
		t.Errorf("%v, want its own error alone", err)
	}
}

func TestNamesFind(t *testing.T) {
	p := newPanel(t, random(8, 60_000))
	list := namesOf(p)
	want := map[uint32][]int{}
	for _, n := range list {
		want[n.RS] = append(want[n.RS], int(n.Place))
	}
	shared := 0
	for rs := range want {
		slices.Sort(want[rs])
		if len(want[rs]) > 1 {
			shared++
		}
	}
	if shared == 0 {
		t.Fatal("no rsID is of several variants: the test tries less than it says")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	n, err := panel.NewNames(p, append(list, list[0])) // one of them twice
	if err != nil || n.Len() != len(list) {
		t.Fatalf("%v", err)
	}
	var file bytes.Buffer
	if _, err := n.WriteTo(&file, p); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f bytes an rsID", float64(file.Len())/float64(n.Len()))
	if n, err = panel.ParseNames(&file, p); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for rs, places := range want {
		if asked++; asked > 300 && len(places) == 1 {
			continue
		}
		got, err := n.Find(rs)
		if err != nil || !slices.Equal(got, places) {
			t.Fatalf("rs%d: %v, %v; want %v", rs, got, err, places)
		}
	}
	for _, rs := range []uint32{0, 1 << 21, 1<<32 - 1000} {
		if got, err := n.Find(rs); err != nil || len(got) != 0 {
			t.Errorf("rs%d is nobody's: %v, %v", rs, got, err)
		}
	}
}

// An rsID whose variants fill the end of one block and the start of the next is found whole.
func TestAnRSIDMayCrossBlocks(t *testing.T) {
	p := newPanel(t, random(9, 40_000))
	var list []panel.Name
	for i := range p.Len() {
		list = append(list, panel.Name{RS: 5 + uint32(i/30_000), Place: uint32(i)})
	}
	n, err := panel.NewNames(p, list)
	if err != nil {
		t.Fatal(err)
	}
	for rs, want := range map[uint32]int{5: 30_000, 6: 10_000} {
		if got, err := n.Find(rs); err != nil || len(got) != want {
			t.Errorf("rs%d: %d places, %v; want %d", rs, len(got), err, want)
		}
	}
}

func TestParseRS(t *testing.T) {
	for text, want := range map[string]uint32{"rs334": 334, "RS7": 7, "rs4294967295": 1<<32 - 1,
		"rs": 0, "rs0": 0, "rs01": 0, "rs4294967296": 0, "rs-1": 0, "rs+1": 0, "ss334": 0, "334": 0, "rs3 ": 0, "rs1e3": 0, "": 0, ".": 0} {
		if got, ok := panel.ParseRS(text); ok != (want != 0) || ok && got != want {
			t.Errorf("ParseRS(%q) = %d, %t; want %d", text, got, ok, want)
		}
	}
}

func TestNewNamesRefusesPlacesOfAnotherPanel(t *testing.T) {
	p := newPanel(t, random(5, 30))
	for name, n := range map[string]panel.Name{"a place behind the last": {RS: 1, Place: 30}, "rs0": {RS: 0, Place: 1}} {
		if _, err := panel.NewNames(p, []panel.Name{n}); !errors.Is(err, panel.ErrVariants) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAlleleIDsAreRead(t *testing.T) {
	p := newPanel(t, random(5, 3000))
	file := sidecars(t, p)["allele ids"].file
	ids, err := panel.OpenIDs(bytes.NewReader(file), int64(len(file)), p)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		if got, err := ids.At(i); err != nil || got != idOf(i) {
			t.Fatalf("variant %d: %x, %v", i, got, err)
		}
	}
	if ids.Version != 2 || len(ids.Sequences) != len(p.Contigs()) {
		t.Errorf("version %d of %d sequences", ids.Version, len(ids.Sequences))
	}
	for _, i := range []int{-1, p.Len()} {
		if _, err := ids.At(i); !errors.Is(err, panel.ErrVariants) {
			t.Errorf("variant %d: %v", i, err)
		}
	}
	w, err := panel.NewIDsWriter(io.Discard, p, 2, make([][24]byte, len(p.Contigs())))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, panel.ErrVariants) {
		t.Errorf("a file without its digests: %v", err)
	}
	if _, err := panel.NewIDsWriter(io.Discard, p, 2, nil); !errors.Is(err, panel.ErrVariants) {
		t.Errorf("a file without its sequences: %v", err)
	}
}

func TestCoverage(t *testing.T) {
	for _, n := range []int{1, 3, 4, 5, 1000, 65_535, 65_536, 65_537, 140_001} {
		p := newPanel(t, random(2, n))
		c := panel.NewCoverage(p)
		rng := rand.New(rand.NewPCG(uint64(n), 0))
		want := make([]panel.Cover, n)
		for range 2 { // the second time over what was there
			for i := range want {
				want[i] = panel.Cover(rng.IntN(3))
				c.Set(i, want[i])
			}
		}
		var file bytes.Buffer
		if _, err := c.WriteTo(&file, p); err != nil {
			t.Fatal(err)
		}
		c, err := panel.ParseCoverage(&file, p)
		if err != nil || c.Len() != n {
			t.Fatalf("%d variants: %v", n, err)
		}
		got, counts := make([]panel.Cover, n), [3]int{}
		for i := range got {
			got[i] = c.At(i)
			counts[want[i]]++
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d variants: %s", n, d)
		}
		for cover, k := range counts {
			if got := c.Count(panel.Cover(cover)); got != k {
				t.Errorf("%d variants: %d of kind %d, want %d", n, got, cover, k)
			}
		}
	}
}

func FuzzSidecars(f *testing.F) {
	p, err := panel.New("GRCh38", small())
	if err != nil {
		f.Fatal(err)
	}
	for _, kind := range sidecars(f, p) {
		f.Add(kind.file)
		f.Add(kind.file[:len(kind.file)/2])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		file = sealed(file, p)
		n, err := panel.ParseNames(bytes.NewReader(file), p)
		if err == nil {
			for _, rs := range []uint32{1, 7919, panel.MaxRS} {
				places, err := n.Find(rs)
				if err != nil && !errors.Is(err, panel.ErrSidecar) {
					t.Errorf("rs%d: %v", rs, err)
				}
				for _, i := range places {
					if i < 0 || i >= p.Len() {
						t.Errorf("rs%d is at %d, of %d", rs, i, p.Len())
					}
				}
			}
		}
		_, err2 := panel.OpenIDs(bytes.NewReader(file), int64(len(file)), p)
		c, err3 := panel.ParseCoverage(bytes.NewReader(file), p)
		if err3 == nil && c.Count(panel.NotAssayed)+c.Count(panel.Assayed)+c.Count(panel.HomRef) != p.Len() {
			t.Error("the counts of a coverage are not those of its panel")
		}
		for _, err := range []error{err, err2, err3} {
			if err != nil && !errors.Is(err, panel.ErrSidecar) && !errors.Is(err, panel.ErrForeign) {
				t.Error(err)
			}
		}
	})
}

// sealed gives a file the digests that fit, so that what lies within is looked at.
func sealed(file []byte, p *panel.Panel) []byte {
	if len(file) < 48+32 {
		return file
	}
	file = bytes.Clone(file)
	digest := p.Digest()
	copy(file[8:], digest[:])
	sum := sha256.Sum256(file[:len(file)-32])
	return append(file[:len(file)-32], sum[:]...)
}
