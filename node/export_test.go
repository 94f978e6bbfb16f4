package node

import (
	"context"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/protocol"
)

// Pin is what Join does with the token's endpoints.
func (n *Node) Pin(endpoints []protocol.Endpoint) error { return n.pin(endpoints) }

// ChangeCounts lets a test change what is counted from now on.
func (n *Node) ChangeCounts(change func([]int64)) { n.testOnlyCounts = change }

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
