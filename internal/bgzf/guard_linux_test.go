package bgzf

import (
	"bytes"
	"compress/flate"
	"hash/crc32"
	"testing"

	"github.com/locus-genomics/locus/internal/guard"
)

func TestNothingIsTouchedOutsideOfTheBuffers(t *testing.T) {
	z := newInflater()
	for name, plain := range samples() {
		packed := deflate(t, plain, flate.DefaultCompression)
		for _, slack := range slacks {
			srcEnd, _ := guard.Bytes(t, len(packed)+slack.in)
			dstEnd, dstBegin := guard.Bytes(t, len(plain)+slack.out)
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
		p, _ := guard.Bytes(t, n)
		if got, want := checksum(p), crc32.ChecksumIEEE(p); got != want {
			t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
		}
	}
}
