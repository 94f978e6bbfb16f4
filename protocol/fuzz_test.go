package protocol_test

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/protocol"
)

// FuzzParse feeds every parser of foreign bytes: none may panic, none may accept
// what is not signed, and what they refuse is an error of this package.
func FuzzParse(f *testing.F) {
	s := newStudy(f, 3)
	all := s.conversation(f)
	f.Add([]byte(nil))
	for _, m := range all {
		f.Add(m.bytes)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if q, err := s.r().ParseQuery(raw, s.roster.Digest()); err == nil && q.Header.Signer() != s.alice.Public().ID() {
			t.Error("a query that Alice has not signed")
		}
		if o, err := protocol.OpenRoster(raw); err == nil && len(protocol.Unsigned(o)) > 0 {
			t.Error("a roster that not every custodian has signed")
		}
		for _, m := range all {
			err := m.parse(raw)
			if err != nil && !errors.Is(err, protocol.ErrMalformed) && !errors.Is(err, protocol.ErrSignature) && !errors.Is(err, protocol.ErrSigner) {
				t.Errorf("%s: error of another sort: %v", m.name, err)
			}
		}
	})
}

// FuzzParseToken feeds what a person pastes.
func FuzzParseToken(f *testing.F) {
	site := protocol.Token{
		Kind: protocol.SiteToken, Site: "site-1", Secret: []byte("secret"),
		Endpoints: []protocol.Endpoint{{Name: "c1", URL: "https://127.0.0.1:1", Pin: protocol.Hash("pin"), Peer: "p", Addresses: []string{"/ip4/127.0.0.1/tcp/1"}}},
	}
	for _, seed := range []string{"", "locus-", "locus-site-", "locus-site-AAAA", site.String(), " " + site.String() + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := protocol.ParseToken(text, protocol.SiteToken)
		if err != nil {
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Fatalf("error of another sort: %v", err)
			}
			return
		}
		again, err := protocol.ParseToken(token.String(), protocol.SiteToken)
		if err != nil || again.String() != token.String() {
			t.Fatalf("%q is written as %q: %v", text, token, err)
		}
	})
}

// FuzzQueryBody feeds the parser of what a researcher seals: its sender is signed
// for, and may still be hostile.
func FuzzQueryBody(f *testing.F) {
	s := newStudy(f, 2)
	_, body := s.query(f)
	f.Add(body.Cohort, uint64(0), uint64(10))
	f.Fuzz(func(t *testing.T, cohort string, from, to uint64) {
		b := body
		b.Cohort, b.Ranges = cohort, []protocol.Range{{From: from, To: to}}
		commitment, err := b.Commitment()
		if err != nil {
			return
		}
		h := s.header(t, b)
		h.Commitment = commitment
		signed, err := protocol.Sign(h, s.alice)
		if err != nil {
			return
		}
		q, err := protocol.SealQuery(signed, b, s.declarations())
		if err != nil {
			return
		}
		if got, err := protocol.OpenBody(q.Header, 1, s.kem[0].private, q.Bodies[0]); err == nil && from >= to {
			t.Errorf("an empty range is accepted: %v", got.Ranges)
		}
	})
}
