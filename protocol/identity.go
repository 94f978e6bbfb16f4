package protocol

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Identity names a release: what would be learnt, and nothing of who asks, when
// or how often. It can be guessed from a guess of the question, so it never
// leaves a site or the researcher but under a key (Tag).
type Identity struct{ digest Digest }

// Format keeps an identity out of every print.
func (Identity) Format(s fmt.State, _ rune) { fmt.Fprint(s, "protocol.Identity(…)") }

// Tag is the identity under a site's key.
func (i Identity) Tag(key []byte) Digest { return Tag(key, "locus/identity/v1", i.digest[:]) }

// Equal reports whether both name the same release.
func (i Identity) Equal(other Identity) bool { return i.digest == other.digest }

// ReleaseIdentity is the identity of what a query asks: study, roster, analysis,
// cohort, variants, strata, mode, noise, use, named sites, the content of every dataset
// and the release number. The recipient, the nonce, the attempt, the expiry and the
// check-word key are not in it. contents are in roster order.
func ReleaseIdentity(h *QueryHeader, b *QueryBody, variants Digest, contents []Digest) Identity {
	var points []byte
	for _, p := range h.Points {
		points = binary.BigEndian.AppendUint32(points, p)
	}
	var strata, content []byte
	for _, s := range b.Strata {
		strata = binary.BigEndian.AppendUint32(strata, uint32(len(s)))
		strata = append(strata, s...)
	}
	for _, c := range contents {
		content = append(content, c[:]...)
	}
	noise := binary.BigEndian.AppendUint64(nil, h.Noise.Share)
	if h.Noise.Missing {
		noise = append(noise, 1)
	}
	parts := [][]byte{
		[]byte(h.Study), h.Roster[:], []byte(h.Analysis), []byte(b.Cohort), variants[:], strata,
		binary.BigEndian.AppendUint32(nil, uint32(h.Mode)), noise, points, content,
		binary.BigEndian.AppendUint32(nil, h.Release),
	}
	return Identity{Hash("locus/identity/v2", append(parts, h.Use.parts()...)...)}
}

// VariantsDigest names a list of variants, however it was selected. The list must
// be sorted by the caller's panel order and without repeats.
func VariantsDigest(variants iter.Seq[Variant]) Digest {
	h := newStream("locus/variants/v1")
	var pos [4]byte
	for v := range variants {
		binary.BigEndian.PutUint32(pos[:], v.Pos)
		writePart(h, []byte(v.Contig))
		h.Write(pos[:])
		writePart(h, []byte(v.Ref))
		writePart(h, []byte(v.Alt))
	}
	return Digest(h.Sum(nil))
}

// SessionID names one attempt at one signed query.
type SessionID = Digest

// NewSession is the session of an attempt, from 1, at the query whose header has a digest.
func NewSession(query Digest, attempt uint32) SessionID {
	return Hash("locus/session/v1", query[:], binary.BigEndian.AppendUint32(nil, attempt))
}
