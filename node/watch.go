package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
)

// watchSchema keeps what the detector has seen, and what it has found.
const watchSchema = `
CREATE TABLE events ( -- in the order in which the detector has seen them
	seq  INTEGER PRIMARY KEY AUTOINCREMENT,
	at   INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	raw  BLOB NOT NULL
) STRICT;

CREATE TABLE findings ( -- as OCSF, the newest of them
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	raw BLOB NOT NULL
) STRICT;
`

const (
	// maxEvents bounds the record of events in bytes. When there is more, a quarter of it
	// goes, the oldest first.
	maxEvents = 256 << 20
	// maxFindings bounds what is kept to be shown: nobody reads more.
	maxFindings = 10_000
)

// watch is the detector of a node that serves: a fold over the table of events, to which other
// processes append too. What stands below the
// detector is touched within a transaction alone, of which there is one at a time.
type watch struct {
	*Node
	rules detect.Config
	// most bounds the record in bytes.
	most     int64
	detector *detect.Detector
	// seq is the last event that it has seen, and bytes is how long the record is.
	seq, bytes int64
	// frozen is who is frozen by an event of its own in the record. Such an event stays when
	// those go that led to it.
	frozen map[lane]bool
}

// lane is a subject, of all questions or of exact ones alone.
type lane struct {
	detect.Subject
	exact bool
}

func laneOf(e *detect.Event) lane { return lane{e.Subject, e.Mode == protocol.Exact} }

// watching makes the detector of the record, without what is too old for it.
func (n *Node) watching(ctx context.Context) (*watch, error) {
	rules, err := n.DetectionConfig()
	if err != nil {
		return nil, err
	}
	d, err := detect.New(rules)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	w := &watch{Node: n, rules: rules, most: maxEvents, detector: d, frozen: make(map[lane]bool)}
	if err := w.clean(ctx, n.cfg.Now()); err != nil {
		return nil, err
	}
	return w, n.records.update(ctx, func(tx querier) error { return w.catchUp(ctx, tx) })
}

// observe records an event, if the record has to have it, and returns what the detector says.
func (w *watch) observe(ctx context.Context, e detect.Event) (detect.Verdict, error) {
	if err := e.Check(); err != nil {
		return detect.Verdict{}, err
	}
	// Whoever hangs up does not part the detector from its record; nothing else may either.
	ctx = context.WithoutCancel(ctx)
	var v detect.Verdict
	begun := false
	err := w.records.update(ctx, func(tx querier) error {
		begun = true
		if err := w.catchUp(ctx, tx); err != nil {
			return err
		}
		var err error
		if v, err = w.take(ctx, tx, e); err != nil || !v.Kept {
			return err
		}
		if err := w.keepFindings(ctx, tx, v.Findings); err != nil {
			return err
		}
		return errors.Join(w.keepFrozen(ctx, tx, e.At, rulesOf(v)), w.bound(ctx, tx))
	})
	if err != nil && begun && !fatal(err) {
		err = fmt.Errorf("%w: %w", errDisk, err)
	}
	if err != nil {
		return detect.Verdict{}, err
	}
	for i := range v.Findings {
		w.log(&v.Findings[i])
	}
	return v, nil
}

// log writes a finding down for an operator.
func (w *watch) log(f *detect.Finding) {
	l := w.cfg.Log.With("rule", f.Rule.String(), "action", f.Action.String(), "finding", f.ID.Short(),
		"subject", f.Subject.ID.Short(), "count", f.Count)
	if f.StudyName != "" {
		l = l.With("study", f.StudyName)
	}
	if !f.Until.IsZero() {
		l = l.With("until", f.Until.Format(time.RFC3339))
	}
	l.Warn("something odd was asked")
}

// catchUp sees what other processes have recorded since the last event; at the start all of
// the record. What it finds was told when it came.
func (w *watch) catchUp(ctx context.Context, tx querier) error {
	led := make(map[detect.Subject]detect.Rule)
	seen, err := w.read(ctx, tx, led)
	if err != nil || seen == 0 {
		return err
	}
	// Another configuration may freeze for what was done under the last one.
	return w.keepFrozen(ctx, tx, w.cfg.Now(), led)
}

// read sees the events behind seq, and notes which rules led to a freeze.
func (w *watch) read(ctx context.Context, tx querier, led map[detect.Subject]detect.Rule) (seen int, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT seq, raw FROM events WHERE seq > ? ORDER BY seq", w.seq)
	if err != nil {
		return 0, fmt.Errorf("read the events: %w", err)
	}
	defer rows.Close()
	for ; rows.Next(); seen++ {
		var seq int64
		var raw []byte
		if err := rows.Scan(&seq, &raw); err != nil {
			return 0, fmt.Errorf("read the events: %w", err)
		}
		e, err := detect.ParseEvent(raw)
		if err != nil {
			return 0, fmt.Errorf("%w: event %d: %w", ErrRecords, seq, err)
		}
		v, err := w.see(e)
		if err != nil {
			return 0, err
		}
		w.seq, w.bytes = seq, w.bytes+int64(len(raw))
		maps.Copy(led, rulesOf(v))
	}
	return seen, rows.Err()
}

// see shows an event to the detector.
func (w *watch) see(e detect.Event) (detect.Verdict, error) {
	v, err := w.detector.Observe(e)
	if err != nil {
		return v, fmt.Errorf("%w: %w", ErrRecords, err)
	}
	switch e.Kind {
	case detect.Froze:
		w.frozen[laneOf(&e)] = true
	case detect.Thawed:
		delete(w.frozen, lane{e.Subject, false})
		delete(w.frozen, lane{e.Subject, true})
	}
	return v, nil
}

// take shows an event to the detector, and records it if it has to be.
func (w *watch) take(ctx context.Context, tx querier, e detect.Event) (detect.Verdict, error) {
	v, err := w.see(e)
	if err != nil || !v.Kept {
		return v, err
	}
	seq, size, err := insertEvent(ctx, tx, &e)
	w.seq, w.bytes = seq, w.bytes+size
	return v, err
}

// insertEvent appends to the record.
func insertEvent(ctx context.Context, tx querier, e *detect.Event) (seq, size int64, err error) {
	raw, err := e.Bytes()
	if err != nil {
		return 0, 0, fmt.Errorf("write an event: %w", err)
	}
	put, err := tx.ExecContext(ctx, "INSERT INTO events (at, kind, raw) VALUES (?, ?, ?)", e.At.Unix(), int(e.Kind), raw)
	if err != nil {
		return 0, 0, err
	}
	seq, err = put.LastInsertId()
	return seq, int64(len(raw)), err
}

// rulesOf are the rules of a verdict that froze somebody.
func rulesOf(v detect.Verdict) map[detect.Subject]detect.Rule {
	led := make(map[detect.Subject]detect.Rule)
	for _, f := range v.Findings {
		if f.Action == detect.Freeze {
			led[f.Subject] = f.Rule
		}
	}
	return led
}

// keepFrozen records who is frozen now and was not, and tells of it.
func (w *watch) keepFrozen(ctx context.Context, tx querier, at time.Time, led map[detect.Subject]detect.Rule) error {
	for _, e := range w.detector.Frozen(at) {
		if w.frozen[laneOf(&e)] {
			continue
		}
		if _, err := w.take(ctx, tx, e); err != nil {
			return err
		}
		if err := w.tell(ctx, tx, notify.Notice{Kind: notify.Frozen, About: e.Subject.ID, Numbers: []uint64{uint64(led[e.Subject])}}); err != nil {
			return err
		}
	}
	return nil
}

// keepFindings keeps findings to be shown, and tells of them: systems of all, people of what
// is more than a note.
func (w *watch) keepFindings(ctx context.Context, tx querier, list []detect.Finding) error {
	by := w.reporter()
	for _, f := range list {
		line, err := f.OCSF(by)
		if err != nil {
			return err
		}
		put, err := tx.ExecContext(ctx, "INSERT INTO findings (raw) VALUES (?)", line)
		if err != nil {
			return err
		}
		seq, err := put.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM findings WHERE seq <= ?", seq-maxFindings); err != nil {
			return err
		}
		if err := w.putDown(ctx, tx, notify.AsFinding, line); err != nil {
			return err
		}
		if f.Action == detect.Note {
			continue
		}
		err = w.tell(ctx, tx, notify.Notice{
			Kind: notify.FindingMade, Study: f.StudyName, About: f.ID, Numbers: []uint64{uint64(f.Rule), uint64(f.Action)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// clean cuts off what is too old for the detector.
func (w *watch) clean(ctx context.Context, now time.Time) error {
	return w.records.update(ctx, func(tx querier) error {
		var first int64
		err := tx.QueryRowContext(ctx, "SELECT coalesce((SELECT min(seq) FROM events WHERE at > ?), (SELECT max(seq) + 1 FROM events), 0)",
			now.Add(-w.rules.Horizon()).Unix()).Scan(&first)
		if err != nil {
			return err
		}
		return w.cut(ctx, tx, first)
	})
}

// bound cuts the record where it is too long.
func (w *watch) bound(ctx context.Context, tx querier) error {
	if w.bytes <= w.most {
		return nil
	}
	var first int64
	err := tx.QueryRowContext(ctx, `SELECT coalesce(min(seq), 0) FROM (SELECT seq, sum(length(raw)) OVER (ORDER BY seq) AS until FROM events)
		WHERE until > ?`, w.bytes/4).Scan(&first)
	if err != nil {
		return err
	}
	w.cfg.Log.Warn("the record of what was asked is too long; the oldest of it goes", "bytes", w.bytes)
	return w.cut(ctx, tx, first)
}

// cut takes what lies before an event off the record, but for who is still frozen there.
func (w *watch) cut(ctx context.Context, tx querier, first int64) error {
	standing, err := frozenBefore(ctx, tx, first)
	if err != nil {
		return err
	}
	stay, err := json.Marshal(slices.Collect(maps.Values(standing)))
	if err != nil {
		return fmt.Errorf("write numbers: %w", err)
	}
	if len(standing) == 0 {
		stay = []byte("[]")
	}
	cut, err := tx.ExecContext(ctx, "DELETE FROM events WHERE seq < ? AND seq NOT IN (SELECT value FROM json_each(?))", first, string(stay))
	if err != nil {
		return err
	}
	gone, err := cut.RowsAffected()
	if err != nil || gone == 0 || w.seq == 0 {
		return err // the record was not read yet
	}
	return tx.QueryRowContext(ctx, "SELECT coalesce(sum(length(raw)), 0) FROM events").Scan(&w.bytes)
}

// frozenBefore is who is frozen before an event of the record, with the number of the event
// that says so.
func frozenBefore(ctx context.Context, q querier, first int64) (map[lane]int64, error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, raw FROM events WHERE kind IN (?, ?) AND seq < ? ORDER BY seq", int(detect.Froze), int(detect.Thawed), first)
	if err != nil {
		return nil, fmt.Errorf("read the events: %w", err)
	}
	defer rows.Close()
	standing := make(map[lane]int64)
	for rows.Next() {
		var seq int64
		var raw []byte
		if err := rows.Scan(&seq, &raw); err != nil {
			return nil, fmt.Errorf("read the events: %w", err)
		}
		e, err := detect.ParseEvent(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: event %d: %w", ErrRecords, seq, err)
		}
		if e.Kind == detect.Froze {
			standing[laneOf(&e)] = seq
			continue
		}
		delete(standing, lane{e.Subject, false})
		delete(standing, lane{e.Subject, true})
	}
	return standing, rows.Err()
}

// stopped is what a question is refused with that the detector stops.
func stopped(v *detect.Verdict) error {
	switch {
	case !v.Stops() || debug.Without(debug.Detection):
		return nil
	case v.Action == detect.Throttle:
		return fmt.Errorf("%w: until %s; locus-node finding list says why", protocol.Throttled, v.Until.UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("%w: frozen until locus-node finding thaw; locus-node finding list says why", protocol.Throttled)
}
