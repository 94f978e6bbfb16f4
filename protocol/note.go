package protocol

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	"filippo.io/mldsa"
)

// NoteSignature is a pair of signatures over the text of a note (c2sp.org/signed-note).
type NoteSignature struct {
	Ed25519, MLDSA65 []byte
}

// SignNote signs the text of a note. Ed25519 signs the bare text, as every reader of
// C2SP notes expects, so the first line of the text separates it from all else that the
// key signs: a text that begins like DSSE's pre-authentication encoding is refused. The
// context is that of the ML-DSA-65 signature.
func (k *SigningKey) SignNote(context string, text []byte) (NoteSignature, error) {
	if bytes.HasPrefix(text, []byte("DSSE")) {
		return NoteSignature{}, errors.New("protocol: a note that begins like an envelope is not signed")
	}
	ml, err := k.ml.Sign(rand.Reader, text, &mldsa.Options{Context: context})
	if err != nil {
		return NoteSignature{}, fmt.Errorf("sign %s: %w", context, err)
	}
	return NoteSignature{Ed25519: ed25519.Sign(k.ed, text), MLDSA65: ml}, nil
}

// VerifyNote checks both signatures over the text of a note.
func (k PublicKey) VerifyNote(context string, text []byte, s NoteSignature) error {
	if k.IsZero() || bytes.HasPrefix(text, []byte("DSSE")) ||
		!ed25519.Verify(k.ed, text, s.Ed25519) || mldsa.Verify(k.ml, text, s.MLDSA65, &mldsa.Options{Context: context}) != nil {
		return ErrSignature
	}
	return nil
}
