package state_test

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
)

// now is when the tests' commands are proposed.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

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

func newKEM(t testing.TB, name string) []byte {
	t.Helper()
	seed := protocol.Hash("test-kem", []byte(name))
	return must[hpke.PrivateKey](t)(hpke.MLKEM768X25519().DeriveKeyPair(seed[:])).PublicKey().Bytes()
}

const (
	siteCount = 3
	variants  = 10
)

// world is everybody who makes commands: it knows every secret.
type world struct {
	t                  testing.TB
	member, alice      *protocol.SigningKey
	nodes, custodians  []*protocol.SigningKey
	invitations        [][]byte
	cards              []protocol.Card
	panel              state.Panel
	roster             protocol.Signed[protocol.Roster] // signed by all
	declarations       []protocol.Signed[protocol.Declaration]
	query              protocol.Query
	task               protocol.Signed[protocol.Task]
	headers            []protocol.Signed[protocol.ContributionHeader]
	received           []protocol.Signed[protocol.Received]
	cut                protocol.Signed[protocol.Cut]
	openings           [][]byte
	endorsements       []protocol.Signed[protocol.Roster]
	proposal           protocol.Signed[protocol.Roster]
	contributeBy, ends time.Time
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, member: newKey(t, "member"), alice: newKey(t, "alice"), contributeBy: now.Add(10 * time.Minute), ends: now.Add(time.Hour)}
	for i := range siteCount {
		name := fmt.Sprintf("site-%d", i+1)
		w.nodes, w.custodians = append(w.nodes, newKey(t, name)), append(w.custodians, newKey(t, name+" custodian"))
		secret := protocol.Hash("secret", []byte(name))
		w.invitations = append(w.invitations, secret[:])
		w.cards = append(w.cards, protocol.Card{
			Name: name, Organisation: "Hospital " + name, Country: "CH", Region: "eu", NodeKey: w.nodes[i].Public(),
			CustodianKey: w.custodians[i].Public(), Peer: "peer-" + name, PeopleCap: 1000,
		})
	}
	w.panel = state.Panel{Digest: protocol.Hash("panel"), Assembly: "GRCh38", Variants: 100, Blob: protocol.Hash("blob"), Size: 1234}
	w.propose(w.newRoster())
	w.declare()
	w.ask(nil)
	w.task = w.attempt(1)
	w.answer()
	return w
}

func (w *world) newRoster() protocol.Roster {
	threshold, corrupt := protocol.Thresholds(siteCount)
	r := protocol.Roster{
		Study: "demo", Title: "A study", Epoch: 1, Threshold: threshold, Corrupt: corrupt, MinOrganisations: min(corrupt+2, siteCount),
		Modes:       []protocol.Mode{protocol.Exact},
		Panels:      []protocol.PanelRef{{Name: "all", Assembly: w.panel.Assembly, Digest: w.panel.Digest, Size: w.panel.Variants}},
		Members:     []protocol.Member{{Name: "c1", Key: w.member.Public(), Peer: "peer-c1"}},
		Researchers: []protocol.Researcher{{Name: "Alice", Organisation: "Elsewhere", Key: w.alice.Public()}},
		Deadline:    now.Add(24 * time.Hour),
	}
	for _, c := range w.cards {
		r.Sites = append(r.Sites, c.Site())
	}
	r.Cohorts = []protocol.ExactCohort{{Name: "all", Points: r.Points(), Minimum: protocol.MinCohort}}
	return r
}

func (w *world) propose(r protocol.Roster) {
	w.t.Helper()
	w.proposal = must[protocol.Signed[protocol.Roster]](w.t)(protocol.NewProposal(r))
	w.roster, w.endorsements = w.proposal, nil
	for _, c := range w.custodians {
		w.endorsements = append(w.endorsements, must[protocol.Signed[protocol.Roster]](w.t)(protocol.Endorse(w.proposal, c)))
		w.roster = must[protocol.Signed[protocol.Roster]](w.t)(protocol.Endorse(w.roster, c))
	}
}

func (w *world) declaration(point int, content string, at time.Time) protocol.Signed[protocol.Declaration] {
	w.t.Helper()
	return must[protocol.Signed[protocol.Declaration]](w.t)(protocol.Sign(protocol.Declaration{
		Study: "demo", Point: uint32(point), Content: protocol.Hash(content), KEMKey: newKEM(w.t, fmt.Sprint(point)), KEMUntil: now.Add(time.Hour), Issued: at,
		Cohorts: []protocol.DeclaredCohort{{Name: "all", SizeClass: 500, Modes: []protocol.Mode{protocol.Exact}}},
	}, w.nodes[point-1]))
}

func (w *world) declare() {
	for p := range siteCount {
		w.declarations = append(w.declarations, w.declaration(p+1, "content", now))
	}
}

// ask makes alice's question, changed by edit.
func (w *world) ask(edit func(*protocol.QueryHeader)) {
	w.t.Helper()
	h := protocol.QueryHeader{
		Study: "demo", Roster: w.roster.Digest(), Analysis: "af/1", Mode: protocol.Exact, Params: "a50g8", Size: variants,
		Points: w.roster.Message.Points(), Commitment: protocol.Hash("body"), Recipient: protocol.Hash("recipient"),
		Researcher: w.alice.Public().ID(), Organisation: "Elsewhere", Purpose: "a test", Issued: now, Expires: now.Add(24 * time.Hour), Nonce: protocol.Hash("nonce"),
	}
	for _, d := range w.declarations {
		h.Declarations = append(h.Declarations, d.Digest())
	}
	if edit != nil {
		edit(&h)
	}
	w.query = protocol.Query{Header: must[protocol.Signed[protocol.QueryHeader]](w.t)(protocol.Sign(h, w.alice))}
	for p := range siteCount {
		w.query.Bodies = append(w.query.Bodies, fmt.Appendf(nil, "sealed to %d", p+1))
	}
}

func (w *world) attempt(number uint32) protocol.Signed[protocol.Task] {
	w.t.Helper()
	return must[protocol.Signed[protocol.Task]](w.t)(protocol.Sign(protocol.Task{
		Study: "demo", Roster: w.roster.Digest(), Query: w.query.Header.Digest(), Attempt: number, Issued: now, Expires: w.ends,
	}, w.member))
}

// header is what a site contributes, changed by edit.
func (w *world) header(point int, edit func(*protocol.ContributionHeader)) protocol.Signed[protocol.ContributionHeader] {
	w.t.Helper()
	h := protocol.ContributionHeader{
		Session: w.task.Message.Session(), Roster: w.roster.Digest(), Point: uint32(point), Declaration: w.declarations[point-1].Digest(),
		Params: "a50g8", Coefficients: variants, Words: protocol.Hash("words", []byte{byte(point)}), Sequence: 1, Head: protocol.Hash("head"),
	}
	if edit != nil {
		edit(&h)
	}
	return must[protocol.Signed[protocol.ContributionHeader]](w.t)(protocol.Sign(h, w.nodes[point-1]))
}

// answer makes what the sites say in the attempt.
func (w *world) answer() {
	w.t.Helper()
	session := w.task.Message.Session()
	w.headers, w.received, w.openings = nil, nil, nil
	cut := protocol.Cut{Session: session, Roster: w.roster.Digest()}
	var digests []protocol.Digest
	for p := range siteCount {
		h := w.header(p+1, nil)
		w.headers, digests = append(w.headers, h), append(digests, h.Digest())
		cut.Entries = append(cut.Entries, protocol.CutEntry{Point: uint32(p + 1), Header: h.Digest()})
	}
	for p := range siteCount {
		w.received = append(w.received, w.receipt(p+1, digests))
	}
	w.cut = must[protocol.Signed[protocol.Cut]](w.t)(protocol.Sign(cut, w.member))
	for p := range siteCount {
		w.openings = append(w.openings, w.opening(p+1, nil))
	}
}

func (w *world) receipt(point int, headers []protocol.Digest) protocol.Signed[protocol.Received] {
	w.t.Helper()
	return must[protocol.Signed[protocol.Received]](w.t)(protocol.Sign(protocol.Received{
		Session: w.task.Message.Session(), Point: uint32(point), Headers: headers,
	}, w.nodes[point-1]))
}

func (w *world) opening(point int, edit func(*protocol.Opening)) []byte {
	w.t.Helper()
	sealed := fmt.Appendf(nil, "opened by %d", point)
	o := protocol.Opening{
		Session: w.task.Message.Session(), Point: uint32(point), Set: w.cut.Message.Set(), Recipient: w.query.Header.Message.Recipient, Sealed: sha256.Sum256(sealed),
	}
	if edit != nil {
		edit(&o)
	}
	signed := must[protocol.Signed[protocol.Opening]](w.t)(protocol.Sign(o, w.nodes[point-1]))
	return must[[]byte](w.t)(protocol.SealedOpening{Opening: signed, Sealed: sealed}.Bytes())
}

func (w *world) refusal(point int, code protocol.Code) protocol.Signed[protocol.Refusal] {
	w.t.Helper()
	return must[protocol.Signed[protocol.Refusal]](w.t)(protocol.Sign(protocol.Refusal{
		Session: w.task.Message.Session(), Point: uint32(point), Code: code,
	}, w.nodes[point-1]))
}

func (w *world) request(point int) []byte {
	w.t.Helper()
	return must[[]byte](w.t)(w.cards[point-1].JoinRequest(w.invitations[point-1]))
}

func (w *world) invite(point int) state.Command {
	w.t.Helper()
	return state.Invite(w.cards[point-1].Name, must[protocol.PublicKey](w.t)(protocol.InvitationKey(w.invitations[point-1])))
}

func (w *world) approve(point int) state.Command {
	w.t.Helper()
	return state.Approve(w.cards[point-1].Name, must[protocol.Digest](w.t)(w.cards[point-1].Digest()))
}

func (w *world) id() protocol.Digest { return w.query.Header.Digest() }

// sites are the commands by which the sites join.
func (w *world) sites() (list []state.Command) {
	for p := range siteCount {
		list = append(list, w.invite(p+1), state.Join(w.request(p+1)), w.approve(p+1))
	}
	return list
}

// opened are the commands up to a study that can be asked.
func (w *world) opened() []state.Command {
	list := append(w.sites(), state.AddPanel(w.panel), state.Propose(w.proposal))
	for _, e := range w.endorsements {
		list = append(list, state.Endorse("demo", e.Bytes()))
	}
	list = append(list, state.OpenStudy("demo"))
	for _, d := range w.declarations {
		list = append(list, state.Declare("demo", d.Bytes()))
	}
	return list
}

func (w *world) submit() state.Command {
	w.t.Helper()
	return state.Submit("demo", must[[]byte](w.t)(w.query.Bytes()))
}

// started are the commands up to an attempt.
func (w *world) started() []state.Command {
	return append(w.opened(), w.submit(), state.Start(w.task, w.contributeBy))
}

// contributed are the commands up to the last contribution.
func (w *world) contributed() []state.Command {
	list := w.started()
	for _, h := range w.headers {
		list = append(list, state.Contributed(w.id(), h))
	}
	return list
}

// cutDecided are the commands up to the cut.
func (w *world) cutDecided() []state.Command {
	list := w.contributed()
	for _, r := range w.received {
		list = append(list, state.Received(w.id(), r))
	}
	return list
}

// done is the whole life of a query.
func (w *world) done() []state.Command {
	list := append(w.cutDecided(), state.SignCut(w.id(), w.cut), state.Pass(w.id(), 1))
	for p, o := range w.openings {
		list = append(list, state.Voted(w.id(), w.task.Message.Session(), uint32(p+1)), state.Opened(w.id(), o))
	}
	return append(list, state.SetSum(w.id(), 1, protocol.Hash("sum"), 6*variants))
}

// apply applies commands and requires that each is taken.
func apply(t testing.TB, m *state.Machine, commands ...state.Command) {
	t.Helper()
	for _, c := range commands {
		if r := applyAt(t, m, c, now); r.Err != nil {
			t.Fatalf("%s: %v", c.Name, r.Err)
		}
	}
}

func applyAt(t testing.TB, m *state.Machine, c state.Command, at time.Time) state.Result {
	t.Helper()
	raw := must[[]byte](t)(c.Bytes(at))
	if err := state.Admit(raw); err != nil {
		t.Fatalf("%s is not admitted: %v", c.Name, err)
	}
	r, _ := must[any](t)(m.Apply(1, raw)).(state.Result)
	return r
}

func snapshot(t testing.TB, m *state.Machine) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := m.Snapshot()
	if err == nil {
		_, err = w.WriteTo(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// task looks at the one task.
func (w *world) look(m *state.Machine) (t *state.Task) {
	w.t.Helper()
	m.View(func(s *state.State) {
		if found, ok := s.Tasks[w.id()]; ok {
			t = found.Clone()
		}
	})
	if t == nil {
		w.t.Fatal("there is no such task")
	}
	return t
}
