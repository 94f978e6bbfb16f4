package node_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/policy/ontology"
	"github.com/locus-genomics/locus/protocol"
)

// person is the id of one of the first site's people.
func person(i int) string { return fmt.Sprintf("P0-%03d", i) }

// without is what the first site counts when some of its people are left out.
func (w *network) without(left ...int) []int64 {
	w.t.Helper()
	vcf := must[[]byte](w.t)(os.ReadFile(filepath.Join(filepath.Dir(w.sites[0].dir), "data", "people.vcf")))
	counts := slices.Clone(w.sites[0].truth)
	v := 0
	for line := range strings.Lines(string(vcf)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		calls := strings.Split(strings.TrimSpace(line), "\t")[9:]
		for _, i := range left {
			if calls[i] != "./." {
				counts[2*v] -= int64(strings.Count(calls[i], "1"))
				counts[2*v+1] -= 2
			}
		}
		v++
	}
	return counts
}

// countedAs asks the first site, and returns what it has counted.
func (w *network) countedAs(a *asking) (counts []int64, err error) {
	w.t.Helper()
	w.sites[0].node.ChangeCounts(func(c []int64) { counts = slices.Clone(c) })
	defer w.sites[0].node.ChangeCounts(nil)
	err = w.offered(a)
	return counts, err
}

func (w *network) withdraw(persons ...string) node.ConsentChange {
	w.t.Helper()
	return must[node.ConsentChange](w.t)(w.sites[0].node.WithdrawConsent(w.t.Context(), persons))
}

// consented imports consents at the first site.
func (w *network) consented(unnamed bool, list ...roll.Consent) node.ConsentChange {
	w.t.Helper()
	return must[node.ConsentChange](w.t)(w.sites[0].node.ImportConsents(w.t.Context(), list, &unnamed))
}

// Alice asks after somebody withdrew.
func TestAttackAnswerWithSomebodyWhoWithdrew(t *testing.T) {
	for name, how := range map[string]func(*asking){"exactly": func(*asking) {}, "privately": privately} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.ConsentApplied, func() error {
				w := newPrivateNetwork(t, 2)
				w.withdraw(person(3))
				w.greet()
				counts, err := w.countedAs(w.ask(how))
				if err != nil {
					t.Fatal(err)
				}
				if !cmp.Equal(counts, w.sites[0].truth) {
					return errors.New("not everybody is counted")
				}
				return nil
			})
		})
	}
}

func TestWhoIsCountedByConsent(t *testing.T) {
	given := func(i int, studies ...string) roll.Consent {
		return roll.Consent{Person: person(i), Given: true, Studies: studies}
	}
	coded := func(i int, codes ...string) roll.Consent {
		return roll.Consent{Person: person(i), Given: true, Codes: codes}
	}
	all := make([]roll.Consent, people)
	for i := range all {
		all[i] = given(i)
	}
	for _, tt := range []struct {
		name   string
		change func(w *network)
		left   []int
	}{
		{"nobody has said anything", func(*network) {}, nil},
		{"one has withdrawn", func(w *network) { w.withdraw(person(0)) }, []int{0}},
		{"three have, one after another", func(w *network) { w.withdraw(person(4)); w.withdraw(person(7), person(9)) }, []int{4, 7, 9}},
		{"one has, and has consented again", func(w *network) { w.withdraw(person(4)); w.consented(true, given(4)) }, nil},
		{"a table says that one has", func(w *network) { w.consented(true, roll.Consent{Person: person(2)}) }, []int{2}},
		{"one consents to another study", func(w *network) { w.consented(true, given(5, "other")) }, []int{5}},
		{"one consents to research on health alone", func(w *network) { w.consented(true, coded(5, "DUO:0000006")) }, []int{5}},
		{"one consents to any research, which was not said", func(w *network) { w.consented(true, coded(5, "DUO:0000042")) }, []int{5}},
		{"and to this one", func(w *network) { w.consented(true, given(5, "demo", "other")) }, nil},
		{"the table names all but one, who is left out", func(w *network) { w.consented(false, all[1:]...) }, []int{0}},
		{"or counted, as the custodian says", func(w *network) { w.consented(true, all[1:]...) }, nil},
		{"somebody whom nobody knows has withdrawn", func(w *network) { w.withdraw("nobody") }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newPrivateNetwork(t, 2)
			tt.change(w)
			w.greet()
			for name, a := range map[string]*asking{"exactly": w.ask(), "privately": w.ask(privately)} {
				counts, err := w.countedAs(a)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if d := cmp.Diff(w.without(tt.left...), counts); d != "" {
					t.Errorf("%s (-want +got):\n%s", name, d)
				}
			}
		})
	}
}

func TestAConsentForADiseaseCoversItsKinds(t *testing.T) {
	kinds := must[*ontology.Ontology](t)(ontology.Read(strings.NewReader("format-version: 1.4\n\n[Term]\nid: MONDO:0005015\n[Term]\nid: MONDO:0005148\nis_a: MONDO:0005015\n")))
	typeTwo := func(a *asking) {
		a.header.Use = protocol.Use{Purpose: "disease", Diseases: []string{"MONDO:0005148"}}
	}
	for _, learned := range []bool{false, true} {
		w := newPrivateNetwork(t, 2)
		w.consented(true, roll.Consent{Person: person(2), Given: true, Codes: []string{"DUO:0000007", "MONDO:0005015"}})
		want := w.without(2)
		if learned {
			change := must[node.ConsentChange](t)(w.sites[0].node.LearnDiseases(t.Context(), kinds))
			if again := must[node.ConsentChange](t)(w.sites[0].node.LearnDiseases(t.Context(), kinds)); again.Epoch != change.Epoch || len(change.Cohorts) != 1 {
				t.Errorf("learned %+v, and again %+v", change, again)
			}
			w.restart(0)
			want = w.sites[0].truth
		}
		w.greet()
		counts, err := w.countedAs(w.ask(privately, typeTwo))
		if d := cmp.Diff(want, counts); d != "" || err != nil {
			t.Errorf("learned %v: %v (-want +got):\n%s", learned, err, d)
		}
	}
}

// Each question counts those whose consent covers what it says that it is for.
func TestWhoIsCountedByWhatAQuestionIsFor(t *testing.T) {
	list := []roll.Consent{
		{Person: person(0), Given: true, Codes: []string{"DUO:0000042"}},
		{Person: person(1), Given: true, Codes: []string{"DUO:0000006"}},
		{Person: person(2), Given: true, Codes: []string{"DUO:0000007", "MONDO:0005015"}},
		{Person: person(3), Given: true, Codes: []string{"DUO:0000042", "DUO:0000046"}},
		{Person: person(4), Given: true, Codes: []string{"DUO:0000042", "DUO:0000021"}}, // which somebody would have to say
		{Person: person(5), Given: true, Codes: []string{"DUO:0000042", "DUO:0000027=" + studyName}},
		{Person: person(6), Given: true, Codes: []string{"DUO:0000042", "DUO:0000028=Here"}},
	}
	for _, tt := range []struct {
		name string
		use  protocol.Use
		left []int
	}{
		{"nothing is said", protocol.Use{}, []int{0, 1, 2, 3, 4, 5, 6}},
		{"any research", protocol.Use{Purpose: "general"}, []int{1, 2, 4, 6}},
		{"health", protocol.Use{Purpose: "health"}, []int{2, 4, 6}},
		{"health, to earn by it", protocol.Use{Purpose: "health", Commercial: true}, []int{2, 3, 4, 6}},
		{"the disease", protocol.Use{Purpose: "disease", Diseases: []string{"MONDO:0005015"}}, []int{4, 6}},
		{"another disease", protocol.Use{Purpose: "disease", Diseases: []string{"MONDO:0004975"}}, []int{2, 4, 6}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newPrivateNetwork(t, 2)
			w.consented(true, list...)
			w.greet()
			counts, err := w.countedAs(w.ask(privately, func(a *asking) { a.header.Use = tt.use }))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(w.without(tt.left...), counts); d != "" {
				t.Errorf("what is counted (-want +got):\n%s", d)
			}
		})
	}
}

// What was asked of other data, or is being counted, does not leave.
func TestAWithdrawalEndsWhatWasNotContributed(t *testing.T) {
	for name, how := range map[string]func(*asking){"exactly": func(*asking) {}, "privately": privately} {
		t.Run(name, func(t *testing.T) {
			w := newPrivateNetwork(t, 2)
			before := w.ask(how)
			w.withdraw(person(1))
			if err := w.offered(before); !errors.Is(err, protocol.DeclarationChanged) {
				t.Errorf("asked before: got %v", err)
			}
			w.greet()
			during := w.ask(how)
			w.sites[0].node.ChangeCounts(func([]int64) { w.withdraw(person(2)) })
			if err := w.offered(during); !errors.Is(err, protocol.DeclarationChanged) {
				t.Errorf("asked, and withdrawn while it was counted: got %v", err)
			}
		})
	}
}

// The difference of two exact answers would be who withdrew.
func TestAWithdrawalAfterAnExactAnswer(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask(part(0, 5))
	if err := w.offered(a); err != nil {
		t.Fatal(err)
	}
	change := w.withdraw(person(1), "nobody")
	want := node.ConsentChange{
		Epoch: 1, Changed: 2, Cohorts: []string{cohortName}, Nowhere: 1,
		Answers: []node.ConsentAnswer{{Study: studyName, Cohort: cohortName, Query: signedHeader(t, w, a).Digest(), Mode: protocol.Exact, Variants: 5, At: change.Answers[0].At}},
	}
	if d := cmp.Diff(want, change); d != "" {
		t.Errorf("what is told (-want +got):\n%s", d)
	}
	w.greet()
	if err := w.offered(w.ask(part(0, 5))); !errors.Is(err, protocol.AlreadyReleased) {
		t.Errorf("the same variants: got %v", err)
	}
	if err := w.offered(w.ask(part(5, 8))); err != nil {
		t.Errorf("others: %v", err)
	}
	if again := w.withdraw(person(1)); again.Epoch != 1 || again.Changed != 0 {
		t.Errorf("withdrawn twice: %+v", again)
	}
	if next := w.withdraw(person(2)); len(next.Answers) != 2 {
		t.Errorf("of somebody who was in both: %+v", next.Answers)
	}
}

// signedHeader is how a question was signed.
func signedHeader(t *testing.T, w *network, a *asking) protocol.Signed[protocol.QueryHeader] {
	t.Helper()
	return must[protocol.Signed[protocol.QueryHeader]](t)(w.r().OpenQuery(a.query.Header.Bytes(), w.roster.Digest()))
}

// Too few who consent are no cohort for an exact answer. One with noise goes on, since
// whether it did would tell.
func TestACohortThatConsentMakesTooSmall(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	var most []string
	for i := range people {
		most = append(most, person(i))
	}
	for _, left := range []int{protocol.MinCohort - 1, 0} {
		w.withdraw(most[:people-left]...)
		w.greet()
		if err := w.offered(w.ask()); !errors.Is(err, protocol.CohortTooSmall) {
			t.Errorf("%d consent, exactly: got %v", left, err)
		}
		if err := w.offered(w.ask(privately, again(uint32(left+1)))); err != nil {
			t.Errorf("%d consent, privately: %v", left, err)
		}
	}
}

// How many do not consent is nobody's business.
func TestADeclarationDoesNotTellHowManyConsent(t *testing.T) {
	w := newNetwork(t, 2)
	declared := func() protocol.Declaration {
		return must[protocol.Signed[protocol.Declaration]](t)(w.r().OpenDeclaration(w.state(0).Declaration)).Message
	}
	before := declared()
	w.withdraw(person(0), person(1), person(2), person(3), person(4), person(5))
	after := declared()
	if d := cmp.Diff(before.Cohorts, after.Cohorts); d != "" || before.Content == after.Content {
		t.Errorf("the cohorts are told as %s, and the content is the same: %v", d, before.Content == after.Content)
	}
	w.withdraw("nobody")
	if declared().Content != after.Content {
		t.Error("somebody else's withdrawal is declared")
	}
}

// The disk is set back to before a withdrawal, and alice asks.
func TestAttackAskARestoredCopyThatKnowsNoWithdrawal(t *testing.T) {
	debug.Defended(t, debug.ConsentConfirmed, func() error {
		w := newNetwork(t, 2)
		dir := copyOf(t, w.sites[0])
		w.carry(w.ask(part(0, 6)))
		w.withdraw(person(0))
		w.setBack(0, dir)
		w.freshen(0, w.state(0).HeadQuery)
		w.grantAll()
		return expect(t, w.offered(w.ask(part(6, 8))), protocol.NotReady)
	})
}

func TestConsentsThatWereChangedBehindTheNode(t *testing.T) {
	for name, change := range map[string]string{
		"a withdrawal is left out":        "DELETE FROM consents",
		"a withdrawal is taken back":      "UPDATE consents SET given = 1",
		"whoever has no row is counted":   "UPDATE consent_epochs SET unnamed = 1",
		"a study is added":                "UPDATE consents SET studies = 'demo'",
		"an epoch is left out":            "DELETE FROM consent_epochs",
		"an ontology is added":            "INSERT INTO ontology (only, raw) VALUES (1, CAST('[Term]' || char(10) || 'id: MONDO:0000001' AS BLOB))",
		"somebody is let consent to more": "UPDATE consents SET codes = 'DUO:0000042'",
	} {
		t.Run(name, func(t *testing.T) {
			w := newNetwork(t, 2)
			w.consented(false, roll.Consent{Person: person(0)}, roll.Consent{Person: person(1), Given: true})
			if err := w.sites[0].stop(); err != nil {
				t.Fatal(err)
			}
			db := must[*sql.DB](t)(sql.Open("sqlite", filepath.Join(w.sites[0].dir, "records.db")))
			if _, err := db.Exec(change); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			w.reopen(w.sites[0])
			if err := w.sites[0].node.Serve(t.Context(), w.carrier); !errors.Is(err, node.ErrRecords) {
				t.Errorf("got %v, want %v", err, node.ErrRecords)
			}
		})
	}
}

func TestTheFirstImportSaysWhatBecomesOfOthers(t *testing.T) {
	w := newNetwork(t, 2)
	n := w.sites[0].node
	list := []roll.Consent{{Person: person(0), Given: true, Codes: []string{"DUO:0000006"}, Studies: []string{"demo"}}}
	if _, err := n.ImportConsents(t.Context(), list, nil); !errors.Is(err, node.ErrConsent) {
		t.Errorf("got %v, want %v", err, node.ErrConsent)
	}
	w.consented(false, list...)
	if c := must[node.ConsentChange](t)(n.ImportConsents(t.Context(), []roll.Consent{{Person: person(1), Given: true}}, nil)); c.Epoch != 2 {
		t.Errorf("the second: %+v", c)
	}
	r := must[node.Register](t)(n.Consents(t.Context()))
	if r.Epoch != 2 || r.Given != 2 || r.Withdrawn != 0 || r.Unnamed || r.Unconfirmed {
		t.Errorf("%+v", r)
	}
	got, epoch, err := n.ConsentOf(t.Context(), person(0))
	if d := cmp.Diff(list[0], got); d != "" || epoch != 1 || err != nil {
		t.Errorf("epoch %d, %v (-want +got):\n%s", epoch, err, d)
	}
	if _, epoch, err := n.ConsentOf(t.Context(), "nobody"); epoch != 0 || err != nil {
		t.Errorf("nobody: epoch %d, %v", epoch, err)
	}
	for _, list := range [][]string{nil, make([]string, 1<<20+1)} {
		if _, err := n.WithdrawConsent(t.Context(), list); !errors.Is(err, node.ErrConsent) {
			t.Errorf("%d people: got %v", len(list), err)
		}
	}
}
