//go:build amd64 && !purego

package pgen

import "golang.org/x/sys/cpu"

// hasVBMI2 tells whether bytes can be moved together by a mask.
var hasVBMI2 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI2 &&
	cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

//go:noescape
func deltasAVX512(p *byte, left int, ids *uint32, n int, first uint32) (used int)

// deltas fills ids, whose first is known, from how much each is greater than the one
// before. It returns the bytes used, or -1 where it does not know better than deltasGo:
// then ids are worth nothing. There MUST be room for spare more behind ids.
func deltas(p []byte, ids []uint32) (used int) {
	if !hasVBMI2 || len(ids) < 2 || len(p) == 0 {
		return deltasGo(p, ids)
	}
	return deltasAVX512(&p[0], len(p), &ids[1], len(ids)-1, ids[0])
}
