package researcher_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// siteCount is odd and more than two, so that a sum hides each of its parts. Two of its
// openings are more than are needed.
const siteCount = 5

// study is a coordinator with three sites in one: it answers as they would.
type study struct {
	t        testing.TB
	roster   protocol.Signed[protocol.Roster]
	member   *protocol.SigningKey
	nodes    []*protocol.SigningKey
	kem      [][]byte // private
	declared [][]byte
	panel    *panel.Panel
	endpoint protocol.Endpoint
	// result and sum are the answer to the last query, which a test may change.
	result protocol.Result
	sum    []byte
	// held are the shares of each site, and recipient whom it opens to.
	held      [][]he.Share
	recipient []byte
	state     string
	// replace, when set, is served in place of the roster.
	replace []byte
}

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

func newKey(t testing.TB, name string) *protocol.SigningKey {
	t.Helper()
	seed := protocol.Hash("test", []byte(name))
	return must[*protocol.SigningKey](t)(protocol.NewSigningKey(seed[:]))
}

func newHome(t testing.TB) *researcher.Home {
	t.Helper()
	return must[*researcher.Home](t)(researcher.Init(t.TempDir(), researcher.Identity{Name: "Alice", Organisation: "Elsewhere"}))
}

// newStudy is an open study with alice in its roster.
func newStudy(t testing.TB, alice *researcher.Home) *study {
	t.Helper()
	var variants []panel.Variant
	for i := range 50 {
		variants = append(variants, panel.Variant{Contig: fmt.Sprint(7 + i/30), Pos: uint32(1000 + 10*i), Ref: "A", Alt: "C"})
	}
	return newStudyOf(t, alice, variants)
}

// newStudyOf is a study about some variants.
func newStudyOf(t testing.TB, alice *researcher.Home, variants []panel.Variant, modes ...protocol.Mode) *study {
	t.Helper()
	s := &study{t: t, member: newKey(t, "member"), state: "done"}
	s.panel = must[*panel.Panel](t)(panel.New("GRCh38", variants))
	r := s.rules(alice)
	if len(modes) > 0 {
		r.Modes = modes
	}
	s.sign(r)
	for i := range siteCount {
		seed := protocol.Hash("test-kem", []byte{byte(i)})
		private, public, err := he.KEMFromSeed(seed)
		if err != nil {
			t.Fatal(err)
		}
		s.kem = append(s.kem, private)
		now := time.Now()
		d := must[protocol.Signed[protocol.Declaration]](t)(protocol.Sign(protocol.Declaration{
			Study: "demo", Point: uint32(i + 1), Content: protocol.Hash("content", []byte{byte(i)}),
			Cohorts: []protocol.DeclaredCohort{{Name: "all", SizeClass: 500, Modes: s.roster.Message.Modes}},
			KEMKey:  public, KEMUntil: now.Add(time.Hour), Issued: now,
		}, s.nodes[i]))
		s.declared = append(s.declared, d.Bytes())
	}
	s.listen()
	return s
}

func (s *study) rules(alice *researcher.Home) protocol.Roster {
	threshold, corrupt := 3, 0
	card := alice.Card()
	key := must[protocol.PublicKey](s.t)(protocol.ParsePublicKey(card.Key))
	r := protocol.Roster{
		Study: "demo", Title: "A study", Epoch: 1, Threshold: threshold, Corrupt: corrupt,
		MinOrganisations: min(corrupt+2, siteCount), Modes: []protocol.Mode{protocol.Exact},
		Panels:      []protocol.PanelRef{{Name: "all", Assembly: "GRCh38", Digest: s.panel.Digest(), Size: uint64(s.panel.Len())}},
		Members:     []protocol.Member{{Name: "c1", Key: s.member.Public(), Peer: "peer-c1"}},
		Researchers: []protocol.Researcher{{Name: card.Name, Organisation: card.Organisation, Key: key}},
		Deadline:    time.Now().Add(time.Hour),
	}
	s.nodes = nil
	for i := range siteCount {
		s.nodes = append(s.nodes, newKey(s.t, fmt.Sprint("node", i)))
		r.Sites = append(r.Sites, protocol.Site{
			Name: fmt.Sprint("site-", i+1), Organisation: fmt.Sprint("Hospital ", i+1), Country: "CH", Region: "eu",
			NodeKey: s.nodes[i].Public(), CustodianKey: newKey(s.t, fmt.Sprint("custodian", i)).Public(),
			Peer: fmt.Sprint("peer-", i+1), PeopleCap: 10_000,
		})
	}
	r.Cohorts = []protocol.ExactCohort{{Name: "all", Points: r.Points(), Minimum: 20}}
	return r
}

// sign has every custodian sign a roster.
func (s *study) sign(r protocol.Roster) {
	s.t.Helper()
	proposal := must[protocol.Signed[protocol.Roster]](s.t)(protocol.NewProposal(r))
	for i := range siteCount {
		proposal = must[protocol.Signed[protocol.Roster]](s.t)(protocol.Endorse(proposal, newKey(s.t, fmt.Sprint("custodian", i))))
	}
	s.roster = must[protocol.Signed[protocol.Roster]](s.t)(protocol.OpenRoster(proposal.Bytes()))
}

func (s *study) token() string {
	return protocol.Token{Kind: protocol.StudyToken, Endpoints: []protocol.Endpoint{s.endpoint}, Study: "demo", Roster: s.roster.Digest()}.String()
}

func (s *study) listen() {
	s.t.Helper()
	key := must[*ecdsa.PrivateKey](s.t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der := must[[]byte](s.t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: must[*x509.Certificate](s.t)(x509.ParseCertificate(der))}
	server := httptest.NewUnstartedServer(s)
	server.EnableHTTP2 = true
	server.TLS = rest.ServerTLS(cert)
	server.StartTLS()
	s.t.Cleanup(server.Close)
	s.endpoint = protocol.Endpoint{Name: "c1", URL: server.URL, Pin: must[protocol.Digest](s.t)(rest.Pin(cert)), Peer: "peer-c1"}
}

// ServeHTTP is the part of the API that a researcher uses.
func (s *study) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch {
	case r.URL.Path == "/v1/studies/demo":
		roster := s.roster.Bytes()
		if s.replace != nil {
			roster = s.replace
		}
		json.NewEncoder(w).Encode(rest.Study{Name: "demo", State: "open", Roster: roster, Declarations: s.declared, Ready: []string{"site-1"}})
	case what == protocol.Digest(s.panel.Digest()).String():
		s.panel.WriteTo(w)
	case what == "queries":
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(rest.Submitted{Task: s.answer(raw)})
	case what == "result":
		raw, err := s.result.Bytes()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(raw)
	case what == "sum":
		w.Write(s.sum)
	case what == "events":
		raw, _ := json.Marshal(rest.Task{State: s.state})
		fmt.Fprintf(w, "id: 1\ndata: %s\n\n", raw)
	case strings.HasPrefix(r.URL.Path, "/v1/tasks/"):
		json.NewEncoder(w).Encode(rest.Task{State: "contributing"})
	default:
		http.NotFound(w, r)
	}
}

// people are how many each site has.
const people = 5000

// count is what site p has of variant i of the panel.
func count(p uint32, i uint64) (ac, an int64) {
	return int64(uint64(p)*i%7 + i%3), int64(1000*uint64(p) - i%1000)
}

// answer does what the sites and the coordinator do with a query, in one attempt.
func (s *study) answer(raw []byte) protocol.Digest {
	r, digest := &s.roster.Message, s.roster.Digest()
	q := must[protocol.Query](s.t)(r.ParseQuery(raw, digest))
	task := must[protocol.Signed[protocol.Task]](s.t)(protocol.Sign(protocol.Task{
		Study: "demo", Roster: digest, Query: q.Header.Digest(), Attempt: 1, Issued: time.Now(), Expires: time.Now().Add(time.Minute),
	}, s.member))
	s.result = protocol.Result{Header: q.Header, Task: task}
	id := task.Message.Session()
	cut := protocol.Cut{Session: id, Roster: digest}
	held := make([][]he.Share, siteCount) // by who holds them
	var parts [][]byte
	for i := range siteCount {
		p := uint32(i + 1)
		words, check, shares := s.hide(q, id, p)
		for to, share := range shares {
			held[to] = append(held[to], share)
		}
		header := must[protocol.Signed[protocol.ContributionHeader]](s.t)(protocol.Sign(protocol.ContributionHeader{
			Session: id, Roster: digest, Point: p, Declaration: q.Header.Message.Declarations[i], Params: q.Header.Message.Params,
			Coefficients: uint64(len(words) / 6), Words: sha256.Sum256(words), Check: check,
			Sequence: 1, Head: protocol.Hash("head", []byte{byte(i)}),
		}, s.nodes[i]))
		s.result.Headers = append(s.result.Headers, header)
		cut.Entries = append(cut.Entries, protocol.CutEntry{Point: p, Header: header.Digest()})
		parts = append(parts, words)
	}
	s.sum = make([]byte, len(parts[0]))
	for _, words := range parts {
		if err := he.Add(s.sum, words); err != nil {
			s.t.Fatal(err)
		}
	}
	s.result.Sum = sha256.Sum256(s.sum)
	s.result.Cut = must[protocol.Signed[protocol.Cut]](s.t)(protocol.Sign(cut, s.member))
	for i := range siteCount {
		s.open(q, cut, i, held[i])
	}
	return q.Header.Digest()
}

// hide is one site's contribution: its counts over the variants asked, hidden.
func (s *study) hide(q protocol.Query, id protocol.SessionID, p uint32) (words []byte, check he.Check, shares []he.Share) {
	body := must[protocol.QueryBody](s.t)(protocol.OpenBody(q.Header, p, s.kem[p-1], q.Bodies[p-1]))
	r := &s.roster.Message
	var counters []int64
	for _, rng := range body.Ranges {
		for i := rng.From; i < rng.To; i++ {
			ac, an := count(p, i)
			counters = append(counters, ac, an)
		}
	}
	shape := must[vector.Vector](s.t)(vector.Of(r, &q.Header.Message))
	if q.Header.Message.Mode == protocol.Private {
		counters = must[[]int64](s.t)(shape.Encode(counters, people))
		if err := shape.AddNoise(counters, [32]byte{byte(p), byte(q.Header.Message.Release)}, 1); err != nil {
			s.t.Fatal(err)
		}
	}
	packed := make([]int64, shape.Words())
	if err := shape.Pack(packed, counters); err != nil {
		s.t.Fatal(err)
	}
	session := s.session(q, id, body, len(packed))
	root := must[he.SessionRoot](s.t)(he.NewSessionRoot(bytes.Repeat([]byte{byte(p)}, 32)))
	mask := must[*he.Mask](s.t)(he.NewMask(session, root, packed))
	var out bytes.Buffer
	if _, err := mask.WriteTo(&out); err != nil {
		s.t.Fatal(err)
	}
	return out.Bytes(), must[he.Check](s.t)(mask.Check()), must[[]he.Share](s.t)(mask.Shares())
}

func (s *study) session(q protocol.Query, id protocol.SessionID, body protocol.QueryBody, words int) he.Session {
	return he.Session{
		Params: must[he.Params](s.t)(he.ParseParams(q.Header.Message.Params)), ID: he.SessionID(id), Points: s.roster.Message.Points(),
		Words: words, Threshold: s.roster.Message.Threshold, CheckKey: must[he.CheckKey](s.t)(he.NewCheckKey(body.CheckKey[:])),
	}
}

// open is what one site says after the cut: that it received all, and its opening.
func (s *study) open(q protocol.Query, cut protocol.Cut, i int, held []he.Share) {
	p := uint32(i + 1)
	received := protocol.Received{Session: cut.Session, Point: p}
	for _, e := range cut.Entries {
		received.Headers = append(received.Headers, e.Header)
	}
	s.result.Received = append(s.result.Received, must[protocol.Signed[protocol.Received]](s.t)(protocol.Sign(received, s.nodes[i])))
	body := must[protocol.QueryBody](s.t)(protocol.OpenBody(q.Header, p, s.kem[i], q.Bodies[i]))
	recipient := q.Header.Message.Recipient
	s.held, s.recipient = append(s.held, held), body.RecipientKey
	share := must[he.Share](s.t)(he.SumShares(held))
	sealed := must[[]byte](s.t)(share.Seal(body.RecipientKey, protocol.OpeningInfo(cut.Session, cut.Set(), p, recipient)))
	s.result.Openings = append(s.result.Openings, s.signOpening(protocol.Opening{
		Session: cut.Session, Point: p, Set: cut.Set(), Recipient: recipient, Sealed: sha256.Sum256(sealed),
	}, sealed))
}

func (s *study) signOpening(o protocol.Opening, sealed []byte) protocol.SealedOpening {
	return protocol.SealedOpening{Opening: must[protocol.Signed[protocol.Opening]](s.t)(protocol.Sign(o, s.nodes[o.Point-1])), Sealed: slices.Clone(sealed)}
}

// garble has a site sign an opening of other bytes.
func (s *study) garble(i int) {
	o := s.result.Openings[i]
	sealed := bytes.Clone(o.Sealed)
	sealed[len(sealed)-1] ^= 1
	m := o.Opening.Message
	m.Sealed = digestOf(sealed)
	s.result.Openings[i] = s.signOpening(m, sealed)
}

// openOther has a site open what it holds of one site's key, and not of all.
func (s *study) openOther(i int) {
	m := s.result.Openings[i].Opening.Message
	sealed := must[[]byte](s.t)(s.held[i][0].Seal(s.recipient, protocol.OpeningInfo(m.Session, m.Set, m.Point, m.Recipient)))
	m.Sealed = digestOf(sealed)
	s.result.Openings[i] = s.signOpening(m, sealed)
}

func digestOf(b []byte) protocol.Digest { return sha256.Sum256(b) }
