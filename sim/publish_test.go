package sim_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// asking is a network with an answer that alice has, and what she needs to publish it.
type asking struct {
	*sim.Network
	client *researcher.Client
	asked  researcher.Asked
	answer researcher.Answer
}

func newAsking(t *testing.T, ask researcher.Ask) *asking {
	t.Helper()
	return newAskingOver(t, sim.Config{}, ask)
}

func newAskingOver(t *testing.T, cfg sim.Config, ask researcher.Ask) *asking {
	t.Helper()
	made, sites := synthetic(t, 3, 30, 40)
	cfg.Sites, cfg.Panel, cfg.Modes = sites, readPanel(t, made.Panel), []protocol.Mode{protocol.Exact, protocol.Private}
	a := &asking{Network: newNetwork(t, cfg)}
	var err error
	if a.client, err = a.Client(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.client.Close)
	for i := range 3 {
		allow(t, a.Network, i, 2)
	}
	ask.Purpose = "to publish"
	if a.answer, err = a.Ask(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	a.asked = a.answer.Asked
	return a
}

func (a *asking) publish(t *testing.T, spec researcher.PublishSpec) rest.Table {
	t.Helper()
	table, err := a.client.Publish(t.Context(), a.asked, spec, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// shown is a table as site i's custodian sees it.
func (a *asking) shown(t *testing.T, i int, id protocol.Digest) node.TableRelease {
	t.Helper()
	r, err := a.Node(i).TableRelease(t.Context(), id.String())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (a *asking) judge(t *testing.T, i int, id protocol.Digest, approve bool) {
	t.Helper()
	if err := a.Node(i).Judge(t.Context(), a.shown(t, i, id), approve); err != nil {
		t.Fatal(err)
	}
}

// The whole way: an answer is handed in, each custodian reads it and approves, and then
// everybody reads what the answer was, and verifies it without the network.
func TestAnAnswerIsPublishedWhenAllItsCustodiansApprove(t *testing.T) {
	t.Parallel()
	a := newAsking(t, researcher.Ask{})
	table := a.publish(t, researcher.PublishSpec{Title: "Forty variants"})
	if again := a.publish(t, researcher.PublishSpec{Title: "Forty variants"}); again.ID != table.ID {
		t.Error("handed in again it is another table")
	}
	if _, err := a.client.Publish(t.Context(), a.asked, researcher.PublishSpec{Title: "Other"}, time.Now()); !errors.Is(err, researcher.ErrPublished) {
		t.Errorf("under another title: got %v, want %v", err, researcher.ErrPublished)
	}
	for i := range 3 {
		if _, err := a.client.Table(t.Context(), table.ID.String()); !errors.Is(err, researcher.ErrAwaited) {
			t.Errorf("after %d approvals: got %v, want %v", i, err, researcher.ErrAwaited)
		}
		seen := a.shown(t, i, table.ID)
		if seen.Fault != nil || seen.Own != "" || seen.Researcher != "Alice, University" || seen.Purpose != "to publish" || seen.Cohort != sim.Everyone ||
			seen.Mode != protocol.Exact || seen.Rows != uint64(len(a.answer.Rows)) || len(seen.Sites) != 3 || len(seen.Waiting) != 3-i {
			t.Errorf("site %d is shown %+v", i+1, seen)
		}
		if row := seen.First[0]; row.AC != uint64(a.answer.Rows[0].AC) || row.Variant != protocol.Variant(a.answer.Rows[0].Variant) {
			t.Errorf("the first row is shown as %+v", row)
		}
		a.judge(t, i, table.ID, true)
		a.judge(t, i, table.ID, true) // once more changes nothing
		if own := a.shown(t, i, table.ID).Own; own != "yes" {
			t.Errorf("site %d is told that it has said %q", i+1, own)
		}
	}
	bundle, err := a.client.Table(t.Context(), table.ID.Short())
	if err != nil {
		t.Fatal(err)
	}
	verify(t, bundle, &a.answer)
	a.judge(t, 1, table.ID, false)
	if list, err := a.client.Tables(t.Context()); err != nil || list[0].State != rest.TableWithdrawn {
		t.Errorf("after a custodian took it back: %+v, %v", list, err)
	}
	if _, err := a.client.Table(t.Context(), table.ID.String()); !errors.Is(err, researcher.ErrDeclined) {
		t.Errorf("a withdrawn table: got %v", err)
	}
}

// verify opens a bundle as a stranger does, and refuses it with anything altered.
func verify(t *testing.T, bundle *researcher.TableBundle, answer *researcher.Answer) {
	t.Helper()
	pinned := answer.Asked.Roster
	var file bytes.Buffer
	if _, err := bundle.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	b, err := researcher.ParseTableBundle(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Verify(pinned)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := researcher.TableOf(answer); err != nil || !bytes.Equal(got.Content, want) {
		t.Errorf("what is published is not the answer: %v", err)
	}
	cell := bytes.LastIndexByte(b.Content[:len(b.Content)-1], '\t') + 1
	for name, alter := range map[string]func(*researcher.TableBundle){
		"one cell altered": func(b *researcher.TableBundle) {
			b.Content = bytes.Clone(b.Content)
			b.Content[cell] = '0' + ('9' - b.Content[cell])
		},
		"a row taken out": func(b *researcher.TableBundle) {
			b.Content = b.Content[:bytes.LastIndexByte(b.Content[:len(b.Content)-1], '\n')+1]
		},
		"another roster pinned": func(b *researcher.TableBundle) { b.Rosters = nil },
		"an approval left out": func(b *researcher.TableBundle) {
			r := got.Roster.Message
			record, err := r.ParseTableRecord(b.Record, pinned)
			if err != nil {
				t.Fatal(err)
			}
			record.Verdicts = slices.Clone(record.Verdicts[1:])
			if b.Record, err = record.Bytes(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		altered := *b
		alter(&altered)
		if _, err := altered.Verify(pinned); !errors.Is(err, researcher.ErrTable) {
			t.Errorf("with %s: got %v, want %v", name, err, researcher.ErrTable)
		}
	}
	if _, err := b.Verify(protocol.Hash("another")); !errors.Is(err, researcher.ErrTable) {
		t.Errorf("under another roster: got %v, want %v", err, researcher.ErrTable)
	}
}

// A custodian's no ends a table before anybody has read it, and a new one may follow.
func TestATableThatACustodianRefusesIsNotPublished(t *testing.T) {
	t.Parallel()
	a := newAsking(t, researcher.Ask{})
	table := a.publish(t, researcher.PublishSpec{Title: "Badly named"})
	a.judge(t, 0, table.ID, true)
	a.judge(t, 1, table.ID, false)
	a.judge(t, 2, table.ID, true)
	if list, err := a.client.Tables(t.Context()); err != nil || len(list) != 1 || list[0].State != rest.TableRefused {
		t.Errorf("got %+v, %v", list, err)
	}
	second := a.publish(t, researcher.PublishSpec{Title: "Better", Again: true})
	if second.ID == table.ID {
		t.Fatal("it is the same table")
	}
	for i := range 3 {
		a.judge(t, i, second.ID, true)
	}
	if _, err := a.client.Table(t.Context(), second.ID.String()); err != nil {
		t.Error(err)
	}
}

// What a node has given exactly it lets be published while the limit or a grant allows
// it, and no longer. Forty variants of thirty people are far above the limit.
func TestAnExactTableNeedsTheGrantThatItsAnswerNeeded(t *testing.T) {
	t.Parallel()
	a := newAsking(t, researcher.Ask{})
	table := a.publish(t, researcher.PublishSpec{})
	_, grants, err := a.Node(0).Releases(t.Context())
	if err != nil || len(grants) != 1 {
		t.Fatalf("%d grants, %v", len(grants), err)
	}
	shown := a.shown(t, 0, table.ID)
	if _, err := a.Node(0).RevokeRelease(t.Context(), grants[0].ID.String()); err != nil {
		t.Fatal(err)
	}
	// Also where it was shown before the grant ended.
	if err := a.Node(0).Judge(t.Context(), shown, true); !errors.Is(err, node.ErrTable) {
		t.Errorf("without the grant: got %v, want %v", err, node.ErrTable)
	}
	if again := a.shown(t, 0, table.ID); !errors.Is(again.Fault, node.ErrTable) {
		t.Errorf("it is shown with %v", again.Fault)
	}
	a.judge(t, 1, table.ID, true) // another site has its own grant
	spec := node.GrantSpec{Study: a.asked.Study, Cohort: sim.Everyone, Life: time.Hour}
	if _, err := a.Node(0).GrantRelease(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	a.judge(t, 0, table.ID, true)
}

// A private answer needs no grant to be published. Its custodians are told what it cost,
// and nothing of it is charged again.
func TestAPrivateAnswerIsPublishedAsEstimates(t *testing.T) {
	t.Parallel()
	a := newAsking(t, researcher.Ask{Mode: protocol.Private, Private: researcher.Precision{Epsilon: 1, Delta: 1e-9}})
	spent := func() (all []node.BudgetAccount) {
		for i := range 3 {
			b, err := a.Node(i).Budget(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b.Accounts...)
		}
		return all
	}
	before := spent()
	table := a.publish(t, researcher.PublishSpec{Title: "Private"})
	for i := range 3 {
		seen := a.shown(t, i, table.ID)
		if seen.Fault != nil || seen.Mode != protocol.Private || seen.Release != 1 || seen.Epsilon < 0.9 || seen.Epsilon > 1 || seen.First[0].SE == 0 {
			t.Errorf("site %d is shown %+v", i+1, seen)
		}
		a.judge(t, i, table.ID, true)
	}
	bundle, err := a.client.Table(t.Context(), table.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	verify(t, bundle, &a.answer)
	if d := cmp.Diff(before, spent()); d != "" {
		t.Errorf("publishing is charged (-before +after):\n%s", d)
	}
}

// Of three members each may be lost after a table was acknowledged: its rows are on a
// majority, and what the custodians said is in the log.
func TestATableOutlivesEachMember(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three members")
	}
	t.Parallel()
	a := newAskingOver(t, sim.Config{Transport: sim.Sockets, Members: 3}, researcher.Ask{})
	table := a.publish(t, researcher.PublishSpec{})
	for i := range 3 {
		if err := a.StopMember(i); err != nil {
			t.Fatal(err)
		}
		a.judge(t, i, table.ID, true)
		if err := a.StartMember(i); err != nil {
			t.Fatal(err)
		}
	}
	bundle, err := a.client.Table(t.Context(), table.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	verify(t, bundle, &a.answer)
}
