package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// The kinds of an entry, the first byte of its body.
const (
	kindDebit byte = 1 + iota
	kindOrder
	kindLoss
	kindRaise
)

const (
	// maxOrder bounds the bytes of an operator's order: its fields and a reason.
	maxOrder = 4096
	// maxSignature bounds its signature: Ed25519 and ML-DSA-65 side by side and room.
	maxSignature = 8192
	// maxBody bounds an entry.
	maxBody = maxOrder + maxSignature + 256
)

// entry is what one step of the chain says. It is one of the four below.
type entry interface{ encode() []byte }

// debit charges a release to the accounts of a path whose bit is set: those that had
// not paid for it yet.
type debit struct {
	release Key
	path    Path
	paid    byte
	cost    Cost
}

// ordered is an operator's order with its signature, as it came.
type ordered struct{ Signed }

// loss stands for entries that were made and cannot be read any more: all those after
// from, up to to.
type loss struct {
	from, to uint64
	charge   Cost
	witness  Head // the head that made the loss known, zero without one
	order    Signed
}

func (d debit) encode() []byte {
	b := append([]byte{kindDebit, d.paid}, d.release[:]...)
	for _, k := range d.path.keys() {
		b = append(b, k[:]...)
	}
	return appendCost(b, d.cost)
}

func (o ordered) encode() []byte { return appendSigned([]byte{kindOrder}, o.Signed) }

func (l loss) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{kindLoss}, l.from)
	b = binary.BigEndian.AppendUint64(b, l.to)
	b = appendCost(b, l.charge)
	b = append(b, l.witness.encode()...)
	return appendSigned(b, l.order)
}

func appendCost(b []byte, c Cost) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, c.Rho), c.Delta)
}

func appendSigned(b []byte, s Signed) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.Message)))
	b = append(b, s.Message...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.Signature)))
	return append(b, s.Signature...)
}

// parseEntry reads a body. There is one body for an entry: what parses encodes to the
// same bytes.
func parseEntry(body []byte) (entry, error) {
	if len(body) == 0 || len(body) > maxBody {
		return nil, fmt.Errorf("%w: an entry of %d bytes", ErrDamaged, len(body))
	}
	r := reader{b: body[1:]}
	var e entry
	switch body[0] {
	case kindDebit:
		d := debit{paid: r.byte(), release: r.key()}
		d.path = Path{r.key(), r.key(), r.key(), r.key()}
		d.cost = r.cost()
		r.bad = r.bad || d.paid == 0 || d.paid >= 1<<levels || !d.path.whole(Researcher) || d.cost.Rho == 0
		e = d
	case kindOrder:
		e = ordered{r.signed(false)}
	case kindRaise:
		e = parseRaise(&r)
	case kindLoss:
		l := loss{from: r.count(), to: r.count(), charge: r.cost()}
		l.witness = Head{Ledger: r.key(), Seq: r.count(), Digest: r.key()}
		l.order = r.signed(true)
		r.bad = r.bad || l.to <= l.from
		e = l
	default:
		return nil, fmt.Errorf("%w: an entry of kind %d", ErrDamaged, body[0])
	}
	if r.bad || len(r.b) != 0 {
		return nil, fmt.Errorf("%w: an entry of kind %d does not have its shape", ErrDamaged, body[0])
	}
	return e, nil
}

// reader takes fields off bytes. Once something is missing all that follows is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) key() (k Key) {
	copy(k[:], r.take(len(k)))
	return k
}

func (r *reader) count() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	n := binary.BigEndian.Uint64(b)
	r.bad = r.bad || n > maxUnits
	return n
}

func (r *reader) cost() Cost { return Cost{Rho: r.count(), Delta: r.count()} }

// bytes takes a length and that many bytes, which are copied: they outlive the row.
func (r *reader) bytes(limit int) []byte {
	b := r.take(4)
	if b == nil {
		return nil
	}
	n := binary.BigEndian.Uint32(b)
	if n > uint32(limit) {
		r.bad = true
		return nil
	}
	return append([]byte(nil), r.take(int(n))...)
}

func (r *reader) signed(mayLack bool) Signed {
	s := Signed{Message: r.bytes(maxOrder), Signature: r.bytes(maxSignature)}
	r.bad = r.bad || !mayLack && len(s.Message) == 0
	return s
}

// Head is where a ledger's chain stands: how many entries it has, and the digest that
// holds all of them.
type Head struct {
	Ledger Key
	Seq    uint64
	Digest Key
}

func (h Head) encode() []byte {
	b := binary.BigEndian.AppendUint64(h.Ledger[:], h.Seq)
	return append(b, h.Digest[:]...)
}

// genesis is the head of a ledger without entries.
func genesis(id Key) Head {
	return Head{id, 0, sha256.Sum256(append([]byte("locus/ledger/genesis/v1"), id[:]...))}
}

// next is the head after an entry. An entry's number is one more than that of the
// last, but for a loss, which stands after all that it covers.
func (h Head) next(seq uint64, body []byte) Head {
	d := sha256.New()
	d.Write([]byte("locus/ledger/entry/v1"))
	d.Write(h.encode())
	d.Write(binary.BigEndian.AppendUint64(nil, seq))
	d.Write(body)
	return Head{h.Ledger, seq, Key(d.Sum(nil))}
}
