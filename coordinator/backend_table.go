package coordinator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// Publish takes a table, which waits for the custodians of its sites. It is read before
// anything is kept of it, and on a majority of the members before it is acknowledged.
func (b backend) Publish(ctx context.Context, study string, by protocol.KeyID, raw []byte) (rest.Table, error) {
	u, err := protocol.ParseUpload(raw)
	if err != nil {
		return rest.Table{}, err
	}
	query, err := protocol.PublishedQuery(u.Publication)
	if err != nil {
		return rest.Table{}, err
	}
	t, err := b.publishable(study, by, query, u.Publication)
	if err != nil {
		return rest.Table{}, err
	}
	p := t.Record.Publication
	if err := checkTable(&p.Message, u.Table); err != nil {
		return rest.Table{}, err
	}
	blob, err := b.store(ctx, u.Table)
	if err != nil {
		return rest.Table{}, err
	}
	if err := b.put(ctx, state.Publish(p)); err != nil {
		return rest.Table{}, err
	}
	if err := b.awaitCopies(ctx, item{blob, p.Message.Size}); err != nil {
		return rest.Table{}, fmt.Errorf("%w: the table is not on a majority of the members yet", api.ErrNoLeader)
	}
	shown, err := b.Table(study, p.Digest())
	return shown.Table, err
}

// publishable asks whether a publication would be taken. Of a task of another researcher
// or another study nobody is told that there is one.
func (b backend) publishable(study string, by protocol.KeyID, query protocol.Digest, publication []byte) (t *state.Table, err error) {
	b.machine.View(func(s *state.State) {
		task, ok := s.Tasks[query]
		if !ok || task.Header.Message.Study != study || task.Header.Signer() != by {
			err = fmt.Errorf("%w: task", api.ErrNotFound)
			return
		}
		if t, _, err = s.Publishable(query, publication, b.cfg.Now()); err == nil {
			t = t.Clone()
		}
	})
	return t, apiError(err)
}

// checkTable requires that a table is the one that was signed, and reads as one.
func checkTable(p *protocol.Publication, table []byte) error {
	if uint64(len(table)) != p.Size || sha256.Sum256(table) != p.Content {
		return stated{api.ErrInvalid, "the table is not the one that the publication names"}
	}
	rows, err := protocol.ReadTable(bytes.NewReader(table), p.Mode, func(protocol.TableRow) error { return nil })
	if err != nil {
		return err
	}
	if rows != p.Rows {
		return stated{api.ErrInvalid, fmt.Sprintf("the table has %d rows, and %d variants were asked for", rows, p.Rows)}
	}
	return nil
}

// Judge takes a custodian's verdict on a table of a study.
func (b backend) Judge(ctx context.Context, study string, d protocol.Digest, raw []byte) (rest.Table, error) {
	t, err := b.table(study, d)
	if err != nil {
		return rest.Table{}, err
	}
	// What is no verdict of a custodian's on this table is not written to the log.
	v, err := t.Roster.Message.OpenVerdict(raw)
	if err == nil {
		_, err = t.Record.Judge(v)
	}
	if err != nil {
		return rest.Table{}, err
	}
	if err := b.put(ctx, state.Judge(d, raw)); err != nil {
		return rest.Table{}, err
	}
	shown, err := b.Table(study, d)
	return shown.Table, err
}

// table copies a table of a study out.
func (b backend) table(study string, d protocol.Digest) (t *state.Table, err error) {
	err = fmt.Errorf("%w: table", api.ErrNotFound)
	b.machine.View(func(s *state.State) {
		if found, ok := s.Tables[d]; ok && found.Record.Publication.Message.Study == study {
			t, err = found.Clone(), nil
		}
	})
	return t, err
}

// Tables shows the tables of a study, newest first.
func (b backend) Tables(study string) (list []api.Table) {
	b.machine.View(func(s *state.State) {
		for _, t := range s.Tables {
			if t.Record.Publication.Message.Study == study {
				list = append(list, showTable(t))
			}
		}
	})
	slices.SortFunc(list, func(a, b api.Table) int {
		if c := b.Submitted.Compare(a.Submitted); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return list
}

// Table shows a table of a study with all that it rests on.
func (b backend) Table(study string, d protocol.Digest) (api.Table, error) {
	t, err := b.table(study, d)
	if err != nil {
		return api.Table{}, err
	}
	out := showTable(t)
	if out.Record, err = t.Record.Bytes(); err != nil {
		return api.Table{}, err
	}
	b.machine.View(func(s *state.State) {
		if st, ok := s.Studies[study]; ok {
			out.Rosters = st.Since(t.Roster.Digest())
		}
	})
	return out, nil
}

func showTable(t *state.Table) api.Table {
	p := &t.Record.Publication.Message
	points := t.Record.Cut.Message.Points()
	waiting, against := t.Record.Standing()
	out := api.Table{Publisher: t.Record.Publication.Signer(), Table: rest.Table{
		APIVersion: rest.APIVersion, ID: t.ID, Task: p.Query, Study: p.Study, State: t.State().String(), Title: p.Title, Cohort: p.Cohort,
		Mode: p.Mode.String(), Rows: p.Rows, Roster: p.Roster, Approved: len(points) - len(waiting) - len(against), Sites: len(points),
		Submitted: t.Submitted, Changed: t.Changed,
	}}
	if at := t.Released; !at.IsZero() {
		out.Published = &at
	}
	for _, point := range points {
		if site, ok := t.Roster.Message.Site(point); ok {
			out.Deciders = append(out.Deciders, site.Name)
		}
	}
	return out
}

// TableContent opens a table of a study.
func (b backend) TableContent(ctx context.Context, study string, d protocol.Digest) (io.ReadCloser, error) {
	t, err := b.table(study, d)
	if err != nil {
		return nil, err
	}
	p := &t.Record.Publication.Message
	return b.fetch(ctx, item{p.Content, p.Size})
}
