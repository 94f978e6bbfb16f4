package verify_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
)

// forge makes a log that the writer would not: what somebody with its key can do. It is
// written from docs/reference/audit-log.md.
func forge(t *testing.T, times []time.Time) made {
	t.Helper()
	var leaves []tlog.Hash
	var bundle, tile []byte
	for i, at := range times {
		leaf := append([]byte{1, 1}, binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))...)
		subject := sha256.Sum256(fmt.Append(nil, i))
		leaf = append(leaf, subject[:]...)
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
		h := tlog.RecordHash(leaf)
		leaves, tile = append(leaves, h), append(tile, h[:]...)
	}
	root := tlog.NodeHash(leaves[0], leaves[1])
	key := newKey(t, 1)
	text := fmt.Sprintf("%s\n2\n%s\n", origin, base64.StdEncoding.EncodeToString(root[:]))
	sig, err := key.SignNote("locus/checkpoint/v1", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	line := func(kind string, key, sig []byte) string {
		id := sha256.Sum256([]byte(origin + "\n" + kind + string(key)))
		return "— " + origin + " " + base64.StdEncoding.EncodeToString(append(id[:4], sig...)) + "\n"
	}
	public := key.Public().Bytes()
	note := text + "\n" + line("\x01", public[:32], sig.Ed25519) + line("\xfflocus/mldsa65-checkpoint/v1", public[32:], sig.MLDSA65)
	p, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", audit.VerifierKey(origin, key.Public())))
	if err != nil {
		t.Fatal(err)
	}
	return made{policy: p, files: fstest.MapFS{
		"checkpoint": {Data: []byte(note)}, "tile/0/000.p/2": {Data: tile}, "tile/entries/000.p/2": {Data: bundle},
	}}
}
