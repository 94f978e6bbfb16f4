package tally

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"

	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrRegions is returned for a BED that cannot be read.
var ErrRegions = errors.New("tally: the regions cannot be read")

const (
	// maxRegions bounds a file of regions: the callable parts of a genome are thousands,
	// or with every gap in the coverage of one person some millions.
	maxRegions = 1 << 23
	// maxRegionContigs is more than any assembly has.
	maxRegionContigs = 1 << 16
	// maxRegionLine bounds a line; what follows its third column is not looked at.
	maxRegionLine = 1 << 16
	// maxContigName bounds a contig's name, as a panel does.
	maxContigName = 128
)

// Regions are parts of the genome, such as those in which a site looked at everybody. A
// nil *Regions is none of it.
type Regions struct {
	contigs map[string][]region // by canonical name; they ascend and do not touch
}

// region is the positions [first, last], from 1.
type region struct{ first, last uint32 }

// ParseRegions reads a BED: contig, start and end, where the first base is 0 and the end
// is not of the region. Regions may come in any order, overlap, and have more columns.
// The contigs chr22 and 22 are one.
func ParseRegions(r io.Reader) (*Regions, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxRegionLine)
	all := &Regions{contigs: make(map[string][]region)}
	lines, size := 0, 0
	for s.Scan() {
		lines++
		line := bytes.TrimRight(s.Bytes(), "\r")
		if isRemark(line) {
			continue
		}
		contig, one, err := parseRegion(line)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrRegions, lines, err)
		}
		here, known := all.contigs[contig]
		if n := len(here); n > 0 && here[n-1].first <= one.first && one.first <= here[n-1].last+1 {
			here[n-1].last = max(here[n-1].last, one.last) // as in most files the next one
			continue
		}
		if size++; size > maxRegions || !known && len(all.contigs) == maxRegionContigs {
			return nil, fmt.Errorf("%w: line %d: over %d regions or %d contigs; merge them (bedtools merge)", ErrRegions, lines, maxRegions, maxRegionContigs)
		}
		all.contigs[contig] = append(here, one)
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: line %d is over %d bytes long", ErrRegions, lines+1, maxRegionLine)
	case err != nil:
		return nil, fmt.Errorf("read regions: %w", err)
	case size == 0:
		return nil, fmt.Errorf("%w: there is none in it; where nobody was looked at everywhere, go without", ErrRegions)
	}
	for contig, here := range all.contigs {
		all.contigs[contig] = merged(here)
	}
	return all, nil
}

// isRemark reports whether a line says nothing of a region.
func isRemark(line []byte) bool {
	line = bytes.TrimSpace(line)
	word, _, _ := bytes.Cut(line, []byte(" "))
	return len(line) == 0 || line[0] == '#' || string(word) == "track" || string(word) == "browser"
}

// parseRegion reads one line, of columns set apart by tabs or blanks.
func parseRegion(line []byte) (contig string, one region, err error) {
	f := bytes.SplitN(line, []byte("\t"), 4)
	if len(f) < 3 {
		if f = bytes.Fields(line); len(f) < 3 {
			return "", region{}, fmt.Errorf("%d columns; want contig, start and end", len(f))
		}
	}
	if len(f[0]) == 0 || len(f[0]) > maxContigName {
		return "", region{}, fmt.Errorf("a contig's name of %d bytes; want 1 to %d", len(f[0]), maxContigName)
	}
	start, startErr := strconv.ParseUint(string(f[1]), 10, 32)
	end, endErr := strconv.ParseUint(string(f[2]), 10, 32)
	switch {
	case startErr != nil || endErr != nil || end > panel.MaxPos:
		return "", region{}, fmt.Errorf("start and end are numbers from 0 to %d", panel.MaxPos)
	case start >= end:
		return "", region{}, fmt.Errorf("the region from %d to %d has no base: the end comes after the last one", start, end)
	}
	return panel.CanonicalContig(string(f[0])), region{uint32(start) + 1, uint32(end)}, nil
}

// merged sorts regions and makes one of those that touch.
func merged(all []region) []region {
	slices.SortFunc(all, func(a, b region) int { return cmp.Compare(a.first, b.first) })
	to := all[:1]
	for _, r := range all[1:] {
		if last := &to[len(to)-1]; r.first <= last.last+1 {
			last.last = max(last.last, r.last)
			continue
		}
		to = append(to, r)
	}
	return slices.Clip(to)
}

// Hold reports whether all of the positions first to last of a contig, by its canonical
// name, lie in one region.
func (r *Regions) Hold(canonical string, first, last uint32) bool {
	if r == nil {
		return false
	}
	here := r.contigs[canonical]
	i := sort.Search(len(here), func(i int) bool { return here[i].last >= first })
	return i < len(here) && here[i].first <= first && last <= here[i].last
}

// Bases is how many positions the regions have.
func (r *Regions) Bases() (n uint64) {
	if r == nil {
		return 0
	}
	for _, here := range r.contigs {
		for _, one := range here {
			n += uint64(one.last-one.first) + 1
		}
	}
	return n
}

// WriteTo writes the regions as a BED that is the same for all files that say the same.
func (r *Regions) WriteTo(w io.Writer) (n int64, err error) {
	if r == nil {
		return 0, nil
	}
	b := bufio.NewWriter(w)
	var line []byte
	for _, contig := range slices.Sorted(maps.Keys(r.contigs)) {
		for _, one := range r.contigs[contig] {
			line = append(append(line[:0], contig...), '\t')
			line = append(strconv.AppendUint(line, uint64(one.first)-1, 10), '\t')
			line = append(strconv.AppendUint(line, uint64(one.last), 10), '\n')
			k, err := b.Write(line)
			n += int64(k)
			if err != nil {
				return n, err
			}
		}
	}
	return n, b.Flush()
}

// Digest names the regions, however their file was written.
func (r *Regions) Digest() [32]byte {
	h := sha256.New()
	h.Write([]byte("locus/regions/v1\n"))
	_, _ = r.WriteTo(h) // a hash takes all that it is given
	return [32]byte(h.Sum(nil))
}
