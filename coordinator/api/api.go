package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

const (
	// maxBody bounds every request in bytes but an operator's panel, a researcher's table,
	// and one by nobody that is known: those may show the state and ask to join.
	maxBody      = protocol.MaxMessage
	maxPanelBody = 64 << 20
	// maxTableBody is a table with its publication.
	maxTableBody = protocol.MaxTable + 1<<20
	maxUnsigned  = 64 << 10
	// maxReading is how long a body may take to come: a panel over a slow line.
	maxReading = 5 * time.Minute

	heartbeat = 15 * time.Second
)

// Config is what an API is made of.
type Config struct {
	Backend Backend
	Version string
	Log     *slog.Logger
	// Now is the clock that signatures are judged by.
	Now func() time.Time
}

// API serves the coordinator's HTTP interface.
type API struct {
	Config
	huma     huma.API
	mux      *http.ServeMux
	verifier rest.Verifier
	rules    map[string]rule // by operation id
}

// New registers every operation.
func New(c Config) *API {
	a := &API{Config: c, mux: http.NewServeMux(), rules: make(map[string]rule)}
	config := huma.DefaultConfig("Locus coordinator", c.Version)
	config.DocsPath, config.SchemasPath, config.OpenAPIPath = "", "", ""
	config.CreateHooks = nil // no $schema links in answers
	config.RejectUnknownQueryParameters = true
	config.Transformers = append(config.Transformers, withoutEcho)
	config.Info.Description = "Carries questions to sites and adds up what it cannot read."
	a.huma = humago.New(a.mux, config)
	a.huma.UseMiddleware(a.admit)
	a.register()
	return a
}

// OpenAPI is the document that describes the API.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().YAML() }

type contextKey int

const callerKey contextKey = 0

// ServeHTTP finds out who asks, then bounds and reads the body.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	deny := func(err error) {
		if p := a.elsewhere(); p != nil {
			writeProblem(w, p)
			return
		}
		a.Log.Info("request refused", "path", r.URL.Path, "why", err)
		writeProblem(w, problem(http.StatusUnauthorized, rest.CodeDenied, "the request is not signed by a key that is known here",
			"check that the operator has your key, and that your clock is right"))
	}
	signed := len(r.Header.Values(rest.Header)) > 0
	most := int64(maxUnsigned)
	var caller Caller
	var claim rest.Claim
	if signed {
		var err error
		if claim, err = a.verifier.Open(r, a.Backend.Keys(), a.Now()); err != nil {
			deny(err)
			return
		}
		caller = a.Backend.Caller(claim.Signer())
		most = bodyOf(caller, r)
	}
	body, err := readBody(w, r, most)
	if err != nil && !errors.As(err, new(*http.MaxBytesError)) {
		writeProblem(w, problem(http.StatusRequestTimeout, "LOC-REQUEST-CUT-SHORT", "the request did not come in whole", "send it again"))
		return
	}
	if err != nil {
		writeProblem(w, problem(http.StatusRequestEntityTooLarge, "LOC-REQUEST-TOO-LARGE", "the request is too large",
			fmt.Sprintf("send at most %d bytes", most)))
		return
	}
	if signed {
		if _, err := a.verifier.Verify(claim, body); err != nil {
			deny(err)
			return
		}
	}
	r = r.WithContext(context.WithValue(r.Context(), callerKey, caller))
	r.Body = io.NopCloser(bytes.NewReader(body))
	a.mux.ServeHTTP(w, r)
}

// bodyOf is how many bytes a known caller may send.
func bodyOf(c Caller, r *http.Request) int64 {
	study, isStudy := strings.CutPrefix(r.URL.Path, "/v1/studies/")
	of, isTable := strings.CutSuffix(study, "/tables")
	switch {
	case c.Operator && r.URL.Path == "/v1/panels":
		return maxPanelBody
	case isStudy && isTable && r.Method == http.MethodPost && permissions["publish-table"].allows(c, of):
		return maxTableBody
	}
	return maxBody
}

// readBody reads a body of a bounded size in a bounded time. Where the connection has
// no deadlines, as in tests, there is none.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(maxReading))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err == nil {
		// A watched task keeps the connection for longer.
		_ = connection.SetReadDeadline(time.Time{})
	}
	return body, err
}

func callerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey).(Caller)
	return c
}

// admit asks whether this member leads, and the table whether the caller may. A
// member that does not lead denies nobody: it may not have heard of them yet.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	rule, ok := a.rules[ctx.Operation().OperationID]
	if p := a.elsewhere(); p != nil && !rule.anyMember {
		a.refuse(ctx, p)
		return
	}
	if !ok || !rule.allows(callerOf(ctx.Context()), ctx.Param("study")) {
		a.refuse(ctx, problem(http.StatusForbidden, rest.CodeDenied, "not allowed", "ask the operator for the role that this needs"))
		return
	}
	next(ctx)
}

// elsewhere says who leads when this member does not, and nil when it does.
func (a *API) elsewhere() *rest.Problem {
	self, leader := a.Backend.Leads()
	if self {
		return nil
	}
	p := problem(http.StatusMisdirectedRequest, rest.CodeNotLeader, "another member leads", "ask the leader")
	if leader == "" {
		p = problem(http.StatusServiceUnavailable, rest.CodeNoLeader, "the cluster has no leader now", "ask again in a moment")
	}
	p.Leader, p.Unchanged = leader, "nothing was done"
	return p
}

// withoutEcho puts a problem of ours in place of huma's own errors, which repeat
// the values that they are about.
func withoutEcho(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problem(e.Status, "LOC-REQUEST-INVALID", "the request is not valid", "the API's description says what is")
	if e.Status >= http.StatusInternalServerError {
		p = problem(e.Status, "LOC-INTERNAL", "the coordinator could not do this", "its log says why")
	}
	p.Unchanged = "nothing was changed"
	return p, nil
}

func (a *API) refuse(ctx huma.Context, p *rest.Problem) {
	ctx.SetHeader("Content-Type", "application/problem+json")
	ctx.SetStatus(p.Status)
	if err := json.NewEncoder(ctx.BodyWriter()).Encode(p); err != nil {
		a.Log.Debug("answer not sent", "why", err)
	}
}

func problem(status int, code, title, fix string) *rest.Problem {
	return &rest.Problem{Type: "about:blank", Title: title, Status: status, Code: code, Fix: fix}
}

func writeProblem(w http.ResponseWriter, p *rest.Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	// The client is gone when this fails, and nothing else is to be told.
	_ = json.NewEncoder(w).Encode(p)
}

// humaProblem makes a rest.Problem the error that huma writes.
type humaProblem struct{ *rest.Problem }

func (p humaProblem) GetStatus() int          { return p.Status }
func (humaProblem) ContentType(string) string { return "application/problem+json" }

// fail turns a backend's error into a problem. What is not one of the known errors
// is logged and told as internal.
func (a *API) fail(err error) error {
	var p *rest.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
	case errors.Is(err, ErrNotFound):
		p = problem(http.StatusNotFound, rest.CodeNotFound, "not found", "")
	case errors.Is(err, ErrNotDone):
		p = problem(http.StatusConflict, rest.CodeNotDone, "the task has no result yet", "watch the task")
	case errors.Is(err, ErrNoLeader), errors.Is(err, context.DeadlineExceeded):
		p = problem(http.StatusServiceUnavailable, rest.CodeNoLeader, "the cluster could not commit", "ask again in a moment; repeating is safe")
	case errors.Is(err, ErrConflict):
		p = problem(http.StatusConflict, "LOC-STATE-CONFLICT", "that does not fit the present state", "")
		p.Detail, p.Unchanged = reason(err), "nothing was changed"
	case errors.Is(err, ErrInvalid), errors.Is(err, protocol.ErrMalformed), errors.Is(err, protocol.ErrSignature), errors.Is(err, protocol.ErrSigner):
		p = problem(http.StatusUnprocessableEntity, "LOC-REQUEST-INVALID", "the request is not valid", "")
		p.Detail, p.Unchanged = reason(err), "nothing was changed"
	default:
		a.Log.Error("request failed", "why", err)
		p = problem(http.StatusInternalServerError, "LOC-INTERNAL", "the coordinator could not do this", "its log says why")
	}
	return humaProblem{p}
}

// reason is what an error says of the caller's request: our own words only.
func reason(err error) string {
	const most = 500
	s := err.Error()
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}

// rule is who may do an operation.
type rule struct {
	anyone, operator, researcher, site bool
	// anyMember is set for what a member answers without leading.
	anyMember bool
}

// allows reports whether a caller may. In an operation on a study, researchers and
// sites must be of that study. Who carries or answers does not ask: the key of an
// operator or of a site is no researcher's, whatever a roster says.
func (r rule) allows(c Caller, study string) bool {
	of := study == "" || slices.Contains(c.Studies, study)
	switch {
	case r.anyone, r.operator && c.Operator:
		return true
	case r.site && c.Site != "" && of:
		return true
	case r.researcher && len(c.Studies) > 0 && c.Site == "" && !c.Operator && of:
		return true
	}
	return false
}
