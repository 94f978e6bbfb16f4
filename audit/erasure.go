package audit

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// Erasure is what a site says of a dataset that it has erased: that it has destroyed the key that
// the genotypes were sealed with, and taken the sealed files away. docs/reference/audit-log.md
// specifies its text, and package audit/verify reads it.
type Erasure struct {
	// Node is the key of the site's node.
	Node protocol.KeyID
	// Cohort is what the dataset was called, Dataset names the version that was kept, and Content
	// is what the log says of the cohort where it was taken in.
	Cohort           string
	Dataset, Content protocol.Digest
	At               time.Time
	// Sequence and Head are where the site's chain stood after it.
	Sequence uint64
	Head     protocol.Digest
}

// Of the note. No checkpoint begins like it: it has no origin of that name.
const (
	erasureDomain  = "locus/erasure/v1"
	lineMLDSAErase = "\xfflocus/mldsa65-erasure/v1"
)

// Subject is what the entry of kind erased is about.
func (e Erasure) Subject() protocol.Digest {
	at := binary.BigEndian.AppendUint64(nil, uint64(e.At.Unix()))
	return protocol.Hash("locus/link/erased/v1", []byte(e.Cohort), e.Dataset[:], e.Content[:], at)
}

// Sign is the note, with both signatures of the site's node.
func (e Erasure) Sign(key *protocol.SigningKey) ([]byte, error) {
	name := NodeOrigin(e.Node)
	text := fmt.Appendf(nil, "%s\n%s\ncohort %s\ndataset %s\ncontent %s\nerased %s\nsequence %d\nhead %s\n", erasureDomain, name,
		strconv.QuoteToASCII(e.Cohort), e.Dataset, e.Content, e.At.UTC().Format(time.RFC3339), e.Sequence, e.Head)
	s, err := key.SignNote(erasureDomain, text)
	if err != nil {
		return nil, err
	}
	k := key.Public()
	ed := sigLine{name, keyID(name, lineEd25519, edPart(k)), s.Ed25519}
	ml := sigLine{name, keyID(name, lineMLDSAErase, mlPart(k)), s.MLDSA65}
	return fmt.Appendf(text, "\n%s%s", ed, ml), nil
}
