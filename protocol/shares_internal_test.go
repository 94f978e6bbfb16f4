package protocol

import (
	"fmt"
	"testing"
)

// TestPathsLeadToTheRoot takes every share of trees of every shape, and nothing else.
func TestPathsLeadToTheRoot(t *testing.T) {
	for n := 1; n <= 20; n++ {
		var shares [][]byte
		for i := range n {
			shares = append(shares, fmt.Appendf(nil, "to %d", i+1))
		}
		root := SharesRoot(shares)
		for i, s := range shares {
			path := sharePath(shares, i)
			if !leads(s, i, n, path, root) {
				t.Errorf("share %d of %d is not on its path", i+1, n)
			}
			for name, led := range map[string]bool{
				"another share":    leads([]byte("x"), i, n, path, root),
				"a longer path":    leads(s, i, n, append(path[:len(path):len(path)], Digest{}), root),
				"another root":     leads(s, i, n, path, Digest{1}),
				"another place":    n > 1 && leads(s, (i+1)%n, n, path, root),
				"a smaller roster": n > 1 && leads(s, 0, 1, nil, root),
			} {
				if led {
					t.Errorf("share %d of %d, %s: it leads to the root", i+1, n, name)
				}
			}
		}
	}
	if len(stepsOf(make([]byte, 65))) != 3 || len(stepsOf(nil)) != 0 {
		t.Error("steps are 32 bytes each, and what is over counts")
	}
}

// TestTheRootIsThatOfRFC9162 recomputes the tree of three leaves by hand.
func TestTheRootIsThatOfRFC9162(t *testing.T) {
	a, b, c := leafOf([]byte("a")), leafOf([]byte("b")), leafOf([]byte("c"))
	if got := SharesRoot([][]byte{[]byte("a"), []byte("b"), []byte("c")}); got != nodeOf(nodeOf(a, b), c) {
		t.Errorf("the root is %s", got)
	}
}
