package vcf

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

const (
	// fixed are the columns before FORMAT and the samples.
	fixed = 8
	// maxSamples bounds the columns of a file.
	maxSamples = 1 << 24
)

const columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"

// readHeader reads up to the line of column names and keeps of it the samples and
// the assembly; the rest of a header can hold anything, is shown to who wants to see it,
// and is dropped.
func (r *Reader) readHeader() error {
	line, err := r.lines.next()
	if err != nil && err != io.EOF {
		return err
	}
	r.show(line)
	if !bytes.HasPrefix(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")), []byte("##fileformat=VCFv4.")) {
		return fmt.Errorf("%w: it does not begin with ##fileformat=VCFv4", ErrNotVCF)
	}
	for {
		line, err = r.lines.next()
		r.show(line)
		switch {
		case err == io.EOF:
			return fmt.Errorf("%w: the line of column names (#CHROM) is missing", ErrNotVCF)
		case err != nil:
			return err
		case bytes.HasPrefix(line, []byte("##contig=<")):
			r.readContig(line)
		case bytes.HasPrefix(line, []byte("##")):
		default:
			return r.readColumns(line)
		}
	}
}

// show shows a line of the header.
func (r *Reader) show(line []byte) {
	if r.cfg.Header != nil && len(line) > 0 {
		r.cfg.Header(r.lines.number, line)
	}
}

// readContig looks whether a contig's length tells the assembly. Lengths of two
// assemblies tell none.
func (r *Reader) readContig(line []byte) {
	length, err := strconv.ParseUint(string(attribute(line, "length=")), 10, 32)
	if err != nil {
		return // has none, or one that is no number
	}
	a := genotype.Detect(panel.CanonicalContig(string(attribute(line, "ID="))), uint32(length))
	if a != genotype.UnknownAssembly {
		r.lengths[a] = true
	}
}

// attribute is the value of key within ##contig=<key=value,…>.
func attribute(line []byte, key string) []byte {
	line = bytes.TrimSuffix(line[len("##contig=<"):], []byte(">"))
	for len(line) > 0 {
		var pair []byte
		pair, line, _ = bytes.Cut(line, []byte(","))
		if value, ok := bytes.CutPrefix(pair, []byte(key)); ok {
			return value
		}
	}
	return nil
}

func (r *Reader) readColumns(line []byte) error {
	rest, ok := bytes.CutPrefix(line, []byte(columns))
	if !ok {
		return fmt.Errorf("%w: want the column names %q, separated by tabs", ErrNotVCF, columns)
	}
	if len(rest) == 0 {
		return nil // sites only
	}
	rest, ok = bytes.CutPrefix(rest, []byte("\tFORMAT"))
	if !ok || len(rest) > 0 && rest[0] != '\t' {
		return fmt.Errorf("%w: the column after INFO is FORMAT", ErrNotVCF)
	}
	n := bytes.Count(rest, []byte("\t"))
	if n > maxSamples {
		return fmt.Errorf("%w: %d samples; want at most %d", ErrNotVCF, n, maxSamples)
	}
	r.format = true
	r.samples = make([]string, 0, n)
	seen := make(map[string]struct{}, n)
	for column := fixed + 2; len(rest) > 0; column++ {
		var name []byte
		name, rest = cut(rest[1:])
		if len(name) == 0 {
			return fmt.Errorf("%w: column %d has no name", ErrSamples, column)
		}
		if _, twice := seen[string(name)]; twice {
			return fmt.Errorf("%w: column %d has the name of one before", ErrSamples, column)
		}
		r.samples = append(r.samples, string(name))
		seen[r.samples[len(r.samples)-1]] = struct{}{}
	}
	return nil
}

// cut takes the field before the next tab, and leaves the tab with the rest.
func cut(line []byte) (field, rest []byte) {
	if i := bytes.IndexByte(line, '\t'); i >= 0 {
		return line[:i], line[i:]
	}
	return line, nil
}
