package pgen

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

var (
	// ErrNotPgen is returned for a file that does not begin as a pgen does.
	ErrNotPgen = errors.New("pgen: this is no pgen file")
	// ErrSampleMajor is returned for a bed that is written sample by sample.
	ErrSampleMajor = errors.New("pgen: the file is a bed that is written sample by sample; rewrite it (plink2 --make-pgen)")
	// ErrMode is returned for a pgen of a kind that is not known.
	ErrMode = errors.New("pgen: the file is of a kind that is not known here; rewrite it (plink2 --make-pgen)")
	// ErrHeader is returned for a header that contradicts itself.
	ErrHeader = errors.New("pgen: the header is damaged; copy the file again")
	// ErrFit is returned when pgen, pvar and psam are not of one another.
	ErrFit = errors.New("pgen: pgen, pvar and psam do not fit together; take all three as they were written together")
	// ErrTruncated is returned for a file that ends before its header says.
	ErrTruncated = errors.New("pgen: the file is cut short; copy it again")
	// ErrTrailing is returned for bytes behind the end that the header tells.
	ErrTrailing = errors.New("pgen: there is something behind the last record; copy the file again")
	// ErrIndex is returned when an index in a file of its own is needed and not there.
	ErrIndex = errors.New("pgen: the index of this file is in a pgen.pgi, which is missing; put it beside the pgen")
)

// The kinds of pgen, by their third byte.
const (
	modeSampleMajor = 0x00
	modeBed         = 0x01
	modeHard        = 0x02
	modeDosage      = 0x03
	modePhased      = 0x04
	modeVariable    = 0x10
	modeApart       = 0x20 // variable, and the index is apart
	modeIndex       = 0x30 // that index
	withExtensions  = 0x01 // of the last three
)

const (
	magic0, magic1 = 0x6c, 0x1b
	// countsSize is the bytes that tell how many variants and samples there are.
	countsSize = 9
	// perBlock is how many variants share a block of the header. The first of them is
	// written without reference to others.
	perBlock = 1 << 16
	// maxVariants is the greatest number that plink2 takes.
	maxVariants = 1<<31 - 3
	// maxExtensions bounds the flags of extensions: seven in each byte.
	maxExtensions = 37
)

// source reads a file and knows how far it has come.
type source struct {
	r  *bufio.Reader
	at uint64
}

func (s *source) fill(p []byte) error {
	n, err := io.ReadFull(s.r, p)
	s.at += uint64(n)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return ErrTruncated
	case err != nil:
		return fmt.Errorf("read pgen: %w", err)
	}
	return nil
}

func (s *source) skip(n uint64) error {
	for n > 0 {
		some, err := s.r.Discard(int(min(n, 1<<20)))
		s.at += uint64(some)
		n -= uint64(some)
		switch {
		case err == io.EOF:
			return ErrTruncated
		case err != nil:
			return fmt.Errorf("read pgen: %w", err)
		}
	}
	return nil
}

// take reads n bytes. They are valid until the next are read. Only what is larger than
// the buffer is copied, to memory.
func (s *source) take(n int, memory *[]byte) ([]byte, error) {
	if n > s.r.Size() {
		*memory = slices.Grow((*memory)[:0], n)[:n]
		return *memory, s.fill(*memory)
	}
	p, err := s.r.Peek(n)
	s.at += uint64(len(p))
	switch {
	case err == io.EOF:
		return nil, ErrTruncated
	case err != nil:
		return nil, fmt.Errorf("read pgen: %w", err)
	}
	_, err = s.r.Discard(n) // which is there
	return p, err
}

// bytes reads n bytes, which are not many.
func (s *source) bytes(n int) ([]byte, error) {
	p := make([]byte, n)
	return p, s.fill(p)
}

// uvarint reads a number of seven bits a byte.
func (s *source) uvarint() (uint64, error) {
	v := uint64(0)
	for shift := 0; shift < 63; shift += 7 {
		var b [1]byte
		if err := s.fill(b[:]); err != nil {
			return 0, err
		}
		v |= uint64(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%w: a length is too large", ErrHeader)
}

// index is what a header says of the records.
type index struct {
	mode     byte
	samples  uint64
	variants uint64
	wide     bool // a kind has 8 bits and not 4
	length   int  // bytes of a record's length
	alleles  int  // bytes of a count of alleles, 0 for none
	flags    bool // it has a bit for each REF, which does not matter here
	blocks   blocks
	footer   uint64 // where one begins, 0 for none
	parts    int    // of the footer
}

// fixed reports whether all records are equally long.
func (x *index) fixed() bool { return x.mode < modeVariable }

// little is a number of n bytes, the lowest first.
func little(p []byte, n int) (v uint64) {
	switch n { // lengths of records are mostly these
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(p))
	}
	for i := range n {
		v |= uint64(p[i]) << (8 * i)
	}
	return v
}

// readIndex reads the header of a pgen, from apart if that is where it is. Memory is
// taken as the header comes, 2 to 9 bytes a variant, unless again has it once more.
func readIndex(body, apart, again *source) (*index, error) {
	mode, err := readMode(body)
	if err != nil {
		return nil, err
	}
	x := &index{mode: mode}
	head := body
	switch {
	case mode == modeSampleMajor:
		return nil, ErrSampleMajor
	case mode&^withExtensions == modeIndex:
		return nil, fmt.Errorf("%w: it is the index (pgi) of one", ErrNotPgen)
	case mode&^withExtensions == modeApart && apart == nil:
		return nil, ErrIndex
	case mode&^withExtensions == modeApart:
		switch of, err := readMode(apart); {
		case err != nil:
			return nil, fmt.Errorf("pgi: %w", err)
		case of != mode-modeApart+modeIndex:
			return nil, fmt.Errorf("%w: the pgi is not the index of such a file", ErrHeader)
		}
		head = apart
	case mode > modePhased && mode&^withExtensions != modeVariable:
		return nil, fmt.Errorf("%w: storage mode 0x%02x", ErrMode, mode)
	}
	if mode == modeBed {
		return x, nil
	}
	x.blocks.again = again
	if err := x.readCounts(head); err != nil {
		return nil, err
	}
	if again != nil {
		// What is before the blocks: a mode, counts, and where the blocks' records begin.
		if err := again.skip(3 + countsSize + 8*uint64(len(x.blocks.offsets))); err != nil {
			return nil, err
		}
	}
	if head != body {
		switch _, err := head.r.Peek(1); {
		case err == nil:
			return nil, fmt.Errorf("%w: the pgi is too long", ErrHeader)
		case err != io.EOF:
			return nil, fmt.Errorf("read pgi: %w", err)
		}
	}
	return x, nil
}

// IndexIsApart reports whether a pgen that begins so has its index in a pgen.pgi.
func IndexIsApart(head []byte) bool {
	return len(head) >= 3 && head[0] == magic0 && head[1] == magic1 && head[2]&^withExtensions == modeApart
}

func readMode(s *source) (byte, error) {
	var b [3]byte
	switch err := s.fill(b[:]); {
	case errors.Is(err, ErrTruncated):
		return 0, fmt.Errorf("%w: it has fewer than %d bytes", ErrNotPgen, len(b))
	case err != nil:
		return 0, err
	case b[0] != magic0 || b[1] != magic1:
		return 0, ErrNotPgen
	}
	return b[2], nil
}

// readCounts reads how many variants and samples there are, and how the rest is written.
func (x *index) readCounts(s *source) error {
	b, err := s.bytes(countsSize)
	if err != nil {
		return err
	}
	x.variants, x.samples = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	control := b[8]
	switch {
	case x.variants > maxVariants || x.samples > maxSamples:
		return fmt.Errorf("%w: %d variants of %d samples are too many", ErrHeader, x.variants, x.samples)
	case x.fixed() && control&0x3f != 0:
		return fmt.Errorf("%w: records of one width do not have lengths", ErrHeader)
	case control&8 != 0:
		return fmt.Errorf("%w: kinds and lengths are written in one (%d)", ErrMode, control&15)
	}
	x.flags = control>>6 == 3
	if x.fixed() {
		if x.flags {
			return s.skip((x.variants + 7) / 8)
		}
		return nil
	}
	x.wide, x.length, x.alleles = control&4 != 0, int(control&3)+1, int(control>>4&3)
	if err := x.readBlocks(s); err != nil {
		return err
	}
	if x.mode&withExtensions != 0 {
		return x.readExtensions(s)
	}
	return nil
}

// readExtensions passes over what newer versions may add to a header, none of which
// changes what a record means.
func (x *index) readExtensions(s *source) error {
	parts, err := readFlags(s)
	if err != nil {
		return err
	}
	if x.parts, err = readFlags(s); err != nil {
		return err
	}
	if x.parts > 0 {
		at, err := s.bytes(8)
		if err != nil {
			return err
		}
		x.footer = little(at, 8)
	}
	return skipParts(s, parts)
}

// readFlags counts the extensions that there are.
func readFlags(s *source) (n int, err error) {
	for range maxExtensions {
		var b [1]byte
		if err := s.fill(b[:]); err != nil {
			return 0, err
		}
		n += bits.OnesCount8(b[0] & 0x7f)
		if b[0] < 0x80 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%w: too many extensions", ErrHeader)
}

// skipParts passes over the lengths of n extensions and over the extensions.
func skipParts(s *source, n int) error {
	all := uint64(0)
	for range n {
		length, err := s.uvarint()
		if err != nil {
			return err
		}
		if all += length; all > 1<<62 {
			return fmt.Errorf("%w: the extensions are too long", ErrHeader)
		}
	}
	return s.skip(all)
}
