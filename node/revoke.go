package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// ErrKey is returned when a key is not revoked, or not rotated.
var ErrKey = errors.New("node: the keys are as they were")

// The roles of a key in a roster.
const (
	RoleResearcher = "researcher"
	RoleMember     = "coordinator"
	RoleNode       = "node"
	RoleCustodian  = "custodian"
)

// KnownKey is a key that a roster names which was accepted here.
type KnownKey struct {
	ID protocol.KeyID
	// Role is researcher, coordinator, node or custodian.
	Role               string
	Name, Organisation string
	// Studies are those whose roster of now has it, none where only an ended one had.
	Studies []string
	// Own is of this site, and cannot be revoked here.
	Own bool
	// Revoked speaks for nobody at this site any more.
	Revoked bool
}

// KnownKeys lists the keys of all rosters that were accepted here, and those that were
// revoked without being in one, by role and name.
func (n *Node) KnownKeys(ctx context.Context) ([]KnownKey, error) {
	return n.knownKeys(ctx, n.records.db)
}

func (n *Node) knownKeys(ctx context.Context, q querier) (list []KnownKey, err error) {
	known, err := rostersOf(ctx, q, "")
	if err != nil {
		return nil, fmt.Errorf("read rosters: %w", err)
	}
	for _, k := range slices.Backward(known) { // the newest says what somebody is called
		p, err := n.rosterByDigest(ctx, q, k.digest)
		if err != nil {
			return nil, err
		}
		eachKey(&p.roster.Message, func(one KnownKey) {
			i := slices.IndexFunc(list, func(o KnownKey) bool { return o.ID == one.ID && o.Role == one.Role })
			if i < 0 {
				i, list = len(list), append(list, one)
			}
			if k.state != rosterEnded && !slices.Contains(list[i].Studies, k.study) {
				list[i].Studies = append(list[i].Studies, k.study)
			}
		})
	}
	revoked, err := revocationsIn(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range list {
		one := &list[i]
		slices.Sort(one.Studies)
		one.Revoked, one.Own = revoked.has(one.ID), n.owns(one.ID)
	}
	for id := range revoked {
		if !slices.ContainsFunc(list, func(o KnownKey) bool { return o.ID == id }) {
			list = append(list, KnownKey{ID: id, Revoked: true})
		}
	}
	slices.SortFunc(list, func(a, b KnownKey) int {
		return strings.Compare(a.Role+"\x00"+a.Name+"\x00"+a.ID.String(), b.Role+"\x00"+b.Name+"\x00"+b.ID.String())
	})
	return list, nil
}

// eachKey hands over the keys that a roster names.
func eachKey(r *protocol.Roster, hand func(KnownKey)) {
	for _, p := range r.Researchers {
		hand(KnownKey{ID: p.Key.ID(), Role: RoleResearcher, Name: p.Name, Organisation: p.Organisation})
	}
	for _, m := range r.Members {
		hand(KnownKey{ID: m.Key.ID(), Role: RoleMember, Name: m.Name})
	}
	for _, s := range r.Sites {
		hand(KnownKey{ID: s.NodeKey.ID(), Role: RoleNode, Name: s.Name, Organisation: s.Organisation})
		hand(KnownKey{ID: s.CustodianKey.ID(), Role: RoleCustodian, Name: s.Name, Organisation: s.Organisation})
	}
}

func (n *Node) owns(id protocol.KeyID) bool {
	return id == n.card.NodeKey.ID() || id == n.card.CustodianKey.ID()
}

// RevokeKey ends what a key may do at this site, at once and for good. It takes nobody's
// consent: anybody who has the node's directory may do it, as with Freeze, since it only ever
// has less answered. There is no way back but a roster that names another key.
//
// id is the beginning of one that KnownKeys lists, or all of one that no roster names yet.
func (n *Node) RevokeKey(ctx context.Context, id string) (KnownKey, error) {
	var gone KnownKey
	err := n.records.update(ctx, func(tx querier) error {
		all, err := n.knownKeys(ctx, tx)
		if err != nil {
			return err
		}
		if gone, err = chooseKey(all, id); err != nil {
			return err
		}
		o, err := n.officersNow(ctx, tx)
		if err != nil {
			return err
		}
		_, officer := o.ring()[gone.ID]
		switch {
		case n.owns(gone.ID):
			return fmt.Errorf("%w: it is this site's own; freeze stops all that it signs, and a site whose key was stolen joins anew as another", ErrKey)
		case officer:
			// An officer's no would go with the key: that takes those who decide on officers.
			return fmt.Errorf("%w: it is of an officer of this site; officer remove takes the role away", ErrKey)
		case gone.Revoked:
			return nil
		}
		gone.Revoked = true
		_, err = appendLink(ctx, tx, linkKeyRevoked, gone.ID)
		return err
	})
	if err != nil {
		return KnownKey{}, err
	}
	n.cfg.Log.Warn("key revoked: nothing that it signs is answered any more", "key", gone.ID.Short(), "role", gone.Role, "name", gone.Name)
	return gone, nil
}

// chooseKey finds the key whose id begins so.
func chooseKey(all []KnownKey, id string) (KnownKey, error) {
	var found []KnownKey
	for _, k := range all {
		same := func(o KnownKey) bool { return o.ID == k.ID }
		if id != "" && strings.HasPrefix(k.ID.String(), id) && !slices.ContainsFunc(found, same) {
			found = append(found, k)
		}
	}
	switch whole, err := protocol.ParseHexDigest(id); {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && err == nil:
		return KnownKey{ID: whole}, nil
	}
	return KnownKey{}, fmt.Errorf("%w: %d keys begin with %q; key list shows them, and of one that no roster names all 64 digits are needed", ErrKey, len(found), id)
}

// revocations are the places in the chain at which keys were revoked.
type revocations map[protocol.KeyID]uint64

func revocationsIn(ctx context.Context, q querier) (revocations, error) {
	gone := make(revocations)
	if debug.Without(debug.KeyRevoked) {
		return gone, nil
	}
	rows, err := q.QueryContext(ctx, "SELECT digest, seq FROM chain WHERE kind = 'key revoked'")
	if err != nil {
		return nil, fmt.Errorf("read the revoked keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id protocol.KeyID
		var seq uint64
		if err := rows.Scan(digestTo(&id), &seq); err != nil {
			return nil, fmt.Errorf("%w: the revoked keys: %w", ErrRecords, err)
		}
		gone[id] = seq
	}
	return gone, rows.Err()
}

func (r revocations) has(id protocol.KeyID) bool { return r[id] > 0 }

// refused is what is said of a key.
func refused(what string, id protocol.KeyID) error {
	return fmt.Errorf("%w: %s was revoked at this site: key %s", protocol.BadSignature, what, id.Short())
}

// peer refuses the connection of a member whose key was revoked: who has the one has its
// machine.
func (r revocations) peer(p *pinned, from wire.PeerID) error {
	for _, m := range p.roster.Message.Members {
		if r.has(m.Key.ID()) && m.Peer == string(from) {
			return refused("the key of coordinator member "+m.Name, m.Key.ID())
		}
	}
	return nil
}

// heard refuses a member whose key was revoked, and a roster with a site whose key was: what
// sites say together is worth no more than each of their keys.
func (n *Node) heard(ctx context.Context, q querier, p *pinned, from wire.PeerID) error {
	gone, err := revocationsIn(ctx, q)
	if err != nil || len(gone) == 0 {
		return err
	}
	return errors.Join(gone.sites(p), gone.peer(p, from))
}

// sites refuses a roster that rests on a revoked key of a site.
func (r revocations) sites(p *pinned) error {
	for _, s := range p.roster.Message.Sites {
		for _, id := range []protocol.KeyID{s.NodeKey.ID(), s.CustodianKey.ID()} {
			if r.has(id) {
				return refused("a key of site "+s.Name, id)
			}
		}
	}
	return nil
}

// signedBy refuses what one of these keys has signed, if it was revoked.
func (n *Node) signedBy(ctx context.Context, q querier, p *pinned, keys ...protocol.KeyID) error {
	gone, err := revocationsIn(ctx, q)
	if err != nil || len(gone) == 0 {
		return err
	}
	for _, id := range keys {
		if gone.has(id) {
			return refused("who signed this", id)
		}
	}
	return gone.sites(p)
}

// unrevoked refuses a session whose question was signed by a revoked key, or whose task may
// have been: the records do not say which member signed it, so that all end which began before
// a member's key was revoked. The others try again under a task of their own.
func (n *Node) unrevoked(ctx context.Context, q querier, p *pinned, row *stored) error {
	gone, err := revocationsIn(ctx, q)
	if err != nil || len(gone) == 0 {
		return err
	}
	r := &p.roster.Message
	asked, err := r.OpenQuery(row.asked, row.roster)
	if err != nil {
		return fmt.Errorf("%w: session %s: %w", ErrRecords, row.session.Short(), err)
	}
	if gone.has(asked.Signer()) {
		return refused("the researcher's key", asked.Signer())
	}
	last := uint64(0)
	for _, m := range r.Members {
		last = max(last, gone[m.Key.ID()])
	}
	if last == 0 {
		return gone.sites(p)
	}
	sent, err := r.ParseContribution(row.contribution, row.roster)
	if err != nil || sent.Header.Message.Sequence < last {
		return fmt.Errorf("%w: the attempt began before the key of a coordinator member was revoked", protocol.BadSignature)
	}
	return gone.sites(p)
}

// namesNoneRevoked refuses a roster that would have a revoked key speak again.
func namesNoneRevoked(ctx context.Context, q querier, r *protocol.Roster) error {
	gone, err := revocationsIn(ctx, q)
	if err != nil || len(gone) == 0 {
		return err
	}
	var errs []error
	eachKey(r, func(k KnownKey) {
		if gone.has(k.ID) {
			errs = append(errs, fmt.Errorf("%w: it names key %s of %s %q, which was revoked here; ask for an epoch with a new one", ErrRoster, k.ID.Short(), k.Role, k.Name))
		}
	})
	return errors.Join(errs...)
}
