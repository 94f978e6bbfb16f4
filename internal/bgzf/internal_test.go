package bgzf

import (
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
)

// oracle is compress/flate.
type oracle struct {
	in  bytes.Reader
	out io.ReadCloser
}

func newOracle() *oracle {
	o := new(oracle)
	o.out = flate.NewReader(&o.in)
	return o
}

// inflate returns what a stream gives, no more than limit bytes of it, and whether it is
// sound and ends with the source.
func (o *oracle) inflate(src []byte, limit int) ([]byte, bool) {
	o.in.Reset(src)
	if err := o.out.(flate.Resetter).Reset(&o.in, nil); err != nil {
		return nil, false
	}
	got, err := io.ReadAll(io.LimitReader(o.out, int64(limit)+1))
	return got, err == nil && len(got) <= limit && o.in.Len() == 0
}

// slacks are how much is behind the source and the plain bytes: as in a Reader, so
// little that nothing goes fast, and between.
var slacks = []struct{ in, out int }{{sourceSlack, plainSlack}, {sourceSlack, plainSlack}, {0, 0}, {3, 1}, {fastIn, fastOut}, {fastIn, fastOut}}

// compare unpacks a stream with every kernel and says where one differs from
// compress/flate.
func compare(t *testing.T, z *inflater, o *oracle, src []byte, size int) {
	t.Helper()
	want, sound := o.inflate(src, size)
	sound = sound && len(want) == size
	for i, slack := range slacks {
		z.turns = kernels()[i%len(kernels())]
		padded := append(bytes.Clone(src), bytes.Repeat([]byte{0xa5}, slack.in)...)
		const mark = 16 // bytes behind that are never written
		whole := bytes.Repeat([]byte{0x5a}, size+slack.out+mark)
		dst := whole[: size+slack.out : size+slack.out]
		err := z.inflate(dst, size, padded[:len(padded):len(padded)], len(src))
		if (err == nil) != sound {
			t.Fatalf("slack %v: got %v for %d bytes of %x, compress/flate accepts it: %t", slack, err, size, src, sound)
		}
		if sound && !bytes.Equal(dst[:size], want) {
			t.Fatalf("slack %v: the bytes differ for %x", slack, src)
		}
		if !bytes.Equal(whole[len(dst):], bytes.Repeat([]byte{0x5a}, mark)) {
			t.Fatalf("slack %v: it wrote behind the end for %x", slack, src)
		}
	}
}

// deflate packs with compress/flate; -2 is Huffman codes alone.
func deflate(t testing.TB, plain []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples are plain bytes of many kinds, none over 64 KiB.
func samples() map[string][]byte {
	rng := rand.New(rand.NewPCG(5, 6))
	m := map[string][]byte{
		"nothing":       {},
		"one byte":      {'x'},
		"zeros":         make([]byte, maxBlock),
		"every byte":    nil,
		"noise":         make([]byte, 50_000),
		"few letters":   make([]byte, maxBlock),
		"skewed bytes":  make([]byte, maxBlock),
		"genotypes":     nil,
		"rare variants": nil,
	}
	for i := range 256 {
		m["every byte"] = append(m["every byte"], byte(i), byte(i))
	}
	for i := range m["noise"] {
		m["noise"][i] = byte(rng.Uint32())
	}
	for i := range m["few letters"] {
		m["few letters"][i] = "acgt"[rng.IntN(4)]
		m["skewed bytes"][i] = byte(rng.ExpFloat64() * 8) // codes of up to 15 bits
	}
	for len(m["genotypes"]) < 60_000 {
		m["genotypes"] = fmt.Appendf(m["genotypes"], "\t%d/%d:%d,%d:%d", rng.IntN(2), rng.IntN(2), rng.IntN(40), rng.IntN(40), rng.IntN(99))
		call := "\t0/0"
		if rng.IntN(200) == 0 {
			call = "\t0/1"
		}
		m["rare variants"] = append(m["rare variants"], call...)
	}
	// Each distance that is copied in its own way.
	for d := 1; d <= 70; d++ {
		piece := make([]byte, d)
		for i := range piece {
			piece[i] = byte(rng.Uint32())
		}
		for range 3 {
			m["repeats"] = append(m["repeats"], bytes.Repeat(piece, 600/d+2)[:1+rng.IntN(600)]...)
		}
	}
	m["repeats"] = m["repeats"][:min(len(m["repeats"]), maxBlock)]
	return m
}

func TestInflateGivesWhatWasPacked(t *testing.T) {
	z, o := newInflater(), newOracle()
	for name, plain := range samples() {
		t.Run(name, func(t *testing.T) {
			for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
				packed := deflate(t, plain, level)
				if _, sound := o.inflate(packed, len(plain)); !sound {
					t.Fatal("compress/flate does not read what it wrote")
				}
				compare(t, z, o, packed, len(plain))
				for _, size := range []int{len(plain) - 1, len(plain) + 1, len(plain) - 300, 0, maxBlock} {
					if size >= 0 {
						compare(t, z, o, packed, size)
					}
				}
				compare(t, z, o, packed[:len(packed)-1], len(plain))
				compare(t, z, o, append(packed, 0), len(plain))
			}
		})
	}
}

func TestInflateOfCutAndFlippedStreams(t *testing.T) {
	z, o := newInflater(), newOracle()
	plain := samples()["genotypes"][:900]
	for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
		packed := deflate(t, plain, level)
		for n := range packed {
			compare(t, z, o, packed[:n], len(plain))
		}
		for i := range 8 * len(packed) {
			packed[i/8] ^= 1 << (i % 8)
			compare(t, z, o, packed, len(plain))
			packed[i/8] ^= 1 << (i % 8)
		}
	}
}

// Every stream of two bytes, with every size that it could have.
func TestInflateOfAllShortStreams(t *testing.T) {
	z, o := newInflater(), newOracle()
	for v := range 1 << 16 {
		src := []byte{byte(v), byte(v >> 8)}
		for size := range 2 {
			compare(t, z, o, src, size)
		}
	}
	for v := range 1 << 8 {
		compare(t, z, o, []byte{byte(v)}, 0)
	}
	compare(t, z, o, nil, 0)
}

func FuzzInflate(f *testing.F) {
	for _, s := range odds() {
		f.Add(s.stream, uint16(s.size))
	}
	for _, plain := range samples() {
		plain = plain[:min(len(plain), 300)]
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			packed := deflate(f, plain, level)
			f.Add(packed, uint16(len(plain)))
			f.Add(packed[:len(packed)/2], uint16(len(plain)))
		}
	}
	z, o := newInflater(), newOracle()
	f.Fuzz(func(t *testing.T, src []byte, size uint16) {
		compare(t, z, o, src, int(size))
		// The true size is hard to guess.
		if got, sound := o.inflate(src, maxBlock); sound {
			compare(t, z, o, src, len(got))
		}
	})
}

func TestTheChecksumIsThatOfGzip(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	p := make([]byte, maxBlock)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	for n := 0; n <= len(p); n += 1 + n/700 {
		from := rng.IntN(min(64, len(p)-n) + 1)
		if got, want := checksum(p[from:from+n]), crc32.ChecksumIEEE(p[from:from+n]); got != want {
			t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
		}
	}
}
