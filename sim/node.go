package sim

import "github.com/locus-genomics/locus/node"

// Node is a site's node while it runs, as its custodian's commands have it.
func (n *Network) Node(site int) *node.Node { return n.sites[site].node }
