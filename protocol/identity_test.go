package protocol_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/protocol"
)

// question is what an identity is made of, and what it is not.
type question struct {
	header   protocol.QueryHeader
	body     protocol.QueryBody
	variants []protocol.Variant
	contents []protocol.Digest
}

// drawQuestion picks from few values that look alike when they are written one after
// the other: "a","b" and "ab".
func drawQuestion(t *rapid.T) question {
	word := rapid.SampledFrom([]string{"", "a", "b", "ab", "aab"})
	digest := rapid.Custom(func(t *rapid.T) protocol.Digest { return protocol.Hash(word.Draw(t, "digest")) })
	allele := rapid.SampledFrom([]string{"A", "AA", "C"})
	return question{
		header: protocol.QueryHeader{
			Study: word.Draw(t, "study"), Roster: digest.Draw(t, "roster"), Analysis: word.Draw(t, "analysis"),
			Mode: protocol.Mode(rapid.IntRange(1, 2).Draw(t, "mode")), Release: rapid.Uint32Range(0, 1).Draw(t, "release"),
			Points: rapid.SliceOfN(rapid.Uint32Range(1, 2), 0, 2).Draw(t, "points"),
			Use: protocol.Use{
				Purpose: word.Draw(t, "purpose"), Diseases: rapid.SliceOfN(word, 0, 2).Draw(t, "diseases"), Commercial: rapid.Bool().Draw(t, "commercial"),
			},
		},
		body: protocol.QueryBody{Cohort: word.Draw(t, "cohort"), Strata: rapid.SliceOfN(word, 0, 2).Draw(t, "strata")},
		variants: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) protocol.Variant {
			return protocol.Variant{Contig: word.Draw(t, "contig"), Pos: rapid.Uint32Range(1, 2).Draw(t, "pos"), Ref: allele.Draw(t, "ref"), Alt: allele.Draw(t, "alt")}
		}), 0, 2).Draw(t, "variants"),
		contents: rapid.SliceOfN(digest, 0, 2).Draw(t, "contents"),
	}
}

// changed differs from q in one thing, as often as not.
func (q question) changed(t *rapid.T) question {
	other := drawQuestion(t)
	for _, swap := range rapid.SliceOfN(rapid.SampledFrom([]func(){
		func() { q.header.Study = other.header.Study }, func() { q.header.Roster = other.header.Roster },
		func() { q.header.Analysis = other.header.Analysis }, func() { q.header.Mode = other.header.Mode },
		func() { q.header.Release = other.header.Release }, func() { q.header.Points = other.header.Points },
		func() { q.body.Cohort = other.body.Cohort }, func() { q.body.Strata = other.body.Strata },
		func() { q.header.Use.Purpose = other.header.Use.Purpose }, func() { q.header.Use.Diseases = other.header.Use.Diseases },
		func() { q.header.Use.Commercial = other.header.Use.Commercial },
		func() { q.variants = other.variants }, func() { q.contents = other.contents },
	}), 0, 2).Draw(t, "swaps") {
		swap()
	}
	return q
}

func (q question) identity() protocol.Identity {
	return protocol.ReleaseIdentity(&q.header, &q.body, protocol.VariantsDigest(slices.Values(q.variants)), q.contents)
}

// all is everything that an identity names, written so that nothing runs together.
func (q question) all() string {
	h, b := &q.header, &q.body
	return fmt.Sprintf("%q %x %q %d %d %d %q %q %v %q %q %#v %x", h.Study, h.Roster, h.Analysis, h.Mode, h.Release, h.Points, h.Use.Purpose, h.Use.Diseases, h.Use.Commercial, b.Cohort, b.Strata, q.variants, q.contents)
}

func TestAnIdentityNamesOneRelease(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawQuestion(t)
		b := a.changed(t)
		// Who asks, when and how often is no part of it.
		noise := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "noise")
		b.header.Nonce, b.header.Recipient, b.header.Researcher = [32]byte(noise), protocol.Digest(noise), protocol.Digest(noise)
		b.header.Commitment, b.header.Purpose, b.header.Organisation = protocol.Digest(noise), string(noise), string(noise)
		b.header.Expires, b.header.Issued = now, now
		b.body.Salt, b.body.CheckKey, b.body.RecipientKey = [32]byte(noise), [32]byte(noise), noise
		if same := a.all() == b.all(); a.identity().Equal(b.identity()) != same {
			t.Fatalf("equal identities: %v\n%s\n%s", !same, a.all(), b.all())
		}
	})
}

func TestASessionNamesOneAttempt(t *testing.T) {
	seen := make(map[protocol.SessionID]string)
	for q := range 20 {
		for attempt := range uint32(protocol.MaxAttempts) {
			name := fmt.Sprint(q, attempt)
			id := protocol.NewSession(protocol.Hash(fmt.Sprint(q)), attempt)
			if other, ok := seen[id]; ok {
				t.Fatalf("%s and %s are one session", name, other)
			}
			seen[id] = name
		}
	}
}
