package vrs

import "strconv"

// Version is a version of the specification. Names of one mean nothing in the other.
type Version uint8

// The versions that names are computed in.
const (
	V2  Version = 2
	V13 Version = 1
)

// String is the version as it is written.
func (v Version) String() string {
	if v == V13 {
		return "1.3"
	}
	return "2.0"
}

// Namer names alleles of one sequence. It is not for several goroutines at once.
type Namer struct {
	version  Version
	sequence string // its digest as text
	buffer   []byte
}

// NewNamer names alleles of the sequence that a refget digest names.
func NewNamer(v Version, sequence Digest) *Namer {
	return &Namer{version: v, sequence: sequence.String(), buffer: make([]byte, 0, 512)}
}

// ID is the digest that names an allele. The canonical JSON that it is of has sorted
// keys and no blanks (RFC 8785), and in place of the location that one's digest.
func (n *Namer) ID(a Allele) Digest {
	location := n.location(a.Start, a.End)
	b := location.append(append(n.buffer[:0], `{"location":"`...))
	switch {
	case n.version == V2 && a.Repeat > 0:
		b = append(b, `","state":{"length":`...)
		b = strconv.AppendInt(b, int64(len(a.Bases)), 10)
		b = append(b, `,"repeatSubunitLength":`...)
		b = strconv.AppendUint(b, a.Repeat, 10)
		b = append(b, `,"type":"ReferenceLengthExpression"},"type":"Allele"}`...)
	default:
		b = append(b, `","state":{"sequence":"`...)
		b = append(b, a.Bases...)
		b = append(b, `","type":"LiteralSequenceExpression"},"type":"Allele"}`...)
	}
	n.buffer = b
	return Sum(b)
}

// location is the digest of a SequenceLocation.
func (n *Namer) location(start, end uint64) Digest {
	b := n.buffer[:0]
	if n.version == V13 {
		b = append(b, `{"interval":{"end":{"type":"Number","value":`...)
		b = strconv.AppendUint(b, end, 10)
		b = append(b, `},"start":{"type":"Number","value":`...)
		b = strconv.AppendUint(b, start, 10)
		b = append(b, `},"type":"SequenceInterval"},"sequence_id":"`...)
		b = append(b, n.sequence...)
		b = append(b, `","type":"SequenceLocation"}`...)
	} else {
		b = append(b, `{"end":`...)
		b = strconv.AppendUint(b, end, 10)
		b = append(b, `,"sequenceReference":{"refgetAccession":"SQ.`...)
		b = append(b, n.sequence...)
		b = append(b, `","type":"SequenceReference"},"start":`...)
		b = strconv.AppendUint(b, start, 10)
		b = append(b, `,"type":"SequenceLocation"}`...)
	}
	n.buffer = b
	return Sum(b)
}
