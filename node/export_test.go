package node

import "github.com/locus-genomics/locus/protocol"

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
