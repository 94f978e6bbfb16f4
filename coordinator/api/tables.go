package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

type (
	tablePath struct {
		Study  string `path:"study" maxLength:"63" doc:"name of the study"`
		Digest string `path:"digest" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$"`
	}
	rawOfTable struct {
		Study   string `path:"study" maxLength:"63" doc:"name of the study"`
		Digest  string `path:"digest" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
)

func (a *API) registerTables(b Backend) {
	const path = "/v1/studies/{study}/tables"
	operation(a, "list-tables", http.MethodGet, path, "List a study's tables", func(ctx context.Context, in *studyPath) (*jsonOf[rest.Tables], error) {
		out := rest.Tables{APIVersion: rest.APIVersion, Tables: []rest.Table{}}
		for _, t := range b.Tables(in.Study) {
			if t.listed(callerOf(ctx)) {
				out.Tables = append(out.Tables, t.Table)
			}
		}
		return answer(out, nil)
	})
	operation(a, "publish-table", http.MethodPost, path, "Hand in a table for its sites to approve", func(ctx context.Context, in *rawOfStudy) (*jsonOf[rest.Table], error) {
		return answer(b.Publish(ctx, in.Study, callerOf(ctx).Key, in.RawBody))
	})
	operation(a, "get-table", http.MethodGet, path+"/{digest}", "Show a table and every signature that it rests on", func(ctx context.Context, in *tablePath) (*jsonOf[rest.Table], error) {
		t, err := a.table(ctx, in.Study, in.Digest, Table.listed)
		return answer(t.Table, err)
	})
	operation(a, "get-table-rows", http.MethodGet, path+"/{digest}/content", "Fetch the rows of a table", func(ctx context.Context, in *tablePath) (*huma.StreamResponse, error) {
		t, err := a.table(ctx, in.Study, in.Digest, Table.readable)
		if err != nil {
			return nil, err
		}
		return a.stream(b.TableContent(ctx, in.Study, t.ID))
	})
	operation(a, "judge-table", http.MethodPost, path+"/{digest}/verdicts", "Hand in a custodian's yes or no to a table", func(ctx context.Context, in *rawOfTable) (*jsonOf[rest.Table], error) {
		t, err := a.table(ctx, in.Study, in.Digest, Table.readable)
		if err != nil {
			return nil, err
		}
		return answer(b.Judge(ctx, in.Study, t.ID, in.RawBody))
	})
}

// table is one of a study that the caller may see. Of another one nobody is told that it
// is there.
func (a *API) table(ctx context.Context, study, digest string, may func(Table, Caller) bool) (Table, error) {
	d, err := protocol.ParseHexDigest(digest)
	if err != nil {
		return Table{}, err
	}
	t, err := a.Backend.Table(study, d)
	if err != nil {
		return Table{}, err
	}
	if !may(t, callerOf(ctx)) {
		return Table{}, fmt.Errorf("%w: table that is not published", ErrNotFound)
	}
	return t, nil
}

// readable tells whether a caller of the study may read the rows: everybody once the table
// is published, and else whose it is and who decides.
func (t Table) readable(c Caller) bool {
	return t.State == rest.TablePublished || c.Key == t.Publisher || c.Site != "" && slices.Contains(t.Deciders, c.Site)
}

// listed tells whether a caller of the study may know of the table.
func (t Table) listed(c Caller) bool { return c.Operator || t.readable(c) }
