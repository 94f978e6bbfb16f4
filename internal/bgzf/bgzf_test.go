package bgzf_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/locus-genomics/locus/internal/bgzf"
)

// text is genotypes of a kind: lines that shrink well, of some size.
func text(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 0, n)
	for len(b) < n {
		b = append(b, "0/0\t0/1\t1/1\t./.\t\n"[4*rng.IntN(4):][:4]...)
	}
	return b[:n]
}

func noise(n int) []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

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

// readers are the ways to read a file, which must not differ.
var readers = map[string]func(io.Reader) *bgzf.Reader{
	"one block at a time": bgzf.NewReader,
	"two workers":         func(r io.Reader) *bgzf.Reader { return bgzf.NewParallelReader(r, 2) },
	"five workers":        func(r io.Reader) *bgzf.Reader { return bgzf.NewParallelReader(r, 5) },
}

// unpack reads in every way, and panics where one differs.
func unpack(packed []byte) ([]byte, error) {
	want, wantErr := io.ReadAll(bgzf.NewReader(bytes.NewReader(packed)))
	for how, open := range readers {
		got, err := io.ReadAll(open(bytes.NewReader(packed)))
		if !bytes.Equal(got, want) || kind(err) != kind(wantErr) {
			panic(fmt.Sprintf("%s: %d bytes, %v; want %d, %v", how, len(got), err, len(want), wantErr))
		}
	}
	return want, wantErr
}

// kind is an error without its details, which may depend on what lies behind a block.
func kind(err error) string {
	for _, e := range []error{bgzf.ErrHeader, bgzf.ErrTruncated, bgzf.ErrDamaged, bgzf.ErrNoEnd, bgzf.ErrTrailing} {
		var there *bgzf.Error
		if errors.Is(err, e) && errors.As(err, &there) {
			return fmt.Sprint(there.Offset, e)
		}
	}
	return fmt.Sprint(err)
}

const endSize = 28

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, c := range []struct {
		name  string
		plain []byte
	}{
		{"nothing", nil},
		{"one byte", []byte("x")},
		{"one block to the byte", text(0xff00)},
		{"a byte more than one block", text(0xff00 + 1)},
		{"many blocks", text(1 << 20)},
		{"what does not shrink", noise(200_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			packed := pack(t, c.plain)
			if !bgzf.Is(packed) {
				t.Error("it does not begin as BGZF does")
			}
			got, err := unpack(packed)
			if err != nil || !bytes.Equal(got, c.plain) {
				t.Errorf("read %d bytes, %v; want %d", len(got), err, len(c.plain))
			}
			got, err = io.ReadAll(bgzf.NewReader(iotest.OneByteReader(bytes.NewReader(packed))))
			if err != nil || !bytes.Equal(got, c.plain) {
				t.Errorf("byte by byte: read %d bytes, %v; want %d", len(got), err, len(c.plain))
			}
			z, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if got, err = io.ReadAll(z); err != nil || !bytes.Equal(got, c.plain) {
				t.Errorf("gzip reads %d bytes, %v; want %d", len(got), err, len(c.plain))
			}
		})
	}
}

func TestFilesThatWereJoinedAreRead(t *testing.T) {
	got, err := unpack(append(pack(t, []byte("one ")), pack(t, []byte("two"))...))
	if err != nil || string(got) != "one two" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestWriteAfterCloseIsRefused(t *testing.T) {
	w := bgzf.NewWriter(io.Discard)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, bgzf.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); !errors.Is(err, bgzf.ErrClosed) {
		t.Errorf("close again: got %v", err)
	}
}

func TestDamageIsAnErrorWithItsPlace(t *testing.T) {
	plain := text(100_000)
	whole := pack(t, plain)
	second := int64(binary.LittleEndian.Uint16(whole[16:])) + 1 // where block 2 begins
	lastByte := int64(len(whole) - endSize)
	for _, c := range []struct {
		name   string
		damage func([]byte) []byte
		want   error
		offset int64
	}{
		{"the end block is missing", func(b []byte) []byte { return b[:lastByte] }, bgzf.ErrNoEnd, lastByte},
		{"cut between two blocks", func(b []byte) []byte { return b[:second] }, bgzf.ErrNoEnd, second},
		{"cut within a block", func(b []byte) []byte { return b[:second+100] }, bgzf.ErrTruncated, second},
		{"cut within a header", func(b []byte) []byte { return b[:second+5] }, bgzf.ErrTruncated, second},
		{"cut within the extra field", func(b []byte) []byte { return b[:second+14] }, bgzf.ErrTruncated, second},
		{"cut within the end block", func(b []byte) []byte { return b[:len(b)-1] }, bgzf.ErrTruncated, lastByte},
		{"empty", func(b []byte) []byte { return nil }, bgzf.ErrNoEnd, 0},
		{"garbage after the end", func(b []byte) []byte { return append(b, "garbage that follows"...) }, bgzf.ErrTrailing, lastByte + endSize},
		{"a byte after the end", func(b []byte) []byte { return append(b, 0) }, bgzf.ErrTrailing, lastByte + endSize},
		{"plain gzip", func(b []byte) []byte { b[3] = 0; return b }, bgzf.ErrHeader, 0},
		{"text", func(b []byte) []byte { return []byte("##fileformat=VCFv4.2\n") }, bgzf.ErrHeader, 0},
		{"another subfield in place of BC", func(b []byte) []byte { b[second+12] = 'X'; return b }, bgzf.ErrHeader, second},
		{"a block size under its header", func(b []byte) []byte { b[second+16], b[second+17] = 3, 0; return b }, bgzf.ErrHeader, second},
		{"a subfield over the extra field", func(b []byte) []byte { b[second+14] = 200; return b }, bgzf.ErrHeader, second},
		{"an extra field over a block", func(b []byte) []byte { b[10], b[11] = 255, 255; return b }, bgzf.ErrHeader, 0},
		{"a flipped bit in the data", func(b []byte) []byte { b[second+400] ^= 16; return b }, bgzf.ErrDamaged, second},
		{"a flipped bit in the checksum", func(b []byte) []byte { b[lastByte-8] ^= 1; return b }, bgzf.ErrDamaged, second},
		{"a length that is too small", func(b []byte) []byte { b[lastByte-4]--; return b }, bgzf.ErrDamaged, second},
		{"a length that is too great", func(b []byte) []byte { b[lastByte-4]++; return b }, bgzf.ErrDamaged, second},
		{"a length over 64 KiB", func(b []byte) []byte { b[lastByte-1] = 1; return b }, bgzf.ErrDamaged, second},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := unpack(c.damage(bytes.Clone(whole)))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			var there *bgzf.Error
			if !errors.As(err, &there) || there.Offset != c.offset {
				t.Errorf("got %v, want it at byte %d", err, c.offset)
			}
			if !bytes.HasPrefix(plain, got) {
				t.Error("bytes were read that were never written")
			}
		})
	}
}

// A few bits mean nothing (the time, codes that nothing uses): then the data must be
// what was written.
func TestAFlippedBitNeverChangesTheData(t *testing.T) {
	plain := text(700)
	whole := pack(t, plain)
	noticed := 0
	for i := range 8 * len(whole) {
		damaged := bytes.Clone(whole)
		damaged[i/8] ^= 1 << (i % 8)
		got, err := unpack(damaged)
		if err != nil {
			noticed++
		} else if !bytes.Equal(got, plain) {
			t.Errorf("bit %d of byte %d is flipped, and nothing said", i%8, i/8)
		}
	}
	if noticed < 7*len(whole) {
		t.Errorf("%d of %d flipped bits were noticed", noticed, 8*len(whole))
	}
}

func TestAnErrorBelowIsPassedOnAndSticks(t *testing.T) {
	broken := errors.New("the disk is on fire")
	whole := pack(t, text(1000))
	r := bgzf.NewReader(io.MultiReader(bytes.NewReader(whole), iotest.ErrReader(broken)))
	for range 2 {
		if _, err := io.ReadAll(r); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}

func TestRealDamagedFilesAreRefused(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	for name, want := range map[string]error{
		"flip": bgzf.ErrDamaged, "noeof": bgzf.ErrNoEnd, "trail": bgzf.ErrTrailing, "trunc": bgzf.ErrTruncated, "plain": bgzf.ErrHeader,
	} {
		packed, err := os.ReadFile(filepath.Join(dir, "awkward_made", name+".vcf.gz"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unpack(packed); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(pack(f, nil))
	f.Add(pack(f, []byte("##fileformat=VCFv4.2\n")))
	f.Add(append(pack(f, text(300)), pack(f, noise(40))...))
	f.Add(pack(f, text(300))[:90])
	f.Fuzz(func(t *testing.T, packed []byte) {
		plain, err := unpack(packed)
		var there *bgzf.Error
		if err != nil {
			if !errors.As(err, &there) || there.Offset > int64(len(packed)) {
				t.Fatalf("an error without its place: %v", err)
			}
			return
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatalf("gzip does not read it: %v", err)
		}
		if want, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, want) {
			t.Fatalf("gzip reads %d bytes, %v; here %d", len(want), err, len(plain))
		}
	})
}
