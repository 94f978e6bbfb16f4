package node

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// lookRows is how many rows of a table a custodian is shown.
const lookRows = 5

// approvable asks what must hold before the custodian's yes is signed.
func (n *Node) approvable(ctx context.Context, c *egress.Coordinator, t *TableRelease) error {
	if err := n.signedBy(ctx, n.records.db, t.pinned, t.record.Publication.Signer()); err != nil {
		return fmt.Errorf("%w: %w", ErrTable, err)
	}
	asked, err := n.released(ctx, n.records.db, t)
	if err != nil {
		return err
	}
	if err := n.readTable(ctx, c, t, asked); err != nil {
		return err
	}
	if t.Mode == protocol.Exact {
		return n.mayPublish(ctx, n.records.db, t, asked)
	}
	return nil
}

// released requires that this site has answered the very question, and has voted for the
// very set of sites, that the table is of. It returns what was asked.
func (n *Node) released(ctx context.Context, q querier, t *TableRelease) (*asked, error) {
	says, r := &t.record.Publication.Message, &t.pinned.roster.Message
	row, err := readSession(ctx, q, protocol.NewSession(says.Query, says.Attempt))
	if err != nil {
		return nil, err
	}
	if row == nil || row.query != says.Query || row.roster != t.pinned.digest() {
		return nil, fmt.Errorf("%w: this site has not answered that question", ErrTable)
	}
	if votedFor(r, row) != says.Set && !debug.Without(debug.TableVoted) {
		return nil, fmt.Errorf("%w: this site has not voted for that sum", ErrTable)
	}
	pin, err := readDigest(ctx, q, "SELECT words FROM pins WHERE identity = ?", row.identity)
	if err != nil {
		return nil, err
	}
	bound, err := readBallot(ctx, q, row.identity)
	if err != nil {
		return nil, err
	}
	if pin.IsZero() || bound == nil || !slices.Equal(bound.points, t.record.Cut.Message.Points()) {
		return nil, fmt.Errorf("%w: the release is bound to another set of sites here", ErrTable)
	}
	a, err := readQuestion(ctx, q, r, says.Query)
	switch {
	case err != nil:
		return nil, err
	case a == nil:
		return nil, fmt.Errorf("%w: the records do not have any more what was asked", ErrTable)
	case a.cohort != says.Cohort || a.panel.Digest != says.Panel:
		return nil, fmt.Errorf("%w: it says %q of a question about cohort %q", ErrTable, says.Cohort, a.cohort)
	}
	return a, nil
}

// readTable reads every row of the table that the publication names: its variants are
// those that were asked for, in their order.
func (n *Node) readTable(ctx context.Context, c *egress.Coordinator, t *TableRelease, a *asked) error {
	variants, err := n.panels.get(ctx, a.panel, c)
	if err != nil {
		return err
	}
	body, err := c.TableContent(ctx, t.Study, t.ID)
	if err != nil {
		return err
	}
	defer body.Close()
	read := &digesting{Reader: body, hash: sha256.New()}
	want := a.variants(variants)
	rows, err := protocol.ReadTable(read, t.Mode, func(row protocol.TableRow) error {
		if v, ok := want(); !ok || v != row.Variant {
			return fmt.Errorf("%w: another variant than was asked for", ErrTable)
		}
		if len(t.First) < lookRows {
			t.First = append(t.First, row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTable, err)
	}
	says := &t.record.Publication.Message
	if rows != says.Rows || read.size != says.Size || protocol.Digest(read.hash.Sum(nil)) != says.Content {
		return fmt.Errorf("%w: the rows are not those that the researcher has signed", ErrTable)
	}
	return nil
}

// digesting reads and digests.
type digesting struct {
	io.Reader
	hash hash.Hash
	size uint64
}

// Read reads.
func (d *digesting) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	d.hash.Write(p[:n])
	d.size += uint64(n)
	return n, err
}

// variants gives what was asked for, one after another.
func (a *asked) variants(p *panel.Panel) func() (protocol.Variant, bool) {
	at, i := 0, uint64(0)
	return func() (protocol.Variant, bool) {
		for at < len(a.ranges) && a.ranges[at].From+i >= a.ranges[at].To {
			at, i = at+1, 0
		}
		if at == len(a.ranges) {
			return protocol.Variant{}, false
		}
		i++
		return protocol.Variant(p.At(int(a.ranges[at].From + i - 1))), true
	}
}

// mayPublish requires of an exact table what an exact answer needs today: that no more was
// given of these people than the limit, or that a grant for the study is in force.
func (n *Node) mayPublish(ctx context.Context, q querier, t *TableRelease, a *asked) error {
	data, err := readCohort(ctx, q, a.cohort)
	if err != nil {
		return fmt.Errorf("%w: what was given of its people cannot be told: %w", ErrTable, err)
	}
	cohort, _ := t.pinned.roster.Message.Cohort(a.cohort)
	given, err := n.reckon(ctx, q, &question{pinned: t.pinned, now: n.cfg.Now(), cohort: cohort, data: data, panel: a.panel, ranges: a.ranges})
	if err != nil {
		return err
	}
	if !given.granted() {
		return nil
	}
	if ok, err := n.grantFor(ctx, q, t.Study, a.cohort, n.cfg.Now(), given.given); ok || err != nil {
		return err
	}
	return fmt.Errorf("%w: more exact variants of cohort %q were given than the limit, and no grant for study %q is in force; see locus-node release grant", ErrTable, a.cohort, t.Study)
}
