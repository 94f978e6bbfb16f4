package pgen

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/node/genotype"
)

// ErrSamples is returned when psam names no sample, too many, or one twice.
var ErrSamples = errors.New("pgen: the samples in psam cannot be used")

// maxSamples bounds the lines of psam.
const maxSamples = 1 << 24

// samples reads names from IID and sexes from SEX.
type samples struct {
	lines    *lines
	iid, sex int // columns; sex is -1 where there is none
	width    int // columns that a line has at least
	seen     map[string]struct{}
	names    []string
	sexes    []genotype.Sex
}

func readPsam(r io.Reader, show func(line int, text []byte)) ([]string, []genotype.Sex, error) {
	l, err := newLines("psam", r)
	if err != nil {
		return nil, nil, err
	}
	l.show = show
	s := samples{lines: l, sex: -1, seen: make(map[string]struct{})}
	line, err := s.header()
	for err == nil {
		if err = s.add(line); err == nil {
			line, err = l.next()
		}
	}
	switch {
	case err != io.EOF:
		return nil, nil, err
	case len(s.names) == 0:
		return nil, nil, fmt.Errorf("%w: psam is empty", ErrSamples)
	}
	return s.names, s.sexes, nil
}

// header reads up to the first line that is about a sample, and returns it. The last
// line that begins with # names the columns; a fam has none.
func (s *samples) header() ([]byte, error) {
	var named, other bool
	for {
		line, err := s.lines.next()
		switch {
		case err != nil:
			return nil, err
		case !bytes.HasPrefix(line, []byte("#")):
			if other && !named {
				return nil, s.lines.at(fmt.Errorf("%w: the line before names no columns (#FID or #IID)", ErrLine))
			}
			if !named {
				return line, s.fam(line)
			}
			return line, nil
		case named:
			return nil, s.lines.at(fmt.Errorf("%w: the columns are named in the line before", ErrLine))
		}
		other = true
		f := columns(line)
		if name := string(f[0]); name == "#FID" || name == "#IID" {
			named = true
			if err := s.columns(f); err != nil {
				return nil, s.lines.at(err)
			}
		}
	}
}

func (s *samples) columns(f [][]byte) error {
	s.width = len(f)
	if string(f[0]) == "#FID" {
		s.iid = 1
		if len(f) < 2 || string(f[1]) != "IID" {
			return fmt.Errorf("%w: the column after #FID is IID", ErrLine)
		}
	}
	for i, name := range f {
		if string(name) != "SEX" {
			continue
		}
		if s.sex >= 0 {
			return fmt.Errorf("%w: two columns are called SEX", ErrLine)
		}
		s.sex = i
	}
	return nil
}

// fam is the columns of a file that does not name them: FID, IID, PAT, MAT, SEX and,
// if there are more, a phenotype.
func (s *samples) fam(line []byte) error {
	n := len(columns(line))
	if n < 5 {
		return s.lines.at(fmt.Errorf("%w: %d columns without names; want at least 5", ErrLine, n))
	}
	s.iid, s.sex, s.width = 1, 4, min(n, 6)
	return nil
}

func (s *samples) add(line []byte) error {
	f := columns(line)
	switch {
	case len(f) < s.width:
		return s.lines.at(fmt.Errorf("%w: %d columns; want %d", ErrLine, len(f), s.width))
	case f[0][0] == '#':
		return s.lines.at(fmt.Errorf("%w: it begins with #, between lines about samples", ErrLine))
	case len(s.names) == maxSamples:
		return s.lines.at(fmt.Errorf("%w: over %d", ErrSamples, maxSamples))
	}
	name := string(f[s.iid])
	if name == "0" {
		return s.lines.at(fmt.Errorf("%w: the IID 0 stands for nobody", ErrSamples))
	}
	if _, twice := s.seen[name]; twice {
		return s.lines.at(fmt.Errorf("%w: two of them have the same IID", ErrSamples))
	}
	s.seen[name] = struct{}{}
	s.names = append(s.names, name)
	sex := genotype.UnknownSex
	if s.sex >= 0 {
		sex = parseSex(string(f[s.sex]))
	}
	s.sexes = append(s.sexes, sex)
	return nil
}

func parseSex(text string) genotype.Sex {
	switch text {
	case "1", "M", "m":
		return genotype.Male
	case "2", "F", "f":
		return genotype.Female
	}
	return genotype.UnknownSex
}
