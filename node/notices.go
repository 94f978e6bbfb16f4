package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/locus-genomics/locus/node/notify"
)

// What people and systems are told is put down in the transaction of what has happened, by
// whichever process makes it happen. The process that serves hands it over to the notifier's
// folder, from which it is told. So nothing that has happened is not told, and nothing is told
// that has not happened.

const (
	// NotifyName is the file that says who is told, in the node's directory.
	NotifyName  = "notify.json"
	noticesName = "notices"

	// lookForNotices is how soon the serving process sees what another has put down.
	lookForNotices = time.Second
	// maxUntold bounds what is put down while no process serves; the oldest goes first.
	maxUntold = 1000
	// handOverAtOnce bounds what is read at one time.
	handOverAtOnce = 100
	// maxNumber is the largest number in a notice.
	maxNumber = 1 << 53
)

// noticeSchema keeps what is to be told and does not wait in the folder yet.
const noticeSchema = `
CREATE TABLE notices (
	seq  INTEGER PRIMARY KEY AUTOINCREMENT,
	form TEXT NOT NULL CHECK (form IN ('notice', 'finding')),
	raw  BLOB NOT NULL
) STRICT;
`

// ErrUntold is returned where nobody is told of anything.
var ErrUntold = errors.New("node: nobody is told: there is no " + NotifyName + " in the node's directory")

// tell puts down a notice of now.
func (n *Node) tell(ctx context.Context, tx querier, notice notify.Notice) error {
	notice.At = n.cfg.Now()
	for i, v := range notice.Numbers {
		notice.Numbers[i] = min(v, maxNumber)
	}
	raw, err := notice.Bytes()
	if err != nil {
		return fmt.Errorf("write a notice: %w", err)
	}
	return n.putDown(ctx, tx, notify.AsNotice, raw)
}

// putDown puts down what is to be told.
func (n *Node) putDown(ctx context.Context, tx querier, form notify.Form, raw []byte) error {
	put, err := tx.ExecContext(ctx, "INSERT INTO notices (form, raw) VALUES (?, ?)", string(form), raw)
	if err != nil {
		return err
	}
	seq, err := put.LastInsertId()
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM notices WHERE seq <= ?", seq-maxUntold); err != nil {
		return err
	}
	select {
	case n.wake <- struct{}{}: // who wakes waits for this transaction to end
	default:
	}
	return nil
}

// tellAlways hands over what was put down until ctx ends. A nil notifier tells nobody.
func (n *Node) tellAlways(ctx context.Context, to *notify.Notifier) error {
	tick := time.NewTicker(lookForNotices)
	defer tick.Stop()
	for {
		if err := n.handOver(ctx, to); fatal(err) {
			return err
		} else if err != nil && ctx.Err() == nil {
			n.cfg.Log.Warn("notices wait in the records", "why", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-n.wake:
		case <-tick.C:
		}
	}
}

// putNotice is what was put down.
type putNotice struct {
	seq  int64
	form notify.Form
	raw  []byte
}

// handOver hands over all that was put down. A crash on the way hands some of it over again.
func (n *Node) handOver(ctx context.Context, to *notify.Notifier) error {
	for {
		list, err := readNotices(ctx, n.records.db)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range list {
			if err := p.hand(to); errors.Is(err, notify.ErrNotice) {
				n.cfg.Log.Error("a notice was dropped", "why", err)
			} else if err != nil {
				return err
			}
		}
		err = n.records.update(ctx, func(tx querier) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM notices WHERE seq <= ?", list[len(list)-1].seq)
			return err
		})
		if err != nil {
			return err
		}
	}
}

func (p *putNotice) hand(to *notify.Notifier) error {
	if to == nil {
		return nil
	}
	if p.form == notify.AsFinding {
		return to.Finding(p.raw)
	}
	notice, err := notify.ParseNotice(p.raw)
	if err != nil {
		return err
	}
	return to.Notify(notice)
}

func readNotices(ctx context.Context, q querier) (list []putNotice, err error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, form, raw FROM notices ORDER BY seq LIMIT ?", handOverAtOnce)
	if err != nil {
		return nil, fmt.Errorf("read the notices: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p putNotice
		var form string
		if err := rows.Scan(&p.seq, &form, &p.raw); err != nil {
			return nil, fmt.Errorf("read the notices: %w", err)
		}
		p.form = notify.Form(form)
		list = append(list, p)
	}
	return list, rows.Err()
}

// targets are who is told, ErrUntold without a file that says so.
func (n *Node) targets() ([]notify.Target, error) {
	path := filepath.Join(n.cfg.Dir, NotifyName)
	raw, err := readBounded(path, notify.MaxConfigSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUntold
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c, err := notify.ParseConfig(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	list, err := c.Targets(n.door, n.cfg.Now)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	return list, nil
}

// notifier is nil where nobody is told.
func (n *Node) notifier() (*notify.Notifier, error) {
	list, err := n.targets()
	if errors.Is(err, ErrUntold) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Join(n.cfg.Dir, noticesName))
	if err != nil {
		return nil, fmt.Errorf("find the folder of notices: %w", err)
	}
	return notify.Open(notify.Settings{Dir: dir, Targets: list, Log: n.cfg.Log, Fatal: fatal})
}

// NoticeTrial is what became of a notice that was sent to try a target.
type NoticeTrial struct {
	Target string
	// Err is nil where it was taken.
	Err error
}

// TryNotices sends one notice to each target of the configuration, each once, and says what
// became of it. ErrUntold without a configuration.
func (n *Node) TryNotices(ctx context.Context) (list []NoticeTrial, err error) {
	targets, err := n.targets()
	if err != nil {
		return nil, err
	}
	notice := notify.Notice{Kind: notify.Trial, At: n.cfg.Now(), About: n.card.NodeKey.ID(), Numbers: []uint64{uint64(len(targets))}}
	for _, t := range targets {
		err := t.Try(ctx, notice)
		if fatal(err) || ctx.Err() != nil {
			return list, errors.Join(err, ctx.Err())
		}
		list = append(list, NoticeTrial{t.Name, err})
	}
	return list, nil
}
