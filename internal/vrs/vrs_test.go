package vrs_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/vrs"
)

// vectors are the specification's own answers.
type vectors struct {
	Digests []struct{ Blob, Want string }
	Alleles []struct {
		Sequence   string
		Start, End uint64
		Bases      string
		Repeat     uint64
		V2, V13    string
	}
	Normalized []struct {
		Spdi, Gnomad string
		Repeat       uint64
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Digests) == 0 || len(v.Alleles) == 0 || len(v.Normalized) == 0 {
		t.Fatal("a kind of vectors is missing")
	}
	return v
}

func digest(t *testing.T, text string) vrs.Digest {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != vrs.Size {
		t.Fatalf("%q: %d bytes, %v", text, len(raw), err)
	}
	return vrs.Digest(raw)
}

func TestNamesAreTheSpecifications(t *testing.T) {
	v := readVectors(t)
	for _, tt := range v.Digests {
		if got := vrs.Sum([]byte(tt.Blob)).String(); got != tt.Want {
			t.Errorf("the digest of %q is %s, want %s", tt.Blob, got, tt.Want)
		}
		r := vrs.NewRefget()
		for i := range len(tt.Blob) {
			r.Write([]byte{tt.Blob[i]})
		}
		if got := r.Digest().String(); got != tt.Want {
			t.Errorf("base by base, %q is %s, want %s", tt.Blob, got, tt.Want)
		}
	}
	for _, tt := range v.Alleles {
		a := vrs.Allele{Start: tt.Start, End: tt.End, Bases: []byte(tt.Bases), Repeat: tt.Repeat}
		for version, want := range map[vrs.Version]string{vrs.V2: tt.V2, vrs.V13: tt.V13} {
			if want == "" {
				continue
			}
			n := vrs.NewNamer(version, digest(t, tt.Sequence))
			for range 2 {
				if got := n.ID(a).AlleleID(); got != "ga4gh:VA."+want {
					t.Errorf("VRS %s, %d to %d: %s, want ga4gh:VA.%s", version, tt.Start, tt.End, got, want)
				}
			}
		}
	}
}

// before is how many bases stand before the stretch of sequence that an SPDI shows. They
// are no bases that a change could be rolled over.
const before = 3

func TestNormalizeIsTheSpecifications(t *testing.T) {
	for _, tt := range readVectors(t).Normalized {
		f := strings.Split(tt.Spdi, ":")
		start, err := strconv.Atoi(f[1])
		if err != nil {
			t.Fatal(err)
		}
		g := strings.Split(tt.Gnomad, "-")
		pos, err := strconv.Atoi(g[1])
		if err != nil {
			t.Fatal(err)
		}
		at := pos - 1 - start + before // of the window
		bases := []byte("NNN" + f[2] + "NNN")
		copy(bases[at:], g[2]) // the anchor, where the SPDI does not show it
		got, err := vrs.Normalize(bases, at, g[2], g[3])
		if err != nil {
			t.Fatalf("%s: %v", tt.Gnomad, err)
		}
		if int(got.Start)-before != 0 || int(got.End)-before != len(f[2]) || string(got.Bases) != f[3] || got.Repeat != tt.Repeat {
			t.Errorf("%s is %d to %d, %s, repeat %d; want 0 to %d, %s, repeat %d", tt.Gnomad,
				int(got.Start)-before, int(got.End)-before, got.Bases, got.Repeat, len(f[2]), f[3], tt.Repeat)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	long := []byte(strings.Repeat("A", 1<<21))
	for name, tt := range map[string]struct {
		sequence []byte
		at       int
		ref, alt string
		want     error
	}{
		"another REF":             {[]byte("ACGT"), 1, "G", "A", vrs.ErrChange},
		"a place before":          {[]byte("ACGT"), -1, "A", "C", vrs.ErrChange},
		"a place behind":          {[]byte("ACGT"), 5, "", "C", vrs.ErrChange},
		"REF that is cut off":     {[]byte("ACGT"), 3, "TA", "T", vrs.ErrChange},
		"no change":               {[]byte("ACGT"), 1, "CG", "CG", vrs.ErrChange},
		"nothing for nothing":     {[]byte("ACGT"), 1, "", "", vrs.ErrChange},
		"a repeat without an end": {long, 1<<20 + 9, "AA", "A", vrs.ErrRepeat},
		"and to the right":        {long, 5, "AA", "A", vrs.ErrRepeat},
	} {
		if got, err := vrs.Normalize(tt.sequence, tt.at, tt.ref, tt.alt); !errors.Is(err, tt.want) {
			t.Errorf("%s: %d to %d, %v; want %v", name, got.Start, got.End, err, tt.want)
		}
	}
}

// changed is a sequence after a change.
func changed(sequence string, a vrs.Allele) string {
	return sequence[:a.Start] + string(a.Bases) + sequence[a.End:]
}

// expanded is what a ReferenceLengthExpression says: the region's start, repeated.
func expanded(sequence string, a vrs.Allele) string {
	unit := sequence[a.Start:][:a.Repeat]
	return strings.Repeat(unit, len(a.Bases)/len(unit)+1)[:len(a.Bases)]
}

// Every way to write one change has one form, which is that change and says all of it.
func TestEverySpellingHasOneForm(t *testing.T) {
	const sequence = "ACACACTTTGGGGACGACGACGTATATTCCCCA"
	forms := map[string]vrs.Allele{}
	tried := 0
	try := func(at, n int, alt string) {
		ref := sequence[at : at+n]
		want := sequence[:at] + alt + sequence[at+n:]
		a, err := vrs.Normalize([]byte(sequence), at, ref, alt)
		if want == sequence {
			if !errors.Is(err, vrs.ErrChange) {
				t.Fatalf("%d %s>%s: %v", at, ref, alt, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("%d %s>%s: %v", at, ref, alt, err)
		}
		if changed(sequence, a) != want {
			t.Fatalf("%d %s>%s became %+v, another change", at, ref, alt, a)
		}
		if a.Repeat > 0 && expanded(sequence, a) != string(a.Bases) {
			t.Fatalf("%d %s>%s: %+v does not repeat", at, ref, alt, a)
		}
		tried++
		f, ok := forms[want]
		if ok && (f.Start != a.Start || f.End != a.End || !bytes.Equal(f.Bases, a.Bases) || f.Repeat != a.Repeat) {
			t.Errorf("%d %s>%s is %+v, and was %+v", at, ref, alt, a, f)
		}
		forms[want] = a
	}
	for at := range sequence {
		for n := 0; n <= 8 && at+n <= len(sequence); n++ {
			ref := sequence[at : at+n]
			try(at, n, "")
			for _, more := range []string{"A", "G", "AC", "CA", "ACG", "GAC", "CGA", "TT", "GG", "GGG", "TATA", "CCCCCC"} {
				try(at, n, more)
				try(at, n, ref+more)
				try(at, n, more+ref)
			}
		}
	}
	if tried < 5000 || len(forms)*2 > tried {
		t.Errorf("%d spellings of %d changes: the test tries nothing", tried, len(forms))
	}
}

func TestSequencesNamesAnOrderedList(t *testing.T) {
	a, b := vrs.Sum([]byte("ACGT")), vrs.Sum(nil)
	want := vrs.Sum([]byte(`["SQ.` + a.String() + `","SQ.` + b.String() + `"]`))
	if got := vrs.Sequences([]vrs.Digest{a, b}); got != want || got == vrs.Sequences([]vrs.Digest{b, a}) {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add([]byte("ACACACTTTG"), 2, "AC", "")
	f.Add([]byte("GGGG"), 0, "", "GG")
	f.Add([]byte("ACGT"), 1, "C", "T")
	f.Fuzz(func(t *testing.T, sequence []byte, at int, ref, alt string) {
		a, err := vrs.Normalize(sequence, at, ref, alt)
		if err != nil {
			return
		}
		want := string(sequence[:at]) + alt + string(sequence[at+len(ref):])
		if got := changed(string(sequence), a); got != want {
			t.Errorf("%q at %d, %q>%q: %+v is another change", sequence, at, ref, alt, a)
		}
		again, err := vrs.Normalize(sequence, int(a.Start), string(sequence[a.Start:a.End]), string(a.Bases))
		if err != nil || again.Start != a.Start || again.End != a.End || again.Repeat != a.Repeat {
			t.Errorf("%+v is %+v when it is normalized again, %v", a, again, err)
		}
	})
}

// The figure for the reference is names a second.
func BenchmarkName(b *testing.B) {
	sequence := []byte(strings.Repeat("ACGTTGCAAC", 1000))
	n := vrs.NewNamer(vrs.V2, vrs.Sum(sequence))
	for i := 0; b.Loop(); i++ {
		at := i % 9000
		a, err := vrs.Normalize(sequence, at, string(sequence[at:at+1]), "N")
		if err != nil {
			b.Fatal(err)
		}
		n.ID(a)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "names/s")
}
