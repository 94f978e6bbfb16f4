package researcher

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// ErrPublished is returned when an answer was handed in as another table before.
var ErrPublished = errors.New("researcher: this answer was handed in as another table")

// PublishSpec is how an answer is published.
type PublishSpec struct {
	// Title is one line that everybody of the study reads. It may be empty.
	Title string
	// Again hands in a new table where a custodian has refused the one before.
	Again bool
}

// kept is a publication that was signed here, so that handing it in again is the same one.
type kept struct {
	Publication []byte `json:"publication"`
}

// Publish opens an answer and hands it in as a table, signed, for the custodians of its
// sites to approve. Until all have, nobody else reads it. It may be repeated.
func (c *Client) Publish(ctx context.Context, asked Asked, spec PublishSpec, now time.Time) (rest.Table, error) {
	f, err := c.fetch(ctx, asked)
	if err != nil {
		return rest.Table{}, err
	}
	a, err := f.checked.Open(f.sum, f.variants)
	if err != nil {
		return rest.Table{}, err
	}
	content, err := TableOf(&a)
	if err != nil {
		return rest.Table{}, err
	}
	p, err := c.publication(&a, content, spec, now)
	if err != nil {
		return rest.Table{}, err
	}
	upload := protocol.Upload{Publication: p.Bytes(), Table: content}
	raw, err := c.rest.Bytes(ctx, http.MethodPost, c.tablesPath(), upload.Bytes())
	if err != nil {
		return rest.Table{}, fmt.Errorf("publish: %w", err)
	}
	var t rest.Table
	if err := decodeJSON(raw, &t); err != nil || t.ID != p.Digest() {
		return rest.Table{}, errors.Join(errors.New("researcher: the coordinator acknowledged another table"), err)
	}
	return t, nil
}

func (c *Client) tablesPath() string { return "/v1/studies/" + c.pinned.Study + "/tables" }

// publication signs that a table is an answer, or finds what was signed before.
func (c *Client) publication(a *Answer, content []byte, spec PublishSpec, now time.Time) (protocol.Signed[protocol.Publication], error) {
	says := protocol.Publication{
		Study: a.Asked.Study, Roster: a.Asked.Roster, Query: a.Asked.Task, Attempt: a.Attempt, Set: a.Cut, Mode: a.Mode, Title: spec.Title,
		Cohort: a.Asked.Cohort, Panel: a.Asked.Panel, Rows: uint64(len(a.Rows)), Content: sha256.Sum256(content), Size: uint64(len(content)), Issued: now,
	}
	path := c.home.path("published", a.Asked.Task.String()+".json")
	var before kept
	switch err := readJSON(path, &before); {
	case errors.Is(err, fs.ErrNotExist) || err == nil && spec.Again:
	case err != nil:
		return protocol.Signed[protocol.Publication]{}, err
	default:
		p, err := protocol.Open[protocol.Publication](before.Publication, protocol.NewKeyring(c.home.key.Public()))
		if err != nil {
			return p, fmt.Errorf("read %s: %w", path, err)
		}
		says.Issued = p.Message.Issued
		if p.Message != says {
			return p, fmt.Errorf("%w, with the title %q; --again makes a new one where that was refused", ErrPublished, p.Message.Title)
		}
		return p, nil
	}
	p, err := protocol.Sign(says, c.home.key)
	if err != nil {
		return p, err
	}
	return p, writeJSON(path, kept{Publication: p.Bytes()})
}

// TableOf is an answer as a table that can be published.
func TableOf(a *Answer) ([]byte, error) {
	var b bytes.Buffer
	err := protocol.WriteTable(&b, a.Mode, func(yield func(protocol.TableRow) bool) {
		for i := range a.Rows {
			if !yield(tableRow(a, i)) {
				return
			}
		}
	})
	if err == nil && b.Len() > protocol.MaxTable {
		err = fmt.Errorf("researcher: the table has %d bytes, and %d is the most that is published; ask for fewer variants", b.Len(), protocol.MaxTable)
	}
	return b.Bytes(), err
}

// tableRow is counts, or in mode dp an estimate: from it, whoever reads it, no more can be
// told than from the answer.
func tableRow(a *Answer, i int) protocol.TableRow {
	row := protocol.TableRow{Variant: protocol.Variant(a.Rows[i].Variant)}
	if a.Mode == protocol.Exact {
		row.AC, row.AN = uint64(a.Rows[i].AC), uint64(a.Rows[i].AN)
		return row
	}
	e := &a.Estimates[i]
	row.AF, row.SE = tableUnits(e.AF), tableUnits(e.Error)
	if math.IsNaN(e.AF) { // nobody seems to be called
		row.AF, row.SE = 0, protocol.TableUnit
	}
	return row
}

// tableUnits rounds a frequency or its error as a table has it. An error that is no number
// is one that says nothing.
func tableUnits(x float64) uint32 {
	switch {
	case math.IsNaN(x) || x >= 1:
		return protocol.TableUnit
	case x <= 0:
		return 0
	}
	return uint32(math.Round(x * protocol.TableUnit))
}
