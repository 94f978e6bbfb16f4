package node_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
)

// receiver is an HTTPS server that keeps what it is told, and believes nothing that is not
// signed with its secret.
type receiver struct {
	t testing.TB
	// url, ca and secret are what a configuration says of it: its address, who speaks for it,
	// and a file with the secret.
	url, ca, secret string
	got             chan []byte
}

func newReceiver(t testing.TB, now func() time.Time) *receiver {
	t.Helper()
	dir := t.TempDir()
	r := &receiver{t: t, ca: filepath.Join(dir, "ca.pem"), secret: filepath.Join(dir, "secret"), got: make(chan []byte, 100)}
	putFile(t, r.secret, "whsec_"+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))+"\n")
	secret := must[notify.Secret](t)(notify.ReadSecret(r.secret))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err = errors.Join(err, notify.VerifyWebhook(secret, q.Header, body, now())); err != nil {
			t.Error(err)
		}
		r.got <- body
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/locus"
	putFile(t, r.ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	return r
}

// next is what it is told next.
func (r *receiver) next() []byte {
	r.t.Helper()
	select {
	case b := <-r.got:
		return b
	case <-time.After(20 * time.Second):
		r.t.Fatal("nothing is told")
		return nil
	}
}

// until is what it is told up to a notice of a kind.
func (r *receiver) until(k notify.Kind) (last notify.Notice, all [][]byte) {
	r.t.Helper()
	for {
		b := r.next()
		all = append(all, b)
		if n, err := notify.ParseNotice(b); err == nil && n.Kind == k {
			return n, all
		}
	}
}

// telling has a site tell a receiver, from its next start on.
func (w *network) telling(i int) *receiver {
	w.t.Helper()
	r := newReceiver(w.t, w.clock.Now)
	raw := must[[]byte](w.t)(json.Marshal(map[string]any{"apiVersion": "locus/v1", "webhooks": []any{map[string]any{
		"name": "siem", "url": r.url, "secretFile": r.secret, "caFile": r.ca, "findings": true,
	}}}))
	putFile(w.t, filepath.Join(w.sites[i].dir, node.NotifyName), string(raw))
	w.restart(i)
	w.greet()
	return r
}

// beside is a site's directory in another process, as a command has it.
func (w *network) beside(i int) *node.Node {
	w.t.Helper()
	n := must[*node.Node](w.t)(node.Open(node.Config{Dir: w.sites[i].dir, HeadFile: w.sites[i].head, Now: w.clock.Now}))
	w.t.Cleanup(func() { _ = n.Close() })
	return n
}

// A system hears of questions that wait for people and of what is odd, over TLS, while the
// site serves; and nothing that it hears has a text of a question.
func TestASystemIsToldOverTLS(t *testing.T) {
	w := newNetwork(t, 2)
	w.govern(rules(oneAsks))
	r := w.telling(0)
	w.watching(threeAreMany)
	questions := []*asking{w.ask(nth(0)), w.ask(nth(1)), w.ask(nth(2))}
	for _, a := range questions {
		for range 2 { // what is offered again is not told again
			_ = w.offered(a)
		}
	}
	if err := w.beside(0).Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	last, all := r.until(notify.Frozen)
	var said []string
	for _, b := range all {
		if f, by, err := detect.ParseFinding(b); err == nil {
			said = append(said, fmt.Sprint("OCSF ", f.Rule, " ", f.Action, " ", f.Count))
			if f.Subject.ID != w.alice.Public().ID() || f.Query != questions[2].query.Header.Digest() || by.Site != w.sites[0].node.Card().NodeKey.ID() {
				t.Errorf("%s", b)
			}
			continue
		}
		n := must[notify.Notice](t)(notify.ParseNotice(b))
		said = append(said, fmt.Sprint(n.Kind, " ", n.Study, " ", n.Numbers))
	}
	want := []string{"approval-waiting demo [1]", "approval-waiting demo [2]", "OCSF burst-researcher throttle 3", "finding demo [1 3]", "frozen  [0]"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last.About != w.sites[0].node.Card().NodeKey.ID() {
		t.Errorf("%+v", last)
	}
	if n := must[notify.Notice](t)(notify.ParseNotice(all[0])); n.About != questions[0].query.Header.Digest() {
		t.Errorf("it waits for %v", n.About)
	}
	log := must[[]byte](t)(os.ReadFile(filepath.Join(w.sites[0].dir, "egress.log")))
	for _, never := range []string{"Alice", "Elsewhere", cohortName, "a test", "S0-", "P0-", "Hospital", "GRCh38"} {
		if bytes.Contains(bytes.Join(append(all, log), []byte("\n")), []byte(never)) {
			t.Errorf("%q has left", never)
		}
	}
	if n := bytes.Count(log, []byte(`"call":"webhook"`)); n != len(all) || bytes.Contains(log, []byte("/locus")) {
		t.Errorf("%d lines for %d in\n%s", n, len(all), log)
	}
}

// Each thing that happens is told, by whichever process makes it happen.
func TestWhatHappensIsTold(t *testing.T) {
	w := newNetwork(t, 2)
	r, n := w.telling(0), w.beside(0)
	is := func(k notify.Kind, about protocol.Digest, numbers ...uint64) notify.Notice {
		t.Helper()
		got, all := r.until(k)
		if !slices.Equal(got.Numbers, numbers) || about != (protocol.Digest{}) && got.About != about || !got.At.Equal(w.clock.Now()) {
			t.Errorf("%s", all[len(all)-1])
		}
		return got
	}
	a := w.ask()
	if err := w.offered(a); err != nil {
		t.Fatal(err)
	}
	if got := is(notify.TaskDone, a.session(), 0); got.Study != studyName {
		t.Errorf("%+v", got)
	}
	bad := w.ask(func(a *asking) { a.body.Cohort = "nobody" })
	for range 3 { // once
		if err := w.offered(bad); !errors.Is(err, protocol.UnknownCohort) {
			t.Fatal(err)
		}
	}
	is(notify.TaskDone, bad.session(), uint64(protocol.UnknownCohort))
	must[node.ConsentChange](t)(n.WithdrawConsent(t.Context(), []string{"P0-001"}))
	if _, all := r.until(notify.ConsentWithdrawn); len(all) != 1 {
		t.Errorf("before it was told %q", all[:len(all)-1])
	}
	must[node.ConsentChange](t)(n.WithdrawConsent(t.Context(), []string{"P0-001"})) // nothing new
	w.officer("Dora", "dpo")
	must[node.Motion](t)(n.RuleChanges(t.Context(), must[policy.Approval](t)(policy.ParseApproval("steward + dpo"))))
	moved := must[node.Motion](t)(n.ApplyPolicy(t.Context(), rules(nobody)))
	if got := is(notify.ApprovalWaiting, moved.ID, 1); got.Study != "" {
		t.Errorf("%+v", got)
	}
	w.watching(bait)
	_ = w.offered(w.ask(part(5, 6)))
	is(notify.FindingMade, protocol.Digest{}, uint64(detect.Honeypot), uint64(detect.Freeze))
	is(notify.Frozen, w.alice.Public().ID(), uint64(detect.Honeypot))
	if err := n.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	is(notify.Frozen, w.sites[0].node.Card().NodeKey.ID(), 0)
	if err := n.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.sites[0].stop(); err != nil {
		t.Fatal(err)
	}
	// It serves again after weeks in which no coordinator has greeted it.
	w.clock.Move(80 * 24 * time.Hour)
	w.reopen(w.sites[0])
	w.serve(0)
	if got, _ := r.until(notify.KeyExpiring); got.Numbers[0] < 8 || got.Numbers[0] > 10 {
		t.Errorf("%+v", got)
	}
}

// Nobody is told twice that the budget runs low.
func TestALowBudgetIsToldOnce(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	r := w.telling(0)
	answers := 0
	for release := uint32(1); w.offered(w.ask(privately, again(release))) == nil; release++ {
		answers++
	}
	if err := w.sites[0].node.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, all := r.until(notify.Frozen)
	low := make(map[protocol.Digest]int)
	for _, b := range all {
		if n, err := notify.ParseNotice(b); err == nil && n.Kind == notify.BudgetLow {
			if low[n.About]++; n.Study != studyName || n.Numbers[0] >= 10 {
				t.Errorf("%s", b)
			}
		}
	}
	if answers < 3 || len(low) != 2 {
		t.Errorf("%d answers, told of %v", answers, low)
	}
	for id, times := range low {
		if times != 1 {
			t.Errorf("told %d times of %v", times, id)
		}
	}
}

func TestACopyThatIsBehindIsTold(t *testing.T) {
	w := newNetwork(t, 2)
	r := w.telling(0)
	dir := copyOf(t, w.sites[0])
	a := w.ask()
	c := w.contribute(a)
	w.deliver(a, c)
	w.must(1, protocol.CallCut, must[[]byte](t)(w.cutOffer(a, c).Bytes()))
	w.setBack(0, dir)
	w.greet()
	w.greet()
	if err := w.sites[0].node.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, all := r.until(notify.Frozen)
	var behind []notify.Notice
	for _, b := range all {
		if n, err := notify.ParseNotice(b); err == nil && n.Kind == notify.HeadBehind {
			behind = append(behind, n)
		}
	}
	if len(behind) != 1 || behind[0].Numbers[0] >= behind[0].Numbers[1] || behind[0].Study != studyName {
		t.Errorf("%+v", behind)
	}
}

// What happens while nobody serves is told at the next start, and what happens at a site
// without a configuration waits for nobody.
func TestWhatHappenedWhileNobodyServes(t *testing.T) {
	w := newNetwork(t, 2)
	if err := w.sites[0].stop(); err != nil {
		t.Fatal(err)
	}
	w.reopen(w.sites[0])
	if err := w.sites[0].node.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.serve(0)
	r := w.telling(0) // from now on
	must[node.Motion](t)(w.sites[0].node.Thaw(t.Context()))
	if err := w.sites[0].stop(); err != nil {
		t.Fatal(err)
	}
	w.clock.Move(time.Minute)
	if err := w.beside(0).Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.reopen(w.sites[0])
	w.serve(0)
	for { // of the first freeze it may have been told too, if that still waited
		if got, _ := r.until(notify.Frozen); got.At.Equal(w.clock.Now()) {
			break
		}
	}
}

func TestTargetsAreTried(t *testing.T) {
	w := newNetwork(t, 2)
	n := w.sites[0].node
	if _, err := n.TryNotices(t.Context()); !errors.Is(err, node.ErrUntold) {
		t.Errorf("got %v, want %v", err, node.ErrUntold)
	}
	r := w.telling(0)
	path := filepath.Join(w.sites[0].dir, node.NotifyName)
	away := fmt.Sprintf(`{"name": "away", "url": "http://127.0.0.1:1/", "secretFile": %q}]`, r.secret)
	putFile(t, path, strings.Replace(string(must[[]byte](t)(os.ReadFile(path))), "]", ","+away, 1))
	tried := must[[]node.NoticeTrial](t)(w.sites[0].node.TryNotices(t.Context()))
	if len(tried) != 2 || tried[0].Target != "siem" || tried[0].Err != nil || tried[1].Target != "away" || !errors.Is(tried[1].Err, notify.ErrUnreachable) {
		t.Errorf("%+v", tried)
	}
	if got, _ := r.until(notify.Trial); got.Numbers[0] != 2 {
		t.Errorf("%+v", got)
	}
	putFile(t, path, "{}")
	if _, err := w.sites[0].node.TryNotices(t.Context()); !errors.Is(err, node.ErrConfig) {
		t.Errorf("got %v, want %v", err, node.ErrConfig)
	}
}

// A queue that cannot be written ends the node, as the records do.
func TestAQueueThatCannotBeWrittenEndsTheNode(t *testing.T) {
	w := newNetwork(t, 2)
	w.telling(0)
	s := w.sites[0]
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	queue := filepath.Join(s.dir, "notices", "siem")
	if err := errors.Join(os.RemoveAll(queue), os.WriteFile(queue, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := s.node.Serve(t.Context(), nil); !errors.Is(err, notify.ErrDisk) {
		t.Errorf("got %v, want %v", err, notify.ErrDisk)
	}
}
