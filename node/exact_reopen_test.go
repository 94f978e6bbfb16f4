package node_test

import (
	"errors"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// leave is the spec of a site that leaves the cohort, with others.
func leave(without ...string) node.ReopenSpec {
	return node.ReopenSpec{Study: studyName, Cohort: cohortName, Without: without, Life: time.Hour}
}

// agreed is what a site's custodian signs.
func (w *network) agreed(i int, spec node.ReopenSpec) []byte {
	w.t.Helper()
	raw, _, err := w.sites[i].node.Reopen(w.t.Context(), spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// takenIn is what a site says to it.
func (w *network) takenIn(i int, raw []byte) error {
	w.t.Helper()
	_, err := w.sites[i].node.ImportReopening(w.t.Context(), raw)
	return err
}

// leftBy has an answer given over all sites, and then a roster in which the cohort is over
// the first so many of them.
func (w *network) leftBy(stay int) {
	w.t.Helper()
	w.contribute(w.ask(part(0, 5)))
	w.withFirst(stay)
}

// askedOver asks a site for what was given, over the first so many sites.
func (w *network) askedOver(i, stay int) error {
	w.t.Helper()
	a := w.ask(part(0, 5), func(a *asking) { a.header.Points = w.r().Points()[:stay] })
	_, err := w.answer(i, protocol.CallOffer, w.offer(a, i))
	return err
}

// The fourth site leaves the cohort, and alice asks again: the difference of the two
// answers is what the fourth site has counted.
func TestAttackDifferenceOfTwoSets(t *testing.T) {
	for _, tt := range []struct {
		name    string
		between func(w *network)
	}{
		{"nobody has agreed", func(*network) {}},
		{"another site's custodian says so in its name", func(w *network) {
			key := w.sites[3].node.Card().NodeKey.ID()
			raw := w.agreed(3, leave())
			forged := must[protocol.Signed[protocol.Reopening]](t)(protocol.Sign(signedBy(t, w, raw), w.alice))
			if err := w.takenIn(0, forged.Bytes()); !errors.Is(err, node.ErrReopening) {
				t.Errorf("in the name of %s: got %v", key.Short(), err)
			}
		}},
		{"it has agreed to another difference", func(w *network) {
			if err := w.takenIn(0, w.agreed(3, leave("site-3"))); err != nil {
				t.Fatal(err)
			}
		}},
		{"it agreed, and the time is over", func(w *network) {
			if err := w.takenIn(0, w.agreed(3, leave())); err != nil {
				t.Fatal(err)
			}
			w.clock.Move(time.Hour)
			w.greet()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, debug.DifferenceGranted, func() error {
				w := newNetwork(t, 4, widen)
				w.leftBy(3)
				tt.between(w)
				return expect(t, w.askedOver(0, 3), protocol.OtherSet)
			})
		})
	}
}

// signedBy is the message in bytes that the fourth site's custodian has signed.
func signedBy(t *testing.T, w *network, raw []byte) protocol.Reopening {
	t.Helper()
	card := w.sites[3].node.Card()
	s, err := protocol.OpenReopening(raw, map[protocol.KeyID]protocol.PublicKey{card.NodeKey.ID(): card.CustodianKey})
	if err != nil {
		t.Fatal(err)
	}
	return s.Message
}

// Each site that is in both sets asks for itself.
func TestVariantsAreGivenOverBothSetsWhenTheSiteAgrees(t *testing.T) {
	w := newNetwork(t, 4, widen)
	w.leftBy(3)
	raw := w.agreed(3, leave())
	for i := range 3 {
		if err := w.askedOver(i, 3); !errors.Is(err, protocol.OtherSet) {
			t.Errorf("site %d before it took anything in: got %v", i+1, err)
		}
		if err := w.takenIn(i, raw); err != nil {
			t.Fatalf("site %d: %v", i+1, err)
		}
	}
	for _, tt := range []struct {
		name  string
		first func()
		site  int
		want  error
	}{
		{"the sites answer", nil, 0, nil},
		{"and again", nil, 0, nil},
		{"after a restart", func() { w.restart(0); w.greet() }, 0, nil},
		{"but not a site that has revoked it", func() { w.revokeReopening(1) }, 1, protocol.OtherSet},
		{"until it takes it in again", func() { must[node.Reopened](t)(w.sites[1].node.ImportReopening(t.Context(), raw)) }, 1, nil},
		{"the others until it ends", nil, 2, nil},
		{"which is after an hour", func() { w.clock.Move(time.Hour); w.greet() }, 2, protocol.OtherSet},
	} {
		if tt.first != nil {
			tt.first()
		}
		if err := w.askedOver(tt.site, 3); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A reopening from before the backup may have been revoked after it.
func TestReopeningEndsWhenTheRecordsAreRestored(t *testing.T) {
	w := newNetwork(t, 4, widen)
	w.contribute(w.ask(part(0, 5)))
	raw := w.agreed(3, leave())
	if err := w.takenIn(0, raw); err != nil {
		t.Fatal(err)
	}
	dir := copyOf(t, w.sites[0])
	w.carry(w.ask(part(5, 8)))
	w.setBack(0, dir)
	w.greet()
	w.withFirst(3)
	w.grantAll()
	if err := w.askedOver(0, 3); !errors.Is(err, protocol.OtherSet) {
		t.Errorf("got %v, want %v", err, protocol.OtherSet)
	}
	if err := errors.Join(w.takenIn(0, raw), w.askedOver(0, 3)); err != nil {
		t.Error("taken in anew:", err)
	}
}

func (w *network) revokeReopening(i int) {
	w.t.Helper()
	list, err := w.sites[i].node.Reopenings(w.t.Context())
	if err != nil || len(list) != 1 || list[0].State != "in force" || list[0].Site != "site-4" {
		w.t.Fatalf("%+v, %v", list, err)
	}
	must[node.Revoked](w.t)(w.sites[i].node.RevokeRelease(w.t.Context(), list[0].ID.Short()))
}

// Where two sites leave at once, the difference is what both have counted: both agree.
func TestEverySiteOfTheDifferenceHasToAgree(t *testing.T) {
	w := newNetwork(t, 6, func(r *protocol.Roster) { r.Threshold, r.Corrupt, r.MinOrganisations = 4, 1, 3 })
	w.leftBy(4)
	for _, tt := range []struct {
		name   string
		raw    []byte
		answer error
	}{
		{"one of them alone, for itself", w.agreed(4, leave()), protocol.OtherSet},
		{"one of them", w.agreed(4, leave("site-6")), protocol.OtherSet},
		{"it again", w.agreed(4, leave("site-6")), protocol.OtherSet},
		{"both", w.agreed(5, leave("site-5")), nil},
	} {
		if err := w.takenIn(0, tt.raw); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if err := w.askedOver(0, 4); !errors.Is(err, tt.answer) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.answer)
		}
	}
}

func TestReopeningIsRefused(t *testing.T) {
	w := newNetwork(t, 4, widen)
	w.leftBy(3)
	own := w.sites[3].node
	for _, tt := range []struct {
		name string
		spec node.ReopenSpec
		want error
	}{
		{"for a study that was not accepted", node.ReopenSpec{Study: "other", Cohort: cohortName, Life: time.Hour}, node.ErrNoStudy},
		{"for a cohort that never had this site", node.ReopenSpec{Study: studyName, Cohort: "other", Life: time.Hour}, node.ErrReopening},
		{"without a site that the cohort has not", leave("site-9"), node.ErrReopening},
		{"with a site that it has", node.ReopenSpec{Study: studyName, Cohort: cohortName, With: []protocol.KeyID{w.sites[0].node.Card().NodeKey.ID()}, Life: time.Hour}, node.ErrReopening},
		{"for no time", node.ReopenSpec{Study: studyName, Cohort: cohortName}, node.ErrReopening},
		{"for longer than a year", node.ReopenSpec{Study: studyName, Cohort: cohortName, Life: protocol.MaxGrant + 1}, node.ErrReopening},
	} {
		if _, _, err := own.Reopen(t.Context(), tt.spec); !errors.Is(err, tt.want) {
			t.Errorf("signed %s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	good := w.agreed(3, leave())
	for _, tt := range []struct {
		name string
		site int
		raw  []byte
	}{
		{"bytes that are none", 0, []byte("grant")},
		{"one that was cut short", 0, good[:len(good)-1]},
		{"one for others", 2, w.agreed(3, leave("site-3"))},
		{"its own", 3, good},
	} {
		if err := w.takenIn(tt.site, tt.raw); !errors.Is(err, node.ErrReopening) {
			t.Errorf("took in %s: got %v", tt.name, err)
		}
	}
	w.clock.Move(time.Hour)
	if err := w.takenIn(0, good); !errors.Is(err, node.ErrReopening) {
		t.Errorf("took in one that had ended: got %v", err)
	}
}
