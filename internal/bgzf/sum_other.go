//go:build !amd64 || purego

package bgzf

import "hash/crc32"

// checksum is the CRC-32 of gzip.
func checksum(p []byte) uint32 { return crc32.ChecksumIEEE(p) }
