package protocol_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/pb"
)

// edit changes an envelope as a peer without keys could.
func edit(t testing.TB, raw []byte, change func(*pb.Envelope)) []byte {
	t.Helper()
	e := new(pb.Envelope)
	if err := proto.Unmarshal(raw, e); err != nil {
		t.Fatal(err)
	}
	change(e)
	return must[[]byte](t)(proto.Marshal(e))
}

func TestOpenBelievesNothingThatIsNotSignedTwice(t *testing.T) {
	s := newStudy(t, 3)
	d := s.declared[0]
	if _, err := s.r().OpenDeclaration(d.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*pb.Envelope)
		want   error
	}{
		{"a flipped bit of the payload", func(e *pb.Envelope) { e.Payload[3] ^= 1 }, protocol.ErrSignature},
		{"a flipped bit of the Ed25519 signature", func(e *pb.Envelope) { e.Signatures[0].Ed25519[0] ^= 1 }, protocol.ErrSignature},
		{"a flipped bit of the ML-DSA signature", func(e *pb.Envelope) { e.Signatures[0].Mldsa65[0] ^= 1 }, protocol.ErrSignature},
		{"no Ed25519 signature", func(e *pb.Envelope) { e.Signatures[0].Ed25519 = nil }, protocol.ErrSignature},
		{"no ML-DSA signature", func(e *pb.Envelope) { e.Signatures[0].Mldsa65 = nil }, protocol.ErrSignature},
		{"no signature", func(e *pb.Envelope) { e.Signatures = nil }, protocol.ErrSignature},
		{"two signers", func(e *pb.Envelope) { e.Signatures = append(e.Signatures, e.Signatures[0]) }, protocol.ErrSignature},
		{"another type", func(e *pb.Envelope) { e.Type = "locus/vote/v1" }, protocol.ErrMalformed},
		{"a key that nobody knows", func(e *pb.Envelope) { e.Signatures[0].Key[0] ^= 1 }, protocol.ErrSigner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := s.r().OpenDeclaration(edit(t, d.Bytes(), tt.change)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestOpenRefusesUnknownFields(t *testing.T) {
	s := newStudy(t, 3)
	t.Run("in the envelope", func(t *testing.T) {
		raw := protowire.AppendVarint(protowire.AppendTag(s.declared[0].Bytes(), 99, protowire.VarintType), 1)
		if _, err := s.r().OpenDeclaration(raw); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
		}
	})
	t.Run("deep in a message", func(t *testing.T) {
		q, _ := s.query(t)
		m := new(pb.Query)
		if err := proto.Unmarshal(must[[]byte](t)(q.Bytes()), m); err != nil {
			t.Fatal(err)
		}
		m.Bodies[1].ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
		if _, err := s.r().ParseQuery(must[[]byte](t)(proto.Marshal(m)), s.roster.Digest()); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
		}
	})
}

func TestASignerSpeaksForItselfOnly(t *testing.T) {
	s := newStudy(t, 3)
	other := s.declared[0].Message
	forged := must[protocol.Signed[protocol.Declaration]](t)(protocol.Sign(other, s.nodes[1]))
	if _, err := s.r().OpenDeclaration(forged.Bytes()); !errors.Is(err, protocol.ErrSigner) {
		t.Errorf("site 2 speaks for site 1: got %v, want %v", err, protocol.ErrSigner)
	}
}

func TestDigestNamesTheSignedBytesAndNotTheSignature(t *testing.T) {
	s := newStudy(t, 2)
	again := must[protocol.Signed[protocol.Declaration]](t)(protocol.Sign(s.declared[0].Message, s.nodes[0]))
	if again.Digest() != s.declared[0].Digest() {
		t.Error("signing the same bytes again gives another digest")
	}
}

func TestSecretsArePrintedAsNothing(t *testing.T) {
	key := newKey(t, "secret")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, key); got != "protocol.SigningKey(…)" {
			t.Errorf("%s prints %.40q", verb, got)
		}
	}
	if got := fmt.Sprintf("%+v %x", protocol.Identity{}, protocol.Identity{}); strings.Contains(got, "0000") {
		t.Errorf("an identity prints %q", got)
	}
}

// A classical computer breaks no Ed25519; a quantum one does. The attacker here
// holds a site's Ed25519 key alone: the ML-DSA signature is what stops it.
func TestAttackHalfSignature(t *testing.T) {
	s := newStudy(t, 3)
	attack := func() error {
		raw := edit(t, s.declared[0].Bytes(), func(e *pb.Envelope) { e.Signatures[0].Mldsa65[7] ^= 1 })
		_, err := s.r().OpenDeclaration(raw)
		return err
	}
	debug.Defended(t, debug.BothSignatures, attack)
}

func TestAttackUnknownField(t *testing.T) {
	s := newStudy(t, 3)
	debug.Defended(t, debug.UnknownFields, func() error {
		raw := protowire.AppendVarint(protowire.AppendTag(s.declared[0].Bytes(), 99, protowire.VarintType), 1)
		_, err := s.r().OpenDeclaration(raw)
		return err
	})
}
