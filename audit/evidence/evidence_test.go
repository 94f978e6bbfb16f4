package evidence_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/locus-genomics/locus/audit/evidence"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

// policy believes one log.
func policy(t testing.TB) *verify.Policy {
	t.Helper()
	key, err := protocol.NewSigningKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	p, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", key.Public().VerifierKey("a-log")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func verified(t testing.TB, raw []byte) error {
	_, err := evidence.Verify(bytes.NewReader(raw), int64(len(raw)), policy(t), verify.Options{})
	return err
}

// bundle is one over a log that nobody has signed.
func bundle(t testing.TB, documents map[string][]byte, change func(*evidence.Manifest)) []byte {
	t.Helper()
	m := evidence.Manifest{Site: "a", Origin: "a-log", From: time.Unix(1, 0), To: time.Unix(2, 0)}
	raw, err := evidence.Describe(m, documents)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		if raw, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := evidence.Write(&b, raw, documents, fstest.MapFS{"checkpoint": {Data: []byte("a-log\n0\n\n")}, ".state/lock": {}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What a log must say stands in package node's tests, which write one.
func TestABundleIsRefusedBeforeItsLogIsRead(t *testing.T) {
	documents := map[string][]byte{"a.json": []byte("1"), "b.json": []byte("2")}
	for _, tt := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"that is no zip", []byte("a bundle"), evidence.ErrFormat},
		{"that is cut short", bundle(t, documents, nil)[:200], evidence.ErrFormat},
		{"of another version", bundle(t, documents, func(m *evidence.Manifest) { m.APIVersion = "locus/v0" }), evidence.ErrAltered},
		{"whose manifest names a document less", bundle(t, documents, func(m *evidence.Manifest) { m.Documents = m.Documents[1:] }), evidence.ErrAltered},
		{"whose manifest names another", bundle(t, documents, func(m *evidence.Manifest) { m.Documents[0].Name = "c.json" }), evidence.ErrAltered},
		{"whose document is another", bundle(t, documents, func(m *evidence.Manifest) { m.Documents[0].SHA256[0]++ }), evidence.ErrAltered},
		{"with a log that nobody signed", bundle(t, documents, nil), verify.ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := verified(t, tt.raw); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTheSameDocumentsGiveTheSameBytes(t *testing.T) {
	documents := map[string][]byte{"a.json": []byte("1"), "b.json": []byte("2"), "c.json": []byte("3")}
	first := bundle(t, documents, nil)
	for range 10 {
		if !bytes.Equal(first, bundle(t, documents, nil)) {
			t.Fatal("other bytes")
		}
	}
	if bytes.Contains(first, []byte(".state")) {
		t.Error("the log's own state is in it")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(bundle(f, map[string][]byte{evidence.DecisionsName: []byte("{}\n")}, nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := verified(t, raw); err == nil {
			t.Error("it verifies")
		}
	})
}
