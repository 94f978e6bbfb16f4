package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// Who may do what. An operation that is not listed here is served to nobody.
var permissions = map[string]rule{
	"get-cluster":     {anyone: true, anyMember: true},
	"create-join":     {anyone: true}, // the token's secret is its proof
	"create-invite":   {operator: true},
	"list-sites":      {operator: true},
	"approve-site":    {operator: true},
	"create-panel":    {operator: true},
	"get-panel":       {operator: true, researcher: true, site: true},
	"list-studies":    {operator: true},
	"propose-study":   {operator: true},
	"open-study":      {operator: true},
	"get-study":       {operator: true, researcher: true, site: true},
	"endorse-study":   {site: true},
	"relay-cosign":    {site: true},
	"list-tasks":      {operator: true, researcher: true},
	"submit-query":    {researcher: true},
	"get-task":        {operator: true, researcher: true},
	"watch-task":      {operator: true, researcher: true},
	"get-task-result": {researcher: true},
	"get-task-sum":    {researcher: true},
	"list-tables":     {operator: true, researcher: true, site: true},
	"publish-table":   {researcher: true},
	"get-table":       {operator: true, researcher: true, site: true},
	"get-table-rows":  {operator: true, researcher: true, site: true},
	"judge-table":     {site: true},
}

type (
	empty         struct{}
	jsonOf[T any] struct{ Body T }
	studyPath     struct {
		Study string `path:"study" maxLength:"63" doc:"name of the study"`
	}
	digestPath struct {
		Digest string `path:"digest" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$"`
	}
	rawBody struct {
		RawBody []byte `contentType:"application/octet-stream"`
	}
	// huma does not look into an embedded struct whose type is not exported.
	rawOfStudy struct {
		Study   string `path:"study" maxLength:"63" doc:"name of the study"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	rawOfWitness struct {
		Study   string `path:"study" maxLength:"63" doc:"name of the study"`
		Node    string `path:"node" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$" doc:"id of the other site's node key"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	approval struct {
		Site string `path:"site" maxLength:"128" doc:"name of the site"`
		Body rest.Approval
	}
)

// operation registers one, with the rule that the table has for it.
func operation[I, O any](a *API, id, method, path, summary string, do func(context.Context, *I) (*O, error)) {
	if rule, ok := permissions[id]; ok {
		a.rules[id] = rule
	}
	huma.Register(a.huma, describe(id, method, path, summary), func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		// Also a no tells what was decided.
		if unsettled := a.Backend.Settled(ctx); unsettled != nil {
			return nil, a.fail(unsettled)
		}
		if err != nil {
			return nil, a.fail(err)
		}
		return out, nil
	})
}

func describe(id, method, path, summary string) huma.Operation {
	op := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: max(maxPanelBody, maxTableBody)}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusOK
	}
	return op
}

func answer[T any](v T, err error) (*jsonOf[T], error) {
	if err != nil {
		return nil, err
	}
	return &jsonOf[T]{v}, nil
}

func (a *API) register() {
	b := a.Backend
	operation(a, "get-cluster", http.MethodGet, "/v1/cluster", "How the coordinator is", func(context.Context, *empty) (*jsonOf[rest.Cluster], error) {
		return answer(b.Cluster(), nil)
	})
	a.registerSites(b)
	a.registerStudies(b)
	a.registerTasks(b)
	a.registerTables(b)
}

func (a *API) registerSites(b Backend) {
	operation(a, "create-invite", http.MethodPost, "/v1/invitations", "Invite a site", func(ctx context.Context, in *jsonOf[rest.Invitation]) (*jsonOf[rest.InvitationToken], error) {
		token, err := b.Invite(ctx, in.Body)
		return answer(rest.InvitationToken{APIVersion: rest.APIVersion, Token: token}, err)
	})
	operation(a, "create-join", http.MethodPost, "/v1/join", "Ask to join with a token", func(ctx context.Context, in *rawBody) (*jsonOf[rest.Site], error) {
		return answer(b.Join(ctx, in.RawBody))
	})
	operation(a, "list-sites", http.MethodGet, "/v1/sites", "List the sites", func(context.Context, *empty) (*jsonOf[rest.Sites], error) {
		return answer(rest.Sites{APIVersion: rest.APIVersion, Sites: b.Sites()}, nil)
	})
	operation(a, "approve-site", http.MethodPost, "/v1/sites/{site}/approval", "Approve a site whose words were compared", func(ctx context.Context, in *approval) (*empty, error) {
		return &empty{}, b.Approve(ctx, in.Site, in.Body.Words)
	})
	operation(a, "create-panel", http.MethodPost, "/v1/panels", "Store a panel of variants", func(ctx context.Context, in *rawBody) (*jsonOf[rest.Panel], error) {
		return answer(b.AddPanel(ctx, in.RawBody))
	})
	operation(a, "get-panel", http.MethodGet, "/v1/panels/{digest}", "Fetch a panel", func(ctx context.Context, in *digestPath) (*huma.StreamResponse, error) {
		d, err := protocol.ParseHexDigest(in.Digest)
		if err != nil {
			return nil, err
		}
		return a.stream(b.Panel(ctx, d))
	})
}

func (a *API) registerStudies(b Backend) {
	operation(a, "list-studies", http.MethodGet, "/v1/studies", "List the studies", func(context.Context, *empty) (*jsonOf[[]rest.Study], error) {
		return answer(b.Studies(), nil)
	})
	operation(a, "propose-study", http.MethodPost, "/v1/studies", "Propose a roster to its custodians", func(ctx context.Context, in *rawBody) (*jsonOf[rest.Study], error) {
		return answer(b.Propose(ctx, in.RawBody))
	})
	operation(a, "get-study", http.MethodGet, "/v1/studies/{study}", "Show a study", func(_ context.Context, in *studyPath) (*jsonOf[rest.Study], error) {
		return answer(b.Study(in.Study))
	})
	operation(a, "endorse-study", http.MethodPost, "/v1/studies/{study}/endorsements", "Add a custodian's signature", func(ctx context.Context, in *rawOfStudy) (*jsonOf[rest.Study], error) {
		return answer(b.Endorse(ctx, in.Study, in.RawBody))
	})
	operation(a, "open-study", http.MethodPost, "/v1/studies/{study}/opening", "Open a study that every custodian has signed", func(ctx context.Context, in *studyPath) (*jsonOf[rest.Study], error) {
		return answer(b.OpenStudy(ctx, in.Study))
	})
	operation(a, "relay-cosign", http.MethodPost, "/v1/studies/{study}/witnesses/{node}", "Have another site of a study cosign an audit log", func(ctx context.Context, in *rawOfWitness) (*huma.StreamResponse, error) {
		node, err := protocol.ParseHexDigest(in.Node)
		if err != nil {
			return nil, err
		}
		raw, err := b.Cosign(ctx, in.Study, node, in.RawBody)
		if err != nil {
			return nil, err
		}
		return bytesResponse(raw), nil
	})
	operation(a, "list-tasks", http.MethodGet, "/v1/studies/{study}/tasks", "List a study's tasks", func(ctx context.Context, in *studyPath) (*jsonOf[rest.Tasks], error) {
		asker := callerOf(ctx)
		if asker.Operator {
			asker.Key = protocol.KeyID{}
		}
		return answer(rest.Tasks{APIVersion: rest.APIVersion, Tasks: b.Tasks(in.Study, asker.Key)}, nil)
	})
	operation(a, "submit-query", http.MethodPost, "/v1/studies/{study}/queries", "Submit a signed query", func(ctx context.Context, in *rawOfStudy) (*jsonOf[rest.Submitted], error) {
		d, err := b.Submit(ctx, in.Study, in.RawBody)
		return answer(rest.Submitted{APIVersion: rest.APIVersion, Task: d}, err)
	})
}

func (a *API) registerTasks(b Backend) {
	operation(a, "get-task", http.MethodGet, "/v1/tasks/{digest}", "Show where a task stands", func(ctx context.Context, in *digestPath) (*jsonOf[rest.Task], error) {
		t, _, err := a.visible(ctx, in, true)
		return answer(t, err)
	})
	operation(a, "get-task-result", http.MethodGet, "/v1/tasks/{digest}/result", "Fetch the signatures of a result", func(ctx context.Context, in *digestPath) (*huma.StreamResponse, error) {
		_, d, err := a.visible(ctx, in, false)
		if err != nil {
			return nil, err
		}
		raw, err := b.Result(ctx, d)
		if err != nil {
			return nil, err
		}
		return bytesResponse(raw), nil
	})
	operation(a, "get-task-sum", http.MethodGet, "/v1/tasks/{digest}/sum", "Fetch the masked sum of a result", func(ctx context.Context, in *digestPath) (*huma.StreamResponse, error) {
		_, d, err := a.visible(ctx, in, false)
		if err != nil {
			return nil, err
		}
		return a.stream(b.Sum(ctx, d))
	})
	if rule, ok := permissions["watch-task"]; ok {
		a.rules["watch-task"] = rule
	}
	sse.Register(a.huma, describe("watch-task", http.MethodGet, "/v1/tasks/{digest}/events", "Watch a task"),
		map[string]any{"task": rest.Task{}}, a.watch)
}

// visible is a task that the caller may see: its asker, or an operator where a
// result is not shown.
func (a *API) visible(ctx context.Context, in *digestPath, operators bool) (rest.Task, protocol.Digest, error) {
	d, err := protocol.ParseHexDigest(in.Digest)
	if err != nil {
		return rest.Task{}, d, err
	}
	t, asker, err := a.Backend.Task(d)
	if err != nil {
		return rest.Task{}, d, err
	}
	if c := callerOf(ctx); c.Key != asker && !(operators && c.Operator) {
		return rest.Task{}, d, fmt.Errorf("%w: task of another researcher", ErrNotFound)
	}
	return t, d, nil
}

// watch sends a task at once and at every change, until it is final.
func (a *API) watch(ctx context.Context, in *digestPath, send sse.Sender) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	last := ""
	for id := 1; ; {
		changed := a.Backend.Changed()
		t, _, err := a.visible(ctx, in, true)
		if err != nil || a.Backend.Settled(ctx) != nil {
			return
		}
		if self, _ := a.Backend.Leads(); !self {
			return // the client looks for the new leader
		}
		if now := fmt.Sprint(t); now != last {
			if send(sse.Message{ID: id, Data: t}) != nil || t.Final() {
				return
			}
			last, id = now, id+1
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-beat.C:
			if send(sse.Message{ID: id, Data: t}) != nil {
				return
			}
			id++
		}
	}
}

func bytesResponse(raw []byte) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/octet-stream")
		// The client notices a short body itself: its digest is signed for.
		_, _ = ctx.BodyWriter().Write(raw)
	}}
}

func (a *API) stream(r io.ReadCloser, err error) (*huma.StreamResponse, error) {
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer r.Close()
		ctx.SetHeader("Content-Type", "application/octet-stream")
		if _, err := io.Copy(ctx.BodyWriter(), r); err != nil {
			a.Log.Debug("stream not sent", "why", err)
		}
	}}, nil
}
