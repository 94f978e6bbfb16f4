package node_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
)

// auditLog is a log of somebody's, with so many entries of a history.
func (w *network) auditLog(dir, origin string, key *protocol.SigningKey, history string, entries int) *audit.Log {
	w.t.Helper()
	l := must[*audit.Log](w.t)(audit.Open(w.t.Context(), audit.Config{Dir: dir, Origin: origin, Key: key}))
	w.t.Cleanup(func() { _ = l.Close() })
	w.grow(l, history, entries)
	return l
}

func (w *network) grow(l *audit.Log, history string, entries int) {
	w.t.Helper()
	for i := range entries {
		e := audit.Entry{Kind: audit.KindQuery, Subject: protocol.Hash(history, []byte{byte(i)})}
		if _, err := l.Append(w.t.Context(), e); err != nil {
			w.t.Fatal(err)
		}
	}
}

// memberLog is a log of the coordinator's member.
func (w *network) memberLog(history string, entries int) *audit.Log {
	w.t.Helper()
	return w.auditLog(w.t.TempDir(), audit.CoordinatorOrigin(w.member.Public().ID()), w.member, history, entries)
}

// asWitness is site i as the coordinator's member reaches it.
func (w *network) asWitness(i int) audit.Remote {
	key := w.sites[i].node.Card().NodeKey
	said := func(ask protocol.Cosign) (protocol.Cosigned, error) {
		raw, err := ask.Bytes()
		if err != nil {
			return protocol.Cosigned{}, err
		}
		answer, err := w.answer(i, protocol.CallCosign, raw)
		if err != nil {
			return protocol.Cosigned{}, err
		}
		return protocol.ParseCosigned(answer)
	}
	return audit.Remote{
		Name: audit.NodeOrigin(key.ID()), Key: key,
		Call: func(_ context.Context, request []byte) (audit.Reply, error) {
			c, err := said(protocol.Cosign{Request: request})
			return audit.Reply{Status: c.Status, Body: c.Body}, err
		},
		Known: func(_ context.Context, origin string) ([]byte, error) {
			c, err := said(protocol.Cosign{Origin: origin})
			return c.Body, err
		},
	}
}

// shown asks site i to cosign a log as if nothing were known of it.
func (w *network) shown(i int, l *audit.Log) protocol.Cosigned {
	w.t.Helper()
	note, _ := l.Checkpoint()
	ask := must[[]byte](w.t)(protocol.Cosign{Request: append([]byte("old 0\n\n"), note...)}.Bytes())
	return must[protocol.Cosigned](w.t)(protocol.ParseCosigned(w.must(i, protocol.CallCosign, ask)))
}

func TestASiteWitnessesTheLogsOfItsStudies(t *testing.T) {
	w := newNetwork(t, 2)
	first, second := nodeKey(t, w.sites[0]), nodeKey(t, w.sites[1])
	ofNode := func(k *protocol.SigningKey) string { return audit.NodeOrigin(k.Public().ID()) }
	stranger := newKey(t, "stranger")
	for _, tt := range []struct {
		name   string
		origin string
		key    *protocol.SigningKey
		want   int
	}{
		{"that of the coordinator's member", audit.CoordinatorOrigin(w.member.Public().ID()), w.member, audit.StatusDone},
		{"that of another site", ofNode(second), second, audit.StatusDone},
		{"not its own", ofNode(first), first, audit.StatusUnknown},
		{"not that of a site of no study of its", ofNode(stranger), stranger, audit.StatusUnknown},
		{"not one that another has signed", ofNode(second), stranger, audit.StatusForbidden},
		{"not another log of another site", ofNode(second) + "/2", second, audit.StatusUnknown},
		{"not a site's log under a member's name", audit.CoordinatorOrigin(second.Public().ID()), second, audit.StatusUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := w.shown(0, w.auditLog(t.TempDir(), tt.origin, tt.key, "history", 3)); got.Status != tt.want {
				t.Errorf("answered %d, want %d", got.Status, tt.want)
			}
		})
	}
}

// What a site has cosigned it still knows after a restart, and tells who asks.
func TestASiteRemembersWhatItHasCosigned(t *testing.T) {
	w := newNetwork(t, 2)
	l := w.memberLog("history", 2)
	known := func() []byte {
		t.Helper()
		return must[[]byte](t)(w.asWitness(0).Known(t.Context(), audit.CoordinatorOrigin(w.member.Public().ID())))
	}
	if note := known(); note != nil {
		t.Errorf("before anything was shown it remembers %q", note)
	}
	if err := l.SetWitnesses([]audit.Remote{w.asWitness(0), w.asWitness(1)}, 2); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Cosign(t.Context(), l.Head().Size); err != nil {
			t.Fatal(err)
		}
		newest, _ := l.Checkpoint()
		if note := known(); !bytes.HasPrefix(note, newest[:bytes.Index(newest, []byte("\n\n"))]) {
			t.Errorf("it remembers %q, want %q", note, newest)
		}
		w.restart(0)
		w.grow(l, "more", 1)
	}
}

// The coordinator's member has shown one history to a site and shows it another.
func TestAForkedLogOfACoordinatorIsRefusedAndBothNotesAreKept(t *testing.T) {
	w := newNetwork(t, 2)
	if got := w.shown(0, w.memberLog("one history", 3)); got.Status != audit.StatusDone {
		t.Fatalf("answered %d", got.Status)
	}
	w.restart(0)
	forked := w.memberLog("another", 3)
	if got := w.shown(0, forked); got.Status != audit.StatusForked || got.Body != nil {
		t.Fatalf("the fork is answered %d %q", got.Status, got.Body)
	}
	policy := must[*verify.Policy](t)(verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n",
		audit.VerifierKey(audit.CoordinatorOrigin(w.member.Public().ID()), w.member.Public()))))
	var roots []verify.Hash
	for _, which := range []string{"known", "shown"} {
		files := must[[]string](t)(filepath.Glob(filepath.Join(w.sites[0].dir, "witness", "*.fork.0."+which)))
		if len(files) != 1 {
			t.Fatalf("%d notes that were %s are kept, want one", len(files), which)
		}
		c, err := policy.Checkpoint(must[[]byte](t)(os.ReadFile(files[0])))
		if err != nil || c.Size != 3 {
			t.Errorf("%s: of %d entries, %v", which, c.Size, err)
		}
		roots = append(roots, c.Root)
	}
	if len(roots) == 2 && roots[0] == roots[1] {
		t.Error("the two notes prove no fork")
	}
	if !strings.Contains(w.log.String(), "ALARM") {
		t.Error("nobody is told")
	}
	if err := forked.SetWitnesses([]audit.Remote{w.asWitness(0)}, 1); err != nil {
		t.Fatal(err)
	}
	if err := forked.Cosign(t.Context(), 3); !errors.Is(err, audit.ErrForked) {
		t.Errorf("who has forked its log: got %v, want %v", err, audit.ErrForked)
	}
}

// An operator puts an old copy of a member's log back.
func TestAnOldCopyOfAMembersLogIsNoticed(t *testing.T) {
	w := newNetwork(t, 2)
	dir, old := t.TempDir(), t.TempDir()
	origin := audit.CoordinatorOrigin(w.member.Public().ID())
	l := w.auditLog(dir, origin, w.member, "history", 2)
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	w.grow(l, "more", 3)
	if got := w.shown(1, l); got.Status != audit.StatusDone {
		t.Fatalf("answered %d", got.Status)
	}
	restored := w.auditLog(old, origin, w.member, "since", 1)
	if err := restored.SetWitnesses([]audit.Remote{w.asWitness(0), w.asWitness(1)}, 1); err != nil {
		t.Fatal(err)
	}
	if err := restored.Cosign(t.Context(), 3); !errors.Is(err, audit.ErrBehind) {
		t.Errorf("got %v, want %v", err, audit.ErrBehind)
	}
	if _, err := restored.Append(t.Context(), audit.Entry{Kind: audit.KindStart, Subject: protocol.Hash("start")}); !errors.Is(err, audit.ErrBehind) {
		t.Errorf("it takes more in: %v", err)
	}
}

func TestAWitnessIsAskedInFormByMembersAlone(t *testing.T) {
	w := newNetwork(t, 2)
	for name, request := range map[string][]byte{"nothing": nil, "text": []byte("sign this")} {
		if _, err := w.raw(0, protocol.CallCosign, request); !errors.Is(err, wire.CodeInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, wire.CodeInvalid)
		}
	}
	ask := must[[]byte](t)(protocol.Cosign{Request: []byte("old 0\n")}.Bytes())
	if got := must[protocol.Cosigned](t)(protocol.ParseCosigned(w.must(0, protocol.CallCosign, ask))); got.Status != audit.StatusBad {
		t.Errorf("a request that is none is answered %d", got.Status)
	}
}

// The coordinator makes a roster that not every custodian signs, to have sites vouch for a
// log of a site that it has made up.
func TestAttackLogOfARosterThatIsNotInForce(t *testing.T) {
	debug.Defended(t, debug.WitnessRoster, func() error {
		w := newNetwork(t, 2)
		other := newKey(t, "other site")
		r := *w.r()
		r.Study = "second"
		r.Sites = append([]protocol.Site(nil), r.Sites...)
		r.Sites[1].Name, r.Sites[1].NodeKey = "site-9", other.Public()
		proposal := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
		if _, err := w.sites[0].node.AcceptRoster(t.Context(), proposal.Bytes()); err != nil {
			t.Fatal(err)
		}
		l := w.auditLog(t.TempDir(), audit.NodeOrigin(other.Public().ID()), other, "history", 1)
		if got := w.shown(0, l); got.Status != audit.StatusDone {
			return fmt.Errorf("answered %d", got.Status)
		}
		return nil
	})
}

// A site's log is cosigned by the other sites of its studies, by way of the coordinator's
// API.
func TestASitesLogIsCosignedByTheOthers(t *testing.T) {
	w := newNetwork(t, 3)
	relay := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body := must[[]byte](t)(io.ReadAll(in.Body))
		for i := range w.sites {
			if in.URL.Path == "/v1/studies/demo/witnesses/"+w.sites[i].node.Card().NodeKey.ID().String() {
				if _, err := out.Write(w.must(i, protocol.CallCosign, body)); err != nil {
					t.Error(err)
				}
				return
			}
		}
		out.WriteHeader(http.StatusNotFound)
	}))
	cert := newCertificate(t)
	relay.TLS = rest.ServerTLS(cert)
	relay.StartTLS()
	defer relay.Close()
	endpoint := protocol.Endpoint{Name: "c1", URL: relay.URL, Pin: must[protocol.Digest](t)(rest.Pin(cert))}
	remotes, done := w.sites[0].node.Witnesses(t, []protocol.Endpoint{endpoint})
	defer done()
	var names, want []string
	for _, r := range remotes {
		names = append(names, r.Name)
	}
	for _, s := range w.sites[1:] {
		want = append(want, audit.NodeOrigin(s.node.Card().NodeKey.ID()))
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Fatalf("whom it asks (-want +got):\n%s", d)
	}
	key := nodeKey(t, w.sites[0])
	dir := t.TempDir()
	l := w.auditLog(dir, audit.NodeOrigin(key.Public().ID()), key, "history", 2)
	if err := l.SetWitnesses(remotes, 2); err != nil {
		t.Fatal(err)
	}
	if n, err := l.CheckWitnesses(t.Context()); n != 2 || err != nil {
		t.Errorf("before it was shown anywhere %d answer, %v", n, err)
	}
	if err := l.Cosign(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if n, err := l.CheckWitnesses(t.Context()); n != 2 || err != nil {
		t.Errorf("%d remember it, %v", n, err)
	}
	text := fmt.Appendf(nil, "log %s\n", audit.VerifierKey(audit.NodeOrigin(key.Public().ID()), key.Public()))
	for i, r := range remotes {
		text = fmt.Appendf(text, "witness w%d %s\n", i, audit.VerifierKey(r.Name, r.Key))
	}
	policy := must[*verify.Policy](t)(verify.ParsePolicy(append(text, "quorum 2\n"...)))
	if report, err := verify.Log(os.DirFS(dir), policy, verify.Options{}); err != nil || report.Cosigned.Size != 2 {
		t.Errorf("cosigned at %d, %v", report.Cosigned.Size, err)
	}
	if lines := string(must[[]byte](t)(os.ReadFile(filepath.Join(w.sites[0].dir, "egress.log")))); strings.Count(lines, `"call":"relay"`) < 4 {
		t.Errorf("what was sent is not in the egress log:\n%s", lines)
	}
}
