//go:build amd64 && !purego

#include "textflag.h"

// foldBy is what multiplies 16 bytes to move them on by 256 bytes, modulo the polynomial
// of CRC-32, all bits the other way round: x^(2048+32) and x^(2048-32).
DATA foldBy<>+0(SB)/8, $0x000000011542778a
DATA foldBy<>+8(SB)/8, $0x00000001322d1430
GLOBL foldBy<>(SB), RODATA|NOPTR, $16

// STEP moves a register on, and adds what is there.
#define STEP(at, z) \
	VPCLMULQDQ $0x00, Z4, z, Z5     \
	VPCLMULQDQ $0x11, Z4, z, z      \
	VPTERNLOGQ $0x96, at(SI), Z5, z

// func foldAVX512(p *byte, n int, rest *[256]byte)
TEXT ·foldAVX512(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ rest+16(FP), DI
	VBROADCASTI32X4 foldBy<>(SB), Z4
	MOVL  $0xffffffff, AX
	VMOVD AX, X5
	VPXORQ (SI), Z5, Z0
	VMOVDQU64 64(SI), Z1
	VMOVDQU64 128(SI), Z2
	VMOVDQU64 192(SI), Z3

loop:
	ADDQ $256, SI
	SUBQ $256, CX
	CMPQ CX, $256
	JLT  done
	STEP(0, Z0)
	STEP(64, Z1)
	STEP(128, Z2)
	STEP(192, Z3)
	JMP  loop

done:
	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VZEROUPPER
	RET
