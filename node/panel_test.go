package node_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// A panel is fetched once, through the door, and proves itself by its digest.
func TestPanelIsFetchedAndProvesItself(t *testing.T) {
	w := newNetwork(t, 2)
	s := w.sites[0]
	a := w.ask()
	coordinator, endpoint := newAPI(t)
	endpoint.Peer = w.endpoint.Peer
	path := "/v1/panels/" + protocol.Digest(w.panel.Digest()).String()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(s.dir, "node.json")
	var kept map[string]any
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(settings)), &kept); err != nil {
		t.Fatal(err)
	}
	kept["coordinator"] = []protocol.Endpoint{endpoint}
	if err := os.WriteFile(settings, must[[]byte](t)(json.Marshal(kept)), 0o600); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(s.dir, "panels", protocol.Digest(w.panel.Digest()).String())
	if err := os.Remove(at); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	w.serve(0)
	w.greet()
	other := must[*panel.Panel](t)(panel.New("GRCh38", []panel.Variant{{Contig: "1", Pos: 1, Ref: "A", Alt: "C"}}))
	for _, tt := range []struct {
		name string
		sent func() []byte
		want error
	}{
		{"another panel", func() []byte { return encoded(t, other) }, protocol.Internal},
		{"no panel", func() []byte { return []byte("no panel") }, protocol.Internal},
		{"half of it", func() []byte { b := encoded(t, w.panel); return b[:len(b)/2] }, protocol.Internal},
		{"the panel", func() []byte { return encoded(t, w.panel) }, nil},
		{"nothing more, since it is kept", func() []byte { return nil }, nil},
	} {
		coordinator.raw[path] = tt.sent()
		w.try(a, a.attempt+1)
		if _, err := w.answer(0, protocol.CallOffer, w.offer(a, 0)); !errors.Is(err, tt.want) {
			t.Errorf("when the coordinator sends %s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	if got := must[[]byte](t)(os.ReadFile(at)); !bytes.Equal(got, encoded(t, w.panel)) {
		t.Error("other bytes are kept")
	}
}

func encoded(t *testing.T, p *panel.Panel) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
