package answer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrBundle is returned when a file is not a bundle, or not all of one.
var ErrBundle = errors.New("answer: not a whole bundle")

const (
	bundleMagic = "LOCUSRB1"
	bundleParts = 5
	// maxAsked bounds the question: a million ranges take some 50 MB of JSON.
	maxAsked = 64 << 20
	// maxPart bounds a part of a panel, as researchers bound a panel.
	maxPart = 1 << 30
	// maxSum is 12 bytes a variant, the most that two counters take.
	maxSum = 12 * protocol.MaxVariants
)

// partNames are what the parts of a bundle are, in their order.
var partNames = [bundleParts]string{"question", "roster", "result", "panel", "sum"}

// Bundle is a question and its answer, which is still hidden.
type Bundle struct {
	Asked          Asked
	Roster, Result []byte
	// Panel is what panel.WritePart wrote of the variants asked about.
	Panel []byte
	Sum   []byte
}

// WriteTo writes a bundle as Parse reads it. What was sent to the sites is left out.
func (b *Bundle) WriteTo(w io.Writer) (int64, error) {
	asked := b.Asked
	asked.Query = nil
	question, err := json.Marshal(asked)
	if err != nil {
		return 0, fmt.Errorf("write bundle: %w", err)
	}
	digest := sha256.New()
	both := io.MultiWriter(w, digest)
	var total int64
	put := func(to io.Writer, p []byte) {
		if err == nil {
			var n int
			n, err = to.Write(p)
			total += int64(n)
		}
	}
	put(both, []byte(bundleMagic))
	for _, part := range [bundleParts][]byte{question, b.Roster, b.Result, b.Panel, b.Sum} {
		put(both, binary.LittleEndian.AppendUint64(nil, uint64(len(part))))
		put(both, part)
	}
	put(w, digest.Sum(nil))
	if err != nil {
		return total, fmt.Errorf("write bundle: %w", err)
	}
	return total, nil
}

// Parse takes a bundle apart, and keeps raw. It verifies nothing but that the bundle is
// as it was written.
func Parse(raw []byte) (*Bundle, error) {
	if !bytes.HasPrefix(raw, []byte(bundleMagic)) {
		return nil, fmt.Errorf("%w: it does not start as one; `locus result export` makes them", ErrBundle)
	}
	rest := raw[len(bundleMagic):]
	var parts [bundleParts][]byte
	for i, most := range [bundleParts]uint64{maxAsked, protocol.MaxMessage, protocol.MaxMessage, maxPart, maxSum} {
		if len(rest) < 8 {
			return nil, fmt.Errorf("%w: it ends before its %s; copy or export it again", ErrBundle, partNames[i])
		}
		n := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		if n > most {
			return nil, fmt.Errorf("%w: its %s says that it has %d bytes, over the bound of %d", ErrBundle, partNames[i], n, most)
		}
		if n > uint64(len(rest)) {
			return nil, fmt.Errorf("%w: it ends in its %s; copy or export it again", ErrBundle, partNames[i])
		}
		parts[i], rest = rest[:n:n], rest[n:]
	}
	whole := raw[:len(raw)-len(rest)]
	switch digest := sha256.Sum256(whole); {
	case len(rest) < len(digest):
		return nil, fmt.Errorf("%w: it ends before its digest; copy or export it again", ErrBundle)
	case len(rest) > len(digest):
		return nil, fmt.Errorf("%w: it goes on after its end", ErrBundle)
	case !bytes.Equal(rest, digest[:]):
		return nil, fmt.Errorf("%w: it is not as it was written; copy or export it again", ErrBundle)
	}
	b := &Bundle{Roster: parts[1], Result: parts[2], Panel: parts[3], Sum: parts[4]}
	d := json.NewDecoder(bytes.NewReader(parts[0]))
	d.DisallowUnknownFields()
	if err := d.Decode(&b.Asked); err != nil {
		return nil, fmt.Errorf("%w: its question: %w", ErrBundle, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: its question goes on after its end", ErrBundle)
	}
	return b, nil
}

// Open verifies all of a bundle and reads the sum. It asks nobody: the question in it was
// signed with the seed's key, and names the roster.
func (b *Bundle) Open(seed Seed) (Answer, error) {
	roster, err := protocol.OpenRoster(b.Roster)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: its roster: %w", ErrAltered, err)
	}
	if roster.Digest() != b.Asked.Roster || roster.Message.Study != b.Asked.Study {
		return Answer{}, fmt.Errorf("%w: the roster is not the one that was asked under", ErrAltered)
	}
	checked, err := Check(seed, roster, b.Asked, b.Result)
	if err != nil {
		return Answer{}, err
	}
	variants, err := panel.ParsePart(bytes.NewReader(b.Panel), checked.Panel().Digest)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	for _, r := range b.Asked.Ranges {
		if r.To > uint64(variants.Len()) || !variants.Has(int(r.From), int(r.To)) {
			return Answer{}, fmt.Errorf("%w: the bundle does not have all variants asked for", ErrAltered)
		}
	}
	a, err := checked.Open(b.Sum, variants)
	if err != nil {
		return Answer{}, err
	}
	// What nobody has signed is said anew.
	a.Asked.Purpose, a.Asked.Made = a.Purpose, checked.result.Header.Message.Issued
	if a.Asked.Region = ""; len(a.Rows) < variants.Len() {
		first, last := a.Rows[0].Variant, a.Rows[len(a.Rows)-1].Variant
		a.Asked.Region = fmt.Sprintf("%d variants of %d, from %s to %s", len(a.Rows), variants.Len(), first, last)
	}
	return a, nil
}
