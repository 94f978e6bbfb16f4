package coordinator_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
)

// newMembers runs a coordinator of so many members over sockets.
func newMembers(t *testing.T, count int) (homes []*coordinator.Home, stop func(i int)) {
	t.Helper()
	var dirs []string
	addresses := freeAddresses(t, 2*count)
	for i := range count {
		_, port, err := net.SplitHostPort(addresses[2*i])
		if err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, filepath.Join(t.TempDir(), "member"))
		homes = append(homes, must[*coordinator.Home](t)(coordinator.Init(dirs[i], coordinator.InitConfig{
			Name: fmt.Sprintf("c%d", i+1), Listen: []string{"/ip4/127.0.0.1/tcp/" + port}, API: addresses[2*i+1],
		})))
	}
	for _, dir := range dirs {
		for i, from := range dirs {
			card := must[[]byte](t)(os.ReadFile(filepath.Join(from, "member.json")))
			if err := os.WriteFile(filepath.Join(dir, "members", fmt.Sprintf("c%d.json", i+1)), card, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	stops := make([]func(), count)
	for i, dir := range dirs {
		homes[i] = must[*coordinator.Home](t)(coordinator.LoadHome(dir))
		c := must[*coordinator.Coordinator](t)(coordinator.New(coordinator.Config{
			Home: homes[i], Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			Timing: coordinator.Timing{Retry: 20 * time.Millisecond},
		}))
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		stops[i] = func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("member %d ended with %v", i+1, err)
			}
		}
	}
	stop = func(i int) {
		if stops[i] != nil {
			stops[i]()
			stops[i] = nil
		}
	}
	t.Cleanup(func() {
		for i := range count {
			stop(i)
		}
	})
	return homes, stop
}

// freeAddresses are addresses on which nobody listens now. They all differ.
func freeAddresses(t *testing.T, count int) (list []string) {
	t.Helper()
	for range count {
		l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
		defer l.Close()
		list = append(list, l.Addr().String())
	}
	return list
}

// A panel that was acknowledged is on a majority of the members: the loss of the leader
// takes nothing away.
func TestAnAcknowledgedPanelIsNotLost(t *testing.T) {
	t.Parallel()
	homes, stop := newMembers(t, 3)
	operator := rest.NewClient(homes[0].Endpoints(), homes[0].Operator)
	defer operator.Close()
	p := must[*panel.Panel](t)(panel.New("GRCh38", []panel.Variant{{Contig: "7", Pos: 100, Ref: "A", Alt: "C"}}))
	var raw bytes.Buffer
	if _, err := p.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	if _, err := operator.Bytes(t.Context(), http.MethodPost, "/v1/panels", raw.Bytes()); err != nil {
		t.Fatal(err)
	}
	copies := 0
	for _, h := range homes {
		if has(t, h, sha256.Sum256(raw.Bytes())) {
			copies++
		}
	}
	if copies < 2 {
		t.Errorf("acknowledged it is on %d members", copies)
	}
	var c rest.Cluster
	if err := operator.JSON(t.Context(), http.MethodGet, "/v1/cluster", nil, &c); err != nil {
		t.Fatal(err)
	}
	for i, m := range c.Members {
		if m.Leader {
			stop(i)
		}
	}
	body := must[io.ReadCloser](t)(operator.Stream(t.Context(), fmt.Sprintf("/v1/panels/%x", p.Digest())))
	defer body.Close()
	if got := must[[]byte](t)(io.ReadAll(body)); !bytes.Equal(got, raw.Bytes()) {
		t.Error("another member gives another panel")
	}
}

// has tells whether a blob is on a member's disk.
func has(t *testing.T, h *coordinator.Home, id blob.ID) bool {
	t.Helper()
	info, err := os.Stat(filepath.Join(h.Dir, "blobs", fmt.Sprintf("%x", id)))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return err == nil && info.Size() > 0
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := coordinator.New(coordinator.Config{}); err == nil {
		t.Error("a member without a home is made")
	}
}
