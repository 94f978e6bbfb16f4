package researcher

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/genes"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher/answer"
)

// ErrSelection is returned when what is asked for cannot be found in the panel.
var ErrSelection = errors.New("researcher: these variants cannot be selected")

const (
	// maxRanges is how many stretches of a panel one query may name; the sites refuse more.
	maxRanges = 4096
	// maxShown is how many of the variants that are not there an error or a summary names.
	maxShown = 5
	// maxSpec bounds a line of a list of rsIDs or contig:position:REF:ALT.
	maxSpec = 2*panel.MaxAllele + 256
)

// Selected is what a question selects from a panel.
type Selected struct {
	// Ranges ascend and do not overlap.
	Ranges []protocol.Range
	// Of says in words what was asked for; empty for all of the panel.
	Of string
	// Missing is how many variants of a file the panel does not have, and Absent the
	// first of them.
	Missing int
	Absent  []string
}

// Size is the number of variants.
func (s Selected) Size() uint64 { return answer.Size(s.Ranges) }

// Select says what a question selects, and asks nothing.
func (c *Client) Select(ctx context.Context, ask Ask) (Selected, error) {
	view, err := c.Study(ctx)
	if err != nil {
		return Selected{}, err
	}
	s, _, err := c.selected(ctx, view, ask)
	return s, err
}

func (c *Client) selected(ctx context.Context, view View, ask Ask) (Selected, protocol.PanelRef, error) {
	ref, err := choosePanel(&view.Roster.Message, ask.Panel)
	if err != nil {
		return Selected{}, ref, err
	}
	variants, err := c.Panel(ctx, ref)
	if err != nil {
		return Selected{}, ref, err
	}
	s, err := selectFrom(variants, ask)
	return s, ref, err
}

// selector gathers the places of a panel that are asked for.
type selector struct {
	panel  *panel.Panel
	cursor *panel.Cursor
	ranges []protocol.Range
	of     []string
	found  Selected
}

// selectFrom finds what a question asks for.
func selectFrom(p *panel.Panel, ask Ask) (Selected, error) {
	s := selector{panel: p, cursor: p.NewCursor()}
	for _, step := range []func(Ask) error{s.byRegion, s.byGene, s.byRSID, s.byFile} {
		if err := step(ask); err != nil {
			return Selected{}, err
		}
	}
	if len(s.of) == 0 {
		return Selected{Ranges: []protocol.Range{{From: 0, To: uint64(p.Len())}}}, nil
	}
	s.found.Ranges, s.found.Of = join(s.ranges), strings.Join(s.of, "; ")
	if n := len(s.found.Ranges); n > maxRanges {
		return Selected{}, fmt.Errorf("%w: they lie in %d separate stretches of the panel, and a question takes %d; ask in parts", ErrSelection, n, maxRanges)
	}
	return s.found, nil
}

// join sorts ranges and makes one of those that touch.
func join(ranges []protocol.Range) []protocol.Range {
	slices.SortFunc(ranges, func(a, b protocol.Range) int { return cmp.Compare(a.From, b.From) })
	joined := ranges[:1]
	for _, r := range ranges[1:] {
		if last := &joined[len(joined)-1]; r.From <= last.To {
			last.To = max(last.To, r.To)
		} else {
			joined = append(joined, r)
		}
	}
	return joined
}

func (s *selector) add(from, to int) {
	s.ranges = append(s.ranges, protocol.Range{From: uint64(from), To: uint64(to)})
}

func (s *selector) byRegion(ask Ask) error {
	if ask.Region == "" {
		return nil
	}
	r, err := panel.ParseRegion(ask.Region)
	if err != nil {
		return err
	}
	from, to := s.panel.Select(r)
	if from >= to {
		return fmt.Errorf("%w: the panel has no variant in %s", ErrSelection, r)
	}
	s.add(from, to)
	s.of = append(s.of, ask.Region)
	return nil
}

func (s *selector) byGene(ask Ask) error {
	switch {
	case len(ask.Genes) == 0 && ask.GeneFile == "":
		return nil
	case len(ask.Genes) == 0:
		return fmt.Errorf("%w: say which genes of %s (--gene)", ErrSelection, ask.GeneFile)
	case ask.GeneFile == "":
		return fmt.Errorf("%w: say where genes are, with a BED or a GFF3 of assembly %s (--genes)", ErrSelection, s.panel.Assembly())
	}
	var list *genes.Genes
	err := openText(ask.GeneFile, func(r io.Reader) (err error) {
		list, err = genes.Read(r)
		return err
	})
	if err != nil {
		return err
	}
	if !list.MayBeOf(s.panel.Assembly()) {
		return fmt.Errorf("%w: %s is of %s, and the panel of %s", ErrSelection, ask.GeneFile, list.Assembly(), s.panel.Assembly())
	}
	for _, name := range ask.Genes {
		regions, err := list.Find(name)
		if err != nil {
			return fmt.Errorf("%s: %w", ask.GeneFile, err)
		}
		before := len(s.ranges)
		for _, r := range regions {
			if from, to := s.panel.Select(r); from < to {
				s.add(from, to)
			}
		}
		if len(s.ranges) == before {
			return fmt.Errorf("%w: the panel has no variant in %s, which is at %s", ErrSelection, name, regions[0])
		}
	}
	s.of = append(s.of, "genes "+strings.Join(ask.Genes, ", "))
	return nil
}

func (s *selector) byRSID(ask Ask) error {
	if len(ask.RSIDs) == 0 {
		return nil
	}
	var asked []uint32
	for _, text := range ask.RSIDs {
		rs, ok := panel.ParseRS(text)
		if !ok {
			return fmt.Errorf("%w: %.40q is no rsID; want rs and a number, such as rs334", ErrSelection, text)
		}
		asked = append(asked, rs)
	}
	places, err := s.placesOf(ask.NameFile, asked)
	if err != nil {
		return err
	}
	for i, rs := range asked {
		if len(places[rs]) == 0 {
			return fmt.Errorf("%w: %s names no variant of the panel %s; leave it out", ErrSelection, ask.NameFile, ask.RSIDs[i])
		}
		for _, at := range places[rs] {
			s.add(at, at+1)
		}
	}
	s.of = append(s.of, strings.Join(ask.RSIDs, ", "))
	return nil
}

// placesOf looks rsIDs up: in the file that was made beside the panel, or in the ID column
// of any other.
func (s *selector) placesOf(path string, asked []uint32) (map[uint32][]int, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: say where rsIDs are (--rsids): the file .rsids that was built beside the panel, or a VCF, pvar or bim with an ID column", ErrSelection)
	}
	places := make(map[uint32][]int, len(asked))
	for _, rs := range asked {
		places[rs] = nil
	}
	return places, openText(path, func(r io.Reader) error {
		b := bufio.NewReaderSize(r, 1<<16)
		if head, err := b.Peek(8); err == nil && panel.IsNames(head) {
			names, err := panel.ParseNames(b, s.panel)
			if err != nil {
				return err
			}
			for rs := range places {
				if places[rs], err = names.Find(rs); err != nil {
					return err
				}
			}
			return nil
		}
		_, err := panel.ScanNamed(b, func(v panel.Variant, id []byte) error {
			for name := range bytes.SplitSeq(id, []byte{';'}) {
				if rs, ok := panel.ParseRS(string(name)); ok {
					if list, wanted := places[rs]; wanted {
						if at := s.cursor.Find(panel.Trim(v)); at >= 0 {
							places[rs] = append(list, at)
						}
					}
				}
			}
			return nil
		})
		return err
	})
}

// byFile selects the variants of a file, or those of a list of rsIDs and
// contig:position:REF:ALT.
func (s *selector) byFile(ask Ask) error {
	if ask.VariantFile == "" {
		return nil
	}
	before := len(s.ranges)
	err := openText(ask.VariantFile, func(r io.Reader) error {
		b := bufio.NewReaderSize(r, 1<<16)
		if isList(b) {
			return s.bySpecs(b, ask.NameFile)
		}
		_, err := panel.ScanVariants(b, func(v panel.Variant) error {
			s.one(v)
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	found := len(s.ranges) - before
	if found == 0 {
		return fmt.Errorf("%w: the panel has none of the variants of %s", ErrSelection, ask.VariantFile)
	}
	s.of = append(s.of, fmt.Sprintf("variants of %s", filepath.Base(ask.VariantFile)))
	return nil
}

// one selects a variant, or counts it among those that are missing.
func (s *selector) one(v panel.Variant) {
	v = panel.Trim(v)
	if at := s.cursor.Find(v); at >= 0 {
		s.add(at, at+1)
		return
	}
	s.missing(v.String())
}

func (s *selector) missing(name string) {
	if s.found.Missing++; len(s.found.Absent) < maxShown {
		s.found.Absent = append(s.found.Absent, name)
	}
}

// isList reports whether the first line that says something is one word.
func isList(b *bufio.Reader) bool {
	head, _ := b.Peek(1 << 12)
	for line := range bytes.Lines(head) {
		if f := bytes.Fields(line); len(f) > 0 && f[0][0] != '#' {
			return len(f) == 1
		}
	}
	return false
}

// bySpecs reads a list of rsIDs and contig:position:REF:ALT, one a line.
func (s *selector) bySpecs(r io.Reader, nameFile string) error {
	var asked []uint32
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxSpec)
	number := 0
	for lines.Scan() {
		number++
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if rs, ok := panel.ParseRS(text); ok {
			asked = append(asked, rs)
			continue
		}
		v, err := parseSpec(text)
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrSelection, number, err)
		}
		s.one(v)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: behind line %d: %w", ErrSelection, number, err)
	}
	if len(asked) == 0 {
		return nil
	}
	places, err := s.placesOf(nameFile, asked)
	if err != nil {
		return err
	}
	for _, rs := range asked {
		if len(places[rs]) == 0 {
			s.missing("rs" + strconv.FormatUint(uint64(rs), 10))
		}
		for _, at := range places[rs] {
			s.add(at, at+1)
		}
	}
	return nil
}

// parseSpec reads 7:117559590:ATCT:A, or the same with hyphens. A contig's name may hold
// either.
func parseSpec(text string) (v panel.Variant, err error) {
	separator := ":"
	if strings.Count(text, ":") < 3 {
		separator = "-"
	}
	f := strings.Split(text, separator)
	if len(f) < 4 {
		return v, fmt.Errorf("%.40q is no rsID and no contig:position:REF:ALT", text)
	}
	n := len(f) - 3
	pos, err := strconv.ParseUint(f[n], 10, 31)
	if err != nil || pos == 0 {
		return v, fmt.Errorf("%.20q is not a position; want contig:position:REF:ALT", f[n])
	}
	return panel.Variant{
		Contig: strings.Join(f[:n], separator), Pos: uint32(pos),
		Ref: strings.ToUpper(f[n+1]), Alt: strings.ToUpper(f[n+2]),
	}, nil
}

// openText opens a file that may be packed by gzip or BGZF.
func openText(path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := bgzf.Unpack(f)
	if err == nil {
		err = read(r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
