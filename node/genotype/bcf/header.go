package bcf

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

const (
	magic = "BCF\x02"
	// maxHeader bounds the text of a header: a million samples with 64 bytes each.
	maxHeader = 64 << 20
	// maxSamples is what the three bytes for their number hold.
	maxSamples = 1<<24 - 1
	// maxEntries bounds a dictionary. The contigs of the largest one known, GRCh38
	// with all that comes with it, are 3,366.
	maxEntries = 1 << 16
)

const columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"

// header is what is kept of one.
type header struct {
	minor   byte // of the version
	contigs dictionary
	strings dictionary // FILTER, INFO and FORMAT together
	samples []string
	lengths [3]bool // of contigs of this assembly
	show    func(line int, text []byte)
}

// dictionary gives names to the numbers that records hold.
type dictionary struct {
	names   []string
	numbers map[string]int
}

// read takes the whole header from the beginning of a file.
func (h *header) read(in *stream) error {
	head, err := in.peek(len(magic) + 5)
	if err != nil && err != io.EOF {
		return err
	}
	if len(head) < len(magic)+5 || string(head[:len(magic)]) != magic {
		return fmt.Errorf("%w: it does not begin with BCF and its version", ErrNotBCF)
	}
	h.minor = head[len(magic)]
	if h.minor != 1 && h.minor != 2 {
		return fmt.Errorf("%w: version 2.%d; want 2.1 or 2.2", ErrNotBCF, h.minor)
	}
	size := le32(head[len(magic)+1:])
	in.skip(len(magic) + 5)
	if size > maxHeader {
		return fmt.Errorf("%w: a header of %d bytes; want at most %d", ErrNotBCF, size, maxHeader)
	}
	text, err := in.take(int(size))
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: the file ends within its header; copy it again", ErrNotBCF)
	}
	if err != nil {
		return err
	}
	text = bytes.TrimRight(text, "\x00")
	if bytes.IndexByte(text, 0) >= 0 {
		return fmt.Errorf("%w: the header goes on behind its end", ErrNotBCF)
	}
	return h.parse(text)
}

// parse reads the lines that give names to numbers, and the line of column names; the
// rest of a header can hold anything, is shown to who wants to see it, and is dropped.
func (h *header) parse(text []byte) error {
	if !bytes.HasPrefix(text, []byte("##fileformat=VCFv4.")) {
		return fmt.Errorf("%w: the header does not begin with ##fileformat=VCFv4", ErrNotBCF)
	}
	if err := h.strings.add("PASS", 0); err != nil { // it is there whether it is listed or not
		return err
	}
	for number := 1; len(text) > 0; number++ {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if h.show != nil {
			h.show(number, line)
		}
		if !bytes.HasPrefix(line, []byte("##")) {
			if len(text) > 0 {
				return fmt.Errorf("%w: the header goes on behind the column names", ErrNotBCF)
			}
			return h.readColumns(line)
		}
		if err := h.entry(line[2:]); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the line of column names (#CHROM) is missing", ErrNotBCF)
}

// entry reads a line if it belongs to one of the dictionaries.
func (h *header) entry(line []byte) error {
	name, rest, _ := bytes.Cut(line, []byte("="))
	d := &h.strings
	switch string(name) {
	case "contig":
		d = &h.contigs
	case "FILTER", "INFO", "FORMAT":
	case "dictionary":
		return fmt.Errorf("%w: it has a line ##dictionary, of a draft of the format", ErrNotBCF)
	default:
		return nil
	}
	body, ok := bytes.CutPrefix(rest, []byte("<"))
	if !ok {
		return fmt.Errorf("%w: a line ##%s without its fields", ErrNotBCF, name)
	}
	f := fieldsOf(body)
	if len(f.id) == 0 {
		return fmt.Errorf("%w: a line ##%s without an ID", ErrNotBCF, name)
	}
	at := -1
	if f.idx != nil {
		n, err := strconv.ParseUint(string(f.idx), 10, 31)
		if err != nil {
			return fmt.Errorf("%w: an IDX is a number", ErrNotBCF)
		}
		at = int(n)
	}
	if d == &h.contigs {
		h.learnLength(f)
	}
	return d.add(string(f.id), at)
}

// learnLength looks whether a contig's length tells the assembly. Lengths of two
// assemblies tell none.
func (h *header) learnLength(f fields) {
	length, err := strconv.ParseUint(string(f.length), 10, 32)
	if err != nil {
		return // has none, or one that is no number
	}
	if a := genotype.Detect(panel.CanonicalContig(string(f.id)), uint32(length)); a != genotype.UnknownAssembly {
		h.lengths[a] = true
	}
}

// fields are those of a line that are read here.
type fields struct{ id, idx, length []byte }

// fieldsOf reads key=value,key="value",… up to ">". The first of a key counts.
func fieldsOf(body []byte) (f fields) {
	for len(body) > 0 && body[0] != '>' {
		key, rest, _ := bytes.Cut(body, []byte("="))
		value := rest
		if len(rest) > 0 && rest[0] == '"' {
			value, rest = quoted(rest[1:])
		} else {
			end := unquoted(rest)
			value, rest = rest[:end], rest[end:]
		}
		for _, k := range []struct {
			name string
			at   *[]byte
		}{{"ID", &f.id}, {"IDX", &f.idx}, {"length", &f.length}} {
			if string(bytes.TrimSpace(key)) == k.name && *k.at == nil {
				*k.at = value
			}
		}
		body = bytes.TrimPrefix(rest, []byte(","))
	}
	return f
}

// unquoted is how long a value is. It may hold pairs of < and >, as names of contigs do.
func unquoted(b []byte) int {
	open := 0
	for i, c := range b {
		switch {
		case c == '<':
			open++
		case c == '>' && open > 0:
			open--
		case c == '>' || c == ',' && open == 0:
			return i
		}
	}
	return len(b)
}

// quoted splits behind the quotation mark that ends a text.
func quoted(b []byte) (text, rest []byte) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// add gives a name the number at, or the next one if at is negative. A name that comes
// again, as DP of INFO and of FORMAT, keeps its number.
func (d *dictionary) add(name string, at int) error {
	if d.numbers == nil {
		d.numbers = make(map[string]int)
	}
	before, again := d.numbers[name]
	switch {
	case again && (at < 0 || at == before):
		return nil
	case again:
		return fmt.Errorf("%w: a name has two numbers (IDX)", ErrNotBCF)
	case at < 0:
		at = len(d.names)
	}
	if at >= maxEntries {
		return fmt.Errorf("%w: over %d contigs, or filters and fields", ErrNotBCF, maxEntries)
	}
	for len(d.names) <= at {
		d.names = append(d.names, "")
	}
	if d.names[at] != "" {
		return fmt.Errorf("%w: two names have one number (IDX)", ErrNotBCF)
	}
	d.names[at] = name
	d.numbers[name] = at
	return nil
}

// name is what a number stands for, "" if nothing.
func (d *dictionary) name(number int32) string {
	if number < 0 || int(number) >= len(d.names) {
		return ""
	}
	return d.names[number]
}

func (h *header) readColumns(line []byte) error {
	rest, ok := bytes.CutPrefix(line, []byte(columns))
	if !ok {
		return fmt.Errorf("%w: want the column names %q, separated by tabs", ErrNotBCF, columns)
	}
	if len(rest) == 0 {
		return nil // sites only
	}
	rest, ok = bytes.CutPrefix(rest, []byte("\tFORMAT"))
	if !ok || len(rest) > 0 && rest[0] != '\t' {
		return fmt.Errorf("%w: the column after INFO is FORMAT", ErrNotBCF)
	}
	n := bytes.Count(rest, []byte("\t"))
	if n > maxSamples {
		return fmt.Errorf("%w: %d samples; want at most %d", ErrNotBCF, n, maxSamples)
	}
	h.samples = make([]string, 0, n)
	seen := make(map[string]struct{}, n)
	for len(rest) > 0 {
		var name []byte
		if name, rest = rest[1:], nil; bytes.IndexByte(name, '\t') >= 0 {
			end := bytes.IndexByte(name, '\t')
			name, rest = name[:end], name[end:]
		}
		if len(name) == 0 {
			return fmt.Errorf("%w: sample %d has no name", ErrSamples, len(h.samples)+1)
		}
		if _, twice := seen[string(name)]; twice {
			return fmt.Errorf("%w: sample %d has the name of one before", ErrSamples, len(h.samples)+1)
		}
		h.samples = append(h.samples, string(name))
		seen[h.samples[len(h.samples)-1]] = struct{}{}
	}
	return nil
}
