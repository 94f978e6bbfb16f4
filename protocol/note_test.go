package protocol_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/locus-genomics/locus/protocol"
)

func TestANoteNeedsBothSignaturesOfItsContext(t *testing.T) {
	key, err := protocol.NewSigningKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("log\n1\nroot\n")
	sig, err := key.SignNote("locus/checkpoint/v1", text)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Public().VerifyNote("locus/checkpoint/v1", text, sig); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key     protocol.PublicKey
		context string
		text    []byte
		sig     protocol.NoteSignature
	}{
		"another text":      {key.Public(), "locus/checkpoint/v1", []byte("log\n2\nroot\n"), sig},
		"another context":   {key.Public(), "locus/cosignature/v1", text, sig},
		"without ML-DSA":    {key.Public(), "locus/checkpoint/v1", text, protocol.NoteSignature{Ed25519: sig.Ed25519}},
		"without Ed25519":   {key.Public(), "locus/checkpoint/v1", text, protocol.NoteSignature{MLDSA65: sig.MLDSA65}},
		"of no key":         {protocol.PublicKey{}, "locus/checkpoint/v1", text, sig},
		"without any":       {key.Public(), "locus/checkpoint/v1", text, protocol.NoteSignature{}},
		"signatures turned": {key.Public(), "locus/checkpoint/v1", text, protocol.NoteSignature{Ed25519: sig.MLDSA65, MLDSA65: sig.Ed25519}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.key.VerifyNote(c.context, c.text, c.sig); !errors.Is(err, protocol.ErrSignature) {
				t.Errorf("got %v, want ErrSignature", err)
			}
		})
	}
	// Else a hostile origin could have an envelope signed as if it were a note.
	if _, err := key.SignNote("locus/checkpoint/v1", []byte("DSSEv1 12 locus/cut/v1 0 \n1\n")); err == nil {
		t.Error("a note that is an envelope's encoding was signed")
	}
}
