package genes

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrFormat is returned for a file that is neither a BED nor a GFF3.
var ErrFormat = errors.New("genes: neither a BED with names nor a GFF3")

const (
	// maxGenes bounds the genes of a file. GENCODE has 80,000.
	maxGenes = 1 << 20
	// maxParts bounds the lines of all genes together, exons of a BED among them.
	maxParts = 1 << 22
	// maxLine bounds a line. RefSeq's longest is a few thousand bytes.
	maxLine = 1 << 20
	maxName = 128
	// maxAssembly bounds what a file says of its assembly.
	maxAssembly = 64
)

// Read reads the genes of a file to its end.
func Read(r io.Reader) (*Genes, error) {
	in := input{g: &Genes{named: map[string][]int{}}, at: map[string]int{}}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 1<<16), maxLine)
	for s.Scan() {
		in.number++
		if in.number == 1 && bytes.HasPrefix(s.Bytes(), []byte{0x1f, 0x8b}) {
			return nil, fmt.Errorf("%w: it is compressed; unpack it first", ErrFormat)
		}
		if bytes.HasPrefix(s.Bytes(), []byte("##FASTA")) {
			break
		}
		if err := in.line(bytes.TrimRight(s.Bytes(), "\r")); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrFormat, in.number, err)
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: line %d is over %d bytes", ErrFormat, in.number+1, maxLine)
	case err != nil:
		return nil, fmt.Errorf("read genes: %w", err)
	case len(in.g.list) == 0:
		return nil, fmt.Errorf("%w: no gene is in it", ErrFormat)
	}
	for i := range in.g.list {
		in.g.list[i].join()
	}
	return in.g, nil
}

// kind is what a file is.
type kind uint8

const (
	unknown kind = iota
	bed
	gff
)

// input is a file as far as it was read.
type input struct {
	g      *Genes
	kind   kind
	number int
	parts  int
	at     map[string]int // where a gene is, by its contig and what tells it from others
}

func (in *input) line(text []byte) error {
	switch {
	case bytes.HasPrefix(text, []byte("##gff-version")):
		if in.kind = gff; !bytes.HasPrefix(bytes.TrimLeft(text[len("##gff-version"):], " \t"), []byte("3")) {
			return errors.New("another version than GFF3")
		}
		return nil
	case bytes.HasPrefix(text, []byte("#!genome-build ")) || bytes.HasPrefix(text, []byte("##genome-build ")):
		// Ensembl writes the builder before the name.
		f := bytes.Fields(text)
		if last := f[len(f)-1]; len(f) > 1 && len(last) <= maxAssembly {
			in.g.assembly = string(last)
		}
		return nil
	case len(bytes.TrimSpace(text)) == 0 || text[0] == '#':
		return nil
	case in.kind != gff && (bytes.HasPrefix(text, []byte("track")) || bytes.HasPrefix(text, []byte("browser"))):
		return nil
	}
	f := bytes.Split(text, []byte{'\t'})
	if in.kind == unknown {
		in.kind = bed
		if len(f) == 9 && !isNumber(f[1]) && isNumber(f[3]) && isNumber(f[4]) {
			in.kind = gff
		}
	}
	if in.kind == gff {
		return in.gff(f)
	}
	if len(f) < 4 {
		f = bytes.Fields(text)
	}
	return in.bed(f)
}

func isNumber(b []byte) bool {
	_, err := strconv.ParseUint(string(b), 10, 32)
	return err == nil
}

// region reads a place; from is what is added to the start so that it counts from 1.
func region(contig, start, end []byte, from uint64) (panel.Region, error) {
	a, err1 := strconv.ParseUint(string(start), 10, 32)
	b, err2 := strconv.ParseUint(string(end), 10, 32)
	if err1 != nil || err2 != nil || a+from < 1 || a+from > b || b > panel.MaxPos {
		return panel.Region{}, fmt.Errorf("start and end are no stretch of 1 to %d", panel.MaxPos)
	}
	// A region is told by its text, which some names would make another one.
	r := panel.Region{Contig: number(string(contig)), From: uint32(a + from), To: uint32(b)}
	if again, err := panel.ParseRegion(r.String()); err != nil || again != r {
		return panel.Region{}, errors.New("that is not a contig's name")
	}
	return r, nil
}

// number is the name of a human chromosome for RefSeq's accession of it, and any other
// name unchanged.
func number(contig string) string {
	accession, _, ok := strings.Cut(contig, ".")
	if !ok || len(accession) != len("NC_000001") || accession[:3] != "NC_" {
		return contig
	}
	switch n, err := strconv.Atoi(accession[3:]); {
	case err != nil:
		return contig
	case n >= 1 && n <= 22:
		return strconv.Itoa(n)
	case n == 23:
		return "X"
	case n == 24:
		return "Y"
	case n == 12920:
		return "MT"
	}
	return contig
}

func (in *input) bed(f [][]byte) error {
	if len(f) < 4 {
		return fmt.Errorf("%d columns; want contig, start, end and name", len(f))
	}
	r, err := region(f[0], f[1], f[2], 1)
	if err != nil {
		return err
	}
	name, err := nameOf(f[3])
	if err != nil {
		return err
	}
	at, err := in.part(name+"\t"+panel.CanonicalContig(r.Contig), "", r)
	if err != nil {
		return err
	}
	in.g.add(name, at)
	return nil
}

func (in *input) gff(f [][]byte) error {
	if len(f) != 9 {
		return fmt.Errorf("%d columns; a GFF3 has 9", len(f))
	}
	switch string(f[2]) {
	case "gene", "ncRNA_gene", "pseudogene":
	default:
		return nil
	}
	r, err := region(f[0], f[3], f[4], 0)
	if err != nil {
		return err
	}
	var id string
	var names []string
	for a := range bytes.SplitSeq(f[8], []byte{';'}) {
		key, value, ok := bytes.Cut(bytes.TrimSpace(a), []byte{'='})
		switch string(key) {
		case "ID", "Name", "gene_name", "gene", "gene_id":
		default:
			continue
		}
		if !ok {
			return errors.New("attributes are written name=value in a GFF3; is it a GTF?")
		}
		name, err := nameOf(value)
		if err != nil {
			return err
		}
		if names = append(names, name); string(key) == "ID" {
			id = name
		}
	}
	if len(names) == 0 {
		if len(f[8]) > 0 && !bytes.ContainsRune(f[8], '=') {
			return errors.New("attributes are written name=value in a GFF3; is it a GTF?")
		}
		return nil // nobody can ask for it
	}
	key := id // lines of one ID are parts of one feature
	if key == "" {
		key = "\t" + strconv.Itoa(in.number)
	}
	at, err := in.part(key+"\t"+panel.CanonicalContig(r.Contig), id, r)
	if err != nil {
		return err
	}
	for _, name := range names {
		in.g.add(name, at)
		short := strings.TrimPrefix(strings.TrimPrefix(name, "gene:"), "gene-")
		in.g.add(short, at)
		if i := strings.LastIndexByte(short, '.'); i > 0 && strings.HasPrefix(short, "ENS") {
			in.g.add(short[:i], at)
		}
	}
	return nil
}

// part adds a region to the gene that a key names.
func (in *input) part(key, id string, r panel.Region) (at int, err error) {
	if in.parts++; in.parts > maxParts {
		return 0, fmt.Errorf("over %d lines of genes", maxParts)
	}
	at, ok := in.at[key]
	if !ok {
		if at = len(in.g.list); at == maxGenes {
			return 0, fmt.Errorf("over %d genes", maxGenes)
		}
		in.at[key] = at
		in.g.list = append(in.g.list, gene{id: id})
	}
	e := &in.g.list[at]
	e.regions = append(e.regions, r)
	return at, nil
}

// nameOf reads a name, which GFF3 may write with %xx.
func nameOf(b []byte) (string, error) {
	name, err := url.PathUnescape(string(bytes.TrimSpace(b)))
	if err != nil {
		name = string(bytes.TrimSpace(b))
	}
	if name == "" || len(name) > maxName {
		return "", fmt.Errorf("a name of %d bytes; want 1 to %d", len(name), maxName)
	}
	return name, nil
}
