//go:build amd64 && !purego

// What blocks need, eight words of 64 bits at a time: AVX-512 with IFMA, VBMI, VAES and
// VPOPCNTDQ. Arguments are those of the functions in vector_amd64.go. No branch and no
// address depends on a value.

#include "textflag.h"
#include "vector_amd64.h"

// transpose turns eight rows of eight into columns, by way of itself.
#define transpose(a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7) \
	VPUNPCKLQDQ a1, a0, b0 \
	VPUNPCKHQDQ a1, a0, b1 \
	VPUNPCKLQDQ a3, a2, b2 \
	VPUNPCKHQDQ a3, a2, b3 \
	VPUNPCKLQDQ a5, a4, b4 \
	VPUNPCKHQDQ a5, a4, b5 \
	VPUNPCKLQDQ a7, a6, b6 \
	VPUNPCKHQDQ a7, a6, b7 \
	VSHUFI64X2  $0x44, b2, b0, a0 \
	VSHUFI64X2  $0xee, b2, b0, a1 \
	VSHUFI64X2  $0x44, b6, b4, a2 \
	VSHUFI64X2  $0xee, b6, b4, a3 \
	VSHUFI64X2  $0x44, b3, b1, a4 \
	VSHUFI64X2  $0xee, b3, b1, a5 \
	VSHUFI64X2  $0x44, b7, b5, a6 \
	VSHUFI64X2  $0xee, b7, b5, a7 \
	VSHUFI64X2  $0x88, a2, a0, b0 \
	VSHUFI64X2  $0xdd, a2, a0, b2 \
	VSHUFI64X2  $0x88, a3, a1, b4 \
	VSHUFI64X2  $0xdd, a3, a1, b6 \
	VSHUFI64X2  $0x88, a6, a4, b1 \
	VSHUFI64X2  $0xdd, a6, a4, b3 \
	VSHUFI64X2  $0x88, a7, a5, b5 \
	VSHUFI64X2  $0xdd, a7, a5, b7

// public multiplies row r of eight drawn numbers by the key.
#define public(r, y) \
	VPANDQ  (64*r)(SI), Z27, Z22 \
	VPSUBQ  Z22, Z28, Z23 \
	VPORQ   Z23, Z29, Z29 \
	times(Z22, (128*r)(DX), (128*r+64)(DX), y, Z23)

// func vectorFirst(x *uint64, random *byte, key *uint64, roots *uint64) (high uint64)
TEXT ·vectorFirst(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ random+8(FP), SI
	MOVQ key+16(FP), DX
	MOVQ roots+24(FP), BX
	consts
	MOVQ $0x3ffffffffffff, AX
	VPBROADCASTQ AX, Z27
	MOVQ $0x3ffffffffc000, AX
	VPBROADCASTQ AX, Z28
	VPXORQ Z29, Z29, Z29
	MOVQ $32, CX

first:
	public(0, Z0)
	public(1, Z1)
	public(2, Z2)
	public(3, Z3)
	public(4, Z4)
	public(5, Z5)
	public(6, Z6)
	public(7, Z7)
	transpose(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	butterfly(Z8, Z9, 0(BX), 64(BX))
	butterfly(Z10, Z11, 128(BX), 192(BX))
	butterfly(Z12, Z13, 256(BX), 320(BX))
	butterfly(Z14, Z15, 384(BX), 448(BX))
	butterfly(Z8, Z10, 512(BX), 576(BX))
	butterfly(Z9, Z11, 512(BX), 576(BX))
	butterfly(Z12, Z14, 640(BX), 704(BX))
	butterfly(Z13, Z15, 640(BX), 704(BX))
	butterfly(Z8, Z12, 768(BX), 832(BX))
	butterfly(Z9, Z13, 768(BX), 832(BX))
	butterfly(Z10, Z14, 768(BX), 832(BX))
	butterfly(Z11, Z15, 768(BX), 832(BX))
	transpose(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)
	VMOVDQU64 Z0, 0(DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VMOVDQU64 Z4, 256(DI)
	VMOVDQU64 Z5, 320(DI)
	VMOVDQU64 Z6, 384(DI)
	VMOVDQU64 Z7, 448(DI)
	ADDQ $512, DI
	ADDQ $512, SI
	ADDQ $1024, DX
	ADDQ $896, BX
	DECQ CX
	JNZ  first
	VPMOVQ2M Z29, K1
	KMOVQ K1, AX
	MOVQ AX, high+32(FP)
	VZEROUPPER
	RET

// func vectorLayers(x *uint64, span int, roots *uint64)
TEXT ·vectorLayers(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ span+8(FP), R8
	MOVQ roots+16(FP), DX
	consts
	SHLQ $3, R8           // distances in bytes
	LEAQ (R8)(R8*2), R9
	LEAQ (R8)(R8*4), R10
	LEAQ (R9)(R8*4), R11
	MOVQ $8192, AX        // N/(2*span) roots from N/(2*span) on, and so on; 8 bytes each
	MOVQ span+8(FP), BX
	TZCNTQ BX, CX
	SHRQ CX, AX
	LEAQ (DX)(AX*1), R12  // first
	SHRQ $1, AX
	LEAQ (DX)(AX*1), R13  // second
	SHRQ $1, AX
	LEAQ (DX)(AX*1), DI   // third
	SHRQ $3, AX           // N/(8*span) groups
	MOVQ AX, CX

group:
	VPBROADCASTQ 0(R12), Z8
	VPBROADCASTQ 16384(R12), Z12
	VPBROADCASTQ 8(R12), Z9
	VPBROADCASTQ 16392(R12), Z13
	VPBROADCASTQ 16(R12), Z10
	VPBROADCASTQ 16400(R12), Z14
	VPBROADCASTQ 24(R12), Z11
	VPBROADCASTQ 16408(R12), Z15
	VPBROADCASTQ 0(R13), Z16
	VPBROADCASTQ 16384(R13), Z18
	VPBROADCASTQ 8(R13), Z17
	VPBROADCASTQ 16392(R13), Z19
	VPBROADCASTQ (DI), Z20
	VPBROADCASTQ 16384(DI), Z21
	MOVQ R8, BX

vectors:
	VMOVDQU64 (SI), Z0
	VMOVDQU64 (SI)(R8*1), Z1
	VMOVDQU64 (SI)(R8*2), Z2
	VMOVDQU64 (SI)(R9*1), Z3
	VMOVDQU64 (SI)(R8*4), Z4
	VMOVDQU64 (SI)(R10*1), Z5
	VMOVDQU64 (SI)(R9*2), Z6
	VMOVDQU64 (SI)(R11*1), Z7
	butterfly(Z0, Z1, Z8, Z12)
	butterfly(Z2, Z3, Z9, Z13)
	butterfly(Z4, Z5, Z10, Z14)
	butterfly(Z6, Z7, Z11, Z15)
	butterfly(Z0, Z2, Z16, Z18)
	butterfly(Z1, Z3, Z16, Z18)
	butterfly(Z4, Z6, Z17, Z19)
	butterfly(Z5, Z7, Z17, Z19)
	butterfly(Z0, Z4, Z20, Z21)
	butterfly(Z1, Z5, Z20, Z21)
	butterfly(Z2, Z6, Z20, Z21)
	butterfly(Z3, Z7, Z20, Z21)
	VMOVDQU64 Z0, (SI)
	VMOVDQU64 Z1, (SI)(R8*1)
	VMOVDQU64 Z2, (SI)(R8*2)
	VMOVDQU64 Z3, (SI)(R9*1)
	VMOVDQU64 Z4, (SI)(R8*4)
	VMOVDQU64 Z5, (SI)(R10*1)
	VMOVDQU64 Z6, (SI)(R9*2)
	VMOVDQU64 Z7, (SI)(R11*1)
	ADDQ $64, SI
	SUBQ $64, BX
	JNZ  vectors
	ADDQ R11, SI
	ADDQ $32, R12
	ADDQ $16, R13
	ADDQ $8, DI
	DECQ CX
	JNZ  group
	VZEROUPPER
	RET
