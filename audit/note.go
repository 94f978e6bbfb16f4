package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/locus-genomics/locus/protocol"
)

// ErrNote is returned when bytes are no signed note as c2sp.org/signed-note has them.
var ErrNote = errors.New("audit: not a signed note")

// Bounds of a note: two lines of at most 4.5 kB for the log and each of 200 witnesses.
const (
	maxNote      = 2 << 20
	maxNoteLines = 402
	maxName      = 200
)

// Types of signature lines. C2SP gives numbers to the first two; 0xff is followed by a
// name of our own, since it has none for ML-DSA-65.
const (
	lineEd25519  = "\x01"
	lineCosigned = "\x04"
	lineMLDSA    = "\xfflocus/mldsa65-checkpoint/v1"
	lineMLDSACos = "\xfflocus/mldsa65-cosignature/v1"

	contextCheckpoint  = "locus/checkpoint/v1"
	contextCosignature = "locus/cosignature/v1"
)

// keyID is the four bytes that c2sp.org/signed-note recommends.
func keyID(name, kind string, key []byte) [4]byte {
	sum := sha256.Sum256([]byte(name + "\n" + kind + string(key)))
	return [4]byte(sum[:4])
}

func edPart(k protocol.PublicKey) []byte { return k.Bytes()[:ed25519.PublicKeySize] }
func mlPart(k protocol.PublicKey) []byte { return k.Bytes()[ed25519.PublicKeySize:] }

// VerifierKey is a key as a policy file names it: a verifier key of c2sp.org/signed-note
// whose type is our own, for both keys of a signer.
func VerifierKey(name string, key protocol.PublicKey) string {
	return key.VerifierKey(name)
}

// checkName holds for the names of logs and witnesses.
func checkName(name string) error {
	if name == "" || len(name) > maxName || strings.HasPrefix(name, "DSSE") || strings.ContainsFunc(name, func(r rune) bool {
		return r == '+' || r == unicode.ReplacementChar || unicode.IsSpace(r) || !unicode.IsPrint(r)
	}) {
		return fmt.Errorf("audit: %.40q cannot name a log or a witness: it takes 1 to %d printable characters without space or plus", name, maxName)
	}
	return nil
}

// sigLine is one line below a note.
type sigLine struct {
	name string
	id   [4]byte
	sig  []byte
}

func (l sigLine) String() string {
	return "— " + l.name + " " + base64.StdEncoding.EncodeToString(append(l.id[:], l.sig...)) + "\n"
}

// splitNote takes a note apart.
func splitNote(raw []byte) (text []byte, lines []sigLine, err error) {
	at := bytes.LastIndex(raw, []byte("\n\n"))
	if len(raw) > maxNote || at < 0 {
		return nil, nil, fmt.Errorf("%w: it is over %d bytes, or no empty line is before its signatures", ErrNote, maxNote)
	}
	lines, err = parseLines(raw[at+2:])
	return raw[: at+1 : at+1], lines, err
}

func parseLines(raw []byte) (lines []sigLine, err error) {
	for line := range bytes.Lines(raw) {
		body, is := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("— "))
		name, text, two := bytes.Cut(body, []byte(" "))
		sig, bad := base64.StdEncoding.Strict().DecodeString(string(text))
		if !is || !two || line[len(line)-1] != '\n' || bytes.ContainsRune(text, '\r') || checkName(string(name)) != nil || bad != nil || len(sig) < 5 || len(lines) == maxNoteLines {
			return nil, fmt.Errorf("%w: a line of a signature is none: %.60q", ErrNote, line)
		}
		lines = append(lines, sigLine{string(name), [4]byte(sig), sig[4:]})
	}
	return lines, nil
}

func findLine(lines []sigLine, name string, id [4]byte) []byte {
	for _, l := range lines {
		if l.name == name && l.id == id {
			return l.sig
		}
	}
	return nil
}

// signedLines are a log's two lines below a text.
func signedLines(name string, key *protocol.SigningKey, text []byte) (string, error) {
	s, err := key.SignNote(contextCheckpoint, text)
	if err != nil {
		return "", err
	}
	k := key.Public()
	return sigLine{name, keyID(name, lineEd25519, edPart(k)), s.Ed25519}.String() +
		sigLine{name, keyID(name, lineMLDSA, mlPart(k)), s.MLDSA65}.String(), nil
}

// cosignedText is what a witness signs, with either key: c2sp.org/tlog-cosignature.
func cosignedText(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// cosignedLines are a witness's two lines below a text.
func cosignedLines(name string, key *protocol.SigningKey, seconds uint64, text []byte) (string, error) {
	s, err := key.SignNote(contextCosignature, cosignedText(seconds, text))
	if err != nil {
		return "", err
	}
	k, at := key.Public(), binary.BigEndian.AppendUint64(nil, seconds)
	return sigLine{name, keyID(name, lineCosigned, edPart(k)), append(at, s.Ed25519...)}.String() +
		sigLine{name, keyID(name, lineMLDSACos, mlPart(k)), append(at, s.MLDSA65...)}.String(), nil
}

// verifyCosigned finds and verifies a witness's two lines, which have one time.
func verifyCosigned(name string, key protocol.PublicKey, text []byte, lines []sigLine) (kept []sigLine, seconds uint64, err error) {
	ed := sigLine{name, keyID(name, lineCosigned, edPart(key)), nil}
	ml := sigLine{name, keyID(name, lineMLDSACos, mlPart(key)), nil}
	ed.sig, ml.sig = findLine(lines, name, ed.id), findLine(lines, name, ml.id)
	if len(ed.sig) < 8 || len(ml.sig) < 8 || !bytes.Equal(ed.sig[:8], ml.sig[:8]) {
		return nil, 0, fmt.Errorf("%w: %s has not cosigned with both keys at one time", protocol.ErrSignature, name)
	}
	seconds = binary.BigEndian.Uint64(ed.sig)
	err = key.VerifyNote(contextCosignature, cosignedText(seconds, text), protocol.NoteSignature{Ed25519: ed.sig[8:], MLDSA65: ml.sig[8:]})
	if err != nil || seconds == 0 || seconds > 1<<62 {
		return nil, 0, fmt.Errorf("%w: the cosignature of %s", protocol.ErrSignature, name)
	}
	return []sigLine{ed, ml}, seconds, nil
}
