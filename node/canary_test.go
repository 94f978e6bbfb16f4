package node_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
)

// Names of people, and where their data lies, are in no byte that leaves and in no line
// that is written for an operator, whatever encoding it is in.
func TestNoNameLeavesOrIsLogged(t *testing.T) {
	w := newNetwork(t, 2)
	for i, s := range w.sites {
		spec, _ := writeCohort(t, t.TempDir(), uint64(i), people)
		spec.Filter = `has(sex) && sample_id != "nobody-here"`
		if _, err := s.node.AddCohort(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	a := w.ask()
	c := w.carry(a)
	// Refusals and alarms are written down too.
	w.sites[0].node.ChangeCounts(func(counts []int64) { counts[0] ^= 1 })
	w.try(a, 2)
	if err := w.offered(a); err == nil {
		t.Fatal("changed data is answered")
	}

	left := map[string][]byte{"the log": []byte(w.log.String())}
	for i, s := range w.sites {
		left["the egress log of "+s.dir] = must[[]byte](t)(os.ReadFile(filepath.Join(s.dir, "egress.log")))
		left["a contribution"] = append(left["a contribution"], must[[]byte](t)(c.contributions[i].Bytes())...)
		left["hidden words"] = append(left["hidden words"], w.words(c, i)...)
		left["what was received"] = append(left["what was received"], c.received[i].Bytes()...)
		left["a vote"] = append(left["a vote"], c.votes[i].Bytes()...)
		left["an opening"] = append(left["an opening"], must[[]byte](t)(c.openings[i].Bytes())...)
		left["a declaration"] = append(left["a declaration"], w.state(i).Declaration...)
	}
	var canaries [][]byte
	for _, name := range []string{"S0-000", "P0-000", "S1-024", "P1-024", "people.vcf", "samples.tsv", "has(sex)", "nobody-here"} {
		raw := []byte(name)
		canaries = append(canaries, raw, []byte(hex.EncodeToString(raw)), []byte(base64.RawStdEncoding.EncodeToString(raw[:6])))
	}
	for what, b := range left {
		if len(b) == 0 {
			t.Errorf("%s is empty: this test looks at nothing", what)
		}
		for _, canary := range canaries {
			if bytes.Contains(b, canary) {
				t.Errorf("%s holds %q", what, canary)
			}
		}
	}
}

// encodings are forms that numbers might leave in.
func encodings(numbers []int64) map[string][]byte {
	out := make(map[string][]byte)
	raw := make(map[string][]byte)
	text := make([]string, len(numbers))
	for i, n := range numbers {
		text[i] = fmt.Sprint(n)
		raw["8 bits"] = append(raw["8 bits"], byte(n))
		raw["16 bits, little end first"] = binary.LittleEndian.AppendUint16(raw["16 bits, little end first"], uint16(n))
		raw["16 bits, big end first"] = binary.BigEndian.AppendUint16(raw["16 bits, big end first"], uint16(n))
		raw["32 bits, little end first"] = binary.LittleEndian.AppendUint32(raw["32 bits, little end first"], uint32(n))
		raw["32 bits, big end first"] = binary.BigEndian.AppendUint32(raw["32 bits, big end first"], uint32(n))
		raw["64 bits, little end first"] = binary.LittleEndian.AppendUint64(raw["64 bits, little end first"], uint64(n))
		raw["64 bits, big end first"] = binary.BigEndian.AppendUint64(raw["64 bits, big end first"], uint64(n))
		raw["48 bits, little end first"] = append(raw["48 bits, little end first"], binary.LittleEndian.AppendUint64(nil, uint64(n))[:6]...)
		raw["varints"] = binary.AppendVarint(raw["varints"], n)
		raw["unsigned varints"] = binary.AppendUvarint(raw["unsigned varints"], uint64(n))
	}
	for _, between := range []string{",", " ", "\t", "\n", ", "} {
		raw[fmt.Sprintf("text between %q", between)] = []byte(strings.Join(text, between))
	}
	for name, b := range raw {
		out[name] = b
		out[name+", in hex"] = []byte(hex.EncodeToString(b))
		out[name+", in base64"] = []byte(base64.RawStdEncoding.EncodeToString(b[:len(b)/3*3]))
	}
	return out
}

// unpacked adds what is compressed in what has left, wherever gzip or zlib begins in it.
func unpacked(left map[string][]byte) map[string][]byte {
	all := maps.Clone(left)
	for what, b := range left {
		for i := range b {
			var r io.Reader
			var err error
			switch {
			case bytes.HasPrefix(b[i:], []byte{0x1f, 0x8b, 8}):
				r, err = gzip.NewReader(bytes.NewReader(b[i:]))
			case bytes.HasPrefix(b[i:], []byte{0x78}):
				r, err = zlib.NewReader(bytes.NewReader(b[i:]))
			default:
				continue
			}
			if err != nil {
				continue // it only looks like it
			}
			// What could be read before an error counts: the end is unknown.
			if raw, _ := io.ReadAll(io.LimitReader(r, 1<<20)); len(raw) > 0 {
				all[fmt.Sprintf("%s, unpacked at %d", what, i)] = raw
			}
		}
	}
	return all
}

// found is the first form of some numbers that is in what has left.
func found(left map[string][]byte, numbers map[string][]int64) string {
	left = unpacked(left)
	for of, list := range numbers {
		for form, canary := range encodings(list) {
			for what, b := range left {
				if bytes.Contains(b, canary) {
					return fmt.Sprintf("%s is in %s as %s", of, what, form)
				}
			}
		}
	}
	return ""
}

// What a site has counted for a private answer is in nothing that leaves and in nothing
// that is written down, before noise, in whichever form.
func TestTheExactAnswerLeavesInNoForm(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	a := w.ask(privately)
	c := w.carry(a)
	refused := must[[]byte](t)(w.raw(0, protocol.CallOffer, w.offer(w.ask(privately, func(a *asking) { a.header.Noise.Share = 2 }), 0)))
	left := map[string][]byte{"the log": []byte(w.log.String()), "a refusal": refused}
	numbers := make(map[string][]int64)
	for i, s := range w.sites {
		left[fmt.Sprint("the contribution of site ", i+1)] = must[[]byte](t)(c.contributions[i].Bytes())
		left[fmt.Sprint("the words of site ", i+1)] = w.words(c, i)
		left[fmt.Sprint("what site received ", i+1)] = c.received[i].Bytes()
		left[fmt.Sprint("the vote of site ", i+1)] = c.votes[i].Bytes()
		left[fmt.Sprint("the opening of site ", i+1)] = must[[]byte](t)(c.openings[i].Bytes())
		err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				left[path] = must[[]byte](t)(os.ReadFile(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		exact, _ := w.numbers(a, i)
		numbers[fmt.Sprint("the exact answer of site ", i+1)] = exact[:6]
		numbers[fmt.Sprint("the counts of site ", i+1)] = s.truth[:8]
		shape := must[vector.Vector](t)(vector.Of(w.r(), &a.header))
		words := make([]int64, shape.Words())
		if err := shape.Pack(words, exact); err != nil {
			t.Fatal(err)
		}
		numbers[fmt.Sprint("the words of site before noise ", i+1)] = words[:6]
	}
	if what := found(left, numbers); what != "" {
		t.Error(what)
	}
	// The search finds each form where it is.
	for of, list := range numbers {
		for form, b := range encodings(list) {
			planted := map[string][]byte{"planted": append([]byte("before "), append(b, " after"...)...)}
			if found(planted, map[string][]int64{of: list}) == "" {
				t.Errorf("%s as %s is not found where it is", of, form)
			}
		}
	}
	for name, pack := range map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zlib": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	} {
		var b bytes.Buffer
		b.WriteString("before ")
		z := pack(&b)
		if err := errors.Join(binary.Write(z, binary.LittleEndian, w.sites[0].truth), z.Close()); err != nil {
			t.Fatal(err)
		}
		if found(map[string][]byte{"planted": b.Bytes()}, map[string][]int64{"the counts": w.sites[0].truth}) == "" {
			t.Errorf("under %s they are not found where they are", name)
		}
	}
}
