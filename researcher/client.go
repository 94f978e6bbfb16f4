package researcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
)

// Client asks in one study.
type Client struct {
	home   *Home
	pinned Pinned
	rest   *rest.Client
}

// Client connects to the coordinator of a pinned study.
func (h *Home) Client(study string) (*Client, error) {
	p, err := h.Study(study)
	if err != nil {
		return nil, err
	}
	return &Client{home: h, pinned: p, rest: rest.NewClient(p.Endpoints, h.key)}, nil
}

// Close gives connections back.
func (c *Client) Close() { c.rest.Close() }

// View is a study as it is now: the pinned roster, and what its sites declare.
type View struct {
	Roster protocol.Signed[protocol.Roster]
	// Declarations stand in roster order; one that is missing is zero.
	Declarations []protocol.Signed[protocol.Declaration]
	// Ready names the sites that could answer now.
	Ready []string
	// Reports are what sites say of their budgets, in roster order, zero for nothing.
	Reports []protocol.Signed[protocol.SiteReport]
}

// Study fetches a study and believes only what its custodians and sites have signed.
func (c *Client) Study(ctx context.Context) (View, error) {
	var s rest.Study
	if err := c.rest.JSON(ctx, http.MethodGet, "/v1/studies/"+c.pinned.Study, nil, &s); err != nil {
		return View{}, fmt.Errorf("fetch study %q: %w", c.pinned.Study, err)
	}
	roster, err := protocol.OpenRoster(s.Roster)
	if err != nil {
		return View{}, fmt.Errorf("study %q: %w", c.pinned.Study, err)
	}
	if roster.Digest() != c.pinned.Roster {
		return View{}, fmt.Errorf("%w: study %q, whose words are %q and yours %q; "+
			"if its custodians told you of the change, join again with --replace", ErrRoster, c.pinned.Study,
			protocol.Words(roster.Digest()), protocol.Words(c.pinned.Roster))
	}
	v := View{Roster: roster, Ready: s.Ready, Declarations: make([]protocol.Signed[protocol.Declaration], len(roster.Message.Sites))}
	if len(s.Declarations) > len(v.Declarations) {
		return View{}, fmt.Errorf("study %q: more declarations than sites", c.pinned.Study)
	}
	for i, raw := range s.Declarations {
		if len(raw) == 0 {
			continue
		}
		d, err := roster.Message.OpenDeclaration(raw)
		if err != nil || d.Message.Point != uint32(i+1) {
			return View{}, errors.Join(fmt.Errorf("study %q: the declaration of site %d", c.pinned.Study, i+1), err)
		}
		v.Declarations[i] = d
	}
	v.Reports, err = reportsOf(roster, s.Reports)
	return v, err
}

// Panel fetches a panel of the roster, or takes it from the home. A panel proves
// itself: its name is the digest of its content.
func (c *Client) Panel(ctx context.Context, ref protocol.PanelRef) (*panel.Panel, error) {
	path := c.home.path("panels", ref.Digest.String())
	if raw, err := os.ReadFile(path); err == nil {
		if p, err := parsePanel(raw, ref); err == nil {
			return p, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read panel: %w", err)
	}
	body, err := c.rest.Stream(ctx, "/v1/panels/"+ref.Digest.String())
	if err != nil {
		return nil, fmt.Errorf("fetch panel %q: %w", ref.Name, err)
	}
	defer body.Close()
	raw, err := readAtMost(body, maxPanel)
	if err != nil {
		return nil, fmt.Errorf("fetch panel %q: %w", ref.Name, err)
	}
	p, err := parsePanel(raw, ref)
	if err != nil {
		return nil, err
	}
	return p, writeFile(path, raw)
}

// Task fetches where a task stands.
func (c *Client) Task(ctx context.Context, id protocol.Digest) (rest.Task, error) {
	var t rest.Task
	err := c.rest.JSON(ctx, http.MethodGet, "/v1/tasks/"+id.String(), nil, &t)
	return t, err
}

// Tasks lists the tasks of this researcher in the study, newest first.
func (c *Client) Tasks(ctx context.Context) ([]rest.Task, error) {
	var t rest.Tasks
	err := c.rest.JSON(ctx, http.MethodGet, "/v1/studies/"+c.pinned.Study+"/tasks", nil, &t)
	return t.Tasks, err
}

// watchPause keeps a coordinator that ends every stream from being asked without rest.
const watchPause = 200 * time.Millisecond

// Watch calls each with every change of a task until it is final. It outlives the
// coordinator's leader.
func (c *Client) Watch(ctx context.Context, id protocol.Digest, each func(rest.Task)) (rest.Task, error) {
	for {
		// The answer to this, unlike a stream that stays silent, says what is wrong.
		last, err := c.Task(ctx, id)
		if err != nil {
			return last, fmt.Errorf("watch task %s: %w", id.Short(), err)
		}
		if each(last); last.Final() {
			return last, nil
		}
		var bad error
		err = c.rest.Events(ctx, "/v1/tasks/"+id.String()+"/events", func(data []byte) bool {
			var t rest.Task
			if bad = json.Unmarshal(data, &t); bad != nil {
				return false
			}
			last = t
			each(t)
			return !t.Final()
		})
		switch {
		case ctx.Err() != nil:
			return last, ctx.Err()
		case bad != nil:
			return last, fmt.Errorf("watch task %s: %w", id.Short(), bad)
		case last.Final():
			return last, nil
		}
		// A stream that ends early is a leader that changed: Events' own patience
		// bounds how long the next one is looked for.
		var p *rest.Problem
		if errors.As(err, &p) || errors.Is(err, rest.ErrUnavailable) || errors.Is(err, rest.ErrPin) {
			return last, err
		}
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-time.After(watchPause):
		}
	}
}
