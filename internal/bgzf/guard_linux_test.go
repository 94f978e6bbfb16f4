package bgzf

import (
	"bytes"
	"compress/flate"
	"hash/crc32"
	"os"
	"syscall"
	"testing"
)

// guarded returns n bytes twice, next to a page that nobody may look at: behind them, and
// before them.
func guarded(t *testing.T, n int) (atEnd, atBegin []byte) {
	t.Helper()
	page := os.Getpagesize()
	inner := (n + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	for _, wall := range [][]byte{all[:page], all[page+inner:]} {
		if err := syscall.Mprotect(wall, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return all[page+inner-n : page+inner : page+inner], all[page : page+n : page+n]
}

func TestNothingIsTouchedOutsideOfTheBuffers(t *testing.T) {
	z := newInflater()
	for name, plain := range samples() {
		packed := deflate(t, plain, flate.DefaultCompression)
		for _, slack := range slacks {
			srcEnd, _ := guarded(t, len(packed)+slack.in)
			dstEnd, dstBegin := guarded(t, len(plain)+slack.out)
			copy(srcEnd, packed)
			for _, z.turns = range kernels() {
				for _, dst := range [][]byte{dstEnd, dstBegin} {
					if err := z.inflate(dst, len(plain), srcEnd, len(packed)); err != nil || !bytes.Equal(dst[:len(plain)], plain) {
						t.Fatalf("%s, slack %v: %v, or other bytes", name, slack, err)
					}
				}
				// What is behind the end is no stream, and is taken for one.
				if err := z.inflate(dstEnd, len(plain), srcEnd, len(packed)/2); err == nil && len(plain) > 0 {
					t.Fatalf("%s: half of it was enough", name)
				}
			}
		}
	}
	for n := 0; n < 3000; n += 1 + n/40 {
		p, _ := guarded(t, n)
		if got, want := checksum(p), crc32.ChecksumIEEE(p); got != want {
			t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
		}
	}
}
