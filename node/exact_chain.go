package node

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/locus-genomics/locus/protocol"
)

// What was released exactly stands in tables that are not appended to. So with each exact
// contribution goes a link that names all of it, and a node whose tables say anything else
// does not serve: an answer that is left out of them could be given again for other people.

// linkReleases names in the chain what was released until now.
func linkReleases(ctx context.Context, tx querier) error {
	state, err := releasesDigest(ctx, tx)
	if err != nil || state.IsZero() {
		return err
	}
	_, err = appendLink(ctx, tx, linkReleased, state)
	return err
}

// verifyReleased requires that what was released is what the chain names last.
func (n *Node) verifyReleased(ctx context.Context) error {
	named, err := lastNamed(ctx, n.records.db, linkReleased)
	if err != nil {
		return err
	}
	state, err := releasesDigest(ctx, n.records.db)
	if err != nil {
		return err
	}
	if state != named {
		return fmt.Errorf("%w: what was released exactly is not what the chain names: restore the records from a newer backup", ErrRecords)
	}
	return nil
}

// releasesDigest names all that was released exactly, and is zero where nothing was. The
// names of people's lists are under the pin key, so that nobody can guess what is in it.
func releasesDigest(ctx context.Context, q querier) (protocol.Digest, error) {
	all, err := readReleases(ctx, q)
	if err != nil || len(all) == 0 {
		return protocol.Digest{}, err
	}
	var b []byte
	for _, p := range all {
		b = p.append(binary.BigEndian.AppendUint64(b, p.variants))
	}
	return protocol.Hash("locus/link/released/v1", b), nil
}
