package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"
)

// coded is a message that can be taken apart and put together.
type coded interface {
	Message
	decode(payload []byte) error
}

// everyKind makes an empty message of each kind that is signed or sealed.
var everyKind = []func() coded{
	func() coded { return new(Roster) }, func() coded { return new(Declaration) }, func() coded { return new(QueryHeader) },
	func() coded { return sealedBody{new(QueryBody)} }, func() coded { return new(Task) }, func() coded { return new(ContributionHeader) },
	func() coded { return new(Received) }, func() coded { return new(Cut) }, func() coded { return new(Vote) },
	func() coded { return new(Seen) }, func() coded { return new(HeadQuery) }, func() coded { return new(Opening) },
	func() coded { return new(Refusal) }, func() coded { return new(Request) },
}

// sealedBody gives the body, which is sealed and not signed, a name for the test.
type sealedBody struct{ *QueryBody }

func (sealedBody) Type() string { return "body" }

// sound is one good message of each kind, in the order of everyKind.
func sound(t testing.TB) []coded {
	t.Helper()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	key := func(name string) PublicKey {
		seed := Hash("test", []byte(name))
		k, err := NewSigningKey(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		return k.Public()
	}
	d := Hash("digest")
	roster := &Roster{
		Study: "demo", Title: "A study", Epoch: 1, Threshold: 2, MinOrganisations: 2, Modes: []Mode{Exact}, Deadline: at,
		Cohorts:     []ExactCohort{{Name: "all", Points: []uint32{1, 2}, Minimum: 20}},
		Panels:      []PanelRef{{Name: "all", Assembly: "GRCh38", Digest: d, Size: 5}},
		Members:     []Member{{Name: "c1", Key: key("member"), Peer: "peer-c1"}},
		Researchers: []Researcher{{Name: "Alice", Organisation: "Elsewhere", Key: key("alice")}},
	}
	for i := range 2 {
		roster.Sites = append(roster.Sites, Site{
			Name: fmt.Sprint("site-", i), Organisation: fmt.Sprint("Hospital ", i), Country: "CH", Region: "eu", Peer: fmt.Sprint("peer-", i),
			NodeKey: key(fmt.Sprint("node", i)), CustodianKey: key(fmt.Sprint("custodian", i)), PeopleCap: 100,
		})
	}
	return []coded{
		roster,
		&Declaration{
			Study: "demo", Point: 1, Content: d, KEMKey: make([]byte, KEMKeySize), Issued: at, KEMUntil: at.Add(time.Hour),
			Cohorts: []DeclaredCohort{{Name: "all", SizeClass: 500, Modes: []Mode{Exact, Private}}},
		},
		&QueryHeader{
			Study: "demo", Roster: d, Analysis: "af/1", Mode: Exact, Params: "a50g8", Size: 5, Points: []uint32{1, 2}, Declarations: []Digest{d, d},
			Commitment: d, Recipient: d, Researcher: d, Organisation: "Elsewhere", Purpose: "a test", Issued: at, Expires: at.Add(time.Hour), Nonce: d,
		},
		sealedBody{&QueryBody{
			Salt: d, Cohort: "all", Strata: []string{"sex"}, CheckKey: d, RecipientKey: make([]byte, KEMKeySize),
			Variants: []Variant{{Contig: "1", Pos: 5, Ref: "A", Alt: "C"}, {Contig: "X", Pos: 5, Ref: "A", Alt: "CT"}},
		}},
		&Task{Study: "demo", Roster: d, Query: d, Attempt: 1, Issued: at, Expires: at.Add(time.Hour)},
		&ContributionHeader{
			Session: d, Roster: d, Point: 1, Declaration: d, Params: "a50g8", Coefficients: 5, Words: d, Check: [2]uint64{1, 2},
			Shares: d, Salt: [SaltSize]byte{1}, Sequence: 3, Head: d, Bound: []uint32{1, 2},
		},
		&Received{Session: d, Point: 1, Headers: []Digest{d, d}},
		&Cut{Session: d, Roster: d, Entries: []CutEntry{{Point: 1, Header: d}, {Point: 2, Header: d}}},
		&Vote{Study: "demo", Session: d, Point: 1, Set: d, Sequence: 3, Head: d, Snapshot: []byte("sealed")},
		&Seen{Study: "demo", Point: 1, Of: 2, Sequence: 3, Head: d, Nonce: d, Snapshot: []byte("sealed")},
		&HeadQuery{Study: "demo", Point: 1, Nonce: d},
		&Opening{Session: d, Point: 1, Set: d, Recipient: d, Sealed: d},
		&Refusal{Session: d, Point: 1, Code: OtherCut, Bound: []uint32{1, 2}},
		&Request{Method: "GET", Path: "/v1/cluster", Body: d, At: at, Nonce: d},
	}
}

// FuzzDecode feeds the parsers behind the signatures: whoever signs may be hostile.
// What is accepted is written and read back as the same.
func FuzzDecode(f *testing.F) {
	for i, m := range sound(f) {
		payload, err := m.encode()
		if err != nil {
			f.Fatal(err)
		}
		if err := everyKind[i]().decode(payload); err != nil {
			f.Fatalf("%s: %v", m.Type(), err)
		}
		f.Add(byte(i), payload)
	}
	f.Add(byte(0), []byte{})
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		m := everyKind[int(kind)%len(everyKind)]()
		if err := m.decode(payload); err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%s: error of another sort: %v", m.Type(), err)
			}
			return
		}
		once, err := m.encode()
		if err != nil {
			t.Fatalf("%s was accepted and is not written: %v", m.Type(), err)
		}
		again := everyKind[int(kind)%len(everyKind)]()
		if err := again.decode(once); err != nil {
			t.Fatalf("%s was accepted, and refused when written again: %v", m.Type(), err)
		}
		if twice, err := again.encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s says something else when written again: %v", m.Type(), err)
		}
	})
}
