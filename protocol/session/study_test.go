package session_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

// study is a roster of n sites, a query and one attempt at it, with everybody's
// signatures: what a cut is judged by.
type study struct {
	roster    protocol.Roster
	nodes     []*protocol.SigningKey
	member    *protocol.SigningKey
	alice     *protocol.SigningKey
	query     protocol.Signed[protocol.QueryHeader]
	task      protocol.Signed[protocol.Task]
	headers   []protocol.Signed[protocol.ContributionHeader]
	received  []protocol.Signed[protocol.Received]
	recipient protocol.Digest
}

var rosterDigest = protocol.Hash("roster")

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newKey(t testing.TB, name string) *protocol.SigningKey {
	t.Helper()
	seed := protocol.Hash("test", []byte(name))
	return must[*protocol.SigningKey](t)(protocol.NewSigningKey(seed[:]))
}

// newStudy has one organisation a site. The query names points, or any site, and
// every site has contributed and has received everybody.
func newStudy(t testing.TB, n int, mode protocol.Mode, points []uint32) *study {
	t.Helper()
	threshold, corrupt := protocol.Thresholds(n)
	s := &study{member: newKey(t, "member"), alice: newKey(t, "alice"), recipient: protocol.Hash("recipient")}
	s.roster = protocol.Roster{Study: "demo", Threshold: threshold, Corrupt: corrupt, MinOrganisations: min(corrupt+2, n)}
	h := protocol.QueryHeader{
		Study: "demo", Roster: rosterDigest, Analysis: "af/1", Mode: mode, Params: "a50g8", Size: 1, Points: points,
		Recipient: s.recipient, Issued: start, Expires: start.Add(time.Hour),
	}
	if mode == protocol.Private {
		h.Release, h.Noise = 1, protocol.Noise{Share: protocol.MinShare}
	}
	for i := range n {
		s.nodes = append(s.nodes, newKey(t, fmt.Sprint("node", i)))
		s.roster.Sites = append(s.roster.Sites, protocol.Site{Organisation: fmt.Sprint("Hospital ", i+1), NodeKey: s.nodes[i].Public()})
		h.Declarations = append(h.Declarations, declared(uint32(i+1)))
	}
	s.query = must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, s.alice))
	s.task = must[protocol.Signed[protocol.Task]](t)(protocol.Sign(protocol.Task{
		Study: "demo", Roster: rosterDigest, Query: s.query.Digest(), Attempt: 1, Issued: start, Expires: start.Add(time.Hour),
	}, s.member))
	for p := range n {
		s.headers = append(s.headers, s.contribution(t, uint32(p+1), func(*protocol.ContributionHeader) {}))
	}
	for p := range n {
		s.received = append(s.received, s.receipt(t, uint32(p+1), s.roster.Points()...))
	}
	return s
}

func declared(point uint32) protocol.Digest { return protocol.Hash("declaration", []byte{byte(point)}) }

func (s *study) session() protocol.SessionID { return s.task.Message.Session() }

// contribution is a site's header, changed as told.
func (s *study) contribution(t testing.TB, point uint32, change func(*protocol.ContributionHeader)) protocol.Signed[protocol.ContributionHeader] {
	t.Helper()
	h := protocol.ContributionHeader{
		Session: s.session(), Roster: rosterDigest, Point: point, Declaration: declared(point), Params: "a50g8",
		Coefficients: 1, Words: protocol.Hash("words", []byte{byte(point)}),
	}
	change(&h)
	return must[protocol.Signed[protocol.ContributionHeader]](t)(protocol.Sign(h, s.nodes[point-1]))
}

// receipt says that a site has received the contributions of others.
func (s *study) receipt(t testing.TB, point uint32, of ...uint32) protocol.Signed[protocol.Received] {
	t.Helper()
	r := protocol.Received{Session: s.session(), Point: point}
	for _, p := range of {
		r.Headers = append(r.Headers, s.headers[p-1].Digest())
	}
	return must[protocol.Signed[protocol.Received]](t)(protocol.Sign(r, s.nodes[point-1]))
}

// offer is the cut of the given sites with all that belongs to it.
func (s *study) offer(t testing.TB, points ...uint32) protocol.CutOffer {
	t.Helper()
	cut := protocol.Cut{Session: s.session(), Roster: rosterDigest}
	var o protocol.CutOffer
	for _, p := range points {
		cut.Entries = append(cut.Entries, protocol.CutEntry{Point: p, Header: s.headers[p-1].Digest()})
		o.Headers = append(o.Headers, s.headers[p-1])
	}
	o.Cut = must[protocol.Signed[protocol.Cut]](t)(protocol.Sign(cut, s.member))
	o.Received = s.received
	return o
}

// judge is what site 1 says of a cut. It holds the shares of all sites.
func (s *study) judge(o protocol.CutOffer) error {
	return session.CheckCut(&s.roster, &s.query.Message, o, 1, s.headers[0].Digest(), s.roster.Points())
}

// opening is a site's for a cut.
func (s *study) opening(t testing.TB, point uint32, cut *protocol.Cut) protocol.SealedOpening {
	t.Helper()
	o := protocol.SealedOpening{Sealed: []byte{byte(point)}}
	o.Opening = must[protocol.Signed[protocol.Opening]](t)(protocol.Sign(protocol.Opening{
		Session: cut.Session, Point: point, Set: cut.Set(), Recipient: s.recipient, Sealed: sha256.Sum256(o.Sealed),
	}, s.nodes[point-1]))
	return o
}

// seen says that a site keeps a head of another's chain.
func (s *study) seen(t testing.TB, point uint32, of uint32, sequence uint64, head, nonce protocol.Digest) protocol.Signed[protocol.Seen] {
	t.Helper()
	return must[protocol.Signed[protocol.Seen]](t)(protocol.Sign(protocol.Seen{
		Study: "demo", Point: point, Of: of, Sequence: sequence, Head: head, Nonce: nonce,
	}, s.nodes[point-1]))
}
