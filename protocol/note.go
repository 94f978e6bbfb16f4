package protocol

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
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

// noteKeyType is the kind of a verifier key for both halves of ours: signed-note has no
// number for such, and recommends a byte 0xff and a name there.
const noteKeyType = "\xfflocus/ed25519+mldsa65/v1"

// VerifierKey is the key as c2sp.org/signed-note writes it under a name: NAME+ID+BASE64, as
// docs/reference/audit-log.md has it.
func (k PublicKey) VerifierKey(name string) string {
	raw := append([]byte(noteKeyType), k.Bytes()...)
	id := sha256.Sum256(append([]byte(name+"\n"), raw...))
	return fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(raw))
}
