package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

// proof is a proof of erasure as its file has it.
type proof struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Statement  string `json:"statement"`
	Receipt    string `json:"receipt,omitempty"`
}

// newErasure makes a site's log with one erasure, and its proof.
func newErasure(t testing.TB, seed byte) (e audit.Erasure, p proof, policy *verify.Policy) {
	t.Helper()
	key := newKey(t, seed)
	e = audit.Erasure{
		Node: key.Public().ID(), Cohort: "controls \"old\"\u2028", Dataset: protocol.Hash("dataset"), Content: protocol.Hash("content"),
		At: time.Unix(1_780_000_000, 0), Sequence: 7, Head: protocol.Hash("head"),
	}
	name := audit.NodeOrigin(e.Node)
	l, err := audit.Open(t.Context(), audit.Config{Dir: t.TempDir(), Origin: name, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at, err := l.AppendAll(t.Context(), []audit.Entry{
		{Kind: audit.KindStart, Subject: protocol.Hash("start")},
		{Kind: audit.KindErased, Subject: e.Subject(), Sequence: e.Sequence, Head: e.Head},
	})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := l.Receipt(at + 1)
	if err != nil {
		t.Fatal(err)
	}
	note, err := e.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	policy, err = verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", audit.VerifierKey(name, key.Public())))
	if err != nil {
		t.Fatal(err)
	}
	return e, proof{"locus/v1", "erasure", string(note), string(receipt)}, policy
}

func (p proof) bytes(t testing.TB) []byte {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAProofOfErasureSaysWhatTheSiteSigned(t *testing.T) {
	e, p, policy := newErasure(t, 1)
	got, err := verify.Erasure(p.bytes(t), policy)
	if err != nil {
		t.Fatal(err)
	}
	if got.Cohort != e.Cohort || got.Dataset != e.Dataset || got.Content != e.Content || got.Head != e.Head || got.Sequence != e.Sequence ||
		!got.At.Equal(e.At) || got.Site != audit.NodeOrigin(e.Node) || !got.Logged || got.Index != 1 {
		t.Errorf("got %+v of %+v", got, e)
	}
	p.Receipt = ""
	if got, err = verify.Erasure(p.bytes(t), policy); err != nil || got.Logged {
		t.Errorf("without its receipt: %+v, %v", got, err)
	}
}

func TestAForgedProofOfErasureIsRefused(t *testing.T) {
	_, other, _ := newErasure(t, 2)
	for _, tt := range []struct {
		name  string
		forge func(p *proof)
		want  error
	}{
		{"of another cohort", func(p *proof) { p.Statement = strings.Replace(p.Statement, "controls", "cases", 1) }, verify.ErrSignature},
		{"of another day", func(p *proof) { p.Statement = strings.Replace(p.Statement, "erased 2026", "erased 2025", 1) }, verify.ErrSignature},
		{"with a line of its signatures gone", func(p *proof) { p.Statement = p.Statement[:strings.LastIndex(p.Statement, "—")] }, verify.ErrSignature},
		{"with another site's signatures", func(p *proof) {
			own, _, _ := strings.Cut(p.Statement, "\n\n")
			_, theirs, _ := strings.Cut(other.Statement, "\n\n")
			p.Statement = own + "\n\n" + theirs
		}, verify.ErrSignature},
		{"of a site that nobody knows", func(p *proof) { *p = other }, verify.ErrSignature},
		{"with a line twice", func(p *proof) { p.Statement = strings.Replace(p.Statement, "\nhead", "\nsequence 7\nhead", 1) }, verify.ErrFormat},
		{"with a number written in another way", func(p *proof) { p.Statement = strings.Replace(p.Statement, "sequence 7", "sequence 07", 1) }, verify.ErrFormat},
		{"with a line under another name", func(p *proof) { p.Statement = strings.Replace(p.Statement, "content ", "dataset ", 1) }, verify.ErrFormat},
		{"without a statement", func(p *proof) { p.Statement = "" }, verify.ErrFormat},
		{"with a checkpoint for a statement", func(p *proof) { _, p.Statement, _ = strings.Cut(p.Receipt, "\n\n") }, verify.ErrFormat},
		{"with another site's receipt", func(p *proof) { p.Receipt = other.Receipt }, verify.ErrSignature},
		{"of another kind", func(p *proof) { p.Kind = "erasures" }, verify.ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p, policy := newErasure(t, 1)
			tt.forge(&p)
			if _, err := verify.Erasure(p.bytes(t), policy); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// The site has signed a statement, and its log has another erasure at another place.
func TestAReceiptOfAnotherErasureIsRefused(t *testing.T) {
	e, p, policy := newErasure(t, 1)
	for name, change := range map[string]func(*audit.Erasure){
		"of another cohort":      func(e *audit.Erasure) { e.Cohort = "cases" },
		"of another content":     func(e *audit.Erasure) { e.Content = protocol.Hash("else") },
		"of another dataset":     func(e *audit.Erasure) { e.Dataset = protocol.Hash("else") },
		"at another time":        func(e *audit.Erasure) { e.At = e.At.Add(time.Second) },
		"at another place":       func(e *audit.Erasure) { e.Sequence++ },
		"on top of another head": func(e *audit.Erasure) { e.Head = protocol.Hash("else") },
	} {
		other := e
		change(&other)
		note, err := other.Sign(newKey(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		p.Statement = string(note)
		if _, err := verify.Erasure(p.bytes(t), policy); !errors.Is(err, verify.ErrAltered) {
			t.Errorf("%s: got %v, want %v", name, err, verify.ErrAltered)
		}
	}
}

func TestWhatIsNoProofOfErasureIsRefused(t *testing.T) {
	_, p, policy := newErasure(t, 1)
	raw := p.bytes(t)
	for name, b := range map[string][]byte{
		"nothing": nil, "cut short": raw[:len(raw)-1], "with more behind it": append(bytes.Clone(raw), " {}"...),
		"with a field of no meaning": bytes.Replace(raw, []byte(`"kind"`), []byte(`"note":"","kind"`), 1),
	} {
		if _, err := verify.Erasure(b, policy); !errors.Is(err, verify.ErrFormat) {
			t.Errorf("%s: got %v, want %v", name, err, verify.ErrFormat)
		}
	}
}

// Whatever bytes come, they are refused or are what a site has signed.
func FuzzErasure(f *testing.F) {
	e, p, policy := newErasure(f, 1)
	f.Add(p.bytes(f))
	p.Receipt = ""
	f.Add(p.bytes(f))
	f.Add([]byte(`{"kind":"erasure","statement":"locus/erasure/v1\n\n"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, err := verify.Erasure(raw, policy); err == nil && got.Cohort != e.Cohort {
			t.Errorf("%q is taken for signed", raw)
		}
	})
}

// A proof that was written once goes on to verify: the format is for good.
func TestTheGoldenProofOfErasureStillVerifies(t *testing.T) {
	dir := filepath.Join("testdata", "erasure")
	if *update {
		e, p, _ := newErasure(t, 1)
		policy := fmt.Appendf(nil, "# The site of a test.\nlog %s\nquorum 0\n", audit.VerifierKey(audit.NodeOrigin(e.Node), newKey(t, 1).Public()))
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "policy"), policy, 0o644), os.WriteFile(filepath.Join(dir, "proof.json"), append(p.bytes(t), '\n'), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "policy"))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := verify.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "proof.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := verify.Erasure(raw, policy); err != nil || !got.Logged || got.Sequence != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}
