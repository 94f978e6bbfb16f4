package node_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

var update = flag.Bool("update", false, "write golden files")

func TestInitRefusesWhatCannotStandInARoster(t *testing.T) {
	good := node.InitConfig{Name: "geneva", Organisation: "Geneva Hospital", Country: "CH", Region: "eu"}
	for _, tt := range []struct {
		name   string
		change func(*node.InitConfig)
	}{
		{"no name", func(c *node.InitConfig) { c.Name = "" }},
		{"a name that is too long", func(c *node.InitConfig) { c.Name = strings.Repeat("x", 129) }},
		{"a name with a line break", func(c *node.InitConfig) { c.Name = "a\nb" }},
		{"no organisation", func(c *node.InitConfig) { c.Organisation = "" }},
		{"a country in small letters", func(c *node.InitConfig) { c.Country = "ch" }},
		{"a region that is too long", func(c *node.InitConfig) { c.Region = strings.Repeat("x", 129) }},
		{"a cap that could overflow", func(c *node.InitConfig) { c.PeopleCap = 1<<30 + 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			if err := node.Init(filepath.Join(t.TempDir(), "n"), c); !errors.Is(err, node.ErrConfig) {
				t.Errorf("got %v, want %v", err, node.ErrConfig)
			}
		})
	}
	dir := filepath.Join(t.TempDir(), "n")
	if err := node.Init(dir, good); err != nil {
		t.Fatal(err)
	}
	if err := node.Init(dir, good); !errors.Is(err, node.ErrExists) {
		t.Errorf("a second node in one directory: got %v, want %v", err, node.ErrExists)
	}
	if _, err := node.Open(node.Config{Dir: t.TempDir()}); !errors.Is(err, node.ErrNoNode) {
		t.Errorf("an empty directory: got %v, want %v", err, node.ErrNoNode)
	}
	if err := os.WriteFile(filepath.Join(dir, "node.json"), []byte(`{"version": 2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Open(node.Config{Dir: dir}); !errors.Is(err, node.ErrConfig) {
		t.Errorf("settings of another version: got %v, want %v", err, node.ErrConfig)
	}
}

func TestRosterIsNotAccepted(t *testing.T) {
	w := newQuietNetwork(t, 2)
	for _, tt := range []struct {
		name   string
		change func(*protocol.Roster)
	}{
		{"of the same epoch with other rules", func(r *protocol.Roster) { r.Title = "Other" }},
		{"that follows nothing that was accepted", func(r *protocol.Roster) { r.Epoch, r.Previous = 2, protocol.Hash("other") }},
		{"that is of another study's first epoch without this site", func(r *protocol.Roster) {
			r.Study, r.Sites[0].NodeKey = "other", newKey(t, "mallory").Public()
		}},
		{"with another custodian for this site", func(r *protocol.Roster) { r.Study, r.Sites[0].CustodianKey = "other", newKey(t, "mallory").Public() }},
		{"with another peer for this site", func(r *protocol.Roster) { r.Study, r.Sites[0].Peer = "other", "mallory's peer" }},
		{"with another cap for this site", func(r *protocol.Roster) { r.Study = "other"; r.Sites[0].PeopleCap++ }},
		{"with another country for this site", func(r *protocol.Roster) { r.Study, r.Sites[0].Country = "other", "FR" }},
		{"whose deadline has passed", func(r *protocol.Roster) { r.Study, r.Deadline = "other", w.clock.Now().Add(-time.Second) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := *w.r()
			r.Sites = append([]protocol.Site(nil), r.Sites...)
			tt.change(&r)
			proposal := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
			if _, err := w.sites[0].node.AcceptRoster(t.Context(), proposal.Bytes()); !errors.Is(err, node.ErrRoster) {
				t.Errorf("got %v, want %v", err, node.ErrRoster)
			}
		})
	}
	if _, err := w.sites[0].node.AcceptRoster(t.Context(), []byte("no roster")); !errors.Is(err, node.ErrRoster) {
		t.Errorf("no roster: got %v, want %v", err, node.ErrRoster)
	}
	again := must[protocol.Signed[protocol.Roster]](t)(w.sites[0].node.AcceptRoster(t.Context(), w.proposal.Bytes()))
	if again.Digest() != w.roster.Digest() {
		t.Error("accepting it again signs something else")
	}
}

// An epoch that is not signed by all in time is void: it never comes into force.
func TestEpochThatIsNotCompleteInTimeIsVoid(t *testing.T) {
	w := newQuietNetwork(t, 2)
	w.serve(0)
	w.clock.Move(2 * time.Hour)
	if st := w.state(0); st.Study != "" {
		t.Error("it is in force")
	}
}

func TestCohortIsNotTakenIn(t *testing.T) {
	w := newQuietNetwork(t, 2)
	n := w.sites[0].node
	for _, tt := range []struct {
		name string
		spec func(t *testing.T) node.CohortSpec
	}{
		{"below the smallest minimum", func(t *testing.T) node.CohortSpec {
			spec, _ := writeCohort(t, t.TempDir(), 1, protocol.MinCohort-1)
			return spec
		}},
		{"below its own minimum", func(t *testing.T) node.CohortSpec {
			spec, _ := writeCohort(t, t.TempDir(), 1, people)
			spec.Minimum = people + 1
			return spec
		}},
		{"over the site's cap", func(t *testing.T) node.CohortSpec {
			spec, _ := writeCohort(t, t.TempDir(), 1, 1001)
			return spec
		}},
		{"without a name", func(t *testing.T) node.CohortSpec {
			spec, _ := writeCohort(t, t.TempDir(), 1, people)
			spec.Name = ""
			return spec
		}},
		{"without its file", func(t *testing.T) node.CohortSpec {
			spec, _ := writeCohort(t, t.TempDir(), 1, people)
			spec.Path += ".gone"
			return spec
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := n.AddCohort(t.Context(), tt.spec(t)); !errors.Is(err, node.ErrCohort) {
				t.Errorf("got %v, want %v", err, node.ErrCohort)
			}
		})
	}
	if _, err := n.CheckCohort(t.Context(), "nobody"); !errors.Is(err, node.ErrNoCohort) {
		t.Errorf("got %v, want %v", err, node.ErrNoCohort)
	}
	if s, err := n.CheckCohort(t.Context(), cohortName); err != nil || s.People != people {
		t.Errorf("%d people, %v", s.People, err)
	}
}

// api answers a site's requests as a coordinator does.
type api struct {
	*httptest.Server
	t        *testing.T
	requests map[string][]byte
	answers  map[string]any
	raw      map[string][]byte
}

// newCertificate is one that a coordinator shows.
func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der := must[[]byte](t)(x509.CreateCertificate(nil, template, template, public, private))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: must[*x509.Certificate](t)(x509.ParseCertificate(der))}
}

func newAPI(t *testing.T) (*api, protocol.Endpoint) {
	t.Helper()
	cert := newCertificate(t)
	a := &api{t: t, requests: make(map[string][]byte), answers: make(map[string]any), raw: make(map[string][]byte)}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		a.requests[r.Method+" "+r.URL.Path] = body
		if raw, ok := a.raw[r.URL.Path]; ok {
			_, _ = rw.Write(raw)
			return
		}
		answer, ok := a.answers[r.URL.Path]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(rw).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	a.TLS = rest.ServerTLS(cert)
	a.StartTLS()
	t.Cleanup(a.Close)
	return a, protocol.Endpoint{Name: "c1", URL: a.URL, Pin: must[protocol.Digest](t)(rest.Pin(cert)), Peer: "12D3KooWJ9YCv3EcJgev5JhXJWFtWPzGghpQgNTuLj9Hy2zwgwCD"}
}

func TestJoinPinsTheCoordinatorAndMayBeRepeated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "n")
	if err := node.Init(dir, node.InitConfig{Name: "geneva", Organisation: "Geneva Hospital", Country: "CH"}); err != nil {
		t.Fatal(err)
	}
	n := must[*node.Node](t)(node.Open(node.Config{Dir: dir}))
	defer n.Close()
	a, endpoint := newAPI(t)
	a.answers["/v1/join"] = rest.Site{Name: "geneva", State: "pending"}
	secret := bytes.Repeat([]byte{7}, 32)
	token := protocol.Token{Kind: protocol.SiteToken, Endpoints: []protocol.Endpoint{endpoint}, Site: "geneva", Secret: secret}
	for range 2 {
		words, site, err := n.Join(t.Context(), token.String())
		if err != nil || site.State != "pending" {
			t.Fatalf("%+v, %v", site, err)
		}
		card := n.Card()
		if want := protocol.Words(must[protocol.Digest](t)(card.Digest())); words != want {
			t.Errorf("words %q, want %q", words, want)
		}
		got := must[protocol.Card](t)(protocol.ParseCard(a.requests["POST /v1/join"]))
		if d := cmp.Diff(must[protocol.Digest](t)(got.Digest()), must[protocol.Digest](t)(card.Digest())); d != "" {
			t.Error(d)
		}
	}
	if d := cmp.Diff([]protocol.Endpoint{endpoint}, n.Coordinator()); d != "" {
		t.Error(d)
	}
	other := token
	other.Endpoints = []protocol.Endpoint{endpoint}
	other.Endpoints[0].Pin = protocol.Hash("mallory")
	if _, _, err := n.Join(t.Context(), other.String()); !errors.Is(err, node.ErrJoined) {
		t.Errorf("another coordinator's token: got %v, want %v", err, node.ErrJoined)
	}
	other = token
	other.Site = "lyon"
	if _, _, err := n.Join(t.Context(), other.String()); !errors.Is(err, node.ErrInvited) {
		t.Errorf("another site's token: got %v, want %v", err, node.ErrInvited)
	}
}

func TestStudyIsShownAndAccepted(t *testing.T) {
	w := newQuietNetwork(t, 3)
	a, endpoint := newAPI(t)
	n := w.fresh(endpoint)
	r := *w.r()
	r.Study = "second"
	r.Sites = append([]protocol.Site{n.Card().Site()}, r.Sites[1:]...)
	proposal := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
	a.answers["/v1/studies/second"] = rest.Study{Name: "second", State: "proposed", Roster: proposal.Bytes(), Digest: proposal.Digest()}
	a.answers["/v1/studies/second/endorsements"] = rest.Study{}
	p, err := n.Proposal(t.Context(), "second")
	if err != nil || p.Fault != nil || len(p.Unsigned) != 3 {
		t.Fatalf("%v, %v, unsigned %v", err, p.Fault, p.Unsigned)
	}
	if err := n.Accept(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	handed := must[protocol.Signed[protocol.Roster]](t)(protocol.ParseProposal(a.requests["POST /v1/studies/second/endorsements"]))
	if got := protocol.Unsigned(handed); len(got) != 2 {
		t.Errorf("unsigned: %v", got)
	}
	list := must[[]node.Study](t)(n.Studies(t.Context()))
	if len(list) != 1 || list[0].Name != "second" || list[0].State != "endorsed" {
		t.Errorf("%+v", list)
	}
	a.answers["/v1/studies/third"] = rest.Study{Name: "third", Roster: proposal.Bytes()}
	if _, err := n.Proposal(t.Context(), "third"); !errors.Is(err, node.ErrRoster) {
		t.Errorf("another study's roster: got %v, want %v", err, node.ErrRoster)
	}
}

// fresh is a site that has joined a coordinator and accepted nothing.
func (w *network) fresh(endpoint protocol.Endpoint) *node.Node {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "fresh")
	if err := node.Init(dir, node.InitConfig{Name: "site-1", Organisation: "Hospital 1", Country: "CH", Region: "eu", PeopleCap: 1000}); err != nil {
		w.t.Fatal(err)
	}
	s := &site{dir: dir}
	w.reopen(s)
	if err := s.node.Pin([]protocol.Endpoint{endpoint}); err != nil {
		w.t.Fatal(err)
	}
	return s.node
}

// A roster in plain words, as a custodian reads it before signing.
func TestDescribe(t *testing.T) {
	w := newQuietNetwork(t, 4)
	got := node.Describe(w.roster, 2)
	for _, s := range w.sites { // keys differ from run to run
		got = strings.ReplaceAll(got, s.node.Card().NodeKey.ID().Short(), "<key>")
	}
	got = strings.ReplaceAll(got, protocol.Words(w.roster.Digest()), "<five words>")
	got = strings.ReplaceAll(got, w.r().Deadline.Format("2006-01-02 15:04 MST"), "<deadline>")
	golden := filepath.Join("testdata", "describe.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(must[[]byte](t)(os.ReadFile(golden))), got); d != "" {
		t.Error(d)
	}
}
