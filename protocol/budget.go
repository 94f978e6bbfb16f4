package protocol

import (
	"fmt"

	"github.com/locus-genomics/locus/protocol/pb"
)

// maxLedgerBytes bounds what a ledger has signed.
const maxLedgerBytes = 4096

// BudgetOrder is a custodian's order to the ledger of the site's node, in the ledger's own
// encoding. It stays at the site.
type BudgetOrder struct{ Order []byte }

// Type is the domain of an order's signature.
func (*BudgetOrder) Type() string { return "locus/budget-order/v1" }

func (o *BudgetOrder) encode() ([]byte, error) { return marshal(&pb.BudgetOrder{Order: o.Order}) }

func (o *BudgetOrder) decode(payload []byte) error {
	m := new(pb.BudgetOrder)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	o.Order = m.Order
	return checkLedgerBytes(o.Order)
}

// LedgerHead is where a node's ledger stands, in the ledger's own encoding. It stays at
// the site.
type LedgerHead struct{ Head []byte }

// Type is the domain of a head's signature.
func (*LedgerHead) Type() string { return "locus/ledger-head/v1" }

func (h *LedgerHead) encode() ([]byte, error) { return marshal(&pb.LedgerHead{Head: h.Head}) }

func (h *LedgerHead) decode(payload []byte) error {
	m := new(pb.LedgerHead)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	h.Head = m.Head
	return checkLedgerBytes(h.Head)
}

func checkLedgerBytes(b []byte) error {
	if len(b) == 0 || len(b) > maxLedgerBytes {
		return fmt.Errorf("%w: %d bytes of a ledger, want 1 to %d", ErrMalformed, len(b), maxLedgerBytes)
	}
	return nil
}
