package protocol

import (
	"crypto/sha256"
	"slices"
)

// SharesRoot is the root of the tree over sealed key shares in roster order, as RFC 9162
// section 2.1.1 has it: a header that names it names every share, however many there
// are, and who gets one share needs few digests to see that. There is at least one.
func SharesRoot(shares [][]byte) Digest { return treeRoot(leaves(shares)) }

func leaves(shares [][]byte) []Digest {
	list := make([]Digest, len(shares))
	for i, s := range shares {
		list[i] = leafOf(s)
	}
	return list
}

func leafOf(share []byte) Digest {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(share)
	return Digest(h.Sum(nil))
}

func nodeOf(left, right Digest) Digest {
	h := sha256.New()
	h.Write([]byte{1})
	h.Write(left[:])
	h.Write(right[:])
	return Digest(h.Sum(nil))
}

func treeRoot(list []Digest) Digest {
	if len(list) == 1 {
		return list[0]
	}
	k := leftOf(len(list))
	return nodeOf(treeRoot(list[:k]), treeRoot(list[k:]))
}

// leftOf is how many of n leaves are in the left half: the largest power of two below n.
func leftOf(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// sharePath is what share i needs beside it to come to the root, the nearest first.
func sharePath(shares [][]byte, i int) []Digest {
	list := leaves(shares)
	var path []Digest
	for len(list) > 1 {
		k := leftOf(len(list))
		if i < k {
			path = append(path, treeRoot(list[k:]))
			list = list[:k]
		} else {
			path = append(path, treeRoot(list[:k]))
			list, i = list[k:], i-k
		}
	}
	slices.Reverse(path)
	return path
}

// leads reports whether a path leads from share i of n to a root.
func leads(share []byte, i, n int, path []Digest, root Digest) bool {
	var left []bool // whether the way down went left, from the root on
	for n > 1 {
		k := leftOf(n)
		left = append(left, i < k)
		if i < k {
			n = k
		} else {
			i, n = i-k, n-k
		}
	}
	if len(path) != len(left) {
		return false
	}
	d := leafOf(share)
	for step, beside := range path {
		if left[len(left)-1-step] {
			d = nodeOf(d, beside)
		} else {
			d = nodeOf(beside, d)
		}
	}
	return d == root
}

// stepsOf parts digests that stand one after another. What is left at the end counts
// as one more, which leads nowhere.
func stepsOf(b []byte) (path []Digest) {
	for len(b) > 0 {
		var d Digest
		b = b[copy(d[:], b):]
		path = append(path, d)
	}
	return path
}
