package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB, name string) *protocol.SigningKey {
	t.Helper()
	seed := protocol.Hash("test", []byte(name))
	key, err := protocol.NewSigningKey(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// backend is a coordinator of one study, "demo", with one task of alice's.
type backend struct {
	keys    map[string]*protocol.SigningKey
	follows bool
	err     error
	changed chan struct{}
	task    rest.Task
	// tableState is that of the one table; published when it is empty.
	tableState string
	// settles, if set, is asked before an answer leaves.
	settles func() error
}

func newBackend(t testing.TB) *backend {
	b := &backend{keys: make(map[string]*protocol.SigningKey), changed: make(chan struct{})}
	for _, name := range []string{"operator", "alice", "bob", "carol", "site", "other-site"} {
		b.keys[name] = newKey(t, name)
	}
	b.task = rest.Task{ID: taskID, State: "done"}
	return b
}

var taskID = protocol.Hash("task")

func (b *backend) Keys() protocol.Keyring {
	ring := protocol.Keyring{}
	for _, k := range b.keys {
		ring[k.Public().ID()] = k.Public()
	}
	return ring
}

func (b *backend) Caller(id protocol.KeyID) api.Caller {
	c := api.Caller{Key: id}
	for name, k := range b.keys {
		if k.Public().ID() != id {
			continue
		}
		switch name {
		case "operator":
			c.Operator = true
		case "alice", "bob":
			c.Studies = []string{"demo"}
		case "carol":
			c.Studies = []string{"other"}
		case "site":
			c.Site, c.Studies = "site-1", []string{"demo"}
		case "other-site":
			c.Site, c.Studies = "site-2", []string{"demo"}
		}
	}
	return c
}

func (b *backend) Leads() (bool, string) { return !b.follows, "https://leader" }
func (b *backend) Cluster() rest.Cluster { return rest.Cluster{APIVersion: rest.APIVersion} }
func (b *backend) Invite(context.Context, rest.Invitation) (string, error) {
	return "token", b.err
}
func (b *backend) Join(context.Context, []byte) (rest.Site, error) { return rest.Site{}, b.err }
func (b *backend) Approve(context.Context, string, string) error   { return b.err }
func (b *backend) Sites() []rest.Site                              { return nil }
func (b *backend) AddPanel(context.Context, []byte) (rest.Panel, error) {
	return rest.Panel{}, b.err
}
func (b *backend) Panel(context.Context, protocol.Digest) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("panel")), b.err
}
func (b *backend) Propose(context.Context, []byte) (rest.Study, error) { return rest.Study{}, b.err }
func (b *backend) Endorse(context.Context, string, []byte) (rest.Study, error) {
	return rest.Study{}, b.err
}
func (b *backend) OpenStudy(context.Context, string) (rest.Study, error) { return rest.Study{}, b.err }
func (b *backend) Study(name string) (rest.Study, error)                 { return rest.Study{Name: name}, b.err }
func (b *backend) Studies() []rest.Study                                 { return nil }
func (b *backend) Submit(context.Context, string, []byte) (protocol.Digest, error) {
	return taskID, b.err
}
func (b *backend) Task(d protocol.Digest) (rest.Task, protocol.KeyID, error) {
	if d != taskID {
		return rest.Task{}, protocol.KeyID{}, api.ErrNotFound
	}
	return b.task, b.keys["alice"].Public().ID(), nil
}
func (b *backend) Tasks(study string, asker protocol.KeyID) []rest.Task {
	if asker.IsZero() {
		return []rest.Task{{Study: study}, {Study: study}}
	}
	return []rest.Task{{Study: study}}
}
func (b *backend) Changed() <-chan struct{} { return b.changed }
func (b *backend) Settled(context.Context) error {
	if b.settles != nil {
		return b.settles()
	}
	return nil
}
func (b *backend) Cosign(context.Context, string, protocol.KeyID, []byte) ([]byte, error) {
	return []byte("cosigned"), b.err
}
func (b *backend) Result(context.Context, protocol.Digest) ([]byte, error) {
	return []byte("result"), b.err
}
func (b *backend) Sum(context.Context, protocol.Digest) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("sum")), b.err
}

func newAPI(b *backend) *api.API { return newAPIOf(b) }

func newAPIOf(b api.Backend) *api.API {
	return api.New(api.Config{Backend: b, Version: "test", Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
}

// do makes one request as somebody: "" is unsigned, "mallory" is unknown.
func do(t testing.TB, a http.Handler, key *protocol.SigningKey, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != nil {
		s, err := protocol.Sign(protocol.Request{
			Method: method, Path: "//example.com" + path, Body: sha256.Sum256([]byte(body)), At: now, Nonce: protocol.Hash(t.Name(), []byte(fmt.Sprint(path, method, key.Public().ID()))),
		}, key)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(rest.Header, base64.StdEncoding.EncodeToString(s.Bytes()))
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

// The whole permission matrix: every operation by everybody.
func TestWhoMayDoWhat(t *testing.T) {
	everybody := []string{"", "mallory", "operator", "alice", "bob", "carol", "site"}
	task := "/v1/tasks/" + taskID.String()
	for _, tt := range []struct{ method, path, body, may string }{
		{"GET", "/v1/cluster", "", " operator alice bob carol site"},
		{"POST", "/v1/join", "x", " operator alice bob carol site"},
		{"POST", "/v1/invitations", `{"name":"a"}`, "operator"},
		{"GET", "/v1/sites", "", "operator"},
		{"POST", "/v1/sites/a/approval", `{"words":"a"}`, "operator"},
		{"POST", "/v1/panels", "x", "operator"},
		{"GET", "/v1/panels/" + taskID.String(), "", "operator alice bob carol site"},
		{"GET", "/v1/studies", "", "operator"},
		{"POST", "/v1/studies", "x", "operator"},
		{"GET", "/v1/studies/demo", "", "operator alice bob site"},
		{"POST", "/v1/studies/demo/endorsements", "x", "site"},
		{"POST", "/v1/studies/demo/opening", "", "operator"},
		{"POST", "/v1/studies/demo/witnesses/" + taskID.String(), "x", "site"},
		{"GET", "/v1/studies/demo/tasks", "", "operator alice bob"},
		{"POST", "/v1/studies/demo/queries", "x", "alice bob"},
		{"GET", task, "", "operator alice"},
		{"GET", task + "/events", "", "operator alice"},
		{"GET", task + "/result", "", "alice"},
		{"GET", task + "/sum", "", "alice"},
		{"GET", "/v1/studies/demo/tables", "", "operator alice bob site"},
		{"POST", "/v1/studies/demo/tables", "x", "alice bob"}, // whose task it is the backend asks
		{"GET", "/v1/studies/demo/tables/" + tableID.String(), "", "operator alice bob site"},
		{"GET", "/v1/studies/demo/tables/" + tableID.String() + "/content", "", "operator alice bob site"},
		{"POST", "/v1/studies/demo/tables/" + tableID.String() + "/verdicts", "x", "site"},
	} {
		for _, who := range everybody {
			t.Run(tt.method+" "+tt.path+" by "+who, func(t *testing.T) {
				b := newBackend(t)
				key := b.keys[who]
				if who == "mallory" {
					key = newKey(t, who)
				}
				w := do(t, newAPI(b), key, tt.method, tt.path, tt.body)
				// An unsigned caller is allowed where the list starts with a blank.
				may := slices.Contains(strings.Split(tt.may, " "), who)
				served := w.Code < 300 && !(strings.HasSuffix(tt.path, "/events") && w.Body.Len() == 0)
				if served != may {
					t.Errorf("status %d, served %v, want %v: %s", w.Code, served, may, w.Body)
				}
			})
		}
	}
}

// Nothing leaves before what it is made of is in the audit log: no answer, no refusal of
// the state's and no event.
func TestAnAnswerWaitsForTheAuditLog(t *testing.T) {
	for _, tt := range []struct {
		name, method, path, body, who string
		err                           error
	}{
		{"a query that was taken in", "POST", "/v1/studies/demo/queries", "x", "alice", nil},
		{"one that does not fit the state", "POST", "/v1/studies/demo/queries", "x", "alice", api.ErrConflict},
		{"a task", "GET", "/v1/tasks/" + taskID.String(), "", "alice", nil},
		{"a result", "GET", "/v1/tasks/" + taskID.String() + "/result", "", "alice", nil},
		{"a sum", "GET", "/v1/tasks/" + taskID.String() + "/sum", "", "alice", nil},
		{"an event", "GET", "/v1/tasks/" + taskID.String() + "/events", "", "alice", nil},
		{"a study", "GET", "/v1/studies/demo", "", "site", nil},
		{"the sites", "GET", "/v1/sites", "", "operator", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBackend(t)
			b.err = tt.err
			asked := 0
			b.settles = func() error { asked++; return fmt.Errorf("%w: the log is full", api.ErrNoLeader) }
			w := do(t, newAPI(b), b.keys[tt.who], tt.method, tt.path, tt.body)
			if asked == 0 {
				t.Fatal("the log was not waited for")
			}
			if strings.HasSuffix(tt.path, "/events") {
				if w.Body.Len() > 0 {
					t.Errorf("sent %s", w.Body)
				}
			} else if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), rest.CodeNoLeader) {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
}

func TestAResearcherListsTheirOwnTasksOnly(t *testing.T) {
	b := newBackend(t)
	a := newAPI(b)
	for _, tt := range []struct {
		who  string
		want int
	}{{"alice", 1}, {"operator", 2}} {
		w := do(t, a, b.keys[tt.who], http.MethodGet, "/v1/studies/demo/tasks", "")
		var got rest.Tasks
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Tasks) != tt.want {
			t.Errorf("%s lists %d tasks, want %d (%v)", tt.who, len(got.Tasks), tt.want, err)
		}
	}
}

func TestEveryOperationHasARule(t *testing.T) {
	raw, err := newAPI(newBackend(t)).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	n := bytes.Count(raw, []byte("operationId:"))
	if n != 24 {
		t.Errorf("%d operations; the matrix above walks 24", n)
	}
}

func TestAFollowerSaysWhoLeads(t *testing.T) {
	b := newBackend(t)
	b.follows = true
	w := do(t, newAPI(b), b.keys["operator"], "GET", "/v1/sites", "")
	var p rest.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != rest.CodeNotLeader || p.Leader != "https://leader" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := do(t, newAPI(b), nil, "GET", "/v1/cluster", ""); w.Code != 200 {
		t.Errorf("the cluster is shown by every member: %d", w.Code)
	}
}

func TestErrorsBecomeProblems(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{api.ErrNotFound, 404, rest.CodeNotFound},
		{fmt.Errorf("%w: already open", api.ErrConflict), 409, "LOC-STATE-CONFLICT"},
		{api.ErrNotDone, 409, rest.CodeNotDone},
		{api.ErrNoLeader, 503, rest.CodeNoLeader},
		{fmt.Errorf("%w: x", protocol.ErrSignature), 422, "LOC-REQUEST-INVALID"},
		{errors.New("disk on fire"), 500, "LOC-INTERNAL"},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			b := newBackend(t)
			b.err = tt.err
			w := do(t, newAPI(b), b.keys["alice"], "POST", "/v1/studies/demo/queries", "x")
			var p rest.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != tt.status || p.Code != tt.code {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "fire") {
				t.Error("an internal error is told outside")
			}
		})
	}
}

func TestBodiesAreBounded(t *testing.T) {
	b := newBackend(t)
	r := httptest.NewRequest("POST", "/v1/join", io.LimitReader(endless{}, protocol.MaxMessage+1))
	w := httptest.NewRecorder()
	newAPI(b).ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", w.Code)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
