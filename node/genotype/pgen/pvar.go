package pgen

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// The columns of pvar that are read.
const (
	chrom = iota
	pos
	ref
	alt
	filter
	needed // how many they are
)

// sites reads a pvar, a sites-only VCF or a bim.
type sites struct {
	lines   *lines
	want    []int   // what each column is, -1 for one that is not read; up to the last that is
	lengths [3]bool // of contigs of this assembly
	first   []byte  // the line that ended the header
	named   string  // the contig of the line before
	contig  string  // its name in rows
	key     string  // and what its order is checked by
}

func newSites(r io.Reader, show func(line int, text []byte)) (*sites, error) {
	l, err := newLines("pvar", r)
	if err != nil {
		return nil, err
	}
	s := &sites{lines: l}
	for unnamed := false; ; unnamed = true {
		line, err := l.next()
		if show != nil && bytes.HasPrefix(line, []byte("#")) {
			show(l.number, line)
		}
		switch {
		case err == io.EOF:
			return nil, l.at(fmt.Errorf("%w: no line names the columns (#CHROM)", ErrLine))
		case err != nil:
			return nil, err
		case bytes.HasPrefix(line, []byte("##contig=<")):
			s.readContig(line)
			continue
		case bytes.HasPrefix(line, []byte("#CHROM")):
			if err := s.columns(columns(line)); err != nil {
				return nil, l.at(err)
			}
			return s, nil
		case bytes.HasPrefix(line, []byte("#")):
			continue
		case unnamed:
			return nil, l.at(fmt.Errorf("%w: the line before names no columns (#CHROM)", ErrLine))
		}
		if err := s.bim(line); err != nil {
			return nil, l.at(err)
		}
		return s, nil
	}
}

// readContig looks whether a contig's length tells the assembly.
func (s *sites) readContig(line []byte) {
	var name, length []byte
	line = bytes.TrimSuffix(line[len("##contig=<"):], []byte(">"))
	for pair := range bytes.SplitSeq(line, []byte(",")) {
		if v, ok := bytes.CutPrefix(pair, []byte("ID=")); ok {
			name = v
		} else if v, ok := bytes.CutPrefix(pair, []byte("length=")); ok {
			length = v
		}
	}
	n, err := strconv.ParseUint(string(length), 10, 32)
	if err != nil {
		return // has none, or one that is no number
	}
	called, _ := genotype.PlinkContig(string(name), panel.CanonicalContig)
	if a := genotype.Detect(panel.CanonicalContig(called), uint32(n)); a != genotype.UnknownAssembly {
		s.lengths[a] = true
	}
}

// assembly is what the lengths of the contigs tell, if they agree.
func (s *sites) assembly() genotype.Assembly {
	switch {
	case s.lengths[genotype.GRCh37] && !s.lengths[genotype.GRCh38]:
		return genotype.GRCh37
	case s.lengths[genotype.GRCh38] && !s.lengths[genotype.GRCh37]:
		return genotype.GRCh38
	}
	return genotype.UnknownAssembly
}

// columns reads the line of column names. FORMAT ends it: then the file is a VCF.
func (s *sites) columns(names [][]byte) error {
	var seen [needed]bool
	for i, name := range names {
		is := -1
		switch string(name) {
		case "#CHROM":
			is = chrom
		case "POS":
			is = pos
		case "REF":
			is = ref
		case "ALT":
			is = alt
		case "FILTER":
			is = filter
		case "ID", "QUAL", "INFO", "CM":
		case "FORMAT":
			names = names[:i]
		default:
			return fmt.Errorf("%w: column %d has a name that no pvar has", ErrLine, i+1)
		}
		if len(names) == i {
			break
		}
		if is >= 0 && seen[is] || is == chrom && i > 0 {
			return fmt.Errorf("%w: column %d has the name of one before", ErrLine, i+1)
		}
		if is >= 0 {
			seen[is] = true
		}
		s.want = append(s.want, is)
	}
	if !seen[pos] || !seen[ref] || !seen[alt] {
		return fmt.Errorf("%w: the columns #CHROM, POS, REF and ALT are needed", ErrLine)
	}
	s.trim()
	return nil
}

// trim forgets the columns behind the last that is read.
func (s *sites) trim() {
	last := len(s.want)
	for s.want[last-1] < 0 {
		last--
	}
	s.want = s.want[:last]
}

// bim is the columns of a file that does not name them.
func (s *sites) bim(line []byte) error {
	switch n := len(columns(line)); {
	case n >= 6:
		s.want = []int{chrom, -1, -1, pos, alt, ref}
	case n == 5:
		s.want = []int{chrom, -1, pos, alt, ref}
	default:
		return fmt.Errorf("%w: %d columns without names; want at least 5", ErrLine, n)
	}
	s.first = slices.Clone(line)
	return nil
}

// next reads a line's site, or returns io.EOF.
func (s *sites) next(site *genotype.Site) error {
	line := s.first
	if s.first = nil; line == nil {
		var err error
		if line, err = s.lines.next(); err != nil {
			return err
		}
	}
	var f [needed][]byte
	at := 0
	for i, is := range s.want {
		for at < len(line) && isBlank(line[at]) {
			at++
		}
		from := at
		for at < len(line) && (line[at] > ' ' || !isBlank(line[at])) { // the first tells of nearly all
			at++
		}
		if at == from {
			return s.lines.at(fmt.Errorf("%w: %d columns; want at least %d", ErrLine, i, len(s.want)))
		}
		if is >= 0 {
			f[is] = line[from:at]
		}
	}
	if err := s.site(site, &f); err != nil {
		return s.lines.at(err)
	}
	return nil
}

func (s *sites) site(site *genotype.Site, f *[needed][]byte) error {
	if f[chrom][0] == '#' {
		return fmt.Errorf("%w: it begins with #, between lines about variants", ErrLine)
	}
	if string(f[chrom]) != s.named {
		s.named = string(f[chrom])
		s.contig, s.key = genotype.PlinkContig(s.named, panel.CanonicalContig)
	}
	p, ok := position(f[pos])
	if !ok {
		return fmt.Errorf("%w: a position is a number up to 2147483647", ErrLine)
	}
	site.Contig, site.Pos, site.Ref, site.Alts = s.contig, p, genotype.UpperCase(f[ref]), site.Alts[:0]
	site.Pass = f[filter] == nil || string(f[filter]) == "PASS" || string(f[filter]) == "."
	rest := f[alt]
	if len(rest) == 1 && rest[0] != ',' {
		if rest[0] != '.' && rest[0] != '0' {
			site.Alts = append(site.Alts, genotype.UpperCase(rest))
		}
		return nil
	}
	for more := true; more; {
		var one []byte
		if one, rest, more = bytes.Cut(rest, []byte(",")); len(one) == 0 {
			return fmt.Errorf("%w: an ALT is empty", ErrLine)
		}
		if len(site.Alts) == genotype.MaxAlts {
			return fmt.Errorf("%w: over %d ALTs", ErrLine, genotype.MaxAlts)
		}
		site.Alts = append(site.Alts, genotype.UpperCase(one))
	}
	return nil
}

// position reads a number below 2^31.
func position(text []byte) (p uint32, ok bool) {
	const most = 1<<31 - 1
	n := uint64(0)
	for _, c := range text {
		c -= '0'
		if n = 10*n + uint64(c); c > 9 || n > most {
			return 0, false
		}
	}
	return uint32(n), len(text) > 0
}
