package audit

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// Head is how long a log is and the root of its tree.
type Head struct {
	Size uint64
	Root [32]byte
}

// checkpointText is a note's text after c2sp.org/tlog-checkpoint, without extensions.
func checkpointText(origin string, h Head) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", origin, h.Size, base64.StdEncoding.EncodeToString(h.Root[:]))
}

// signCheckpoint makes a log's note of a head.
func signCheckpoint(origin string, key *protocol.SigningKey, h Head) ([]byte, error) {
	text := checkpointText(origin, h)
	lines, err := signedLines(origin, key, text)
	if err != nil {
		return nil, err
	}
	return []byte(string(text) + "\n" + lines), nil
}

// parseCheckpoint reads a text and verifies nothing.
func parseCheckpoint(text []byte) (origin string, h Head, err error) {
	parts := bytes.Split(text, []byte("\n"))
	if len(parts) == 4 {
		size, bad := strconv.ParseUint(string(parts[1]), 10, 62)
		root, worse := base64.StdEncoding.Strict().DecodeString(string(parts[2]))
		if bad == nil && worse == nil && len(root) == 32 {
			origin, h = string(parts[0]), Head{size, [32]byte(root)}
		}
	}
	// What does not print as it was read is no checkpoint of ours: a leading zero, an
	// extension line, a size with a sign.
	if checkName(origin) != nil || !bytes.Equal(checkpointText(origin, h), text) {
		return "", Head{}, fmt.Errorf("%w: its text is no checkpoint of three lines", ErrNote)
	}
	return origin, h, nil
}

// openCheckpoint verifies that a note is a checkpoint of a log: both of its signatures.
// All other lines are left alone.
func openCheckpoint(raw []byte, origin string, key protocol.PublicKey) (Head, error) {
	text, lines, err := splitNote(raw)
	if err != nil {
		return Head{}, err
	}
	name, h, err := parseCheckpoint(text)
	if err != nil {
		return Head{}, err
	}
	if name != origin {
		return Head{}, fmt.Errorf("%w: it is of the log %.60q, not of %q", ErrNote, name, origin)
	}
	s := protocol.NoteSignature{
		Ed25519: findLine(lines, origin, keyID(origin, lineEd25519, edPart(key))),
		MLDSA65: findLine(lines, origin, keyID(origin, lineMLDSA, mlPart(key))),
	}
	if err := key.VerifyNote(contextCheckpoint, text, s); err != nil && !debug.Without(debug.CheckpointSignature) {
		return Head{}, fmt.Errorf("checkpoint %d of %s: %w", h.Size, origin, err)
	}
	return h, nil
}
