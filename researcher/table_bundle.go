package researcher

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/protocol"
)

// ErrTableBundle is returned when a file is not a published table with its signatures, or
// not all of one.
var ErrTableBundle = errors.New("researcher: not a whole table with its signatures")

const (
	tableMagic = "LOCUSTB1"
	// maxRosters bounds the epochs between a table and the roster that is pinned.
	maxRosters = 256
)

// TableBundle is a table with everything that verifies it, in one file that needs no
// network.
type TableBundle struct {
	// Rosters begin with the one that it was asked under, and end with the one that its
	// reader has pinned.
	Rosters [][]byte
	// Record is a protocol.TableRecord, Content the table.
	Record, Content []byte
}

// WriteTo writes a bundle as ParseTableBundle reads it.
func (b *TableBundle) WriteTo(w io.Writer) (int64, error) {
	var head []byte
	head = append(head, tableMagic...)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(b.Rosters)))
	parts := append(append([][]byte{}, b.Rosters...), b.Record, b.Content)
	digest := sha256.New()
	both := io.MultiWriter(w, digest)
	n, err := both.Write(head)
	total := int64(n)
	for _, part := range parts {
		for _, bytes := range [][]byte{binary.LittleEndian.AppendUint64(nil, uint64(len(part))), part} {
			if err == nil {
				n, err = both.Write(bytes)
				total += int64(n)
			}
		}
	}
	if err == nil {
		n, err = w.Write(digest.Sum(nil))
		total += int64(n)
	}
	if err != nil {
		return total, fmt.Errorf("write table: %w", err)
	}
	return total, nil
}

// ParseTableBundle takes a bundle apart, and keeps raw. It verifies nothing but that the
// bundle is as it was written.
func ParseTableBundle(raw []byte) (*TableBundle, error) {
	bad := func(format string, args ...any) (*TableBundle, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ErrTableBundle}, args...)...)
	}
	if !bytes.HasPrefix(raw, []byte(tableMagic)) || len(raw) < len(tableMagic)+8 {
		return bad("it does not begin as one; `locus table get --signed` makes them")
	}
	rest := raw[len(tableMagic):]
	count := binary.LittleEndian.Uint64(rest)
	if rest = rest[8:]; count < 1 || count > maxRosters {
		return bad("%d rosters, at most %d", count, maxRosters)
	}
	var parts [][]byte
	for i := range count + 2 {
		most := uint64(protocol.MaxMessage)
		if i == count+1 {
			most = protocol.MaxTable
		}
		if len(rest) < 8 {
			return bad("it ends early; fetch it again")
		}
		n := binary.LittleEndian.Uint64(rest)
		if rest = rest[8:]; n > most || n > uint64(len(rest)) {
			return bad("a part of %d bytes is beyond its bound, or beyond its end", n)
		}
		parts, rest = append(parts, rest[:n:n]), rest[n:]
	}
	whole := sha256.Sum256(raw[:len(raw)-len(rest)])
	if !bytes.Equal(rest, whole[:]) {
		return bad("it is not as it was written; fetch it again")
	}
	return &TableBundle{Rosters: parts[:count], Record: parts[count], Content: parts[count+1]}, nil
}
