package node_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// Rules of a policy for the tests.
const (
	everybody = `@id("everybody") @reason("whoever is in the study") permit(principal, action, resource);`
	nobody    = `@id("nobody") @reason("not now") forbid(principal, action, resource);`
	oneAsks   = `@id("one-asks") @verdict("ask") permit(principal, action, resource);`
	twoAsk    = `@id("two-ask") @verdict("ask") @approval("steward + dpo") permit(principal, action, resource);`
	faculty   = `@id("faculty") permit(principal, action, resource) when { principal.roles.contains("faculty@elsewhere.example") };`
)

// rules are the files of a policy.
func rules(text string) node.PolicyFiles {
	return node.PolicyFiles{Rules: []policy.File{{Name: "test.cedar", Text: []byte(text)}}}
}

// govern applies a policy at the first site.
func (w *network) govern(files node.PolicyFiles) node.Motion {
	w.t.Helper()
	return must[node.Motion](w.t)(w.sites[0].node.ApplyPolicy(w.t.Context(), files))
}

// officer makes somebody an officer of the first site.
func (w *network) officer(name, role string) *protocol.SigningKey {
	w.t.Helper()
	key := newKey(w.t, name)
	must[node.Motion](w.t)(w.sites[0].node.AddOfficer(w.t.Context(), node.Officer{Name: name, Role: role, Key: key.Public()}))
	return key
}

// waiting is the one question that waits at the first site.
func (w *network) waiting() node.Motion {
	w.t.Helper()
	all := must[[]node.Motion](w.t)(w.sites[0].node.Motions(w.t.Context()))
	for _, m := range all {
		if m.Kind == "question" && m.State == "open" {
			return m
		}
	}
	w.t.Fatalf("no question waits: %+v", all)
	return node.Motion{}
}

func (w *network) decide(id protocol.Digest, yes bool, key *protocol.SigningKey) node.Motion {
	w.t.Helper()
	return must[node.Motion](w.t)(w.sites[0].node.Vote(w.t.Context(), id.String(), yes, key))
}

// Alice asks for what the site's policy forbids.
func TestAttackAnswerThatThePolicyForbids(t *testing.T) {
	for name, how := range map[string]func(*asking){"exactly": func(*asking) {}, "privately": privately} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.PolicyApplied, func() error {
				w := newPrivateNetwork(t, 2)
				w.govern(rules(everybody + nobody))
				return expect(t, w.offered(w.ask(how)), protocol.PolicyDenied)
			})
		})
	}
}

// The policy changes while Alice's question is counted.
func TestAttackAnswerUnderAPolicyThatHasEnded(t *testing.T) {
	debug.Defended(t, debug.PolicyApplied, func() error {
		w := newNetwork(t, 2)
		w.govern(rules(everybody))
		w.sites[0].node.ChangeCounts(func([]int64) { w.govern(rules(nobody)) })
		return expect(t, w.offered(w.ask()), protocol.PolicyDenied)
	})
}

// Alice does not wait for the people who have to agree.
func TestAttackAnswerThatNobodyHasAgreedTo(t *testing.T) {
	debug.Defended(t, debug.Approval, func() error {
		w := newNetwork(t, 2)
		w.govern(rules(oneAsks))
		return expect(t, w.offered(w.ask()), protocol.AwaitingApproval)
	})
}

// The site is frozen before Alice asks, or while her question is counted.
func TestAttackAnswerOfAFrozenSite(t *testing.T) {
	for name, when := range map[string]func(w *network, freeze func()){
		"before":           func(_ *network, freeze func()) { freeze() },
		"while it counted": func(w *network, freeze func()) { w.sites[0].node.ChangeCounts(func([]int64) { freeze() }) },
	} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.Freeze, func() error {
				w := newNetwork(t, 2)
				when(w, func() {
					if err := w.sites[0].node.Freeze(t.Context()); err != nil {
						t.Error(err)
					}
				})
				return expect(t, w.offered(w.ask()), protocol.Frozen)
			})
		})
	}
}

// Alice's visa ends while her question is counted.
func TestAttackAnswerForAVisaThatHasEnded(t *testing.T) {
	debug.Defended(t, debug.PassportRechecked, func() error {
		w := newNetwork(t, 2)
		broker := must[*issuer.Issuer](t)(issuer.New("https://broker.example", "k", "ES256"))
		w.govern(trusting(t, faculty, broker))
		now := w.clock.Now()
		a := w.ask(func(a *asking) { a.body.Passport = []byte(w.passport(broker, now, now.Add(20*time.Minute))) })
		w.sites[0].node.ChangeCounts(func([]int64) { w.clock.Move(30 * time.Minute) })
		return expect(t, w.offered(a), protocol.PassportRefused)
	}, debug.PolicyApplied)
}

// trusting are rules with a list that believes a broker.
func trusting(t testing.TB, text string, broker *issuer.Issuer) node.PolicyFiles {
	t.Helper()
	files := rules(text)
	files.Trust = must[[]byte](t)(json.Marshal(passport.Trust{Issuers: []passport.Issuer{{
		Issuer: broker.URL, JKU: broker.JKU(), Keys: issuer.KeySet(broker), Passports: true,
		Visas: []passport.VisaRule{{Type: passport.AffiliationAndRole, Sources: []string{"https://elsewhere.example"}}},
	}}}))
	return files
}

// passport says that Alice is of the faculty, until a time.
func (w *network) passport(broker *issuer.Issuer, now, until time.Time) string {
	visa := broker.Visa(issuer.Visa{
		Subject: "alice", Type: string(passport.AffiliationAndRole), Value: "faculty@elsewhere.example", Source: "https://elsewhere.example",
		By: string(passport.BySO), Asserted: now.Add(-time.Hour), Expires: until,
	}, now)
	return broker.Passport("alice", issuer.Object{"jkt": passport.Thumbprint(w.alice.Public())}, now, visa)
}

func TestWhatAPassportShowsIsWhatThePolicyAsksFor(t *testing.T) {
	w := newNetwork(t, 2)
	broker := must[*issuer.Issuer](t)(issuer.New("https://broker.example", "k", "ES256"))
	stranger := must[*issuer.Issuer](t)(issuer.New("https://stranger.example", "k", "ES256"))
	w.govern(trusting(t, faculty, broker))
	now := w.clock.Now()
	for _, tt := range []struct {
		name, passport string
		want           error
	}{
		{"none", "", protocol.PolicyDenied},
		{"of a broker that the site does not know", w.passport(stranger, now, now.Add(time.Hour)), protocol.PassportRefused},
		{"that is over", w.passport(broker, now.Add(-48*time.Hour), now.Add(time.Hour)), protocol.PassportRefused},
		{"that is none", "not a passport", protocol.PassportRefused},
		{"with a visa for the faculty", w.passport(broker, now, now.Add(time.Hour)), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := w.ask(func(a *asking) {
				a.body.Passport, a.header.Nonce = []byte(tt.passport), protocol.Hash(tt.name)
			})
			if err := w.offered(a); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if logged := w.log.String(); strings.Contains(logged, "faculty@elsewhere.example") {
		t.Error("the log has what a visa says")
	}
}

func TestAQuestionIsAnsweredWhenTwoRolesHaveAgreed(t *testing.T) {
	w := newNetwork(t, 2)
	dpo, ethics := w.officer("Dora", "dpo"), w.officer("Eva", "ethics")
	w.govern(rules(twoAsk))
	a := w.ask()
	ask := func(want error) {
		t.Helper()
		if err := w.offered(a); !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
	}
	ask(protocol.AwaitingApproval)
	id := w.waiting().ID
	if m := w.decide(id, true, nil); m.State != "open" || len(m.Voices) != 1 {
		t.Errorf("after the steward's yes it stands at %+v", m)
	}
	w.decide(id, true, ethics)
	ask(protocol.AwaitingApproval)
	if m := w.decide(id, true, dpo); m.State != "carried" {
		t.Errorf("after the yes of both it stands at %+v", m)
	}
	ask(nil)
	if left := must[[]node.Decision](t)(w.sites[0].node.Decisions(t.Context(), time.Time{})); len(left) != 1 || left[0].Verdict != "ask" || left[0].Epoch != 1 {
		t.Errorf("what was decided is %+v", left)
	}
}

func TestOneNoIsANo(t *testing.T) {
	w := newNetwork(t, 2)
	dpo := w.officer("Dora", "dpo")
	w.govern(rules(twoAsk))
	a := w.ask()
	if err := w.offered(a); !errors.Is(err, protocol.AwaitingApproval) {
		t.Fatal(err)
	}
	id := w.waiting().ID
	w.decide(id, true, nil)
	w.decide(id, false, dpo)
	if err := w.offered(a); !errors.Is(err, protocol.ApprovalRefused) {
		t.Errorf("got %v, want %v", err, protocol.ApprovalRefused)
	}
}

func TestTheWordOfSomebodyWhoIsNoOfficerCountsNothing(t *testing.T) {
	w := newNetwork(t, 2)
	dpo := w.officer("Dora", "dpo")
	w.govern(rules(twoAsk))
	a := w.ask()
	if err := w.offered(a); !errors.Is(err, protocol.AwaitingApproval) {
		t.Fatal(err)
	}
	id := w.waiting().ID
	if _, err := w.sites[0].node.Vote(t.Context(), id.String(), true, newKey(t, "mallory")); !errors.Is(err, node.ErrMotion) {
		t.Errorf("a stranger: %v", err)
	}
	w.decide(id, true, nil)
	w.decide(id, true, dpo)
	must[node.Motion](t)(w.sites[0].node.RemoveOfficer(t.Context(), "Dora"))
	if err := w.offered(a); !errors.Is(err, protocol.AwaitingApproval) {
		t.Errorf("after the officer is gone: %v", err)
	}
	// The site's operator writes a yes into the records.
	forged := must[protocol.Signed[protocol.Voice]](t)(protocol.Sign(protocol.Voice{
		Node: w.sites[0].node.Card().NodeKey.ID(), Motion: id, Yes: true, Issued: w.clock.Now(),
	}, newKey(t, "mallory")))
	w.insert(0, "INSERT INTO voices (motion, officer, raw) VALUES (?, randomblob(32), ?)", id[:], forged.Bytes())
	if err := w.offered(a); !errors.Is(err, protocol.AwaitingApproval) {
		t.Errorf("with a forged yes: %v", err)
	}
}

// insert changes a site's records behind its back.
func (w *network) insert(i int, statement string, args ...any) {
	w.t.Helper()
	db := must[*sql.DB](w.t)(sql.Open("sqlite", filepath.Join(w.sites[i].dir, "records.db")))
	defer db.Close()
	must[sql.Result](w.t)(db.Exec(statement, args...))
}

func TestChangesNeedThoseWhomTheSiteAsks(t *testing.T) {
	w := newNetwork(t, 2)
	n := w.sites[0].node
	if _, err := n.RuleChanges(t.Context(), must[policy.Approval](t)(policy.ParseApproval("steward + dpo"))); !errors.Is(err, node.ErrOfficer) {
		t.Errorf("a rule that nobody can meet: %v", err)
	}
	dpo := w.officer("Dora", "dpo")
	must[node.Motion](t)(n.RuleChanges(t.Context(), must[policy.Approval](t)(policy.ParseApproval("steward + dpo"))))
	moved := w.govern(rules(nobody))
	if moved.State != "open" {
		t.Fatalf("with one of two it is %+v", moved)
	}
	if _, err := n.Policy(t.Context()); !errors.Is(err, node.ErrNoPolicy) {
		t.Errorf("a policy is in force: %v", err)
	}
	other := w.govern(rules(everybody))
	if m := w.decide(moved.ID, true, dpo); m.State != "carried" {
		t.Errorf("with both it is %+v", m)
	}
	if got := must[node.AppliedPolicy](t)(n.Policy(t.Context())); got.Epoch != 1 {
		t.Errorf("in force is %+v", got)
	}
	// What was moved before this change was agreed to is about another policy.
	if m := w.decide(other.ID, true, dpo); m.State != "over" {
		t.Errorf("the older change is %+v", m)
	}
	if err := n.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	thaw := must[node.Motion](t)(n.Thaw(t.Context()))
	if frozen := must[bool](t)(n.Frozen(t.Context())); !frozen || thaw.State != "open" {
		t.Errorf("one of two thaws it: %v, %+v", frozen, thaw)
	}
	w.decide(thaw.ID, true, dpo)
	if must[bool](t)(n.Frozen(t.Context())) {
		t.Error("it is frozen after both have agreed")
	}
}

func TestAQuestionForAnotherPurposeThanTheDataIsFor(t *testing.T) {
	for _, mode := range []string{"exact", "dp"} {
		t.Run(mode, func(t *testing.T) {
			w := newPrivateNetwork(t, 2)
			if err := w.sites[0].node.SetTerms(t.Context(), cohortName, []string{"DUO:0000006"}); err != nil {
				t.Fatal(err)
			}
			ask := func(purpose string) error {
				a := w.ask(func(a *asking) {
					if mode == "dp" {
						privately(a)
					}
					a.header.Use, a.header.Nonce = protocol.Use{Purpose: purpose}, protocol.Hash(purpose)
				})
				return w.offered(a)
			}
			for _, purpose := range []string{"", "ancestry", "general"} {
				if err := ask(purpose); !errors.Is(err, protocol.UseNotCovered) {
					t.Errorf("for %q: got %v, want %v", purpose, err, protocol.UseNotCovered)
				}
			}
			if !strings.Contains(w.log.String(), "deny  HMB") {
				t.Error("the site's own log does not say why")
			}
			if err := ask("health"); err != nil {
				t.Errorf("for health: %v", err)
			}
		})
	}
}

func TestTermsAreRefusedThatAreNone(t *testing.T) {
	w := newNetwork(t, 2)
	n := w.sites[0].node
	for _, bad := range [][]string{{"health"}, {"DUO:9999999x"}, {""}, make([]string, 65)} {
		if err := n.SetTerms(t.Context(), cohortName, bad); !errors.Is(err, node.ErrTerms) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if err := n.SetTerms(t.Context(), "nowhere", []string{"DUO:0000006"}); !errors.Is(err, node.ErrNoCohort) {
		t.Errorf("of no cohort: %v", err)
	}
}

func TestRulesThatWereChangedBehindTheChainAreNotGoneBy(t *testing.T) {
	for name, change := range map[string]string{
		"another policy":  fmt.Sprintf("UPDATE policies SET files = CAST('%s' AS BLOB)", must[[]byte](t)(json.Marshal(rules(everybody)))),
		"no policy":       "DELETE FROM policies",
		"another officer": "UPDATE officers SET raw = CAST(replace(CAST(raw AS TEXT), 'Dora', 'Dara') AS BLOB)",
		"no officer":      "DELETE FROM officers",
	} {
		t.Run(name, func(t *testing.T) {
			w := newNetwork(t, 2)
			w.officer("Dora", "dpo")
			w.govern(rules(nobody))
			w.insert(0, change)
			s := w.sites[0]
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			w.reopen(s)
			l := must[*wire.Loopback](t)(w.wires.Join(wire.PeerID(s.node.Card().Peer), wire.NewAllowList(w.carrier.ID())))
			defer l.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := s.node.Serve(ctx, l)
			if !errors.Is(err, node.ErrRecords) {
				t.Errorf("got %v, want %v", err, node.ErrRecords)
			}
		})
	}
}

// What people are shown has all that a decision needs.
func TestAQuestionThatWaitsIsShown(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	w.govern(rules(everybody))
	if err := w.offered(w.ask(privately)); err != nil {
		t.Fatal(err)
	}
	w.govern(rules(oneAsks))
	a := w.ask(privately, again(2))
	if err := w.offered(a); !errors.Is(err, protocol.AwaitingApproval) {
		t.Fatal(err)
	}
	q := must[node.Question](t)(w.sites[0].node.Question(t.Context(), w.waiting().ID.String()))
	if q.Researcher != "Alice" || q.Cohort != cohortName || q.Variants != variants || q.Mode != protocol.Private || q.Purpose != "a test" {
		t.Errorf("it is shown as %+v", q)
	}
	if q.Cost.Rho == 0 || q.Left.Rho == 0 || len(q.Leaves) == 0 || len(q.Alike) != 1 || string(q.Header) != string(a.query.Header.Bytes()) {
		t.Errorf("cost %v, left %v, leaves %v, alike %v", q.Cost, q.Left, q.Leaves, q.Alike)
	}
	if !strings.Contains(q.Decision.String(), "one-asks") {
		t.Errorf("the decision is %v", q.Decision)
	}
}
