package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/protocol"
)

// How shares travel, and how they are kept.
//
// Where the roster has no packing, a share is sealed to its site by itself. Where it
// has one, dealer and receiver have a key of the pair, for as long as both keep the KEM
// keys that they declare. The dealer sends the key along, sealed, until the receiver
// has signed that a share opened:
//
//	0 frame             the receiver has the key
//	1 sealed key frame  it may not have it yet
//
// What is kept until the sum is opened needs nothing but the receiver's KEM key:
//
//	salt sealed key frame
const (
	keyKnown = 0
	keySent  = 1
)

// pairs is one session whose shares are dealt under keys of pairs.
type pairs struct {
	roster  *protocol.Roster
	session he.Session // without check key and length, which frames do not depend on
}

func pairsOf(r *protocol.Roster, params he.Params, id protocol.SessionID) pairs {
	return pairs{r, he.Session{Params: params, ID: he.SessionID(id), Points: r.Points(), Threshold: r.Threshold, Packing: r.Packing}}
}

// info binds the key of a pair to its dealer and its receiver, by their points.
func (p pairs) info(dealer, receiver uint32) []byte {
	from, to := p.roster.Sites[dealer-1].NodeKey.ID(), p.roster.Sites[receiver-1].NodeKey.ID()
	d := protocol.Hash("locus/pair/v1", from[:], to[:])
	return d[:]
}

// keep makes of what a dealer sent what is kept, and returns the sealed key if it came
// along. known is the one that came before, nil for none.
func (p pairs) keep(salt [protocol.SaltSize]byte, packet, known []byte) (kept, came []byte, err error) {
	if len(packet) == 0 {
		return nil, nil, fmt.Errorf("%w: an empty share", protocol.ErrMalformed)
	}
	kind, rest := packet[0], packet[1:]
	switch {
	case kind == keySent && len(rest) >= he.SealedPairKeySize:
		came, rest = rest[:he.SealedPairKeySize], rest[he.SealedPairKeySize:]
		known = came
	case kind != keyKnown:
		return nil, nil, fmt.Errorf("%w: a share of kind %d", protocol.ErrMalformed, kind)
	case known == nil:
		return nil, nil, fmt.Errorf("%w: a share under a key that is not here", protocol.Lost)
	}
	return slices.Concat(salt[:], known, rest), came, nil
}

// open opens what keep made.
func (p pairs) open(private, kept []byte, dealer, receiver uint32) (he.Share, error) {
	if len(kept) < protocol.SaltSize+he.SealedPairKeySize {
		return he.Share{}, fmt.Errorf("%w: it is too short", he.ErrSealed)
	}
	salt, rest := he.Salt(kept[:protocol.SaltSize]), kept[protocol.SaltSize:]
	key, err := he.OpenPairKey(private, p.info(dealer, receiver), rest[:he.SealedPairKeySize])
	if err != nil {
		return he.Share{}, err
	}
	return p.session.OpenFrame(key, salt, dealer, int(receiver-1), rest[he.SealedPairKeySize:])
}

// deal shares a mask's secret under keys of pairs. The share to this site itself is
// returned as it is kept.
func (s *server) deal(ctx context.Context, c *contribution, mask *he.Mask) error {
	q := c.question
	r, self := &q.pinned.roster.Message, q.pinned.point
	keys := make([]he.PairKey, len(r.Sites))
	for i := range keys {
		var err error
		if keys[i], err = s.keys.PairKey(q.declared.Message.KEMKey, c.offer.Declarations[i].Message.KEMKey); err != nil {
			return fmt.Errorf("%w: %w", protocol.Lost, err)
		}
	}
	dealt, err := mask.Deal(self, keys)
	if err != nil {
		return fmt.Errorf("share the key: %w", err)
	}
	p := pairsOf(r, q.vector.Params(), c.session)
	c.salt = dealt.Salt
	for i, frame := range dealt.Frames {
		to, kem := uint32(i+1), c.offer.Declarations[i].Message.KEMKey
		holds, err := s.holdsKey(ctx, r, to, q.declared.Message.KEMKey, kem)
		if err != nil {
			return err
		}
		// Who has lost the key cannot say so: a second attempt is told it again.
		again := c.offer.Task.Message.Attempt > 1
		if holds && !again && to != self {
			c.shares = append(c.shares, append([]byte{keyKnown}, frame...))
			continue
		}
		sealed, err := keys[i].Seal(kem, p.info(self, to))
		if err != nil {
			return fmt.Errorf("seal the key of a pair with site %d: %w", to, err)
		}
		if to == self { // it is sent nothing but a place in the list
			c.shares = append(c.shares, append([]byte{keyKnown}, frame...))
			c.own = slices.Concat(dealt.Salt[:], sealed, frame)
			continue
		}
		c.shares = append(c.shares, slices.Concat([]byte{keySent}, sealed, frame))
		c.told = append(c.told, to)
	}
	return nil
}

// pairTag names the key of a pair by the KEM keys that it hangs on.
func pairTag(own, receiver []byte) protocol.Digest {
	return protocol.Hash("locus/paired/v1", own, receiver)
}

// holdsKey reports whether a site has signed that it opened a share under the key of the
// pair with this one.
func (s *server) holdsKey(ctx context.Context, r *protocol.Roster, receiver uint32, own, kem []byte) (bool, error) {
	id, tag := r.Sites[receiver-1].NodeKey.ID(), pairTag(own, kem)
	var holds bool
	err := s.records.db.QueryRowContext(ctx, "SELECT holds FROM paired WHERE receiver = ? AND kem = ?", id[:], tag[:]).Scan(&holds)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read keys of pairs: %w", err)
	}
	return holds, nil
}

// note writes down to whom a contribution tells the key of the pair.
func (c *contribution) note(ctx context.Context, tx querier) error {
	q := c.question
	for _, to := range c.told {
		id := q.pinned.roster.Message.Sites[to-1].NodeKey.ID()
		tag := pairTag(q.declared.Message.KEMKey, c.offer.Declarations[to-1].Message.KEMKey)
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO paired (receiver, kem, session, holds) VALUES (?, ?, ?, 0)",
			id[:], tag[:], c.session[:]); err != nil {
			return fmt.Errorf("note the key of a pair: %w", err)
		}
	}
	return nil
}

// confirm notes who has opened the share that this site dealt it in a session.
func confirm(ctx context.Context, tx querier, r *protocol.Roster, row *stored, received []protocol.Signed[protocol.Received]) error {
	if r.Packing == 0 {
		return nil
	}
	for i := range received {
		m := &received[i].Message
		if m.Session != row.session || !slices.Contains(m.Headers, row.header) {
			continue
		}
		id := r.Sites[m.Point-1].NodeKey.ID()
		if _, err := tx.ExecContext(ctx, "UPDATE paired SET holds = 1 WHERE receiver = ? AND session = ?", id[:], row.session[:]); err != nil {
			return fmt.Errorf("note who holds the key of a pair: %w", err)
		}
	}
	return nil
}

// keyFrom is the sealed key of the pair with a dealer, nil when none has come.
func (s *server) keyFrom(ctx context.Context, dealer protocol.KeyID, kem []byte) (sealed []byte, err error) {
	err = s.records.db.QueryRowContext(ctx, "SELECT sealed FROM pairs WHERE dealer = ? AND kem = ?", dealer[:], kem).Scan(&sealed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the key of a pair: %w", err)
	}
	return sealed, nil
}
