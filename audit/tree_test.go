package audit

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/locus-genomics/locus/protocol"
)

// stored is tlog's own way of keeping a tree.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = s[at]
	}
	return out, nil
}

// The edge has the roots that golang.org/x/mod/sumdb/tlog has, at every size, and the
// tiles that it hands out are tlog's.
func TestTheEdgeAgreesWithTlog(t *testing.T) {
	const n = 66_100 // over the edge of a tile of level 1
	var all stored
	e := &edge{}
	full := func(level int, index uint64, tile []tlog.Hash) error {
		want, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: int64(index), W: tileWidth}, all)
		if err != nil {
			return err
		}
		if string(want) != string(tileBytes(tile)) {
			return fmt.Errorf("tile %d of level %d is another", index, level)
		}
		return nil
	}
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range int64(n) {
		leaf := fmt.Append(nil, i)
		more, err := tlog.StoredHashes(i, leaf, all)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, more...)
		if err := e.push(tlog.RecordHash(leaf), full); err != nil {
			t.Fatal(err)
		}
		if i > 1000 && i%256 > 1 && dice.IntN(200) > 0 {
			continue
		}
		want, err := tlog.TreeHash(i+1, all)
		if err != nil || e.root() != want {
			t.Fatalf("at %d: %v, want %v, %v", i+1, e.root(), want, err)
		}
	}
	if e.size != n || len(e.tiles) != 3 {
		t.Errorf("%d entries in %d levels", e.size, len(e.tiles))
	}
}

// The proofs that a log gives satisfy another verifier of RFC 6962 too.
func TestProofsSatisfyTransparencyDev(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(t.Context(), Config{Dir: dir, Origin: "log", Key: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var heads []Head
	for i := range 40 {
		e := Entry{Kind: KindTask, Subject: protocol.Hash("x", fmt.Append(nil, i))}
		if _, err := l.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		heads = append(heads, l.Head())
	}
	last := l.Head()
	for i, h := range heads {
		path, err := tlog.ProveRecord(int64(last.Size), int64(i), l.disk.hashes(last))
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := l.disk.leaf(uint64(i), last)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), last.Size, rfc6962.DefaultHasher.HashLeaf(leaf), rawHashes(path), last.Root[:]); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		grown, err := l.disk.consistency(last, h.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, h.Size, last.Size, rawHashes(grown), h.Root[:], last.Root[:]); err != nil {
			t.Errorf("from %d: %v", h.Size, err)
		}
	}
}

func rawHashes(hashes []tlog.Hash) (out [][]byte) {
	for _, h := range hashes {
		out = append(out, h[:])
	}
	return out
}
