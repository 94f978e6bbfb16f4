package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrOdometers is returned for bytes that are not what Odometers gave.
var ErrOdometers = errors.New("ledger: these are no odometers of a ledger")

// raise says what accounts have spent at least: a copy elsewhere knew, and this ledger did
// not any more. lost is what was charged to every account.
type raise struct {
	lost Cost
	at   []odometer
}

// odometer is what one account has spent.
type odometer struct {
	level      Level
	id, parent Key
	spent      Cost
}

const (
	odometerSize = 1 + 32 + 32 + 8 + 8
	// maxRaised is how many accounts one entry raises.
	maxRaised = (maxBody - 1 - 16 - 4) / odometerSize
	// maxOdometers is how many a copy holds.
	maxOdometers = 1 << 16
)

func (r raise) encode() []byte { return appendOdometers(appendCost([]byte{kindRaise}, r.lost), r.at) }

func appendOdometers(b []byte, list []odometer) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
	for _, o := range list {
		b = append(append(append(b, byte(o.level)), o.id[:]...), o.parent[:]...)
		b = appendCost(b, o.spent)
	}
	return b
}

func parseRaise(r *reader) raise { return raise{lost: r.cost(), at: r.odometers(maxRaised)} }

// odometers are accounts with each below its parent and none twice.
func (r *reader) odometers(most int) (list []odometer) {
	b := r.take(4)
	if b == nil {
		return nil
	}
	n := int(binary.BigEndian.Uint32(b))
	if n > most || n > len(r.b)/odometerSize {
		r.bad = true
		return nil
	}
	for range n {
		o := odometer{level: Level(r.byte()), id: r.key(), parent: r.key(), spent: r.cost()}
		r.bad = r.bad || o.level < Population || o.level > Researcher || o.id.isZero() || o.parent.isZero() != (o.level == Population)
		r.bad = r.bad || len(list) > 0 && bytes.Compare(list[len(list)-1].key(), o.key()) >= 0
		list = append(list, o)
	}
	return list
}

// key is what odometers are sorted by.
func (o odometer) key() []byte { return append([]byte{byte(o.level)}, o.id[:]...) }

// Odometers is what every account has spent, and what was lost, as bytes to be kept where
// the loss of the database does not reach them. Raise reads them.
func (l *Ledger) Odometers(ctx context.Context, tx Tx) ([]byte, error) {
	state, err := readState(ctx, tx)
	if err != nil {
		return nil, err
	}
	var id Key
	var a account
	var list []odometer
	err = each(ctx, tx, selectAccounts+" ORDER BY level, account", append([]any{scanKey{&id}}, a.columns()...), func() error {
		if a.spent != (Cost{}) {
			list = append(list, odometer{a.level, id, a.parent, a.spent})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(list) > maxOdometers {
		return nil, fmt.Errorf("%w: %d accounts, and %d can be copied", ErrOverflow, len(list), maxOdometers)
	}
	return appendOdometers(appendCost(l.cfg.ID[:], state.lost), list), nil
}

// Raise makes what each account has spent at least what Odometers once said, in the
// caller's transaction. It is for a database that was lost and is there again as it once
// was. Which releases were paid for since is not known: asked again, they are charged
// again. It reports whether anything was raised; Settle then brings it to the witness.
func (l *Ledger) Raise(ctx context.Context, tx Tx, odometers []byte) (raised bool, err error) {
	if err := l.alive(); err != nil {
		return false, err
	}
	r := reader{b: odometers}
	of, lost := r.key(), r.cost()
	list := r.odometers(maxOdometers)
	if r.bad || len(r.b) != 0 {
		return false, ErrOdometers
	}
	if of != l.cfg.ID {
		return false, fmt.Errorf("%w: they are of ledger %s, this is %s", ErrOdometers, of, l.cfg.ID)
	}
	state, err := readState(ctx, tx)
	if err != nil {
		return false, err
	}
	var behind []odometer
	for _, o := range list {
		a, err := readAccount(ctx, tx, o)
		if err != nil {
			return false, err
		}
		if !within(o.spent, a.spent) {
			behind = append(behind, o)
		}
	}
	if len(behind) == 0 && within(lost, state.lost) {
		return false, nil
	}
	for first := true; first || len(behind) > 0; first = false {
		n := min(len(behind), maxRaised)
		if err := l.raise(ctx, tx, raise{lost, behind[:n]}); err != nil {
			return false, err
		}
		behind = behind[n:]
	}
	return true, nil
}

// raise writes one entry, and does to the tables what replay does for it.
func (l *Ledger) raise(ctx context.Context, tx Tx, r raise) error {
	if _, err := add(ctx, tx, l.cfg.ID, r); err != nil {
		return err
	}
	for _, o := range r.at {
		a, err := readAccount(ctx, tx, o)
		if err != nil {
			return err
		}
		a.spent = most(a.spent, o.spent)
		if err := writeAccount(ctx, tx, o.id, a); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "UPDATE ledger_state SET lost_rho = max(lost_rho, ?), lost_delta = max(lost_delta, ?)", r.lost.Rho, r.lost.Delta)
	return wrote(err)
}

// readAccount reads the account of an odometer, empty when it is not there.
func readAccount(ctx context.Context, tx Tx, o odometer) (account, error) {
	a := account{level: o.level, parent: o.parent}
	err := each(ctx, tx, selectAccounts+" WHERE account = ?", append([]any{scanKey{new(Key)}}, a.columns()...), func() error { return nil }, o.id[:])
	if err == nil && (a.level != o.level || a.parent != o.parent) {
		err = fmt.Errorf("%w: the %v %s is another account here", ErrOdometers, o.level, o.id)
	}
	return a, err
}

// applyRaise does to the replay what Raise did to the tables.
func (r *replay) applyRaise(e raise) {
	for _, o := range e.at {
		a := r.account(o.level, o.id, o.parent)
		a.spent = most(a.spent, o.spent)
	}
	r.lost = most(r.lost, e.lost)
}
