package node

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/internal/vrs"
	"github.com/locus-genomics/locus/protocol/panel"
)

// errLetters is returned for a reference that is not made of letters.
var errLetters = errors.New("node: a reference is lines of letters")

// maxLetters bounds a contig that is held at once: panels have no position beyond it.
const maxLetters = panel.MaxPos

// AlleleIDSummary is what names were given.
type AlleleIDSummary struct {
	// Sequences names the reference: the refget digests of the panel's contigs.
	Sequences vrs.Digest
	// Named is variants that have a name; Unnamed those whose REF is not what the
	// reference has, letter by letter, or whose repeat is too long.
	Named, Unnamed int
}

// WriteAlleleIDs writes the GA4GH names of a panel's variants, as panel.OpenIDs reads
// them. The reference is a FASTA file that is not compressed. One contig of it is held at
// a time.
func WriteAlleleIDs(ctx context.Context, p *panel.Panel, reference string, v vrs.Version, w io.Writer) (AlleleIDSummary, error) {
	sum, err := writeAlleleIDs(ctx, p, reference, v, w)
	if err != nil {
		return AlleleIDSummary{}, fmt.Errorf("%w: allele ids by %s: %w", ErrPanel, reference, err)
	}
	return sum, nil
}

func writeAlleleIDs(ctx context.Context, p *panel.Panel, reference string, v vrs.Version, w io.Writer) (sum AlleleIDSummary, err error) {
	f, err := os.Open(reference)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	found, err := findSequences(ctx, f, p)
	if err != nil {
		return sum, err
	}
	digests, raw := make([]vrs.Digest, len(found)), make([][vrs.Size]byte, len(found))
	for i, s := range found {
		digests[i], raw[i] = s.digest, s.digest
	}
	sum.Sequences = vrs.Sequences(digests)
	ids, err := panel.NewIDsWriter(w, p, uint8(v), raw)
	if err != nil {
		return sum, err
	}
	for i, contig := range p.Contigs() {
		from, to := p.Select(panel.Region{Contig: contig, From: 1, To: panel.MaxPos})
		bases, err := found[i].load(f)
		if err != nil {
			return sum, fmt.Errorf("contig %s: %w", contig, err)
		}
		name := namer{p, bases, v, found[i].digest}
		for from < to {
			if ctx.Err() != nil {
				return sum, ctx.Err()
			}
			n := min(to-from, idBatch*runtime.GOMAXPROCS(0))
			for _, id := range name.many(from, n) {
				if sum.Named++; id == (vrs.Digest{}) {
					sum.Named, sum.Unnamed = sum.Named-1, sum.Unnamed+1
				}
				if err := ids.Write(id); err != nil {
					return sum, err
				}
			}
			from += n
		}
	}
	return sum, ids.Close()
}

// idBatch is how many variants one goroutine names before they are written.
const idBatch = 1 << 14

// namer names variants of one contig.
type namer struct {
	panel  *panel.Panel
	bases  []byte
	v      vrs.Version
	digest vrs.Digest
}

// many names n variants from a place on.
func (m namer) many(from, n int) []vrs.Digest {
	out := make([]vrs.Digest, n)
	var g errgroup.Group
	for begin := 0; begin < n; begin += idBatch {
		part := out[begin:min(begin+idBatch, n)]
		g.Go(func() error {
			name := vrs.NewNamer(m.v, m.digest)
			for i := range part {
				v := m.panel.At(from + begin + i)
				// What has no form has no name.
				if a, err := vrs.Normalize(m.bases, int(v.Pos)-1, v.Ref, v.Alt); err == nil {
					part[i] = name.ID(a)
				}
			}
			return nil
		})
	}
	g.Wait() // nobody fails
	return out
}

// sequence is where a contig stands in a FASTA file.
type sequence struct {
	offset, length int64 // of its first line, and in letters
	digest         vrs.Digest
}

// findSequences reads a FASTA file to its end and digests the contigs of a panel, letter
// by letter. They come in the panel's order.
func findSequences(ctx context.Context, f io.Reader, p *panel.Panel) ([]sequence, error) {
	contigs := p.Contigs()
	at := make(map[string]int, len(contigs))
	for i, c := range contigs {
		at[panel.CanonicalContig(c)] = i
	}
	found := make([]sequence, len(contigs))
	l := fastaLines{r: bufio.NewReaderSize(f, 1<<16)}
	current, digest := -1, vrs.NewRefget()
	end := func() {
		if current >= 0 {
			found[current].digest = digest.Digest()
		}
	}
	for l.next() {
		if name, ok := l.header(); ok {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			end()
			k, wanted := at[panel.CanonicalContig(name)]
			if current = -1; !wanted {
				continue
			}
			if found[k].offset != 0 {
				return nil, fmt.Errorf("contig %.40q is there twice", name)
			}
			current, digest = k, vrs.NewRefget()
			found[k].offset = l.offset
			continue
		}
		if current < 0 {
			continue
		}
		if err := upper(l.text); err != nil {
			return nil, fmt.Errorf("%w: before byte %d", err, l.offset)
		}
		digest.Write(l.text)
		if found[current].length += int64(len(l.text)); found[current].length > maxLetters {
			return nil, fmt.Errorf("a contig of over %d letters", int64(maxLetters))
		}
	}
	end()
	if l.err != nil {
		return nil, l.err
	}
	for i, s := range found {
		if s.length == 0 {
			return nil, fmt.Errorf("it has no contig %s; take the reference that the panel is of", contigs[i])
		}
	}
	return found, nil
}

// load reads a contig's letters.
func (s sequence) load(f io.ReaderAt) ([]byte, error) {
	l := fastaLines{r: bufio.NewReaderSize(io.NewSectionReader(f, s.offset, 1<<62-s.offset), 1<<16)}
	bases := make([]byte, 0, s.length) // as long as it was when it was digested
	for int64(len(bases)) < s.length && l.next() {
		if _, ok := l.header(); ok {
			break
		}
		if err := upper(l.text); err != nil {
			return nil, err
		}
		bases = append(bases, l.text...)
	}
	if l.err != nil {
		return nil, l.err
	}
	if int64(len(bases)) != s.length {
		return nil, errors.New("the file has changed while it was read")
	}
	return bases, nil
}

// upper makes letters upper case, and takes nothing else.
func upper(b []byte) error {
	for i, c := range b {
		if c &^= 0x20; c < 'A' || c > 'Z' {
			return errLetters
		}
		b[i] &^= 0x20
	}
	return nil
}

// fastaLines reads a FASTA file in lines, or in parts of long ones.
type fastaLines struct {
	r      *bufio.Reader
	text   []byte // without its end
	offset int64  // behind it
	whole  bool   // it ended with its line
	begun  bool
	err    error
}

func (l *fastaLines) next() bool {
	text, err := l.r.ReadSlice('\n')
	l.begun = l.offset == 0 || l.whole
	l.offset += int64(len(text))
	l.whole = err == nil
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		l.err = err
		return false
	}
	l.text = bytes.TrimRight(text, "\r\n")
	return len(text) > 0
}

// header is the name of a contig, if the line is one.
func (l *fastaLines) header() (name string, ok bool) {
	if !l.begun || len(l.text) == 0 || l.text[0] != '>' {
		return "", false
	}
	if f := bytes.Fields(l.text[1:]); len(f) > 0 {
		name = string(f[0])
	}
	return name, true
}
