package protocol_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
)

// voice is one of the first site's custodian.
func (s *study) voice(t testing.TB) protocol.Signed[protocol.Voice] {
	t.Helper()
	return signed[protocol.Voice](t)(protocol.Sign(protocol.Voice{
		Node: s.nodes[0].Public().ID(), Motion: protocol.Hash("a question"), Yes: true, Issued: now,
	}, s.custodians[0]))
}

func TestVoiceIsReadAsItWasSigned(t *testing.T) {
	s := newStudy(t, 3)
	v := s.voice(t)
	got, err := protocol.OpenVoice(v.Bytes(), protocol.NewKeyring(s.custodians[0].Public()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(v.Message, got.Message); d != "" || got.Digest() != v.Digest() {
		t.Error(d)
	}
	if _, err := protocol.OpenVoice(v.Bytes(), protocol.NewKeyring(s.custodians[1].Public())); !errors.Is(err, protocol.ErrSigner) {
		t.Errorf("of somebody who is no officer: got %v", err)
	}
	if _, err := protocol.Sign(protocol.Voice{Node: v.Message.Node, Motion: v.Message.Motion, Issued: time.Unix(0, 0)}, s.custodians[0]); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("that does not say when: got %v", err)
	}
}
