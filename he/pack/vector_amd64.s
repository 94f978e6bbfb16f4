//go:build amd64 && !purego

// Eight words and their sixteen counters at a time, with AVX-512 and IFMA. No branch
// and no address depends on a value.

#include "textflag.h"

// even and odd take the counters of words apart, low and high join them.
DATA even<>+0(SB)/8, $0
DATA even<>+8(SB)/8, $2
DATA even<>+16(SB)/8, $4
DATA even<>+24(SB)/8, $6
DATA even<>+32(SB)/8, $8
DATA even<>+40(SB)/8, $10
DATA even<>+48(SB)/8, $12
DATA even<>+56(SB)/8, $14
GLOBL even<>(SB), RODATA|NOPTR, $64

DATA odd<>+0(SB)/8, $1
DATA odd<>+8(SB)/8, $3
DATA odd<>+16(SB)/8, $5
DATA odd<>+24(SB)/8, $7
DATA odd<>+32(SB)/8, $9
DATA odd<>+40(SB)/8, $11
DATA odd<>+48(SB)/8, $13
DATA odd<>+56(SB)/8, $15
GLOBL odd<>(SB), RODATA|NOPTR, $64

DATA low<>+0(SB)/8, $0
DATA low<>+8(SB)/8, $8
DATA low<>+16(SB)/8, $1
DATA low<>+24(SB)/8, $9
DATA low<>+32(SB)/8, $2
DATA low<>+40(SB)/8, $10
DATA low<>+48(SB)/8, $3
DATA low<>+56(SB)/8, $11
GLOBL low<>(SB), RODATA|NOPTR, $64

DATA high<>+0(SB)/8, $4
DATA high<>+8(SB)/8, $12
DATA high<>+16(SB)/8, $5
DATA high<>+24(SB)/8, $13
DATA high<>+32(SB)/8, $6
DATA high<>+40(SB)/8, $14
DATA high<>+48(SB)/8, $7
DATA high<>+56(SB)/8, $15
GLOBL high<>(SB), RODATA|NOPTR, $64

// func vectorPack(dst, counters *int64, groups int, radix, shift, least int64, width uint64) (outside uint64)
TEXT ·vectorPack(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ counters+8(FP), SI
	MOVQ groups+16(FP), CX
	VPBROADCASTQ radix+24(FP), Z20
	VPBROADCASTQ shift+32(FP), Z21
	VPBROADCASTQ least+40(FP), Z22
	VPBROADCASTQ width+48(FP), Z23
	VMOVDQU64 even<>(SB), Z24
	VMOVDQU64 odd<>(SB), Z25
	VPXORQ Z5, Z5, Z5

packloop:
	PREFETCHT0 2048(SI) // memory is slower than this loop
	PREFETCHT0 2112(SI)
	VMOVDQU64 (SI), Z0
	VMOVDQU64 64(SI), Z1
	VPSUBQ Z22, Z0, Z2
	VPSUBQ Z22, Z1, Z3
	VPMAXUQ Z2, Z5, Z5
	VPMAXUQ Z3, Z5, Z5
	VMOVDQA64 Z24, Z2
	VPERMI2Q Z1, Z0, Z2
	VMOVDQA64 Z25, Z3
	VPERMI2Q Z1, Z0, Z3
	VPMULLQ Z20, Z3, Z3
	VPADDQ Z3, Z2, Z2
	VPSUBQ Z21, Z2, Z2
	VMOVDQU64 Z2, (DI)
	ADDQ $128, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  packloop
	VPCMPUQ $6, Z23, Z5, K1 // which are above the width
	KMOVQ K1, AX
	MOVQ AX, outside+56(FP)
	VZEROUPPER
	RET

// func vectorUnpack(dst, words *int64, groups int, d *digits) (outside uint64)
TEXT ·vectorUnpack(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ d+24(FP), DX
	VPBROADCASTQ 0(DX), Z20  // reach
	VPBROADCASTQ 8(DX), Z21  // quotient
	VPBROADCASTQ 16(DX), Z22 // radix
	VPBROADCASTQ 24(DX), Z23 // middle
	VPBROADCASTQ 32(DX), Z24 // side
	VPBROADCASTQ 40(DX), Z25 // base
	VPADDQ Z20, Z20, Z26
	VMOVDQU64 low<>(SB), Z27
	VMOVDQU64 high<>(SB), Z28
	VPXORQ Z9, Z9, Z9

unpackloop:
	PREFETCHT0 2048(SI)
	VPADDQ (SI), Z20, Z0 // u
	VPSUBQ Z0, Z26, Z1
	VPTERNLOGQ $0xfe, Z0, Z1, Z9
	VPXORQ Z2, Z2, Z2
	VPMADD52HUQ Z21, Z0, Z2 // u / radix, or one more
	VPXORQ Z3, Z3, Z3
	VPMADD52LUQ Z22, Z2, Z3
	VPSUBQ Z3, Z0, Z3       // what is left
	VPSRAQ $63, Z3, Z4
	VPADDQ Z4, Z2, Z2
	VPANDQ Z22, Z4, Z4
	VPADDQ Z4, Z3, Z3
	VPSUBQ Z23, Z3, Z3      // lo
	VPSUBQ Z23, Z2, Z2      // hi
	VPSUBQ Z3, Z24, Z4
	VPADDQ Z3, Z24, Z5
	VPTERNLOGQ $0xfe, Z4, Z5, Z9
	VPSUBQ Z2, Z24, Z4
	VPADDQ Z2, Z24, Z5
	VPTERNLOGQ $0xfe, Z4, Z5, Z9
	VPADDQ Z25, Z3, Z3
	VPADDQ Z25, Z2, Z2
	VMOVDQA64 Z27, Z6
	VPERMI2Q Z2, Z3, Z6
	VMOVDQA64 Z28, Z7
	VPERMI2Q Z2, Z3, Z7
	VMOVDQU64 Z6, (DI)
	VMOVDQU64 Z7, 64(DI)
	ADDQ $64, SI
	ADDQ $128, DI
	DECQ CX
	JNZ  unpackloop
	VPMOVQ2M Z9, K1
	KMOVQ K1, AX
	MOVQ AX, outside+32(FP)
	VZEROUPPER
	RET
