package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// tableID is alice's table in study "demo", which the custodian of "site-1" decides on.
var tableID = protocol.Hash("table")

func (b *backend) aTable() api.Table {
	state := b.tableState
	if state == "" {
		state = rest.TablePublished
	}
	return api.Table{
		Table:     rest.Table{ID: tableID, Study: "demo", State: state},
		Publisher: b.keys["alice"].Public().ID(), Deciders: []string{"site-1"},
	}
}

func (b *backend) Publish(context.Context, string, protocol.KeyID, []byte) (rest.Table, error) {
	return rest.Table{ID: tableID}, b.err
}
func (b *backend) Judge(context.Context, string, protocol.Digest, []byte) (rest.Table, error) {
	return rest.Table{ID: tableID}, b.err
}
func (b *backend) Tables(string) []api.Table { return []api.Table{b.aTable()} }
func (b *backend) Table(study string, d protocol.Digest) (api.Table, error) {
	if study != "demo" || d != tableID {
		return api.Table{}, api.ErrNotFound
	}
	return b.aTable(), b.err
}
func (b *backend) TableContent(context.Context, string, protocol.Digest) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("rows")), b.err
}

// Before a table is published nobody reads it but whose it is and who decides. An
// operator knows of it, and reads no row.
func TestWhoSeesATable(t *testing.T) {
	table := "/v1/studies/demo/tables/" + tableID.String()
	for _, tt := range []struct{ state, method, path, may string }{
		{rest.TablePublished, "GET", table, "operator alice bob site other-site"},
		{rest.TablePublished, "GET", table + "/content", "operator alice bob site other-site"},
		{rest.TablePending, "GET", table, "operator alice site"},
		{rest.TablePending, "GET", table + "/content", "alice site"},
		{rest.TableRefused, "GET", table + "/content", "alice site"},
		{rest.TableWithdrawn, "GET", table, "operator alice site"},
		{rest.TableWithdrawn, "GET", table + "/content", "alice site"},
		{rest.TablePending, "POST", table + "/verdicts", "site"},
		{rest.TablePending, "GET", "/v1/studies/other/tables/" + tableID.String(), ""},
		{rest.TablePublished, "GET", "/v1/studies/other/tables/" + tableID.String() + "/content", ""},
		{rest.TablePending, "GET", "/v1/studies/demo/tables/" + taskID.String(), ""},
	} {
		for _, who := range []string{"", "mallory", "operator", "alice", "bob", "carol", "site", "other-site"} {
			t.Run(tt.state+" "+tt.method+" "+tt.path+" by "+who, func(t *testing.T) {
				b := newBackend(t)
				b.tableState = tt.state
				key := b.keys[who]
				if who == "mallory" {
					key = newKey(t, who)
				}
				body := map[string]string{"POST": "verdict"}[tt.method]
				w := do(t, newAPI(b), key, tt.method, tt.path, body)
				if may := slices.Contains(strings.Fields(tt.may), who); (w.Code < 300) != may {
					t.Errorf("status %d, allowed should be %v: %s", w.Code, may, w.Body)
				}
			})
		}
	}
}

func TestAListHasTheTablesThatOneMaySee(t *testing.T) {
	for _, tt := range []struct {
		state, who string
		want       int
	}{
		{rest.TablePublished, "bob", 1}, {rest.TablePending, "bob", 0}, {rest.TablePending, "alice", 1},
		{rest.TablePending, "site", 1}, {rest.TablePending, "other-site", 0}, {rest.TablePending, "operator", 1},
	} {
		b := newBackend(t)
		b.tableState = tt.state
		w := do(t, newAPI(b), b.keys[tt.who], http.MethodGet, "/v1/studies/demo/tables", "")
		var got rest.Tables
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Tables) != tt.want {
			t.Errorf("%s lists %d tables that are %s, want %d (%v)", tt.who, len(got.Tables), tt.state, tt.want, err)
		}
	}
}

// A table may be as long as a panel, and nothing else of a researcher's.
func TestOnlyATableOfTheirStudyMayBeLong(t *testing.T) {
	for _, tt := range []struct {
		name, who, path string
		most            int64
	}{
		{"a researcher's table", "alice", "/v1/studies/demo/tables", protocol.MaxTable + 2<<20},
		{"a table in another study", "alice", "/v1/studies/other/tables", protocol.MaxMessage + 1},
		{"a site's", "site", "/v1/studies/demo/tables", protocol.MaxMessage + 1},
		{"a verdict", "site", "/v1/studies/demo/tables/" + tableID.String() + "/verdicts", protocol.MaxMessage + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBackend(t)
			body := &counted{r: io.LimitReader(endless{}, 128<<20)}
			r := httptest.NewRequest("POST", tt.path, body)
			r.Header.Set(rest.Header, signatureOf(t, b.keys[tt.who], tt.path))
			w := httptest.NewRecorder()
			newAPI(b).ServeHTTP(w, r)
			if w.Code < 400 || body.read > tt.most || tt.who == "alice" && tt.path == "/v1/studies/demo/tables" && body.read < protocol.MaxTable {
				t.Errorf("status %d after %d bytes, at most %d are read", w.Code, body.read, tt.most)
			}
		})
	}
}
