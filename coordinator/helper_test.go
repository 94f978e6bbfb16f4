package coordinator_test

import (
	"bytes"
	"context"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/coordinator/replica"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
)

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

func newPeer(t testing.TB, name string) wire.PeerID {
	t.Helper()
	return must[wire.Identity](t)(wire.NewIdentity(protocol.Hash("test-peer", []byte(name)))).ID()
}

func newKEM(t testing.TB, name string) []byte {
	t.Helper()
	seed := protocol.Hash("test-kem", []byte(name))
	return must[hpke.PrivateKey](t)(hpke.MLKEM768X25519().DeriveKeyPair(seed[:])).PublicKey().Bytes()
}

// study is a coordinator of one member with three sites whose answers are scripted,
// and the people around it.
type study struct {
	t        testing.TB
	network  *wire.Network
	dir      string
	addr     string
	home     *coordinator.Home
	member   *running
	sites    []*site
	operator *rest.Client
	alice    *protocol.SigningKey
	asks     *rest.Client
	panel    *panel.Panel
	roster   protocol.Signed[protocol.Roster]
	// step is called at every step of the member.
	mu   sync.Mutex
	step func(string)
	// timing is changed before a start.
	timing coordinator.Timing
}

// quick is the timing of a test.
var quick = coordinator.Timing{
	Poll: time.Millisecond, Retry: 5 * time.Millisecond, Nudge: 5 * time.Millisecond, Again: time.Millisecond, Approval: time.Millisecond,
	Cosign:  5 * time.Millisecond,
	Replica: replica.Timing{Heartbeat: 50 * time.Millisecond, Election: 50 * time.Millisecond, Lease: 50 * time.Millisecond, Commit: 5 * time.Millisecond},
}

// running is a member that runs.
type running struct {
	stop context.CancelFunc
	done chan error
}

const siteCount = 3

// newStudy opens a study whose sites are ready.
func newStudy(t testing.TB) *study {
	t.Helper()
	s := &study{t: t, dir: filepath.Join(t.TempDir(), "c1"), alice: newKey(t, "alice"), step: func(string) {}, timing: quick}
	s.network = must[*wire.Network](t)(wire.NewNetwork(coordinator.Kinds()))
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	s.addr = l.Addr().String()
	s.home = must[*coordinator.Home](t)(coordinator.Init(s.dir, coordinator.InitConfig{
		Name: "c1", Listen: []string{"/ip4/127.0.0.1/tcp/1"}, API: s.addr,
	}))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.operator = rest.NewClient(s.home.Endpoints(), s.home.Operator)
	s.asks = rest.NewClient(s.home.Endpoints(), s.alice)
	t.Cleanup(func() { s.operator.Close(); s.asks.Close() })
	t.Cleanup(func() { s.stop() })
	s.start()
	for i := range siteCount {
		s.join(i)
	}
	s.open()
	return s
}

// start runs the member from what is on its disk, with a fresh connection to every site.
func (s *study) start() {
	s.t.Helper()
	allow := wire.NewAllowList()
	loop := must[*wire.Loopback](s.t)(s.network.Join(s.home.Network.ID(), allow))
	ready := make(chan struct{})
	c := must[*coordinator.Coordinator](s.t)(coordinator.New(coordinator.Config{
		Home: s.home, Transport: loop, Allow: allow, Version: "test",
		Log:   slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
		Ready: func() { close(ready) }, TestOnlyStep: s.took,
		Timing: s.timing,
	}))
	ctx, stop := context.WithCancel(context.Background())
	s.member = &running{stop: stop, done: make(chan error, 1)}
	member := s.member
	go func() { member.done <- c.Run(ctx) }()
	<-ready
	for _, site := range s.sites {
		s.link(site)
	}
}

// took is told of every step of the member.
func (s *study) took(step string) {
	s.mu.Lock()
	told := s.step
	s.mu.Unlock()
	told(step)
}

// onStep has every step told to somebody.
func (s *study) onStep(tell func(step string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step = tell
}

// link connects a site, as soon as the member allows it.
func (s *study) link(site *site) {
	s.t.Helper()
	s.await("the site is allowed", func() bool { return s.network.Link(site.peer, s.home.Network.ID()) == nil })
}

// stop ends the member and waits for it.
func (s *study) stop() {
	if s.member == nil {
		return
	}
	s.member.stop()
	if err := <-s.member.done; err != nil {
		s.t.Errorf("the member ended with %v", err)
	}
	s.member = nil
}

// await looks until something holds.
func (s *study) await(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-s.t.Context().Done():
			s.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (s *study) get(c *rest.Client, path string, out any) {
	s.t.Helper()
	if err := c.JSON(s.t.Context(), http.MethodGet, path, nil, out); err != nil {
		s.t.Fatalf("GET %s: %v", path, err)
	}
}

func (s *study) post(c *rest.Client, path string, body []byte, out any) {
	s.t.Helper()
	raw, err := c.Bytes(s.t.Context(), http.MethodPost, path, body)
	if err == nil && out != nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		s.t.Fatalf("POST %s: %v", path, err)
	}
}

// join has a site join, and the operator approve it, and connects it.
func (s *study) join(i int) {
	s.t.Helper()
	site := s.approve(i)
	loop := must[*wire.Loopback](s.t)(s.network.Join(site.peer, wire.NewAllowList(s.home.Network.ID())))
	loop.Serve(site, site)
	ctx, stop := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { _ = loop.Run(ctx) })
	s.t.Cleanup(func() { stop(); ended.Wait() })
	s.sites = append(s.sites, site)
	s.link(site)
}

// approve has a site join, and the operator approve it.
func (s *study) approve(i int) *site {
	s.t.Helper()
	name := fmt.Sprintf("site-%d", i+1)
	site := &site{
		t: s.t, point: uint32(i + 1), name: name, key: newKey(s.t, name), custodian: newKey(s.t, name+" custodian"),
		peer: newPeer(s.t, name), kem: newKEM(s.t, name), sessions: make(map[protocol.SessionID]*answers),
		latest: make(map[uint32]protocol.Seen),
	}
	memory := must[*audit.DirMemory](s.t)(audit.OpenMemory(filepath.Join(s.t.TempDir(), "witness")))
	s.t.Cleanup(func() { _ = memory.Close() })
	site.memory = memory
	var token rest.InvitationToken
	if err := s.operator.JSON(s.t.Context(), http.MethodPost, "/v1/invitations", rest.Invitation{Name: name}, &token); err != nil {
		s.t.Fatal(err)
	}
	parsed := must[protocol.Token](s.t)(protocol.ParseToken(token.Token, protocol.SiteToken))
	request := must[[]byte](s.t)(site.card().JoinRequest(parsed.Secret))
	anyone := rest.NewClient(parsed.Endpoints, nil)
	defer anyone.Close()
	var joined rest.Site
	s.post(anyone, "/v1/join", request, &joined)
	words := protocol.Words(must[protocol.Digest](s.t)(site.card().Digest()))
	if joined.State != "pending" || joined.Words != words {
		s.t.Fatalf("joined: %+v, want pending with words %q", joined, words)
	}
	if err := s.operator.JSON(s.t.Context(), http.MethodPost, "/v1/sites/"+name+"/approval", rest.Approval{Words: words}, nil); err != nil {
		s.t.Fatal(err)
	}
	return site
}

// open proposes a study, has it signed and opens it.
func (s *study) open() {
	s.t.Helper()
	s.panel = must[*panel.Panel](s.t)(panel.New("GRCh38", []panel.Variant{
		{Contig: "7", Pos: 100, Ref: "A", Alt: "C"}, {Contig: "7", Pos: 200, Ref: "G", Alt: "T"}, {Contig: "7", Pos: 300, Ref: "C", Alt: "T"},
	}))
	var raw bytes.Buffer
	if _, err := s.panel.WriteTo(&raw); err != nil {
		s.t.Fatal(err)
	}
	s.post(s.operator, "/v1/panels", raw.Bytes(), nil)
	threshold, corrupt := protocol.Thresholds(siteCount)
	r := protocol.Roster{
		Study: "demo", Title: "A study", Epoch: 1, Threshold: threshold, Corrupt: corrupt, MinOrganisations: min(corrupt+2, siteCount),
		Modes:   []protocol.Mode{protocol.Exact},
		Panels:  []protocol.PanelRef{{Name: "all", Assembly: "GRCh38", Digest: s.panel.Digest(), Size: uint64(s.panel.Len())}},
		Members: must[[]protocol.Member](s.t)(s.home.RosterMembers()),
		Researchers: []protocol.Researcher{
			{Name: "Alice", Organisation: "Elsewhere", Key: s.alice.Public()},
			{Name: "Bob", Organisation: "Nowhere", Key: newKey(s.t, "bob").Public()},
		},
		Deadline: time.Now().Add(time.Hour),
	}
	for _, site := range s.sites {
		r.Sites = append(r.Sites, site.card().Site())
	}
	r.Cohorts = []protocol.ExactCohort{{Name: "all", Points: r.Points(), Minimum: protocol.MinCohort}}
	proposal := must[protocol.Signed[protocol.Roster]](s.t)(protocol.NewProposal(r))
	s.post(s.operator, "/v1/studies", proposal.Bytes(), nil)
	for _, site := range s.sites {
		endorsed := must[protocol.Signed[protocol.Roster]](s.t)(protocol.Endorse(proposal, site.custodian))
		c := rest.NewClient(s.home.Endpoints(), site.custodian)
		s.post(c, "/v1/studies/demo/endorsements", endorsed.Bytes(), nil)
		c.Close()
	}
	var opened rest.Study
	s.post(s.operator, "/v1/studies/demo/opening", nil, &opened)
	s.roster = must[protocol.Signed[protocol.Roster]](s.t)(protocol.OpenRoster(opened.Roster))
	s.awaitReady()
}

func (s *study) awaitReady() {
	s.t.Helper()
	s.await("every site is ready", func() bool {
		var st rest.Study
		s.get(s.operator, "/v1/studies/demo", &st)
		return len(st.Ready) == siteCount
	})
}

// query is a question of alice's, with bodies that only real sites could open.
func (s *study) query(nonce string, life time.Duration) []byte {
	s.t.Helper()
	var st rest.Study
	s.get(s.asks, "/v1/studies/demo", &st)
	h := protocol.QueryHeader{
		Study: "demo", Roster: s.roster.Digest(), Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Exact, Params: "a50g8",
		Size: uint64(s.panel.Len()), Points: s.roster.Message.Points(), Commitment: protocol.Hash("body"), Recipient: protocol.Hash("recipient"),
		Researcher: s.alice.Public().ID(), Organisation: "Elsewhere", Purpose: "a test",
		Issued: time.Now().Truncate(time.Second), Expires: time.Now().Truncate(time.Second).Add(life), Nonce: protocol.Hash(nonce),
	}
	for _, raw := range st.Declarations {
		h.Declarations = append(h.Declarations, must[protocol.Signed[protocol.Declaration]](s.t)(s.roster.Message.OpenDeclaration(raw)).Digest())
	}
	q := protocol.Query{Header: must[protocol.Signed[protocol.QueryHeader]](s.t)(protocol.Sign(h, s.alice))}
	for range siteCount {
		q.Bodies = append(q.Bodies, []byte("sealed"))
	}
	return must[[]byte](s.t)(q.Bytes())
}

func (s *study) submit(query []byte) protocol.Digest {
	s.t.Helper()
	var out rest.Submitted
	s.post(s.asks, "/v1/studies/demo/queries", query, &out)
	return out.Task
}

func (s *study) task(id protocol.Digest) rest.Task {
	s.t.Helper()
	var out rest.Task
	s.get(s.asks, "/v1/tasks/"+id.String(), &out)
	return out
}

// end waits until a task is final.
func (s *study) end(id protocol.Digest) rest.Task {
	s.t.Helper()
	var last rest.Task
	s.await("the task is final", func() bool { last = s.task(id); return last.Final() })
	return last
}

// result fetches a result and its sum.
func (s *study) result(id protocol.Digest) (protocol.Result, []byte) {
	s.t.Helper()
	raw := must[[]byte](s.t)(s.asks.Bytes(s.t.Context(), http.MethodGet, "/v1/tasks/"+id.String()+"/result", nil))
	body := must[io.ReadCloser](s.t)(s.asks.Stream(s.t.Context(), "/v1/tasks/"+id.String()+"/sum"))
	defer body.Close()
	sum := must[[]byte](s.t)(io.ReadAll(body))
	result := must[protocol.Result](s.t)(s.roster.Message.ParseResult(raw, s.roster.Digest()))
	if result.Sum != sha256.Sum256(sum) {
		s.t.Error("the sum is not the one that the result names")
	}
	return result, sum
}
