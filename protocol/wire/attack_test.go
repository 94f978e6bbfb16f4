//go:build locus_unsafe

package wire_test

import (
	"testing"

	"github.com/libp2p/go-libp2p"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

// Each attack fails, and succeeds once its mechanism is taken out: it is that
// mechanism, and no accident, that stops it.

func TestAttackStrangerCalls(t *testing.T) {
	attackByConnecting(t, debug.AllowList, 5, withTLS)
}

func TestAttackClassicalPeerCalls(t *testing.T) {
	attackByConnecting(t, debug.PostQuantum, 2, withClassical)
}

func attackByConnecting(t *testing.T, mechanism debug.Mechanism, seed byte, security libp2p.Option) {
	t.Run("fails", func(t *testing.T) {
		h, _ := listener(t)
		if err := newMallory(t, seed, security).reaches(h); err == nil {
			t.Error("mallory was answered")
		}
	})
	t.Run("succeeds without the mechanism", func(t *testing.T) {
		debug.Disable(t, mechanism)
		h, _ := listener(t)
		if err := newMallory(t, seed, security).reaches(h); err != nil {
			t.Errorf("mallory was stopped by something else: %v", err)
		}
	})
}

func TestAttackLongFrame(t *testing.T) {
	call := func(t *testing.T) byte {
		h, _ := listener(t)
		m := newMallory(t, 2, withTLS)
		if err := m.connect(h); err != nil {
			t.Fatal(err)
		}
		s, err := m.open(h, "/locus/call/1")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Reset()
		// Fail takes ten bytes; these are eleven. The handler is not asked to
		// answer, so that what came back tells how far the request went.
		request := append([]byte{byte(wiretest.Fail), 11}, make([]byte, 11)...)
		if _, err := s.Write(request); err != nil {
			return 0
		}
		_ = s.CloseWrite()
		var code [1]byte
		_, _ = s.Read(code[:])
		return code[0]
	}
	t.Run("fails", func(t *testing.T) {
		if code := call(t); code != 0 {
			t.Errorf("the request reached the handler, which answered %d", code)
		}
	})
	t.Run("succeeds without the mechanism", func(t *testing.T) {
		debug.Disable(t, debug.FrameBound)
		if code := call(t); code == 0 {
			t.Error("the request did not reach the handler")
		}
	})
}
