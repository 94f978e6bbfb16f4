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
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
)

// receiver is an HTTPS server that keeps what it is told, and believes nothing that is not
// signed with its secret.
type receiver struct {
	t *testing.T
	// url, ca and secret are what a configuration says of it: its address, who speaks for it,
	// and a file with the secret.
	url, ca, secret string
	got             chan []byte
}

func newReceiver(t *testing.T, now func() time.Time) *receiver {
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

func putFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
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
