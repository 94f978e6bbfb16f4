package index_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype/index"
)

const endSize = 28

func pack(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := bgzf.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// site is one record of a made-up file, which has its whole text.
type site struct {
	contig   int
	pos, end int // from 1, both in it
	text     string
}

// made is a file of made-up records.
type made struct {
	contigs []string
	head    string
	sites   []site
	block   int // bytes of a block, unpacked
	binary  bool
}

const samples = "\tA\tB\tC\tD"

// makeVCF has records at every step bases of each contig, some of them long.
func makeVCF(contigs []string, each, step int) made {
	m := made{contigs: contigs, block: 3000, head: "##fileformat=VCFv4.2\n"}
	for _, c := range contigs {
		m.head += "##contig=<ID=" + c + ">\n"
	}
	m.head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT" + samples + "\n"
	for k, c := range contigs {
		for i := range each {
			s := site{contig: k, pos: 1 + i*step, end: 1 + i*step}
			ref := "A"
			if i%7 == 3 { // a deletion that may lead into another bin
				ref, s.end = strings.Repeat("A", 1+step), s.pos+step
			}
			s.text = fmt.Sprintf("%s\t%d\t.\t%s\tC\t.\tPASS\t.\tGT\t0/%d\t0/0\t1/1\t./.\n", c, s.pos, ref, i%2)
			m.sites = append(m.sites, s)
		}
	}
	return m
}

// asBCF is the same records as BCF.
func (m made) asBCF() made {
	le := binary.LittleEndian
	head := strings.Replace(m.head, "#CHROM", "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n#CHROM", 1) + "\x00"
	m.head, m.binary = string(le.AppendUint32([]byte("BCF\x02\x02"), uint32(len(head))))+head, true
	m.sites = slices.Clone(m.sites)
	for i, s := range m.sites {
		f := strings.Split(s.text, "\t")
		length := s.end - s.pos + 1
		shared := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, uint32(s.contig)), uint32(s.pos-1)), uint32(length))
		shared = append(shared, 1, 0, 0x80, 0x7f, 0, 0, 2, 0, 4, 0, 0, 1, 0x07)
		shared = append(append(le.AppendUint32(append(shared, 0xf7, 0x13), uint32(length)), f[3]...), 0x17, 'C', 0x11, 0)
		indiv := []byte{0x11, 1, 0x21, 2, 2 + 2*(f[9][2]-'0'), 2, 2, 4, 4, 0, 0}
		m.sites[i].text = string(append(append(le.AppendUint32(le.AppendUint32(nil, uint32(len(shared))), uint32(len(indiv))), shared...), indiv...))
	}
	return m
}

// file packs the records, and tells where each begins and where the last one ends.
func (m made) file(t testing.TB) (packed []byte, at []uint64) {
	t.Helper()
	plain := []byte(m.head)
	var starts []int
	for _, s := range m.sites {
		starts = append(starts, len(plain))
		plain = append(plain, s.text...)
	}
	starts = append(starts, len(plain))
	var blocks []uint64
	for from := 0; from < len(plain); from += m.block {
		blocks = append(blocks, uint64(len(packed)))
		b := pack(t, plain[from:min(from+m.block, len(plain))])
		packed = append(packed, b[:len(b)-endSize]...)
	}
	blocks = append(blocks, uint64(len(packed)))
	for _, s := range starts {
		at = append(at, blocks[s/m.block]<<16|uint64(s%m.block))
	}
	return append(packed, pack(t, nil)...), at
}

// scheme is the bins of an index, with the numbers that its specification has.
type scheme struct{ shift, depth int }

// bin is the specification's reg2bin.
func (s scheme) bin(beg, end int) uint32 {
	shift, t := s.shift, (1<<(s.depth*3)-1)/7
	end--
	for l := s.depth; l > 0; l-- {
		if beg>>shift == end>>shift {
			return uint32(t + beg>>shift)
		}
		shift, t = shift+3, t-1<<((l-1)*3)
	}
	return 0
}

// chunks are a contig's, by their bins, in the order in which the bins come first.
type chunks struct {
	bins []uint32
	of   map[uint32][][2]uint64
}

func (m made) chunks(s scheme, at []uint64) []chunks {
	all := make([]chunks, len(m.contigs))
	for i, site := range m.sites {
		c := &all[site.contig]
		if c.of == nil {
			c.of = make(map[uint32][][2]uint64)
		}
		bin := s.bin(site.pos-1, site.end)
		before := i > 0 && m.sites[i-1].contig == site.contig && s.bin(m.sites[i-1].pos-1, m.sites[i-1].end) == bin
		if !slices.Contains(c.bins, bin) {
			c.bins = append(c.bins, bin)
		}
		if n := len(c.of[bin]); before {
			c.of[bin][n-1][1] = at[i+1]
		} else {
			c.of[bin] = append(c.of[bin], [2]uint64{at[i], at[i+1]})
		}
	}
	return all
}

func tabixHead(names []string) []byte {
	text := strings.Join(names, "\x00") + "\x00"
	var b []byte
	for _, n := range []int{2, 1, 2, 0, '#', 0, len(text)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return append(b, text...)
}

// tbi is the file's tabix index, unpacked.
func (m made) tbi(t testing.TB, at []uint64) []byte {
	t.Helper()
	le := binary.LittleEndian
	b := append(le.AppendUint32([]byte("TBI\x01"), uint32(len(m.contigs))), tabixHead(m.contigs)...)
	for _, c := range m.chunks(scheme{14, 5}, at) {
		b = le.AppendUint32(b, uint32(len(c.bins)+1))
		for _, bin := range c.bins {
			b = m.bin(b, bin, c.of[bin])
		}
		b = m.bin(b, 37450, [][2]uint64{{at[0], at[len(at)-1]}, {uint64(len(m.sites)), 0}})
		b = le.AppendUint64(le.AppendUint32(b, 1), at[0])
	}
	return le.AppendUint64(b, 0)
}

// csi is the file's CSI index, unpacked, with bins of a scheme.
func (m made) csi(t testing.TB, at []uint64, s scheme) []byte {
	t.Helper()
	le := binary.LittleEndian
	var aux []byte
	if !m.binary {
		aux = tabixHead(m.contigs)
	}
	b := le.AppendUint32(le.AppendUint32([]byte("CSI\x01"), uint32(s.shift)), uint32(s.depth))
	b = append(le.AppendUint32(b, uint32(len(aux))), aux...)
	b = le.AppendUint32(b, uint32(len(m.contigs)))
	for _, c := range m.chunks(s, at) {
		b = le.AppendUint32(b, uint32(len(c.bins)))
		for _, bin := range c.bins {
			b = le.AppendUint32(b, bin)
			b = le.AppendUint32(le.AppendUint64(b, c.of[bin][0][0]), uint32(len(c.of[bin])))
			for _, k := range c.of[bin] {
				b = le.AppendUint64(le.AppendUint64(b, k[0]), k[1])
			}
		}
	}
	return b
}

func (made) bin(b []byte, bin uint32, chunks [][2]uint64) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(le.AppendUint32(b, bin), uint32(len(chunks)))
	for _, k := range chunks {
		b = le.AppendUint64(le.AppendUint64(b, k[0]), k[1])
	}
	return b
}

// open opens an unpacked index of a file.
func open(t testing.TB, data, raw []byte, contigs []string) (*index.Index, error) {
	t.Helper()
	return index.Open(index.Config{Index: bytes.NewReader(pack(t, raw)), Data: bytes.NewReader(data), Size: int64(len(data)), Contigs: contigs})
}
