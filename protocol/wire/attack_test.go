package wire_test

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol/wire/wiretest"
)

// Each attack fails, and succeeds once its mechanism is taken out: it is that
// mechanism, and no accident, that stops it.

// A peer that the roster does not name asks for an answer.
func TestAttackStrangerCalls(t *testing.T) {
	debug.Defended(t, debug.AllowList, func() error {
		h, _ := listener(t)
		return newMallory(t, 5, withTLS).reaches(h)
	})
}

// A peer of the roster, or who sits between, offers a key exchange that a quantum
// computer will read.
func TestAttackClassicalPeerCalls(t *testing.T) {
	debug.Defended(t, debug.PostQuantum, func() error {
		h, _ := listener(t)
		return newMallory(t, 2, withClassical).reaches(h)
	})
}

// A peer sends more than a call of this kind may be.
func TestAttackLongFrame(t *testing.T) {
	debug.Defended(t, debug.FrameBound, func() error {
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
		// Fail takes ten bytes; these are eleven. The handler answers nothing but a
		// code, which tells that the request reached it.
		request := append([]byte{byte(wiretest.Fail), 11}, make([]byte, 11)...)
		if _, err := s.Write(request); err != nil {
			return err
		}
		_ = s.CloseWrite()
		var code [1]byte
		if _, err := s.Read(code[:]); err != nil || code[0] == 0 {
			return errors.Join(errors.New("the request did not reach the handler"), err)
		}
		return nil
	})
}
