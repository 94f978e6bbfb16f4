// Package verify checks an audit log or a receipt offline. It shares no code with package
// audit, which writes them: it was written from docs/reference/audit-log.md, so that a
// mistake has to be made twice to go unnoticed. Start with ParsePolicy, then Log or Receipt.
//
// What must hold: nothing is believed but the keys of the policy; both of a signer's
// signatures are needed; memory does not grow with the log. It writes nothing.
package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/mldsa"
)

var (
	// ErrPolicy is returned when a policy file is not one.
	ErrPolicy = errors.New("not a policy: it has lines `log KEY`, `witness NAME KEY`, and one `quorum NUMBER`")
	// ErrFormat is returned when bytes are not what they should be.
	ErrFormat = errors.New("not in the format of the reference")
	// ErrSignature is returned when a required signature is missing or wrong.
	ErrSignature = errors.New("a signature is missing or wrong")
	// ErrAltered is returned when a log is not what its checkpoints say.
	ErrAltered = errors.New("altered")
	// ErrQuorum is returned when fewer witnesses have cosigned than the policy asks for.
	ErrQuorum = errors.New("too few witnesses of the policy have cosigned")
)

// signer is a log or a witness with both of its keys.
type signer struct {
	name string
	ed   ed25519.PublicKey
	ml   *mldsa.PublicKey
}

// Policy says whose logs and whose cosignatures are believed.
type Policy struct {
	logs      map[string]signer // by origin
	witnesses map[string]signer // by their name in the file
	quorum    int
}

// ParsePolicy reads a policy file.
func ParsePolicy(text []byte) (*Policy, error) {
	p := &Policy{logs: map[string]signer{}, witnesses: map[string]signer{}, quorum: -1}
	for i, line := range strings.Split(string(text), "\n") {
		word := strings.Fields(line)
		if len(word) > 0 && word[0][0] != '#' && !p.take(word) {
			return nil, fmt.Errorf("%w: line %d is not such a line, or names what another does", ErrPolicy, i+1)
		}
	}
	if len(p.logs) == 0 || p.quorum < 0 || p.quorum > len(p.witnesses) {
		return nil, fmt.Errorf("%w: %d logs, %d witnesses, a quorum of %d", ErrPolicy, len(p.logs), len(p.witnesses), p.quorum)
	}
	return p, nil
}

func (p *Policy) take(word []string) bool {
	if word[0] == "quorum" && len(word) == 2 && p.quorum < 0 {
		n, err := parseSize(word[1])
		p.quorum = int(min(n, 1<<20))
		return err == nil
	}
	s, ok := parseKey(word[len(word)-1])
	in, name := p.logs, s.name
	if word[0] == "witness" && len(word) == 3 {
		in, name = p.witnesses, word[1]
	} else if word[0] != "log" || len(word) != 2 {
		return false
	}
	for other, t := range in { // one witness is not two of a quorum
		ok = ok && other != name && !t.ed.Equal(s.ed) && !t.ml.Equal(s.ml)
	}
	in[name] = s
	return ok
}

// parseKey reads a verifier key of c2sp.org/signed-note, of the type that is ours.
func parseKey(vkey string) (s signer, ok bool) {
	const kind = "\xfflocus/ed25519+mldsa65/v1"
	part := strings.SplitN(vkey, "+", 3) // base64 has plus signs of its own
	if len(part) != 3 || part[0] == "" {
		return s, false
	}
	raw, err := decode(part[2])
	key, is := bytes.CutPrefix(raw, []byte(kind))
	if err != nil || !is || len(key) < 32 || part[1] != fmt.Sprintf("%x", keyID(part[0], kind, key)) {
		return s, false
	}
	ml, err := mldsa.NewPublicKey(mldsa.MLDSA65(), key[32:])
	return signer{part[0], key[:32], ml}, err == nil
}

// keyID is the first four bytes that c2sp.org/signed-note names a key by.
func keyID(name, kind string, key []byte) []byte {
	sum := sha256.Sum256([]byte(name + "\n" + kind + string(key)))
	return sum[:4]
}

// Checkpoint is a head of a log whose signatures have been verified.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
	// Witnesses are those of the policy that have cosigned, and when.
	Witnesses map[string]time.Time
	// Unknown counts signature lines of keys that the policy does not name.
	Unknown int
	what    string    // the checkpoint of which file
	seen    time.Time // median of the witnesses' times, which a few wrong clocks do not move
}

// Checkpoint verifies a note: both signatures of its log, and both of each witness that
// the policy names and that has signed. Whether those are enough is Quorum's to say.
func (p *Policy) Checkpoint(note []byte) (Checkpoint, error) {
	c, text, sigs, err := parseNote(note)
	if err != nil {
		return Checkpoint{}, err
	}
	log, known := p.logs[c.Origin]
	if !known {
		return Checkpoint{}, fmt.Errorf("%w: the policy names no log %.60q", ErrSignature, c.Origin)
	}
	ed, ml := log.pair("\x01", "\xfflocus/mldsa65-checkpoint/v1", sigs)
	if !log.verified("locus/checkpoint/v1", text, ed, ml) {
		return Checkpoint{}, fmt.Errorf("%w: of the log %s, which signs with Ed25519 and ML-DSA-65", ErrSignature, log.name)
	}
	for name, w := range p.witnesses {
		ed, ml := w.pair("\x04", "\xfflocus/mldsa65-cosignature/v1", sigs)
		if ed == nil && ml == nil || w.ed.Equal(log.ed) { // nobody is its own witness
			continue
		}
		var at uint64
		if len(ed) > 8 && len(ml) > 8 && bytes.Equal(ed[:8], ml[:8]) {
			at = binary.BigEndian.Uint64(ed)
		}
		if at == 0 || at > 1<<40 || !w.verified("locus/cosignature/v1", fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), ed[8:], ml[8:]) {
			return Checkpoint{}, fmt.Errorf("%w: of the witness %s, which signs with both keys at one time", ErrSignature, w.name)
		}
		c.Witnesses[name] = time.Unix(int64(at), 0).UTC()
	}
	c.Unknown = len(sigs) // pair has taken out the others
	if all := slices.SortedFunc(maps.Values(c.Witnesses), time.Time.Compare); len(all) > 0 {
		c.seen = all[len(all)/2]
	}
	return c, nil
}

// Quorum says whether enough witnesses have cosigned.
func (p *Policy) Quorum(c Checkpoint) error {
	if len(c.Witnesses) < p.quorum {
		return fmt.Errorf("%w: %d of %d at %d entries, want %d", ErrQuorum, len(c.Witnesses), len(p.witnesses), c.Size, p.quorum)
	}
	return nil
}

// pair takes the two lines of a signer out of the signatures, nil where one is not there.
func (s signer) pair(ed, ml string, sigs map[string][]byte) (a, b []byte) {
	one, two := s.name+" "+string(keyID(s.name, ed, s.ed)), s.name+" "+string(keyID(s.name, ml, s.ml.Bytes()))
	a, b = sigs[one], sigs[two]
	delete(sigs, one)
	delete(sigs, two)
	return a, b
}

func (s signer) verified(context string, message, ed, ml []byte) bool {
	return ed25519.Verify(s.ed, message, ed) && mldsa.Verify(s.ml, message, ml, &mldsa.Options{Context: context}) == nil
}

// parseNote takes a note apart, c2sp.org/signed-note and tlog-checkpoint: its text, and its
// signatures by the name and the id of their keys.
func parseNote(note []byte) (c Checkpoint, text []byte, sigs map[string][]byte, err error) {
	at := bytes.LastIndex(note, []byte("\n\n"))
	head := append(strings.Split(string(note[:max(at, 0)]), "\n"), "", "")
	size, err := parseSize(head[1])
	root, bad := decode(head[2])
	if len(head) != 5 || head[0] == "" || len(note) > maxNote || err != nil || bad != nil || len(root) != len(Hash{}) {
		return c, nil, nil, fmt.Errorf("%w: a checkpoint of %d bytes without origin, size and root", ErrFormat, len(note))
	}
	if sigs, err = signatures(note[at+2:]); err != nil {
		return c, nil, nil, err
	}
	return Checkpoint{Origin: head[0], Size: size, Root: Hash(root), Witnesses: map[string]time.Time{}}, note[:at+1], sigs, nil
}

// signatures are those below a text, by the name and the id of their keys.
func signatures(lines []byte) (map[string][]byte, error) {
	sigs := map[string][]byte{}
	for line := range strings.Lines(string(lines)) {
		base, ends := strings.CutSuffix(line, "\n")
		word := append(strings.Split(base, " "), "", "")
		sig, err := decode(word[2])
		if !ends || word[0] != "—" || len(word) != 5 || err != nil || len(sig) < 5 || sigs[word[1]+" "+string(sig[:4])] != nil || len(sigs) == maxLines {
			return nil, fmt.Errorf("%w: a line of a signature is none, or is there twice", ErrFormat)
		}
		sigs[word[1]+" "+string(sig[:4])] = sig[4:]
	}
	return sigs, nil
}

func parseSize(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 62)
	if err == nil && strconv.FormatUint(n, 10) != s {
		err = ErrFormat
	}
	return n, err
}

// decode takes one text for each value: Go's decoder skips newlines.
func decode(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err == nil && base64.StdEncoding.EncodedLen(len(b)) != len(s) {
		err = ErrFormat
	}
	return b, err
}
