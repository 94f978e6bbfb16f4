package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/wire"
)

// The cast: sites of one study over a cohort, a scripted coordinator that is one
// member, and alice who asks.
const (
	studyName  = "demo"
	cohortName = "everyone"
	variants   = 12
	people     = 25
)

// network is real nodes and a scripted coordinator, over a Loopback.
type network struct {
	t        testing.TB
	clock    *clock
	wires    *wire.Network
	carrier  *wire.Loopback
	member   *protocol.SigningKey
	alice    *protocol.SigningKey
	endpoint protocol.Endpoint
	sites    []*site
	panel    *panel.Panel
	proposal protocol.Signed[protocol.Roster]
	roster   protocol.Signed[protocol.Roster]
	log      *syncBuffer
}

// site is one node with its directory and the truth about its people.
type site struct {
	dir   string
	head  string // the head file of its ledger
	node  *node.Node
	stop  func() error // ends Serve and returns what it returned
	truth []int64      // AC and AN by variant
}

// clock is a hand that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) Move(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// syncBuffer gathers what all nodes log.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write appends.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written.
func (b *syncBuffer) String() string { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// option changes a network before its roster is made.
type option func(*protocol.Roster)

// newNetwork makes n sites that serve a study in force, each ready.
func newNetwork(t testing.TB, n int, options ...option) *network {
	t.Helper()
	w := newQuietNetwork(t, n, options...)
	for i := range w.sites {
		w.serve(i)
	}
	w.greet()
	return w
}

// newQuietNetwork makes n sites whose custodians have accepted a study. None serves.
func newQuietNetwork(t testing.TB, n int, options ...option) *network {
	t.Helper()
	w := &network{
		t: t, clock: &clock{now: time.Now().UTC().Truncate(time.Second)}, log: new(syncBuffer),
		member: newKey(t, "member"), alice: newKey(t, "alice"),
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.log)
		}
	})
	carrier := must[wire.Identity](t)(wire.NewIdentity(protocol.Hash("test", []byte("carrier"))))
	w.endpoint = protocol.Endpoint{Name: "c1", URL: "https://127.0.0.1:1", Pin: protocol.Hash("pin"), Peer: string(carrier.ID())}
	w.wires = must[*wire.Network](t)(wire.NewNetwork(egress.Kinds()))
	w.panel = makePanel(t)
	r := w.rosterOf(n)
	for _, o := range options {
		if o != nil {
			o(&r)
		}
	}
	w.agree(r)
	w.grantAll()
	var peers []wire.PeerID
	for _, s := range w.sites {
		peers = append(peers, wire.PeerID(s.node.Card().Peer))
	}
	w.carrier = must[*wire.Loopback](t)(w.wires.Join(carrier.ID(), wire.NewAllowList(peers...)))
	w.run(func(ctx context.Context) error { return w.carrier.Run(ctx) })
	return w
}

// rosterOf makes the sites and an unsigned roster of them.
func (w *network) rosterOf(n int) protocol.Roster {
	threshold, corrupt := protocol.Thresholds(n)
	r := protocol.Roster{
		Study: studyName, Title: "A study", Epoch: 1, Threshold: threshold, Corrupt: corrupt, MinOrganisations: min(corrupt+2, n),
		Modes: []protocol.Mode{protocol.Exact}, Deadline: w.clock.Now().Add(time.Hour),
		Panels:      []protocol.PanelRef{{Name: "panel", Assembly: w.panel.Assembly(), Digest: w.panel.Digest(), Size: uint64(w.panel.Len())}},
		Members:     []protocol.Member{{Name: "c1", Key: w.member.Public(), Peer: w.endpoint.Peer}},
		Researchers: []protocol.Researcher{{Name: "Alice", Organisation: "Elsewhere", Key: w.alice.Public()}},
	}
	for i := range n {
		w.sites = append(w.sites, w.newSite(i))
		r.Sites = append(r.Sites, w.sites[i].node.Card().Site())
	}
	r.Cohorts = []protocol.ExactCohort{{Name: cohortName, Points: r.Points(), Minimum: protocol.MinCohort}}
	return r
}

// agree has every custodian sign a roster.
func (w *network) agree(r protocol.Roster) {
	w.t.Helper()
	w.proposal = must[protocol.Signed[protocol.Roster]](w.t)(protocol.NewProposal(r))
	signed := w.proposal
	for _, s := range w.sites {
		one := must[protocol.Signed[protocol.Roster]](w.t)(s.node.AcceptRoster(w.t.Context(), w.proposal.Bytes()))
		signed = must[protocol.Signed[protocol.Roster]](w.t)(protocol.MergeEndorsements(signed, one))
	}
	w.roster = must[protocol.Signed[protocol.Roster]](w.t)(protocol.OpenRoster(signed.Bytes()))
}

// grantAll has every custodian lift the limit on exact answers: a cohort of 25 people is
// asked for 12 variants in these tests.
func (w *network) grantAll() {
	w.t.Helper()
	for _, s := range w.sites {
		for _, c := range w.r().Cohorts {
			if _, err := s.node.GrantRelease(w.t.Context(), node.GrantSpec{Study: studyName, Cohort: c.Name, Life: 90 * 24 * time.Hour}); err != nil && !errors.Is(err, node.ErrGrant) {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *network) r() *protocol.Roster { return &w.roster.Message }

func (w *network) newSite(i int) *site {
	w.t.Helper()
	s := &site{dir: filepath.Join(w.t.TempDir(), fmt.Sprintf("site-%d", i+1))}
	s.head = s.dir + ".head"
	err := node.Init(s.dir, node.InitConfig{Name: fmt.Sprintf("site-%d", i+1), Organisation: fmt.Sprintf("Hospital %d", i+1), Country: "CH", Region: "eu", PeopleCap: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	w.reopen(s)
	if err := s.node.Pin([]protocol.Endpoint{w.endpoint}); err != nil {
		w.t.Fatal(err)
	}
	f := must[*os.File](w.t)(os.Create(filepath.Join(s.dir, "panels", protocol.Digest(w.panel.Digest()).String())))
	if _, err := w.panel.WriteTo(f); err != nil {
		w.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		w.t.Fatal(err)
	}
	var spec node.CohortSpec
	spec, s.truth = writeCohort(w.t, filepath.Join(filepath.Dir(s.dir), "data"), uint64(i), people)
	if _, err := s.node.AddCohort(w.t.Context(), spec); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// reopen opens a site's directory, as its program does when it starts.
func (w *network) reopen(s *site) { w.feed(s, "") }

// feed is reopen with a folder for consents.
func (w *network) feed(s *site, folder string) {
	w.t.Helper()
	s.node = must[*node.Node](w.t)(node.Open(node.Config{
		Dir: s.dir, HeadFile: s.head, Now: w.clock.Now, Log: slog.New(slog.NewTextHandler(w.log, nil)), Version: "test", ConsentFolder: folder,
	}))
	opened := s.node
	w.t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			w.t.Error(err)
		}
	})
}

// run runs something until the test ends, which waits for it.
func (w *network) run(f func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var work errgroup.Group
	work.Go(func() error { return f(ctx) })
	stop = sync.OnceValue(func() error { cancel(); return work.Wait() })
	w.t.Cleanup(func() {
		if err := stop(); err != nil {
			w.t.Errorf("ended with %v", err)
		}
	})
	return stop
}

// serve lets a site serve, linked with the coordinator.
func (w *network) serve(i int) {
	w.t.Helper()
	s := w.sites[i]
	id := wire.PeerID(s.node.Card().Peer)
	l := must[*wire.Loopback](w.t)(w.wires.Join(id, wire.NewAllowList(w.carrier.ID())))
	stop := w.run(func(ctx context.Context) error { return s.node.Serve(ctx, l) })
	s.stop = func() error { return errors.Join(stop(), l.Close()) }
	w.t.Cleanup(func() { _ = l.Close() })
	if err := w.wires.Link(w.carrier.ID(), id); err != nil {
		w.t.Fatal(err)
	}
}

// restart stops a site and lets what is on its disk serve.
func (w *network) restart(i int) {
	w.t.Helper()
	if err := w.sites[i].stop(); err != nil {
		w.t.Fatal(err)
	}
	w.reopen(w.sites[i])
	w.serve(i)
}

// raw makes a call of a site.
func (w *network) raw(i int, call protocol.Call, request []byte) ([]byte, error) {
	return w.carrier.Call(w.t.Context(), wire.PeerID(w.sites[i].node.Card().Peer), wire.Kind(call), request)
}

// answer makes a call until the site is done with it. A refusal is its code.
func (w *network) answer(i int, call protocol.Call, request []byte) ([]byte, error) {
	w.t.Helper()
	for {
		raw, err := w.raw(i, call, request)
		if err != nil {
			return nil, err
		}
		reply := must[protocol.Reply](w.t)(protocol.ParseReply(raw))
		switch {
		case reply.Working:
			continue
		case reply.Refusal != nil:
			return nil, must[protocol.Signed[protocol.Refusal]](w.t)(w.r().OpenRefusal(reply.Refusal)).Message.Code
		}
		return reply.Answer, nil
	}
}

// must requires an answer.
func (w *network) must(i int, call protocol.Call, request []byte) []byte {
	w.t.Helper()
	return must[[]byte](w.t)(w.answer(i, call, request))
}

// state greets a site and returns where it stands in the study.
func (w *network) state(i int) protocol.StudyState {
	w.t.Helper()
	greeting := must[[]byte](w.t)(protocol.Sync{Rosters: [][]byte{w.roster.Bytes()}}.Bytes())
	s := must[protocol.NodeState](w.t)(protocol.ParseNodeState(must[[]byte](w.t)(w.raw(i, protocol.CallSync, greeting))))
	k := slices.IndexFunc(s.Studies, func(st protocol.StudyState) bool { return st.Study == studyName })
	if k < 0 {
		return protocol.StudyState{}
	}
	return s.Studies[k]
}

// greet syncs every site and carries the question of each that is not ready.
func (w *network) greet() {
	w.t.Helper()
	states := make([]protocol.StudyState, len(w.sites))
	for i := range w.sites {
		states[i] = w.state(i)
	}
	for i, st := range states {
		if !st.Ready {
			w.freshen(i, st.HeadQuery)
			w.confirm(i)
		}
	}
}

// confirm has a custodian say that no withdrawal was lost with a disk.
func (w *network) confirm(i int) {
	w.t.Helper()
	if err := w.sites[i].node.ConfirmConsents(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// freshen carries a site's head query to the others and their word back.
func (w *network) freshen(i int, query []byte) protocol.StudyState {
	w.t.Helper()
	q := must[protocol.Signed[protocol.HeadQuery]](w.t)(w.r().OpenHeadQuery(query))
	var t protocol.Testimony
	for j := range w.sites {
		if j != i && w.sites[j].stop != nil {
			raw := w.must(j, protocol.CallWitness, must[[]byte](w.t)(protocol.Witness{HeadQueries: []protocol.Signed[protocol.HeadQuery]{q}}.Bytes()))
			t.Seen = append(t.Seen, must[protocol.Testimony](w.t)(w.r().ParseTestimony(raw)).Seen...)
		}
	}
	raw := w.must(i, protocol.CallTestify, must[[]byte](w.t)(t.Bytes()))
	return must[protocol.NodeState](w.t)(protocol.ParseNodeState(raw)).Studies[0]
}

func newKey(t testing.TB, name string) *protocol.SigningKey {
	t.Helper()
	seed := protocol.Hash("test", []byte(name))
	return must[*protocol.SigningKey](t)(protocol.NewSigningKey(seed[:]))
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

func makePanel(t testing.TB) *panel.Panel {
	t.Helper()
	var list []panel.Variant
	for i := range variants {
		list = append(list, panel.Variant{Contig: "22", Pos: uint32(1000 + 10*i), Ref: "A", Alt: "G"})
	}
	return must[*panel.Panel](t)(panel.New("GRCh38", list))
}

// writeCohort writes a VCF and its sample table, and returns the counts as drawn.
func writeCohort(t testing.TB, dir string, seed uint64, n int) (node.CohortSpec, []int64) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(seed, 7))
	table := new(strings.Builder)
	io.WriteString(table, "sample_id\tperson_id\tsex\n")
	vcf := new(strings.Builder)
	io.WriteString(vcf, "##fileformat=VCFv4.2\n##contig=<ID=22,length=50818468>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n"+
		"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for p := range n {
		fmt.Fprintf(vcf, "\tS%d-%03d", seed, p)
		fmt.Fprintf(table, "S%d-%03d\tP%d-%03d\t%s\n", seed, p, seed, p, []string{"female", "male"}[p%2])
	}
	truth := make([]int64, 2*variants)
	for v := range variants {
		fmt.Fprintf(vcf, "\n22\t%d\t.\tA\tG\t.\tPASS\t.\tGT", 1000+10*v)
		for range n {
			g := dice.IntN(4)
			fmt.Fprint(vcf, []string{"\t0/0", "\t0/1", "\t1/1", "\t./."}[g])
			if g < 3 {
				truth[2*v] += int64(g)
				truth[2*v+1] += 2
			}
		}
	}
	io.WriteString(vcf, "\n")
	spec := node.CohortSpec{Name: cohortName, Path: filepath.Join(dir, "people.vcf"), Samples: filepath.Join(dir, "samples.tsv")}
	for path, text := range map[string]string{spec.Path: vcf.String(), spec.Samples: table.String()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return spec, truth
}

// nodeKey reads a site's signing key off its disk, as who has its machine can.
func nodeKey(t testing.TB, s *site) *protocol.SigningKey {
	t.Helper()
	seed := must[[]byte](t)(os.ReadFile(filepath.Join(s.dir, "keys", "signing")))
	return must[*protocol.SigningKey](t)(protocol.NewSigningKey(seed))
}
