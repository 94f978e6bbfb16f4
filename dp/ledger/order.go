package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// ErrOrder is returned when an operator's order does not have its shape, is for
// another ledger, has been followed before, or does not carry the operator's signature.
var ErrOrder = errors.New("ledger: the order cannot be followed")

// OrderKind is what an operator orders.
type OrderKind uint8

// The orders. There is none that takes a debit back.
const (
	// Allow adds Amount to the cap of the account of Path at Level.
	Allow OrderKind = 1 + iota
	// AllowEach adds Amount to the cap of each account right below the account of Path
	// at Level: each study of a dataset, each researcher of a study.
	AllowEach
	// LimitTask makes Amount the most that one release may cost.
	LimitTask
	// AcceptLoss goes on behind the witnessed head Head. Every entry that is missing
	// counts as the largest release that was ever allowed, for every account.
	AcceptLoss
)

// String is the name of the order.
func (k OrderKind) String() string {
	names := [...]string{"allow", "allow each", "limit task", "accept loss"}
	if k >= Allow && int(k) <= len(names) {
		return names[k-1]
	}
	return fmt.Sprintf("order %d", uint8(k))
}

// Order is what an operator of the site signs. Fields that its kind does not name are
// zero.
type Order struct {
	Ledger Key // the ledger that it is for
	Kind   OrderKind
	Level  Level
	Path   Path
	Amount Cost
	Head   Head
	Nonce  [16]byte // random: an order is followed once, and two equal allowances are two orders
	Reason string   // one line for who reads the ledger later, at least one character
}

// Signed is an order as it was signed.
type Signed struct{ Message, Signature []byte }

const (
	// orderDomain begins every order, so that no signature on something else is one.
	orderDomain = "locus/ledger/order/v1\n"
	// maxReason bounds the reason in bytes.
	maxReason = 1000
)

// Encode returns the bytes to sign. There is one encoding of an order.
func (o Order) Encode() ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return o.encode(), nil
}

func (o Order) encode() []byte {
	b := append([]byte(orderDomain), byte(o.Kind), byte(o.Level))
	b = append(b, o.Ledger[:]...)
	for _, k := range o.Path.keys() {
		b = append(b, k[:]...)
	}
	b = appendCost(b, o.Amount)
	b = append(b, o.Head.encode()...)
	b = append(b, o.Nonce[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(o.Reason)))
	return append(b, o.Reason...)
}

// ParseOrder reads what Encode wrote and nothing else.
func ParseOrder(message []byte) (Order, error) {
	rest, is := bytes.CutPrefix(message, []byte(orderDomain))
	if !is || len(message) > maxOrder {
		return Order{}, fmt.Errorf("%w: its bytes are no order of this version", ErrOrder)
	}
	r := reader{b: rest}
	o := Order{Kind: OrderKind(r.byte()), Level: Level(r.byte()), Ledger: r.key()}
	o.Path = Path{r.key(), r.key(), r.key(), r.key()}
	o.Amount = r.cost()
	o.Head = Head{Ledger: r.key(), Seq: r.count(), Digest: r.key()}
	copy(o.Nonce[:], r.take(len(o.Nonce)))
	o.Reason = string(r.bytes(maxReason))
	if r.bad || len(r.b) != 0 {
		return Order{}, fmt.Errorf("%w: its bytes are cut, too long, or followed by others", ErrOrder)
	}
	if err := o.check(); err != nil {
		return Order{}, err
	}
	return o, nil
}

// check says all that is wrong with an order.
func (o Order) check() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrOrder}, args...)...))
		}
	}
	fault(o.Ledger.isZero(), "it names no ledger")
	fault(o.Nonce == [16]byte{}, "its nonce is zero: draw one")
	fault(o.Reason == "" || len(o.Reason) > maxReason || !printable(o.Reason), "its reason is not one printable line of 1 to %d bytes", maxReason)
	fault(o.Amount.Rho > maxUnits || o.Amount.Delta > maxUnits, "its amount is too large to be counted")
	rest := o
	rest.Ledger, rest.Kind, rest.Nonce, rest.Reason = Key{}, 0, [16]byte{}, ""
	switch o.Kind {
	case Allow, AllowEach:
		deepest := Researcher
		if o.Kind == AllowEach {
			deepest = Study
		}
		fault(o.Level < Population || o.Level > deepest || !o.Path.whole(o.Level), "it needs the keys of one account down to its level, and no key below")
		fault(o.Amount == Cost{}, "it allows nothing")
		rest.Level, rest.Path, rest.Amount = 0, Path{}, Cost{}
	case LimitTask:
		rest.Amount = Cost{}
	case AcceptLoss:
		fault(o.Head.Ledger != o.Ledger || o.Head.Seq == 0, "it needs the witnessed head of the same ledger")
		rest.Head = Head{}
	default:
		fault(true, "there is no %v", o.Kind)
	}
	fault(rest != Order{}, "%v has a field that is not its own", o.Kind)
	return errors.Join(faults...)
}

func printable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}
