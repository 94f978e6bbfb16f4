package pgen_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

// maker writes pgens of genotypes that it makes up, as the specification has it and
// unlike the reader: bit by bit, with every kind of record, and every way to say which
// ALT, which phase and which dosage, whether a program would choose it or not.
type maker struct {
	rng     *rand.Rand
	samples int
	// ours is what plink2 does not read: more than 254 ALTs.
	ours bool
	base []byte // codes of the last record that is not linked, nil where none may be
}

// bitsOf are values one after another, the lowest bit first.
type bitsOf struct {
	all  []byte
	used int
}

func (b *bitsOf) add(value, width int) {
	for i := range width {
		if b.used%8 == 0 {
			b.all = append(b.all, 0)
		}
		b.all[b.used/8] |= byte(value>>i&1) << (b.used % 8)
		b.used++
	}
}

func pack[T byte | int](values []T, width int) []byte {
	var b bitsOf
	for _, v := range values {
		b.add(int(v), width)
	}
	return b.all
}

// list is a difflist of samples, with their codes unless there are none.
func (m *maker) list(ids []int, codes []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(len(ids)))
	if len(ids) == 0 {
		return out
	}
	width := 1
	for m.samples>>(8*width) > 0 {
		width++
	}
	var sizes, deltas []byte
	for group := range slices.Chunk(ids, 64) {
		out = append(out, binary.LittleEndian.AppendUint32(nil, uint32(group[0]))[:width]...)
		before := len(deltas)
		for i := range group[1:] {
			deltas = binary.AppendUvarint(deltas, uint64(group[i+1]-group[i]))
		}
		sizes = append(sizes, byte(len(deltas)-before-63))
	}
	out = append(out, sizes[:len(sizes)-1]...)
	if codes != nil {
		out = append(out, pack(codes, 2)...)
	}
	return append(out, deltas...)
}

// some draws a few samples: none, one, as many as a list may have, or any number between.
func (m *maker) some() (ids []int) {
	most := m.samples / 8
	n := []int{0, min(1, most), most, m.rng.IntN(most + 1)}[m.rng.IntN(4)]
	if m.rng.IntN(3) == 0 && n > 1 { // near one another
		from := m.rng.IntN(m.samples - 2*n)
		for _, i := range m.rng.Perm(2 * n)[:n] {
			ids = append(ids, from+i)
		}
	} else {
		ids = m.rng.Perm(m.samples)[:n]
	}
	slices.Sort(ids)
	return ids
}

// but lists some samples, and gives them another code than theirs, which is not one of
// two either.
func (m *maker) but(codes []byte, nor ...byte) (list []byte) {
	ids := m.some()
	those := make([]byte, len(ids))
	for i, id := range ids {
		those[i] = byte(m.rng.IntN(4))
		for those[i] == codes[id] || slices.Contains(nor, those[i]) {
			those[i] = (those[i] + 1) & 3
		}
		codes[id] = those[i]
	}
	return m.list(ids, those)
}

// main makes the codes of a record, and writes them in the way of its kind.
func (m *maker) main(kind int) (codes, body []byte) {
	codes = make([]byte, m.samples)
	switch kind {
	case 0:
		often := m.rng.IntN(100)
		for i := range codes {
			if m.rng.IntN(100) < often {
				codes[i] = byte(m.rng.IntN(4))
			}
		}
		return codes, pack(codes, 2)
	case 1:
		pair := []byte{1, 2, 3, 5, 6, 9}[m.rng.IntN(6)]
		low, high := pair>>2, pair>>2+pair&3
		for i := range codes {
			codes[i] = []byte{low, high}[m.rng.IntN(2)]
		}
		list := m.but(codes, low, high)
		marks := make([]byte, m.samples)
		for i, c := range codes {
			marks[i] = byte(bit(c == high))
		}
		return codes, slices.Concat([]byte{pair}, pack(marks, 1), list)
	case 2, 3:
		copy(codes, m.base)
		body = m.but(codes)
		if kind == 3 {
			for i, c := range codes {
				codes[i] = []byte{2, 1, 0, 3}[c]
			}
		}
		return codes, body
	case 5:
		return codes, nil
	}
	for i := range codes {
		codes[i] = byte(kind & 3)
	}
	return codes, m.but(codes)
}

// which writes who of those with a code is meant, as marks or as a list.
func (m *maker) which(codes []byte, code byte) (how byte, ids []int, body []byte) {
	var all []int
	for i, c := range codes {
		if c == code {
			all = append(all, i)
		}
	}
	marks := make([]byte, len(all))
	often := 1 + m.rng.IntN(9)
	for j, i := range all {
		if m.rng.IntN(10) < often {
			marks[j] = 1
			ids = append(ids, i)
		}
	}
	switch {
	case len(ids) == 0:
		return 15, nil, nil
	case len(ids) <= m.samples/9 && m.rng.IntN(2) == 0:
		return 1, ids, m.list(ids, nil)
	}
	return 0, ids, pack(marks, 1)
}

// alts writes the calls of other ALTs than the first.
func (m *maker) alts(codes []byte, alts int, calls [][2]int) []byte {
	how, ids, body := m.which(codes, 1)
	width := 0
	for w, least := range map[int]int{1: 3, 2: 4, 4: 6, 8: 18, 16: 258} {
		if alts >= least {
			width = max(width, w)
		}
	}
	var values []int
	for _, i := range ids {
		k := 2 + m.rng.IntN(alts-1)
		calls[i][1] = k
		values = append(values, k-2)
	}
	body = append(body, pack(values, width)...)
	other, ids, more := m.which(codes, 2)
	width = 1
	for w, least := range map[int]int{2: 3, 4: 5, 8: 17, 16: 257} {
		if alts >= least {
			width = max(width, w)
		}
	}
	values = nil
	for _, i := range ids {
		b := 2 + m.rng.IntN(alts-1)
		a := 1 + m.rng.IntN(b)
		calls[i] = [2]int{a, b}
		if alts == 2 {
			values = append(values, a-1)
		} else {
			values = append(values, a-1, b-1)
		}
	}
	return slices.Concat([]byte{how | other<<4}, body, more, pack(values, width))
}

// phases writes phases for some hets or for all.
func (m *maker) phases(hets int) []byte {
	var first, phase bitsOf
	if m.rng.IntN(2) == 0 {
		first.add(0, 1)
		for range hets {
			first.add(m.rng.IntN(2), 1)
		}
		return first.all
	}
	first.add(1, 1)
	for i := range hets {
		has := max(bit(i == 0), m.rng.IntN(2)) // one at least: plink2 wants that
		first.add(has, 1)
		if has == 1 {
			phase.add(m.rng.IntN(2), 1)
		}
	}
	return append(first.all, phase.all...)
}

// dosages writes those of some samples or of all, and phases of some of them if asked.
func (m *maker) dosages(how byte, phased bool, codes []byte) (body []byte) {
	var who []int
	marks := make([]byte, m.samples)
	switch how {
	case 0x20:
		who = m.some()
		body = m.list(who[:len(who)*8/9], nil)
		who = who[:len(who)*8/9]
	default:
		for i := range marks {
			if how == 0x40 || m.rng.IntN(3) == 0 {
				marks[i] = 1
				who = append(who, i)
			}
		}
		if how == 0x60 {
			body = pack(marks, 1)
		}
	}
	for _, i := range who {
		value := []uint16{0, 1 << 14, 1 << 15, 1 << 13}[codes[i]]
		body = binary.LittleEndian.AppendUint16(body, value)
	}
	if !phased {
		return body
	}
	if how != 0x40 {
		var has []byte
		for range who {
			has = append(has, byte(m.rng.IntN(2)))
		}
		body = append(body, pack(has, 1)...)
		who = who[:strings.Count(string(has), "\x01")]
	}
	return append(body, make([]byte, 2*len(who))...)
}

// record makes one up, and says who has which two alleles; -1 is none.
func (m *maker) record(n, alts int) (rec, [][2]int) {
	kind := m.rng.IntN(8)
	if kind&6 == 2 && (n%65536 == 0 || m.base == nil) {
		kind = 0
	}
	codes, body := m.main(kind)
	switch {
	case kind == 5:
		m.base = nil // pgenlib takes it for a fault if something differs from such a record
	case kind&6 != 2:
		m.base = codes
	}
	calls := make([][2]int, m.samples)
	for i, c := range codes {
		calls[i] = [][2]int{{0, 0}, {0, 1}, {1, 1}, {-1, -1}}[c]
	}
	if alts > 1 && m.rng.IntN(4) > 0 {
		kind |= 0x08
		body = append(body, m.alts(codes, alts, calls)...)
	}
	hets := 0
	for _, c := range calls {
		hets += bit(c[0] != c[1])
	}
	if hets > 0 && m.rng.IntN(3) == 0 {
		kind |= 0x10
		body = append(body, m.phases(hets)...)
	}
	if how := byte(m.rng.IntN(8)) << 5; how&0x60 != 0 && alts == 1 {
		kind |= int(how)
		body = append(body, m.dosages(how&0x60, how >= 0x80, codes)...)
	}
	return rec{byte(kind), string(body)}, calls
}

// file makes a pgen of mode 0x10 with its pvar, and the calls of each variant.
func (m *maker) file(variants int) (s set, calls [][][2]int, alts []int) {
	pvar := strings.Builder{}
	pvar.WriteString("#CHROM\tPOS\tID\tREF\tALT\n")
	var kinds, lengths, bodies []byte
	most := []int{2, 3, 4, 5, 6, 16, 17, 18, 254, 256, 257, 258, 300}
	if !m.ours {
		most = most[:9]
	}
	for n := range variants {
		k := 1
		if m.rng.IntN(3) == 0 {
			k = most[m.rng.IntN(len(most))]
		}
		r, c := m.record(n, k)
		kinds, bodies = append(kinds, r.kind), append(bodies, r.body...)
		lengths = binary.LittleEndian.AppendUint32(lengths, uint32(len(r.body)))
		calls, alts = append(calls, c), append(alts, k)
		fmt.Fprintf(&pvar, "1\t%d\tv%d\tA\t%s\n", n+1, n, many(k))
	}
	s.pgen = "\x6c\x1b\x10" + counts(variants, m.samples, 0x47)
	s.pgen += string(binary.LittleEndian.AppendUint64(nil, uint64(20+5*variants))) + string(kinds) + string(lengths) + string(bodies)
	s.pvar, s.psam = pvar.String(), names(m.samples)
	return s, calls, alts
}

// sizesOf are the samples of made-up files: those at which a width or a word changes.
var sizesOf = []int{1, 2, 3, 4, 7, 8, 9, 16, 63, 64, 65, 127, 128, 129, 255, 256, 257, 515, 1023, 1600, 5000}

func TestRecordsOfEveryKindAreWhatTheyWereMadeOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	seen := make(map[byte]int)
	sizes := append(slices.Clone(sizesOf), 65535, 65536, 70_001)
	if testing.Short() {
		sizes = sizesOf
	}
	for _, samples := range sizes {
		m := &maker{rng: rng, samples: samples, ours: true}
		variants := max(12, min(300, 60_000/samples))
		s, want, _ := m.file(variants)
		for i := range variants {
			seen[s.pgen[20+i]]++
		}
		readMade(t, s, want, func(*genotype.Site) bool { return true })
		readMade(t, s, want, func(*genotype.Site) bool { return rng.IntN(3) == 0 })
		checkRaw(t, func() (*pgen.Reader, error) { return s.open(nil) })
	}
	for main := range byte(8) {
		for _, tracks := range []byte{0, 0x08, 0x10, 0x18, 0x20, 0x40, 0x60, 0x70, 0xa0, 0xc0, 0xe0, 0xf0} {
			if seen[main|tracks] == 0 && (main != 5 || tracks&0x18 == 0) { // no hets, no ALTs
				t.Errorf("no record of kind 0x%02x was made", main|tracks)
			}
		}
	}
}

// readMade reads a file, and compares the calls of sites that covers asks for.
func readMade(t *testing.T, s set, want [][][2]int, covers genotype.Covers) {
	t.Helper()
	r, err := s.open(covers)
	if err != nil {
		t.Fatal(err)
	}
	var row genotype.Row
	for v := 0; ; v++ {
		err := r.Next(&row)
		if err == io.EOF && v == len(want) {
			return
		}
		if err != nil {
			t.Fatalf("%d samples, variant %d of kind 0x%02x: %v", len(r.Samples()), v+1, s.pgen[20+v], err)
		}
		if len(row.Calls) == 0 && len(row.Classes) == 0 {
			continue
		}
		row.Expand(len(want[v]))
		for i, c := range row.Calls {
			a, b := c.Alleles()
			got := [2]int{int(min(a, b)) - int(genotype.Reference), int(max(a, b)) - int(genotype.Reference)}
			if c == genotype.NoCall {
				got = [2]int{-1, -1}
			}
			if got != want[v][i] {
				t.Fatalf("%d samples, variant %d of kind 0x%02x, sample %d: got %d, want %d", len(want[v]), v+1, s.pgen[20+v], i+1, got, want[v][i])
			}
		}
	}
}

// What is made here is what plink2 takes it for; else the test above proves nothing.
func TestPlink2CountsWhatRecordsOfEveryKindWereMadeOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	for _, samples := range sizesOf {
		m := &maker{rng: rng, samples: samples}
		s, calls, alts := m.file(200)
		prefix := filepath.Join(t.TempDir(), "made")
		for end, text := range map[string]string{".pgen": s.pgen, ".pvar": s.pvar, ".psam": s.psam} {
			if err := os.WriteFile(prefix+end, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		plink2(t, "--pfile", prefix, "--geno-counts", "cols=chrom,pos,ref,alt,homref,refalt,altxy,hapref,hapalt,missing", "--out", prefix)
		var want []cell
		for v, people := range calls {
			c := cell{site: fmt.Sprintf("%d A", v+1), ac: make([]int, alts[v])}
			for _, call := range people {
				for _, a := range call {
					c.an += bit(a >= 0)
					if a > 0 {
						c.ac[a-1]++
					}
				}
			}
			want = append(want, c)
		}
		compare(t, gcount(t, openFile(t, prefix+".gcount")), want)
	}
}
