package egress

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

func tablesPath(study string) string { return studyPath + url.PathEscape(study) + "/tables" }

// Tables lists the tables of a study that its sites are asked about, or that they may read.
func (c *Coordinator) Tables(ctx context.Context, study string) ([]rest.Table, error) {
	path := tablesPath(study)
	if err := c.get("tables", path); err != nil {
		return nil, err
	}
	var t rest.Tables
	if err := c.rest.JSON(ctx, http.MethodGet, path, nil, &t); err != nil {
		return nil, fmt.Errorf("list the tables of study %q: %w", study, err)
	}
	return t.Tables, nil
}

// Table returns a table with what it rests on. Nothing of it is verified here.
func (c *Coordinator) Table(ctx context.Context, study string, id protocol.Digest) (rest.Table, error) {
	path := tablesPath(study) + "/" + id.String()
	var t rest.Table
	if err := c.get("table", path); err != nil {
		return t, err
	}
	if err := c.rest.JSON(ctx, http.MethodGet, path, nil, &t); err != nil {
		return t, fmt.Errorf("ask for table %s: %w", id.Short(), err)
	}
	return t, nil
}

// TableContent opens a table's rows, which prove themselves by their digest. The caller
// closes it.
func (c *Coordinator) TableContent(ctx context.Context, study string, id protocol.Digest) (io.ReadCloser, error) {
	path := tablesPath(study) + "/" + id.String() + "/content"
	if err := c.get("content", path); err != nil {
		return nil, err
	}
	body, err := c.rest.Stream(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("fetch table %s: %w", id.Short(), err)
	}
	return body, nil
}

// Judge hands in the custodian's verdict on a table.
func (c *Coordinator) Judge(ctx context.Context, study string, id protocol.Digest, verdict []byte) error {
	_, err := c.post(ctx, "verdict", tablesPath(study)+"/"+id.String()+"/verdicts", verdict)
	return err
}
