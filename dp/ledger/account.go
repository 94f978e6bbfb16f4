package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

var (
	// ErrPath is returned when a path leaves out an account, or names a dataset under
	// another population than the one it is of.
	ErrPath = errors.New("ledger: the path of accounts is not one of this ledger")
	// ErrExhausted is returned when an account has less left than a release costs. The
	// error is an *Exhausted, which says which account.
	ErrExhausted = errors.New("ledger: the budget is spent")
)

// Level is the height of an account in the tree.
type Level uint8

// The levels, from the promise to people down to what is policy.
const (
	Population Level = 1 + iota
	Dataset
	Study
	Researcher
)

// levels is how many accounts a release is charged to.
const levels = 4

// String is the name of the level.
func (l Level) String() string {
	switch l {
	case Population:
		return "population"
	case Dataset:
		return "dataset"
	case Study:
		return "study"
	case Researcher:
		return "researcher"
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// Path names the four accounts of a release. All datasets that share people MUST be
// of one population: its cap is the promise to people, the other three are policy. A
// researcher has an account in each study.
type Path struct{ Population, Dataset, Study, Researcher Key }

// whole reports whether the keys down to a level are set and no other is.
func (p Path) whole(to Level) bool {
	for i, k := range p.keys() {
		if k.isZero() == (i < int(to)) {
			return false
		}
	}
	return true
}

// UpTo is the path down to a level, and nothing below.
func (p Path) UpTo(level Level) Path {
	if level < Researcher {
		p.Researcher = Key{}
	}
	if level < Study {
		p.Study = Key{}
	}
	if level < Dataset {
		p.Dataset = Key{}
	}
	return p
}

func (p Path) keys() [levels]Key { return [levels]Key{p.Population, p.Dataset, p.Study, p.Researcher} }

// accounts are the ids of a path's accounts, from the top. That of a dataset does
// not hold its population: a dataset cannot be moved to fresh people by naming them.
func (p Path) accounts() (ids [levels]Key) {
	ids[0] = accountID(Population, Key{}, p.Population)
	ids[1] = accountID(Dataset, Key{}, p.Dataset)
	ids[2] = accountID(Study, ids[1], p.Study)
	ids[3] = accountID(Researcher, ids[2], p.Researcher)
	return ids
}

// ID names the account of a path at a level.
func (p Path) ID(at Level) (Key, error) {
	if at < Population || at > Researcher || !p.whole(at) {
		return Key{}, fmt.Errorf("%w: no %s account has these keys", ErrPath, at)
	}
	return p.accounts()[at-1], nil
}

func accountID(l Level, parent, key Key) Key {
	h := sha256.New()
	h.Write([]byte("locus/ledger/account/v1"))
	h.Write([]byte{byte(l)})
	h.Write(parent[:])
	h.Write(key[:])
	return Key(h.Sum(nil))
}

// account is one row. Its cap is what it was allowed itself and what its parent
// allows each account below.
type account struct {
	level            Level
	parent           Key
	own, each, spent Cost
}

// Exhausted says which account of a release has too little left.
type Exhausted struct {
	Level      Level
	Account    Key
	Need, Left Cost
}

// Error says what is left, what is needed and who can mend it.
func (e *Exhausted) Error() string {
	return fmt.Sprintf("%v: the %s's account %s has %v left and the release costs %v: only an allowance signed by the site's operator adds to it",
		ErrExhausted, e.Level, e.Account, e.Left, e.Need)
}

// Unwrap is ErrExhausted.
func (e *Exhausted) Unwrap() error { return ErrExhausted }
