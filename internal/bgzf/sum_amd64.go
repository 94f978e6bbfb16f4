//go:build amd64 && !purego

package bgzf

import (
	"hash/crc32"

	"golang.org/x/sys/cpu"
)

const (
	foldBytes = 256
	// foldFrom is where folding begins to be worth its end.
	foldFrom = 1 << 10
)

// foldAVX512 makes 256 bytes of the first n of p, rounded down to so many. A CRC-32 that
// begins with zero, not with ones, is that of all of them.
//
//go:noescape
func foldAVX512(p *byte, n int, rest *[foldBytes]byte)

// checksum is the CRC-32 of gzip. Package crc32 takes 16 bytes a step, here are 256.
func checksum(p []byte) uint32 {
	if len(p) < foldFrom || !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512VPCLMULQDQ {
		return crc32.ChecksumIEEE(p)
	}
	var rest [foldBytes]byte
	foldAVX512(&p[0], len(p), &rest)
	sum := crc32.Update(^uint32(0), crc32.IEEETable, rest[:])
	return crc32.Update(sum, crc32.IEEETable, p[len(p)/foldBytes*foldBytes:])
}
