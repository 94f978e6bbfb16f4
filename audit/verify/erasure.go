package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Erased is what a proof of erasure says, verified.
type Erased struct {
	// Site is the name of its log.
	Site, Cohort     string
	Dataset, Content [32]byte
	At               time.Time
	Sequence         uint64
	Head             [32]byte
	// Logged tells that the proof has a receipt, of the entry at Index under Checkpoint. Without
	// one nothing shows that the site's log has it.
	Logged     bool
	Index      uint64
	Checkpoint Checkpoint
}

// maxProof bounds a file that holds a proof.
const maxProof = 4 << 20

// Erasure verifies a proof that a site has erased a dataset, as docs/reference/audit-log.md
// specifies it: both signatures of the site's node and, where it has a receipt, that the site's
// log says the same, with the policy's quorum.
func Erasure(raw []byte, p *Policy) (Erased, error) {
	var file struct{ APIVersion, Kind, Statement, Receipt string }
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil || len(raw) > maxProof || file.Kind != "erasure" {
		return Erased{}, fmt.Errorf("%w: %d bytes are no proof of erasure", ErrFormat, len(raw))
	}
	if _, err := d.Token(); err != io.EOF {
		return Erased{}, fmt.Errorf("%w: something follows the proof", ErrFormat)
	}
	e, err := p.statement([]byte(file.Statement))
	if err != nil || file.Receipt == "" {
		return e, err
	}
	entry, index, c, err := Receipt([]byte(file.Receipt), p)
	if err != nil {
		return Erased{}, fmt.Errorf("the receipt: %w", err)
	}
	sequence := binary.BigEndian.AppendUint64(nil, e.Sequence)
	if c.Origin != e.Site || entry.Kind != "erased" || entry.Subject != e.subject() ||
		!bytes.Equal(entry.Fields["head"], e.Head[:]) || !bytes.Equal(entry.Fields["sequence"], sequence) {
		return Erased{}, fmt.Errorf("%w: the receipt is of another entry", ErrAltered)
	}
	e.Logged, e.Index, e.Checkpoint = true, index, c
	return e, nil
}

// statement verifies the signed text.
func (p *Policy) statement(note []byte) (e Erased, err error) {
	at := bytes.LastIndex(note, []byte("\n\n"))
	line := append(strings.Split(string(note[:max(at, 0)]), "\n"), make([]string, 8)...)
	field := func(i int, name string) string {
		value, ok := strings.CutPrefix(line[i], name+" ")
		if !ok {
			err = fmt.Errorf("%w: a statement without its line %q", ErrFormat, name)
		}
		return value
	}
	digest := func(i int, name string) (d [32]byte) {
		b, bad := hex.DecodeString(field(i, name))
		if bad != nil || len(b) != len(d) || hex.EncodeToString(b) != field(i, name) {
			err = fmt.Errorf("%w: the %s of a statement is none", ErrFormat, name)
			return d
		}
		return [32]byte(b)
	}
	if line[0] != "locus/erasure/v1" || len(line) != 8+8 {
		return e, fmt.Errorf("%w: not a statement of erasure", ErrFormat)
	}
	e = Erased{Site: line[1], Dataset: digest(3, "dataset"), Content: digest(4, "content"), Head: digest(7, "head")}
	var bad [3]error
	e.Cohort, bad[0] = strconv.Unquote(field(2, "cohort"))
	e.At, bad[1] = time.Parse(time.RFC3339, field(5, "erased"))
	e.Sequence, bad[2] = parseSize(field(6, "sequence"))
	if err != nil {
		return Erased{}, err
	}
	if bad != [3]error{} || strconv.QuoteToASCII(e.Cohort) != field(2, "cohort") || e.At.UTC().Format(time.RFC3339) != field(5, "erased") {
		return Erased{}, fmt.Errorf("%w: a line of a statement is not as it should be", ErrFormat)
	}
	site, known := p.logs[e.Site]
	if !known {
		return Erased{}, fmt.Errorf("%w: the policy names no log %.60q", ErrSignature, e.Site)
	}
	sigs, err := signatures(note[at+2:])
	if err != nil {
		return Erased{}, err
	}
	ed, ml := site.pair("\x01", "\xfflocus/mldsa65-erasure/v1", sigs)
	if len(sigs) > 0 || !site.verified("locus/erasure/v1", note[:at+1], ed, ml) {
		return Erased{}, fmt.Errorf("%w: of the site %s, which signs with Ed25519 and ML-DSA-65 and alone", ErrSignature, e.Site)
	}
	return e, nil
}

// subject is what the log's entry is about.
func (e Erased) subject() (d [32]byte) {
	h := sha256.New()
	at := binary.BigEndian.AppendUint64(nil, uint64(e.At.Unix()))
	for _, part := range [][]byte{[]byte("locus/link/erased/v1"), []byte(e.Cohort), e.Dataset[:], e.Content[:], at} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}
