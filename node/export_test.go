package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// Pin is what Join does with the token's endpoints.
func (n *Node) Pin(endpoints []protocol.Endpoint) error { return n.pin(endpoints) }

// Witnesses are whom this site's log is cosigned by, reached over an API, until done.
func (n *Node) Witnesses(t testing.TB, api []protocol.Endpoint) (remotes []audit.Remote, done func()) {
	t.Helper()
	c := n.door.Coordinator(api, n.keys.Signing())
	remotes, err := n.witnesses(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return remotes, c.Close
}

// LookForConsents looks into the folder of consents once.
func (n *Node) LookForConsents(ctx context.Context) error { return n.lookForConsents(ctx) }

// ConsentHandler is what answers at the port for consents, and the token it wants.
func (n *Node) ConsentHandler() (http.Handler, string, error) {
	token, err := n.consentToken()
	return n.consentRoutes(token), token, err
}

// ListenLoopback opens the port.
func ListenLoopback(ctx context.Context, address string) (net.Listener, error) {
	return listenLoopback(ctx, address)
}

// ChangeCounts lets a test change what is counted from now on.
func (n *Node) ChangeCounts(change func([]int64)) { n.testOnlyCounts = change }

// EndErasure ends an erasure after a step of it, as a power loss does.
func (n *Node) EndErasure(after string, why error) {
	n.testOnlyErase = func(step string) error {
		if step == after {
			return why
		}
		return nil
	}
}

// EraseSteps are those of an erasure.
func EraseSteps() []string { return []string{eraseKey, eraseRecords, eraseFiles} }

// ForgetStoreKey has a cohort's store be one of before stores had keys of their own.
func (n *Node) ForgetStoreKey(ctx context.Context, name string) error {
	_, err := n.records.db.ExecContext(ctx, `UPDATE cohorts SET definition = CAST(replace(CAST(definition AS TEXT), '"keyed":true', '"keyed":false') AS BLOB) WHERE name = ?`, name)
	return err
}

// ParseSnapshot parses and encodes again.
func ParseSnapshot(b []byte) ([]byte, error) {
	s, err := parseSnapshot(b)
	if err != nil {
		return nil, err
	}
	return s.encode(), nil
}

// ForgetPairs forgets the keys of pairs that dealers have sealed to this site.
func (n *Node) ForgetPairs(ctx context.Context) error {
	_, err := n.records.db.ExecContext(ctx, "DELETE FROM pairs")
	return err
}

// KeepShare parses a share that was dealt under the key of a pair.
func KeepShare(packet, known []byte) (kept, came []byte, err error) {
	return pairs{}.keep([protocol.SaltSize]byte{}, packet, known)
}

// ReleasePrice is what a test charges for a release.
type ReleasePrice struct {
	Cohort, Study string
	Researcher    protocol.KeyID
	Rho           uint64
}

func (p ReleasePrice) price() price {
	return price{cohort: p.Cohort, study: p.Study, researcher: p.Researcher, name: "somebody", cost: account.Cost{Rho: p.Rho, Delta: 1}}
}

// Affordable asks whether a release can be paid for.
func (n *Node) Affordable(ctx context.Context, release protocol.Digest, p ReleasePrice) error {
	return n.affordable(ctx, release, p.price())
}

// Debit charges a release.
func (n *Node) Debit(ctx context.Context, release protocol.Digest, p ReleasePrice) (*ledger.Hold, error) {
	return n.debit(ctx, release, p.price())
}

// NoiseSeed is the seed of the site's noise for a release.
func (n *Node) NoiseSeed(release protocol.Identity, answer []int64) [32]byte {
	return n.keys.NoiseSeed(n.keys.IdentityTag(release), answer)
}

// FollowBudgetOrder has the ledger follow an order, whoever signed it.
func (n *Node) FollowBudgetOrder(ctx context.Context, order ledger.Signed) error {
	err := n.records.update(ctx, func(tx querier) error {
		_, err := n.ledger.Follow(ctx, tx, order)
		return err
	})
	if err != nil {
		return err
	}
	return n.settle(ctx)
}

// SignBudgetOrder signs an order for this site's ledger as its custodian does.
func (n *Node) SignBudgetOrder(o ledger.Order) (ledger.Signed, error) { return n.sign(o) }

// SignAsNode signs the bytes of an order with the key that is not the custodian's.
func (n *Node) SignAsNode(message []byte) ([]byte, error) {
	signed, err := protocol.Sign(protocol.BudgetOrder{Order: message}, n.keys.Signing())
	return signed.Bytes(), err
}

// PeopleOrder is an order that allows everybody at this site to lose so much.
func (n *Node) PeopleOrder(rho uint64) ledger.Order {
	o := n.orders(OfPeople, price{}, account.Cost{Rho: rho, Delta: 1000}, false)[0]
	o.Reason = "the board agreed"
	return o
}

// Observe has a detector of the node's records see events, with so many bytes for all of them.
func (n *Node) Observe(ctx context.Context, most int64, list ...detect.Event) error {
	w, err := n.watching(ctx)
	if err != nil {
		return err
	}
	w.most = most
	for _, e := range list {
		if _, err := w.observe(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot is what other sites would keep of this one now.
func (n *Node) Snapshot(ctx context.Context) (raw []byte, err error) {
	err = n.records.update(ctx, func(tx querier) error {
		at, err := lastLink(ctx, tx)
		if err != nil {
			return err
		}
		s, err := n.takeSnapshot(ctx, tx, at)
		if err == nil {
			raw = s.encode()
		}
		return err
	})
	return raw, err
}

// Restore takes in a snapshot as a node does that is behind what others have seen.
func (n *Node) Restore(ctx context.Context, raw []byte) error {
	s, err := parseSnapshot(raw)
	if err != nil {
		return err
	}
	if err := n.records.update(ctx, func(tx querier) error { return n.restore(ctx, tx, s) }); err != nil {
		return err
	}
	return n.settle(ctx)
}

// FillDisk leaves room for so many more pages of the records.
func (n *Node) FillDisk(ctx context.Context, pages int) error {
	var now int
	if err := n.records.db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&now); err != nil {
		return err
	}
	return n.records.db.QueryRowContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", now+pages)).Scan(&now)
}

// Admit is what an offer passes before a genotype is read: its signatures and every rule. It
// writes nothing.
func (n *Node) Admit(ctx context.Context, from wire.PeerID, study string, request []byte) error {
	s := &server{Node: n}
	on, err := s.study(ctx, from, study)
	if err != nil {
		return err
	}
	o, err := on.pinned.roster.Message.ParseOffer(request, on.pinned.digest())
	if err != nil {
		return err
	}
	q := &question{pinned: on.pinned, now: n.cfg.Now(), header: o.Header, sealed: o.Body, contents: o.Contents()}
	return errors.Join(checkLife(ctx, q), notFrozen(ctx, n.records.db), s.judge(ctx, q))
}
