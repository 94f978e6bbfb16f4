package node_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

const tables = "/v1/studies/" + studyName + "/tables"

// publishing is alice's answer as she publishes it, and the coordinator that has it.
type publishing struct {
	*network
	api    *api
	asked  *asking
	cut    protocol.Signed[protocol.Cut]
	says   protocol.Publication
	rows   []protocol.TableRow
	signer *protocol.SigningKey
	// state is the coordinator's word.
	state string
	// altered changes the bytes that the coordinator hands out.
	altered func([]byte) []byte
}

// newPublishing carries a question, over the panel without its first two variants, and
// lets every site reach the coordinator that will have its table.
func newPublishing(t *testing.T) *publishing {
	t.Helper()
	w := newNetwork(t, 2)
	p := &publishing{network: w, signer: w.alice, state: rest.TablePending, altered: func(b []byte) []byte { return b }}
	var endpoint protocol.Endpoint
	p.api, endpoint = newAPI(t)
	endpoint.Name = "c2"
	for _, s := range w.sites {
		if err := s.node.Pin([]protocol.Endpoint{endpoint, w.endpoint}); err != nil {
			t.Fatal(err)
		}
	}
	p.asked = w.ask(func(a *asking) {
		a.body.Ranges = []protocol.Range{{From: 2, To: 5}, {From: 5, To: variants}}
		a.header.Size = variants - 2
	})
	c := w.carry(p.asked)
	p.cut = c.cut
	for i := 2; i < variants; i++ {
		p.rows = append(p.rows, protocol.TableRow{Variant: protocol.Variant(w.panel.At(i)), AC: 3, AN: 100})
	}
	p.says = protocol.Publication{
		Study: studyName, Roster: w.roster.Digest(), Query: p.asked.query.Header.Digest(), Attempt: 1, Set: c.cut.Message.Set(),
		Mode: protocol.Exact, Title: "Ten variants", Cohort: cohortName, Panel: w.panel.Digest(), Issued: w.clock.Now(),
	}
	return p
}

// publish has the coordinator show the table to site 1's custodian.
func (p *publishing) publish(verdicts ...protocol.Signed[protocol.Verdict]) (node.TableRelease, error) {
	p.t.Helper()
	var b bytes.Buffer
	if err := protocol.WriteTable(&b, p.says.Mode, slices.Values(p.rows)); err != nil {
		p.t.Fatal(err)
	}
	p.says.Rows, p.says.Content, p.says.Size = uint64(variants-2), sha256.Sum256(b.Bytes()), uint64(b.Len())
	signed := must[protocol.Signed[protocol.Publication]](p.t)(protocol.Sign(p.says, p.signer))
	record := protocol.TableRecord{Publication: signed, Header: p.asked.query.Header, Cut: p.cut, Verdicts: verdicts}
	id := signed.Digest()
	shown := rest.Table{ID: id, Study: studyName, State: p.state, Roster: p.roster.Digest(), Record: must[[]byte](p.t)(record.Bytes())}
	p.api.answers[tables] = rest.Tables{Tables: []rest.Table{shown}}
	p.api.answers[tables+"/"+id.String()] = shown
	p.api.raw[tables+"/"+id.String()+"/content"] = p.altered(b.Bytes())
	p.api.raw[tables+"/"+id.String()+"/verdicts"] = []byte("{}")
	return p.sites[0].node.TableRelease(p.t.Context(), id.String())
}

// handedIn is the verdict that the coordinator was given last.
func (p *publishing) handedIn(id protocol.Digest) protocol.Signed[protocol.Verdict] {
	p.t.Helper()
	raw := p.api.requests["POST "+tables+"/"+id.String()+"/verdicts"]
	return must[protocol.Signed[protocol.Verdict]](p.t)(p.r().OpenVerdict(raw))
}

func TestACustodiansWordIsInTheChainBeforeItLeaves(t *testing.T) {
	p := newPublishing(t)
	table := must[node.TableRelease](t)(p.publish())
	if table.Fault != nil {
		t.Fatal(table.Fault)
	}
	n := p.sites[0].node
	var last protocol.Signed[protocol.Verdict]
	for i, approve := range []bool{true, true, false, true} {
		if err := n.Judge(t.Context(), table, approve); err != nil {
			t.Fatal(err)
		}
		v := p.handedIn(table.ID)
		if v.Message.Publication != table.ID || v.Message.Point != 1 || v.Message.Approve != approve {
			t.Errorf("word %d: %+v is handed in", i+1, v.Message)
		}
		if again := i == 1; again != (!last.IsZero() && bytes.Equal(v.Bytes(), last.Bytes())) {
			t.Errorf("word %d: the bytes of the one before should be handed in again: %v", i+1, again)
		}
		if i > 1 && !v.Message.Issued.After(last.Message.Issued) {
			t.Errorf("word %d is not later than the one before", i+1)
		}
		last = v
	}
	if got := p.chain(0, "verdict"); got != 3 {
		t.Errorf("%d verdicts in the chain, want 3", got)
	}
}

func TestWhatACoordinatorSaysOfATableIsOneOfFourWords(t *testing.T) {
	p := newPublishing(t)
	for state, want := range map[string]string{rest.TableWithdrawn: rest.TableWithdrawn, "": "unknown", "published\x1b[2K": "unknown"} {
		p.state = state
		if got := must[node.TableRelease](t)(p.publish()); got.State != want {
			t.Errorf("%q is shown as %q, want %q", state, got.State, want)
		}
	}
}

// Records that were restored do not know what was said. The coordinator's copy of it is
// the custodian's own word, and a new one has to be later.
func TestAWordThatTheRecordsHaveLostStillCounts(t *testing.T) {
	p := newPublishing(t)
	table := must[node.TableRelease](t)(p.publish())
	key := custodianKey(t, p.sites[0])
	said := must[protocol.Signed[protocol.Verdict]](t)(protocol.Sign(protocol.Verdict{
		Study: studyName, Publication: table.ID, Point: 1, Approve: true, Issued: p.clock.Now().Add(time.Hour),
	}, key))
	table = must[node.TableRelease](t)(p.publish(said))
	if table.Own != "yes" {
		t.Errorf("the site is told that it has said %q", table.Own)
	}
	if err := p.sites[0].node.Judge(t.Context(), table, false); err != nil {
		t.Fatal(err)
	}
	if v := p.handedIn(table.ID); v.Message.Approve || !v.Message.Issued.After(said.Message.Issued) {
		t.Errorf("%+v is handed in", v.Message)
	}
}

func TestTablesThatACustodianCannotApprove(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *publishing)
	}{
		{"of a question that this site has not answered", func(t *testing.T, p *publishing) {
			p.asked = p.ask(func(a *asking) { a.header.Size, a.header.Nonce = variants-2, protocol.Hash("other") })
			p.says.Query = p.asked.query.Header.Digest()
			p.recut(t)
		}},
		{"that says another attempt", func(t *testing.T, p *publishing) {
			p.says.Attempt = 2
			p.recut(t)
		}},
		{"with a variant that was not asked for", func(_ *testing.T, p *publishing) { p.rows[4].Variant.Pos++ }},
		{"with other variants of the panel", func(_ *testing.T, p *publishing) {
			p.rows = append([]protocol.TableRow{{Variant: protocol.Variant(p.panel.At(1)), AN: 100}}, p.rows[:variants-3]...)
		}},
		{"with a row too few", func(_ *testing.T, p *publishing) { p.rows = p.rows[:variants-3] }},
		{"with a row too many", func(_ *testing.T, p *publishing) {
			p.rows = append(p.rows, protocol.TableRow{Variant: protocol.Variant{Contig: "X", Pos: 1, Ref: "A", Alt: "C"}})
		}},
		{"with one cell altered by the coordinator", func(_ *testing.T, p *publishing) {
			p.altered = func(b []byte) []byte { return bytes.Replace(b, []byte("\t3\t100\n"), []byte("\t4\t100\n"), 1) }
		}},
		{"signed by somebody else", func(t *testing.T, p *publishing) { p.signer = newKey(t, "mallory") }},
		{"signed by a site", func(t *testing.T, p *publishing) { p.signer = nodeKey(t, p.sites[1]) }},
		{"in another mode than it was asked in", func(_ *testing.T, p *publishing) { p.says.Mode = protocol.Private }},
		{"of a cohort that was not asked about", func(_ *testing.T, p *publishing) { p.says.Cohort = "secret" }},
		{"of a cohort that is gone", func(t *testing.T, p *publishing) {
			if err := p.sites[0].node.RemoveCohort(t.Context(), cohortName); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPublishing(t)
			if table, err := p.publish(); err != nil || table.Fault != nil {
				t.Fatalf("unaltered: %v, %v", err, table.Fault)
			}
			tt.change(t, p)
			table, err := p.publish()
			if err != nil {
				t.Fatal(err)
			}
			if table.Fault == nil {
				t.Error("it is shown as one that can be approved")
			}
			if err := p.sites[0].node.Judge(t.Context(), table, true); !errors.Is(err, node.ErrTable) {
				t.Errorf("got %v, want %v", err, node.ErrTable)
			}
			if got := p.chain(0, "verdict"); got != 0 {
				t.Errorf("%d verdicts in the chain", got)
			}
		})
	}
}

// A researcher in league with the coordinator hands in the table of a sum that the site
// has no part in, under a cut that a member has signed for it.
func TestAttackTableOfAnotherSum(t *testing.T) {
	debug.Defended(t, debug.TableVoted, func() error {
		p := newPublishing(t)
		cut := p.cut.Message
		cut.Entries = slices.Clone(cut.Entries)
		cut.Entries[0].Header = protocol.Hash("what is said to be this site's contribution")
		p.cut = must[protocol.Signed[protocol.Cut]](t)(protocol.Sign(cut, p.member))
		p.says.Set = cut.Set()
		table := must[node.TableRelease](t)(p.publish())
		return p.sites[0].node.Judge(t.Context(), table, true)
	})
}

// recut is a cut of the present question and attempt, as a member signs it.
func (p *publishing) recut(t *testing.T) {
	t.Helper()
	cut := p.cut.Message
	cut.Session = protocol.NewSession(p.says.Query, p.says.Attempt)
	p.cut = must[protocol.Signed[protocol.Cut]](t)(protocol.Sign(cut, p.member))
	p.says.Set = cut.Set()
}

// custodianKey reads a site's other key off its disk.
func custodianKey(t testing.TB, s *site) *protocol.SigningKey {
	t.Helper()
	seed := must[[]byte](t)(os.ReadFile(filepath.Join(s.dir, "keys", "custodian")))
	return must[*protocol.SigningKey](t)(protocol.NewSigningKey(seed))
}
