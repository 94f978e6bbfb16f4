package panel

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

const (
	namesMagic = "LOCUSRS1"
	// MaxRS is the greatest number of an rsID that is kept: dbSNP is half way there.
	MaxRS = 1<<32 - 1
	// maxNames bounds the rsIDs of a panel: some variants have several.
	maxNames = 2 * MaxVariants
	// namesBlock is the number of rsIDs of a block, and namesEntry a block in the
	// directory: its first number, plain and packed size.
	namesBlock = 1 << 14
	namesEntry = 3 * 4
	// maxNamesPlain bounds a block before compression: two varints an rsID.
	maxNamesPlain = namesBlock * (5 + 6)
)

// Name says that the variant at a place of a panel has an rsID.
type Name struct {
	RS    uint32
	Place uint32
}

// Names finds a panel's variants by rsID. It holds its blocks packed, and unpacks the one
// that is asked for.
type Names struct {
	places uint32 // of the panel
	count  int
	first  []uint32 // number of each block
	sizes  []uint32 // plain
	packed [][]byte
}

// IsNames reports whether a file that begins with these bytes is meant to hold a panel's
// rsIDs.
func IsNames(head []byte) bool { return bytes.HasPrefix(head, []byte(namesMagic)) }

// ParseRS reads an rsID, such as rs334.
func ParseRS(s string) (rs uint32, ok bool) {
	if len(s) < 3 || s[0]|0x20 != 'r' || s[1]|0x20 != 's' || s[2] == '0' || s[2] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:], 10, 32)
	return uint32(n), err == nil
}

func compareNames(a, b Name) int {
	return cmp.Or(cmp.Compare(a.RS, b.RS), cmp.Compare(a.Place, b.Place))
}

// NewNames takes the rsIDs of a panel's variants in any order, and sorts them.
func NewNames(p *Panel, list []Name) (*Names, error) {
	slices.SortFunc(list, compareNames)
	list = slices.Compact(list)
	if len(list) > maxNames {
		return nil, fmt.Errorf("%w: %d rsIDs; want at most %d", ErrVariants, len(list), maxNames)
	}
	packer, err := newPacker()
	if err != nil {
		return nil, fmt.Errorf("pack rsIDs: %w", err)
	}
	defer packer.Close()
	n := &Names{places: uint32(p.size), count: len(list)}
	for block := range slices.Chunk(list, namesBlock) {
		plain := make([]byte, 0, 6*len(block))
		before := Name{RS: block[0].RS}
		for _, name := range block {
			if name.RS == 0 || int(name.Place) >= p.size {
				return nil, fmt.Errorf("%w: an rsID of variant %d, of %d", ErrVariants, name.Place, p.size)
			}
			plain = binary.AppendUvarint(plain, uint64(name.RS-before.RS))
			before = name
		}
		place := int64(0)
		for _, name := range block {
			plain = binary.AppendVarint(plain, int64(name.Place)-place)
			place = int64(name.Place)
		}
		n.first, n.sizes = append(n.first, block[0].RS), append(n.sizes, uint32(len(plain)))
		n.packed = append(n.packed, packer.EncodeAll(plain, nil))
	}
	return n, nil
}

// Len is how many rsIDs there are.
func (n *Names) Len() int { return n.count }

// WriteTo writes the file that ParseNames reads. The panel MUST be the one of NewNames.
func (n *Names) WriteTo(w io.Writer, p *Panel) (int64, error) {
	s := newSidecar(w, namesMagic, p)
	s.write(binary.LittleEndian.AppendUint64(nil, uint64(n.count)))
	var directory []byte
	for i := range n.first {
		for _, v := range []uint32{n.first[i], n.sizes[i], uint32(len(n.packed[i]))} {
			directory = binary.LittleEndian.AppendUint32(directory, v)
		}
	}
	s.write(directory)
	for _, packed := range n.packed {
		s.write(packed)
	}
	return s.end()
}

// ParseNames reads the rsIDs of a panel's variants, to the end of r.
func ParseNames(r io.Reader, p *Panel) (*Names, error) {
	s, err := openSidecar(r, namesMagic, p)
	if err != nil {
		return nil, err
	}
	count, err := s.number()
	if err != nil {
		return nil, err
	}
	if count > maxNames {
		return nil, fmt.Errorf("%w: %d rsIDs; want at most %d", ErrSidecar, count, maxNames)
	}
	n := &Names{places: uint32(p.size), count: int(count)}
	blocks := (n.count + namesBlock - 1) / namesBlock
	directory, err := s.read(int64(namesEntry * blocks))
	if err != nil {
		return nil, err
	}
	for i := range blocks {
		entry := directory[namesEntry*i:]
		first, plain, packed := binary.LittleEndian.Uint32(entry), binary.LittleEndian.Uint32(entry[4:]), binary.LittleEndian.Uint32(entry[8:])
		if plain > maxNamesPlain || packed > maxSidecarBlock || i > 0 && first < n.first[i-1] {
			return nil, fmt.Errorf("%w: block %d of the directory", ErrSidecar, i)
		}
		b, err := s.read(int64(packed))
		if err != nil {
			return nil, err
		}
		n.first, n.sizes, n.packed = append(n.first, first), append(n.sizes, plain), append(n.packed, b)
	}
	return n, s.end()
}

// Find returns the places of the variants that have an rsID, in order: none, one, or the
// ALTs of a site.
func (n *Names) Find(rs uint32) ([]int, error) {
	var places []int
	// An rsID may begin at the end of the block before.
	i := max(sort.Search(len(n.first), func(i int) bool { return n.first[i] >= rs })-1, 0)
	for ; i < len(n.first) && n.first[i] <= rs; i++ {
		block, err := n.block(i)
		if err != nil {
			return nil, err
		}
		at, _ := slices.BinarySearchFunc(block, Name{RS: rs}, compareNames)
		for ; at < len(block) && block[at].RS == rs; at++ {
			places = append(places, int(block[at].Place))
		}
	}
	return places, nil
}

// block unpacks a block and checks that it is sorted and of this panel.
func (n *Names) block(i int) ([]Name, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxNamesPlain))
	if err != nil {
		return nil, fmt.Errorf("read rsIDs: %w", err)
	}
	defer z.Close()
	plain, err := z.DecodeAll(n.packed[i], nil)
	if err != nil || len(plain) != int(n.sizes[i]) {
		return nil, fmt.Errorf("%w: block %d cannot be unpacked", ErrSidecar, i)
	}
	d := decoder{rest: plain}
	list := make([]Name, min(namesBlock, n.count-i*namesBlock))
	rs := uint64(n.first[i])
	for k := range list {
		rs += d.uvarint(MaxRS)
		if rs > MaxRS {
			return nil, fmt.Errorf("%w: block %d", ErrSidecar, i)
		}
		list[k].RS = uint32(rs)
	}
	place := int64(0)
	for k := range list {
		step, m := binary.Varint(d.rest)
		if m <= 0 {
			return nil, fmt.Errorf("%w: block %d", ErrSidecar, i)
		}
		d.rest = d.rest[m:]
		if step < -MaxVariants || step > MaxVariants {
			return nil, fmt.Errorf("%w: block %d", ErrSidecar, i)
		}
		if place += step; place < 0 || place >= int64(n.places) {
			return nil, fmt.Errorf("%w: block %d", ErrSidecar, i)
		}
		list[k].Place = uint32(place)
	}
	if d.bad || len(d.rest) != 0 || !slices.IsSortedFunc(list, compareNames) {
		return nil, fmt.Errorf("%w: block %d", ErrSidecar, i)
	}
	return list, nil
}
