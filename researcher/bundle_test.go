package researcher_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/researcher/answer"
)

var update = flag.Bool("update", false, "write answer/testdata anew")

// seedOf are the keys of a home, from its words alone.
func seedOf(t testing.TB, h *researcher.Home) answer.Seed {
	t.Helper()
	return must[answer.Seed](t)(answer.SeedOf(must[string](t)(h.Words())))
}

// export is a bundle of an answer, as a file.
func export(t testing.TB, c *researcher.Client, asked researcher.Asked) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := c.Export(t.Context(), asked, &file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestABundleOpensWithTheWordsAlone(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	for region, said := range map[string]string{
		"":                   "",
		"chr7:1,050-1,100":   "6 variants of 50, from 7:1050 A>C to 7:1100 A>C",
		"chr8:1,300-100,000": "20 variants of 50, from 8:1300 A>C to 8:1490 A>C",
	} {
		t.Run("region "+region, func(t *testing.T) {
			asked := ask(t, c, region)
			want := must[researcher.Answer](t)(c.Open(t.Context(), asked))
			got := must[answer.Answer](t)(must[*answer.Bundle](t)(answer.Parse(export(t, c, asked))).Open(seedOf(t, alice)))
			if got.Asked.Region != said || !got.Asked.Made.Equal(s.result.Header.Message.Issued) {
				t.Errorf("the bundle says that it is of %q, want %q", got.Asked.Region, said)
			}
			got.Asked, want.Asked = answer.Asked{}, answer.Asked{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the answer (-online +bundle):\n%s", diff)
			}
		})
	}
}

// Whoever carries a bundle can change all of it, and nothing that is changed is read.
func TestAlteredBundlesAreNotOpened(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	another := must[*answer.Bundle](t)(answer.Parse(export(t, c, ask(t, c, "7"))))
	raw := export(t, c, ask(t, c, "7:1000-1200"))
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}
	forged := s.roster.Message
	forged.Title = "Another title"
	for name, alter := range map[string]func(*answer.Bundle){
		"one bit of the roster":          func(b *answer.Bundle) { b.Roster = flip(b.Roster) },
		"one bit of the result":          func(b *answer.Bundle) { b.Result = flip(b.Result) },
		"one bit of the panel":           func(b *answer.Bundle) { b.Panel = flip(b.Panel) },
		"one bit of the sum":             func(b *answer.Bundle) { b.Sum = flip(b.Sum) },
		"a sum that ends early":          func(b *answer.Bundle) { b.Sum = b.Sum[:len(b.Sum)-6] },
		"no sum":                         func(b *answer.Bundle) { b.Sum = nil },
		"no panel":                       func(b *answer.Bundle) { b.Panel = nil },
		"no result":                      func(b *answer.Bundle) { b.Result = nil },
		"the sum of another answer":      func(b *answer.Bundle) { b.Sum = another.Sum },
		"the result of another answer":   func(b *answer.Bundle) { b.Result = another.Result },
		"the question of another answer": func(b *answer.Bundle) { b.Asked = another.Asked },
		"another cohort":                 func(b *answer.Bundle) { b.Asked.Cohort = "cases" },
		"other variants":                 func(b *answer.Bundle) { b.Asked.Ranges[0].From++; b.Asked.Ranges[0].To++ },
		"no variants":                    func(b *answer.Bundle) { b.Asked.Ranges = nil },
		"variants from the end":          func(b *answer.Bundle) { r := &b.Asked.Ranges[0]; r.From, r.To = r.To, r.From },
		"another panel":                  func(b *answer.Bundle) { b.Asked.Panel = protocol.Hash("another") },
		"another study":                  func(b *answer.Bundle) { b.Asked.Study = "other" },
		"the name of another roster":     func(b *answer.Bundle) { b.Asked.Roster = protocol.Hash("another") },
		"a roster that its sites signed": func(b *answer.Bundle) {
			before := s.roster
			s.sign(forged)
			b.Roster, b.Asked.Roster = s.roster.Bytes(), s.roster.Digest()
			s.roster = before
		},
		"variants of a panel of the carrier's": func(b *answer.Bundle) {
			var list []panel.Variant
			for i := range s.panel.Len() {
				v := s.panel.At(i)
				v.Alt = "G"
				list = append(list, v)
			}
			var part bytes.Buffer
			other := must[*panel.Panel](t)(panel.New("GRCh38", list))
			if _, err := other.WritePart(&part, []panel.Range{{From: 0, To: 50}}); err != nil {
				t.Fatal(err)
			}
			b.Panel = part.Bytes()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := must[*answer.Bundle](t)(answer.Parse(raw))
			if _, err := b.Open(seedOf(t, alice)); err != nil {
				t.Fatalf("before anything is altered: %v", err)
			}
			alter(b)
			var file bytes.Buffer
			if _, err := b.WriteTo(&file); err != nil {
				t.Fatal(err)
			}
			again := must[*answer.Bundle](t)(answer.Parse(file.Bytes()))
			a, err := again.Open(seedOf(t, alice))
			if !errors.Is(err, answer.ErrAltered) || len(a.Rows) != 0 {
				t.Errorf("%d rows, %v; want ErrAltered", len(a.Rows), err)
			}
		})
	}
	t.Run("words of another key", func(t *testing.T) {
		_, err := must[*answer.Bundle](t)(answer.Parse(raw)).Open(seedOf(t, newHome(t)))
		if !errors.Is(err, answer.ErrNotMine) {
			t.Errorf("got %v, want ErrNotMine", err)
		}
	})
}

// A bundle holds what the coordinator has, and the question: nothing that the seed gives.
func TestABundleHoldsNoKey(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	asked := ask(t, c, "7")
	raw := export(t, c, asked)
	seed := seedOf(t, alice)
	secrets := must[answer.Secrets](t)(seed.Secrets(s.result.Header.Message.Nonce))
	for name, secret := range map[string][]byte{
		"the seed": seed[:], "the salt": secrets.Salt[:], "the check key": secrets.Check[:], "the private key": secrets.KEMPrivate,
		"what was sealed to the sites": asked.Query[len(asked.Query)-64:],
	} {
		if len(secret) < 32 || bytes.Contains(raw, secret) {
			t.Errorf("%s stands in the bundle, or is none", name)
		}
	}
}

func TestWhatDoesNotOpenIsNotExported(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	asked := ask(t, c, "7")
	for i := range 3 {
		s.garble(i)
	}
	var file bytes.Buffer
	if _, err := c.Export(t.Context(), asked, &file); !errors.Is(err, researcher.ErrAltered) || file.Len() > 0 {
		t.Errorf("%d bytes were written, %v", file.Len(), err)
	}
	if _, err := c.Export(t.Context(), asked, io.Discard); err == nil {
		t.Error("it was exported")
	}
}

// TestUpdateGolden writes a bundle that the tests of answer and of the viewer open. Its key
// is one that everybody knows.
func TestUpdateGolden(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	alice := must[*researcher.Home](t)(researcher.Restore(t.TempDir(), researcher.Identity{Name: "Alice", Organisation: "Elsewhere"}, phrase))
	s := newStudy(t, alice)
	c := join(t, s, alice)
	asked := ask(t, c, "7")
	a := must[researcher.Answer](t)(c.Open(t.Context(), asked))
	var rows strings.Builder
	if err := table.TSV(&rows, a.Table()); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"golden.locus": export(t, c, asked), "golden.tsv": []byte(rows.String())} {
		if err := os.WriteFile("answer/testdata/"+name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
