package rest

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

func TestWhoFloodsKeepsNobodyElseOut(t *testing.T) {
	var v Verifier
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	nonce := func(i int) protocol.Digest {
		return protocol.Hash("nonce", binary.BigEndian.AppendUint32(nil, uint32(i)))
	}
	mallory, alice := protocol.Hash("mallory"), protocol.Hash("alice")
	for i := range maxOfKey {
		if !v.fresh(nonce(i), mallory, now) {
			t.Fatalf("request %d is refused", i)
		}
	}
	if v.fresh(nonce(maxOfKey), mallory, now) {
		t.Error("one key fills the memory")
	}
	if !v.fresh(nonce(maxOfKey), alice, now) {
		t.Error("alice is kept out by mallory")
	}
	later := now.Add(2*MaxAge + time.Second)
	if !v.fresh(nonce(maxOfKey+1), mallory, later) {
		t.Error("what could not be replayed any more is remembered")
	}
	if len(v.nonces) != 1 || len(v.of) != 1 {
		t.Errorf("%d nonces of %d keys are remembered, want 1 of 1", len(v.nonces), len(v.of))
	}
	if v.fresh(nonce(maxOfKey+1), mallory, later.Add(2*MaxAge)) {
		t.Error("a request is taken twice")
	}
}
