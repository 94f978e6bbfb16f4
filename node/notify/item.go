package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Form is what is told: a notice, or a finding.
type Form string

// The forms.
const (
	AsNotice  Form = "notice"
	AsFinding Form = "finding"
)

// Item is what is told to a target.
type Item struct {
	// ID is the same for the same bytes: a receiver that has seen it has seen them.
	ID   string
	Form Form
	Body []byte
}

func newItem(form Form, body []byte) (Item, error) {
	if len(body) == 0 || len(body) > MaxBody {
		return Item{}, fmt.Errorf("%w: of %d bytes, want 1 to %d", ErrNotice, len(body), MaxBody)
	}
	sum := sha256.Sum256(body)
	return Item{ID: hex.EncodeToString(sum[:16]), Form: form, Body: body}, nil
}

// Try tells a target of a notice now, whether it wants that kind or not, and beside the queue:
// what waits in it stays. It is made once.
func (t *Target) Try(ctx context.Context, n Notice) error {
	body, err := n.Bytes()
	if err != nil {
		return err
	}
	item, err := newItem(AsNotice, body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return t.Sender.Send(ctx, item)
}

var (
	// ErrRefused is returned when the other side has read what it was told and does not want
	// it, so that it will not want it later either.
	ErrRefused = errors.New("notify: refused by the receiver")
	// ErrUnreachable is returned when it could not be told now.
	ErrUnreachable = errors.New("notify: the receiver is not there")
)

// Sender tells one receiver. What it returns nil for was taken.
type Sender interface {
	Send(ctx context.Context, item Item) error
}
