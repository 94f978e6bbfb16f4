package node_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/evidence"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// shown is a site that was asked twice, with its evidence and the policy to verify it by.
func shown(t *testing.T) (w *network, bundle []byte, p *verify.Policy) {
	t.Helper()
	w = newNetwork(t, 2)
	w.govern(rules(everybody))
	if err := w.offered(w.ask()); err != nil {
		t.Fatal(err)
	}
	w.govern(rules(nobody))
	if err := w.offered(w.ask(func(a *asking) { a.header.Nonce = protocol.Hash("another") })); !errors.Is(err, protocol.PolicyDenied) {
		t.Fatal(err)
	}
	w.withdraw(person(3))
	if err := w.sites[0].stop(); err != nil {
		t.Fatal(err)
	}
	key := w.sites[0].node.Card().NodeKey
	p = must[*verify.Policy](t)(verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", key.VerifierKey(audit.NodeOrigin(key.ID())))))
	return w, w.evidence(), p
}

func (w *network) evidence() []byte {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.sites[0].node.Evidence(w.t.Context(), w.clock.Now().Add(-24*time.Hour), &b); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

func verified(bundle []byte, p *verify.Policy) (evidence.Report, error) {
	return evidence.Verify(bytes.NewReader(bundle), int64(len(bundle)), p, verify.Options{})
}

func TestEvidenceIsVerifiedWithTheSitesKeyAlone(t *testing.T) {
	_, bundle, p := shown(t)
	r, err := verified(bundle, p)
	if err != nil {
		t.Fatal(err)
	}
	if r.Decisions != 2 || len(r.Documents) != 7 || r.Log.Kinds["evidence"] != 1 {
		t.Errorf("it shows %d decisions, %d documents and %v", r.Decisions, len(r.Documents), r.Log.Kinds)
	}
	for name, raw := range r.Documents {
		for _, private := range []string{"Alice", person(3)} {
			if bytes.Contains(raw, []byte(private)) {
				t.Errorf("%s has %q in it", name, private)
			}
		}
	}
}

func TestTheSameEvidenceHasTheSameBytes(t *testing.T) {
	w, first, _ := shown(t)
	r := must[*zip.Reader](t)(zip.NewReader(bytes.NewReader(first), int64(len(first))))
	documents := make(map[string][]byte)
	for _, f := range r.File {
		if !strings.HasPrefix(f.Name, "log/") {
			documents[f.Name] = must[[]byte](t)(readAll(f))
		}
	}
	manifest := documents["evidence.json"]
	delete(documents, "evidence.json")
	for range 2 {
		var again bytes.Buffer
		if err := evidence.Write(&again, manifest, documents, w.logFS(0)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), first) {
			t.Fatal("other bytes")
		}
	}
}

func readAll(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// forge changes a bundle's files by name and packs them again.
func forge(t *testing.T, bundle []byte, change func(name string, raw []byte) []byte) []byte {
	t.Helper()
	in := must[*zip.Reader](t)(zip.NewReader(bytes.NewReader(bundle), int64(len(bundle))))
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		raw := change(f.Name, must[[]byte](t)(readAll(f)))
		if raw == nil {
			continue
		}
		must[int](t)(must[io.Writer](t)(out.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})).Write(raw))
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// redescribe makes the manifest fit again, as a forger would.
func redescribe(t *testing.T, bundle []byte) []byte {
	t.Helper()
	documents := make(map[string][]byte)
	in := must[*zip.Reader](t)(zip.NewReader(bytes.NewReader(bundle), int64(len(bundle))))
	var m evidence.Manifest
	for _, f := range in.File {
		switch raw := must[[]byte](t)(readAll(f)); {
		case f.Name == evidence.ManifestName:
			if err := jsonInto(raw, &m); err != nil {
				t.Fatal(err)
			}
		case !strings.HasPrefix(f.Name, "log/"):
			documents[f.Name] = raw
		}
	}
	manifest := must[[]byte](t)(evidence.Describe(m, documents))
	return forge(t, bundle, func(name string, raw []byte) []byte {
		if name == evidence.ManifestName {
			return manifest
		}
		return raw
	})
}

func TestAForgeryInEvidenceIsFound(t *testing.T) {
	_, bundle, p := shown(t)
	replace := func(in, from, to string) func(string, []byte) []byte {
		return func(name string, raw []byte) []byte {
			if name != in {
				return raw
			}
			changed := bytes.Replace(raw, []byte(from), []byte(to), 1)
			if bytes.Equal(changed, raw) {
				t.Fatalf("%s does not hold %q:\n%s", in, from, raw)
			}
			return changed
		}
	}
	for name, change := range map[string]func(string, []byte) []byte{
		"another code":           replace(evidence.DecisionsName, `"code":28`, `"code":0`),
		"another purpose":        replace("register.json", `"studies"`, `"studied"`),
		"another rule":           replace("policies.json", "not now", "but now"),
		"another time of a line": replace("consents.json", `"epoch": 1`, `"epoch": 2`),
		"a document less": func(name string, raw []byte) []byte {
			if name == "ledger.json" {
				return nil
			}
			return raw
		},
		"a decision less": func(name string, raw []byte) []byte {
			if name == evidence.DecisionsName {
				_, raw, _ = bytes.Cut(raw, []byte("\n"))
			}
			return raw
		},
		"a byte of the log": func(name string, raw []byte) []byte {
			if strings.HasPrefix(name, "log/tile/entries") {
				raw = bytes.Clone(raw)
				raw[len(raw)/2] ^= 1
			}
			return raw
		},
		"no log": func(name string, raw []byte) []byte {
			if strings.HasPrefix(name, "log/") {
				return nil
			}
			return raw
		},
	} {
		t.Run(name, func(t *testing.T) {
			forged := forge(t, bundle, change)
			if _, err := verified(forged, p); err == nil {
				t.Error("it verifies")
			}
			if name == "no log" {
				return
			}
			if _, err := verified(redescribe(t, forged), p); err == nil {
				t.Error("it verifies with a manifest that fits")
			}
		})
	}
}

func TestEvidenceOfAServingNodeIsInItsLog(t *testing.T) {
	w := newNetwork(t, 2)
	if err := w.offered(w.ask()); err != nil {
		t.Fatal(err)
	}
	done := make(chan []byte)
	go func() { done <- w.evidence() }()
	var bundle []byte
	for bundle == nil {
		select {
		case bundle = <-done:
		default:
			w.greet() // whatever the node answers, it logs what has happened first
		}
	}
	key := w.sites[0].node.Card().NodeKey
	p := must[*verify.Policy](t)(verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum 0\n", key.VerifierKey(audit.NodeOrigin(key.ID())))))
	if _, err := verified(bundle, p); err != nil {
		t.Error(err)
	}
}

func TestEvidenceWithSomebodysNameIsNotMade(t *testing.T) {
	w := newNetwork(t, 2)
	w.govern(rules(strings.Replace(everybody, "whoever is in the study", "ask anna.meier@hospital.example", 1)))
	err := w.sites[0].node.Evidence(t.Context(), w.clock.Now(), io.Discard)
	if !errors.Is(err, node.ErrEvidence) || !strings.Contains(err.Error(), "policies.json") || strings.Contains(err.Error(), "anna") {
		t.Errorf("got %v", err)
	}
}

func jsonInto(raw []byte, to any) error { return json.Unmarshal(raw, to) }

// logFS is a site's audit log.
func (w *network) logFS(i int) fs.FS { return os.DirFS(filepath.Join(w.sites[i].dir, "audit")) }
