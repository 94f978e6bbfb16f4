package protocol_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
)

// grant is one of the first site's custodian, after change.
func (s *study) grant(t testing.TB, change func(*protocol.Grant)) protocol.Signed[protocol.Grant] {
	t.Helper()
	g := protocol.Grant{
		Study: "demo", Cohort: "everyone", Node: s.nodes[0].Public().ID(), Variants: 20_000, Issued: now, Expires: now.Add(protocol.MaxGrant), Salt: [16]byte{7},
	}
	if change != nil {
		change(&g)
	}
	return signed[protocol.Grant](t)(protocol.Sign(g, s.custodians[0]))
}

func TestGrantIsReadAsItWasSigned(t *testing.T) {
	s := newStudy(t, 3)
	g := s.grant(t, nil)
	got, err := protocol.OpenGrant(g.Bytes(), s.custodians[0].Public())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(g.Message, got.Message); d != "" || got.Digest() != g.Digest() {
		t.Error(d)
	}
	if _, err := protocol.OpenGrant(g.Bytes(), s.custodians[1].Public()); !errors.Is(err, protocol.ErrSigner) {
		t.Errorf("another site's custodian: got %v", err)
	}
}

func TestGrantIsRefused(t *testing.T) {
	s := newStudy(t, 3)
	for _, tt := range []struct {
		name   string
		change func(*protocol.Grant)
	}{
		{"of no study", func(g *protocol.Grant) { g.Study = "" }},
		{"of no cohort", func(g *protocol.Grant) { g.Cohort = "" }},
		{"that ends before it begins", func(g *protocol.Grant) { g.Expires = g.Issued }},
		{"for longer than it may be", func(g *protocol.Grant) { g.Expires = g.Issued.Add(protocol.MaxGrant + time.Second) }},
		{"without an end", func(g *protocol.Grant) { g.Expires = time.Time{} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := protocol.Grant{Study: "demo", Cohort: "everyone", Node: s.nodes[0].Public().ID(), Issued: now, Expires: now.Add(time.Hour)}
			tt.change(&g)
			sealed, err := protocol.Sign(g, s.custodians[0])
			if err == nil {
				_, err = protocol.OpenGrant(sealed.Bytes(), s.custodians[0].Public())
			}
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
}
