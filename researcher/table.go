package researcher

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

var (
	// ErrTable is returned when a table does not verify.
	ErrTable = errors.New("researcher: the table does not verify")
	// ErrAwaited is returned of a table that not all custodians have approved yet.
	ErrAwaited = fmt.Errorf("%w: the custodians of its sites have not all approved it", ErrTable)
	// ErrDeclined is returned of a table that a custodian refuses, or has withdrawn.
	ErrDeclined = fmt.Errorf("%w: a custodian of its sites says no", ErrTable)
	// ErrNoTable is returned when no table, or more than one, begins with an id.
	ErrNoTable = errors.New("researcher: no such table in the study")
)

// PublishedTable is a table that was verified: signed by its researcher, approved by the
// custodian of every site that is in it, and as it was then.
type PublishedTable struct {
	Record *protocol.TableRecord
	// Roster is the one that it was asked under.
	Roster protocol.Signed[protocol.Roster]
	// Content is the table as it is signed for, and reads as one.
	Content []byte
}

// Tables lists the tables of the study that this researcher may see, newest first.
// Nothing of them is verified before Table.
func (c *Client) Tables(ctx context.Context) ([]rest.Table, error) {
	var t rest.Tables
	if err := c.rest.JSON(ctx, http.MethodGet, c.tablesPath(), nil, &t); err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return t.Tables, nil
}

// Table fetches a table by the beginning of its id, and all that it takes to verify it
// without the coordinator.
func (c *Client) Table(ctx context.Context, id string) (*TableBundle, error) {
	list, err := c.Tables(ctx)
	if err != nil {
		return nil, err
	}
	var found []rest.Table
	for _, t := range list {
		if id != "" && strings.HasPrefix(t.ID.String(), id) {
			found = append(found, t)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%w: %d begin with %q; locus table list shows them", ErrNoTable, len(found), id)
	}
	view, err := c.Study(ctx)
	if err != nil {
		return nil, err
	}
	path := c.tablesPath() + "/" + found[0].ID.String()
	var t rest.Table
	if err := c.rest.JSON(ctx, http.MethodGet, path, nil, &t); err != nil {
		return nil, fmt.Errorf("fetch table: %w", err)
	}
	body, err := c.rest.Stream(ctx, path+"/content")
	if err != nil {
		return nil, fmt.Errorf("fetch table: %w", err)
	}
	defer body.Close()
	content, err := io.ReadAll(io.LimitReader(body, protocol.MaxTable+1))
	if err != nil {
		return nil, fmt.Errorf("fetch table: %w", err)
	}
	b := &TableBundle{Rosters: append(t.Rosters, view.Roster.Bytes()), Record: t.Record, Content: content}
	verified, err := b.Verify(c.pinned.Roster)
	if err == nil && verified.Record.Publication.Digest() != found[0].ID {
		err = fmt.Errorf("%w: it is another table than was asked for", ErrTable)
	}
	return b, err
}

// Verify asks nobody. The last roster MUST be the one that the caller has pinned; each
// other one is named by the next.
func (b *TableBundle) Verify(pinned protocol.Digest) (*PublishedTable, error) {
	roster, err := b.rosterOf(pinned)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	r := &roster.Message
	record, err := r.ParseTableRecord(b.Record, roster.Digest())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	switch waiting, against := record.Standing(); {
	case debug.Without(debug.TableApproved):
	case len(against) > 0:
		return nil, fmt.Errorf("%w: %s", ErrDeclined, strings.Join(namesOf(r, against), ", "))
	case len(waiting) > 0:
		return nil, fmt.Errorf("%w: %s", ErrAwaited, strings.Join(namesOf(r, waiting), ", "))
	}
	says := &record.Publication.Message
	if uint64(len(b.Content)) != says.Size || sha256.Sum256(b.Content) != says.Content {
		return nil, fmt.Errorf("%w: the rows are not those that were approved", ErrTable)
	}
	rows, err := protocol.ReadTable(bytes.NewReader(b.Content), says.Mode, func(protocol.TableRow) error { return nil })
	if err == nil && rows != says.Rows {
		err = fmt.Errorf("%d rows, want %d", rows, says.Rows)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	return &PublishedTable{Record: record, Roster: roster, Content: b.Content}, nil
}

// rosterOf goes from the pinned roster back to the one that the table was asked under.
func (b *TableBundle) rosterOf(pinned protocol.Digest) (roster protocol.Signed[protocol.Roster], err error) {
	want := pinned
	for i := len(b.Rosters) - 1; i >= 0; i-- {
		if roster, err = protocol.OpenRoster(b.Rosters[i]); err != nil {
			return roster, err
		}
		if roster.Digest() != want {
			return roster, fmt.Errorf("roster %s is not the one that was pinned, nor one that led to it", roster.Digest().Short())
		}
		want = roster.Message.Previous
	}
	if len(b.Rosters) == 0 {
		return roster, errors.New("there is no roster")
	}
	return roster, nil
}

// Pinned is the roster that a bundle has to be verified with, by what the bundle itself
// says: its words are to be compared with a custodian.
func (b *TableBundle) Pinned() (protocol.Digest, error) {
	if len(b.Rosters) == 0 {
		return protocol.Digest{}, fmt.Errorf("%w: there is no roster", ErrTable)
	}
	r, err := protocol.OpenRoster(b.Rosters[len(b.Rosters)-1])
	if err != nil {
		return protocol.Digest{}, fmt.Errorf("%w: %w", ErrTable, err)
	}
	return r.Digest(), nil
}

// Provenance is what a table rests on, as a person reads it.
func (t *PublishedTable) Provenance() [][2]string {
	says, h, r := &t.Record.Publication.Message, &t.Record.Header.Message, &t.Roster.Message
	sites := namesOf(r, t.Record.Cut.Message.Points())
	who, _ := r.Researcher(t.Record.Publication.Signer())
	mode := "exact: not differentially private"
	if says.Mode == protocol.Private {
		mode = fmt.Sprintf("dp: differentially private, epsilon %.4g at delta %g, release %d", epsilonOf(r, h), defaultDelta, h.Release)
	}
	return [][2]string{
		{"table", t.Record.Publication.Digest().String()},
		{"study", fmt.Sprintf("%s, roster %s", says.Study, says.Roster)},
		{"title", says.Title},
		{"cohort", says.Cohort},
		{"panel", says.Panel.String()},
		{"mode", mode},
		{"researcher", who.Name + ", " + who.Organisation},
		{"purpose", h.Purpose},
		{"approved by", fmt.Sprintf("%d: %s", len(sites), strings.Join(sites, ", "))},
		{"task", says.Query.String()},
		{"cut", says.Set.String()},
		{"content", says.Content.String()},
	}
}

// defaultDelta is the delta at which the epsilon of a table is said.
const defaultDelta = 1e-9

// epsilonOf is what a private answer cost, by its header and the roster; infinite where
// that cannot be told.
func epsilonOf(r *protocol.Roster, h *protocol.QueryHeader) float64 {
	v, err := vector.Of(r, h)
	if err != nil {
		return math.Inf(1)
	}
	event, ok := v.Event()
	if !ok {
		return math.Inf(1)
	}
	cost, err := account.Of(event)
	if err != nil {
		return math.Inf(1)
	}
	return account.Epsilon(float64(cost.Rho)/account.RhoUnits, defaultDelta)
}

func namesOf(r *protocol.Roster, points []uint32) (names []string) {
	for _, p := range points {
		if s, ok := r.Site(p); ok {
			names = append(names, s.Name)
		}
	}
	return names
}
