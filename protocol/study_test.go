package protocol_test

import (
	"crypto/hpke"
	"fmt"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// now is when the tests' messages are made.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// study is a roster of n sites with everybody's secrets.
type study struct {
	roster     protocol.Signed[protocol.Roster]
	nodes      []*protocol.SigningKey
	custodians []*protocol.SigningKey
	member     *protocol.SigningKey
	alice      *protocol.SigningKey // the researcher
	mallory    *protocol.SigningKey // nobody
	kem        []kem
	declared   []protocol.Signed[protocol.Declaration]
}

type kem struct{ private, public []byte }

func newKey(t testing.TB, name string) *protocol.SigningKey {
	t.Helper()
	seed := protocol.Hash("test", []byte(name))
	key, err := protocol.NewSigningKey(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newKEM(t testing.TB, name string) kem {
	t.Helper()
	seed := protocol.Hash("test-kem", []byte(name))
	private, err := hpke.MLKEM768X25519().DeriveKeyPair(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	raw, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return kem{private: raw, public: private.PublicKey().Bytes()}
}

// rosterOf is a sound roster of n sites in as many organisations.
func rosterOf(t testing.TB, n int) (protocol.Roster, *study) {
	t.Helper()
	s := &study{member: newKey(t, "member"), alice: newKey(t, "alice"), mallory: newKey(t, "mallory")}
	threshold, corrupt := protocol.Thresholds(n)
	r := protocol.Roster{
		Study: "demo", Title: "A study", Epoch: 1, Threshold: threshold, Corrupt: corrupt,
		MinOrganisations: min(corrupt+2, n), Modes: []protocol.Mode{protocol.Exact},
		Panels:      []protocol.PanelRef{{Name: "all", Assembly: "GRCh38", Digest: protocol.Hash("panel"), Size: 100}},
		Members:     []protocol.Member{{Name: "c1", Key: s.member.Public(), Peer: "peer-c1"}},
		Researchers: []protocol.Researcher{{Name: "Alice", Organisation: "Elsewhere", Key: s.alice.Public()}},
		Deadline:    now.Add(time.Hour),
	}
	for i := range n {
		node, custodian := newKey(t, fmt.Sprint("node", i)), newKey(t, fmt.Sprint("custodian", i))
		s.nodes, s.custodians = append(s.nodes, node), append(s.custodians, custodian)
		s.kem = append(s.kem, newKEM(t, fmt.Sprint("site", i)))
		r.Sites = append(r.Sites, protocol.Site{
			Name: fmt.Sprint("site-", i+1), Organisation: fmt.Sprint("Hospital ", i+1), Country: "CH", Region: "eu",
			NodeKey: node.Public(), CustodianKey: custodian.Public(), Peer: fmt.Sprint("peer-", i+1), PeopleCap: 10_000,
		})
	}
	r.Cohorts = []protocol.ExactCohort{{Name: "all", Points: r.Points(), Minimum: 20}}
	return r, s
}

// newStudy is a study whose roster everybody has signed and whose sites have declared.
func newStudy(t testing.TB, n int) *study {
	t.Helper()
	r, s := rosterOf(t, n)
	proposal, err := protocol.NewProposal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.custodians {
		if proposal, err = protocol.Endorse(proposal, c); err != nil {
			t.Fatal(err)
		}
	}
	if s.roster, err = protocol.OpenRoster(proposal.Bytes()); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		s.declared = append(s.declared, must[protocol.Signed[protocol.Declaration]](t)(protocol.Sign(protocol.Declaration{
			Study: "demo", Point: uint32(i + 1), Content: protocol.Hash("content", []byte{byte(i)}),
			Cohorts: []protocol.DeclaredCohort{{Name: "all", SizeClass: 500, Modes: []protocol.Mode{protocol.Exact}}},
			KEMKey:  s.kem[i].public, KEMUntil: now.Add(time.Hour), Issued: now,
		}, s.nodes[i])))
	}
	return s
}

func (s *study) r() *protocol.Roster { return &s.roster.Message }

// must unwraps what cannot fail in a test.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// body is what alice asks.
func (s *study) body(t testing.TB) protocol.QueryBody {
	t.Helper()
	recipient := newKEM(t, "alice's answer")
	return protocol.QueryBody{
		Salt: protocol.Hash("salt"), Cohort: "all", Panel: protocol.Hash("panel"),
		Ranges: []protocol.Range{{From: 0, To: 10}}, CheckKey: protocol.Hash("check"), RecipientKey: recipient.public,
	}
}

// header is alice's question for a body.
func (s *study) header(t testing.TB, body protocol.QueryBody) protocol.QueryHeader {
	t.Helper()
	commitment, err := body.Commitment()
	if err != nil {
		t.Fatal(err)
	}
	h := protocol.QueryHeader{
		Study: "demo", Roster: s.roster.Digest(), Analysis: "af/1", Mode: protocol.Exact, Params: "a50g8", Size: 10,
		Points: s.r().Points(), Commitment: commitment, Recipient: protocol.RecipientDigest(body.RecipientKey),
		Researcher: s.alice.Public().ID(), Organisation: "Elsewhere", Purpose: "a test",
		Issued: now, Expires: now.Add(time.Hour), Nonce: protocol.Hash("nonce"),
	}
	for _, d := range s.declared {
		h.Declarations = append(h.Declarations, d.Digest())
	}
	return h
}

// query is alice's question, signed and sealed.
func (s *study) query(t testing.TB) (protocol.Query, protocol.QueryBody) {
	t.Helper()
	body := s.body(t)
	header := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(s.header(t, body), s.alice))
	return must[protocol.Query](t)(protocol.SealQuery(header, body, s.declarations())), body
}

func (s *study) declarations() (list []protocol.Declaration) {
	for _, d := range s.declared {
		list = append(list, d.Message)
	}
	return list
}
