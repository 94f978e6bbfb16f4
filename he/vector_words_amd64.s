//go:build amd64 && !purego

// What blocks need, eight words of 64 bits at a time: AVX-512 with IFMA, VBMI, VAES and
// VPOPCNTDQ. Arguments are those of the functions in vector_amd64.go. No branch and no
// address depends on a value.

#include "textflag.h"
#include "vector_amd64.h"

// expand spreads words of six bytes to eight, compress undoes it.
DATA expand<>+0(SB)/8, $0x0000050403020100
DATA expand<>+8(SB)/8, $0x00000b0a09080706
DATA expand<>+16(SB)/8, $0x000011100f0e0d0c
DATA expand<>+24(SB)/8, $0x0000171615141312
DATA expand<>+32(SB)/8, $0x00001d1c1b1a1918
DATA expand<>+40(SB)/8, $0x0000232221201f1e
DATA expand<>+48(SB)/8, $0x0000292827262524
DATA expand<>+56(SB)/8, $0x00002f2e2d2c2b2a
GLOBL expand<>(SB), RODATA|NOPTR, $64

DATA compress<>+0(SB)/8, $0x0908050403020100
DATA compress<>+8(SB)/8, $0x131211100d0c0b0a
DATA compress<>+16(SB)/8, $0x1d1c1b1a19181514
DATA compress<>+24(SB)/8, $0x2928252423222120
DATA compress<>+32(SB)/8, $0x333231302d2c2b2a
DATA compress<>+40(SB)/8, $0x3d3c3b3a39383534
DATA compress<>+48(SB)/8, $0x0000000000000000
DATA compress<>+56(SB)/8, $0x0000000000000000
GLOBL compress<>(SB), RODATA|NOPTR, $64

// lower and upper take four numbers of eight, each twice.
DATA lower<>+0(SB)/8, $0x0000000000000000
DATA lower<>+8(SB)/8, $0x0000000000000000
DATA lower<>+16(SB)/8, $0x0000000000000001
DATA lower<>+24(SB)/8, $0x0000000000000001
DATA lower<>+32(SB)/8, $0x0000000000000002
DATA lower<>+40(SB)/8, $0x0000000000000002
DATA lower<>+48(SB)/8, $0x0000000000000003
DATA lower<>+56(SB)/8, $0x0000000000000003
GLOBL lower<>(SB), RODATA|NOPTR, $64

DATA upper<>+0(SB)/8, $0x0000000000000004
DATA upper<>+8(SB)/8, $0x0000000000000004
DATA upper<>+16(SB)/8, $0x0000000000000005
DATA upper<>+24(SB)/8, $0x0000000000000005
DATA upper<>+32(SB)/8, $0x0000000000000006
DATA upper<>+40(SB)/8, $0x0000000000000006
DATA upper<>+48(SB)/8, $0x0000000000000007
DATA upper<>+56(SB)/8, $0x0000000000000007
GLOBL upper<>(SB), RODATA|NOPTR, $64

// store writes the low 48 bytes of z; y is its low half, x is spoilt.
#define store(y, z, x, at) \
	VMOVDQU y, at(DI) \
	VEXTRACTI32X4 $2, z, x \
	VMOVDQU x, (at+32)(DI)

// last does the two layers that remain, on rows 512 words apart, and takes remainders.
#define last \
	VMOVDQU64 (SI), Z0 \
	VMOVDQU64 4096(SI), Z1 \
	VMOVDQU64 8192(SI), Z2 \
	VMOVDQU64 12288(SI), Z3 \
	butterfly(Z0, Z1, Z9, Z13) \
	butterfly(Z2, Z3, Z10, Z14) \
	butterfly(Z0, Z2, Z8, Z12) \
	butterfly(Z1, Z3, Z8, Z12) \
	remainder(Z0) \
	remainder(Z1) \
	remainder(Z2) \
	remainder(Z3)

#define remainder(y) \
	VPSUBQ  Z27, y, Z22 \
	VPMINUQ Z22, y, y

// scale is the function of that name in transform.go.
#define scale(y) \
	VPSRLQ $14, y, Z22 \
	VPSLLQ $14, Z22, Z23 \
	VPSUBQ Z22, Z23, Z23 \
	VPSRLQ $36, Z23, Z23 \
	VPADDQ Z23, y, y \
	VPADDQ Z28, y, y \
	VPSRLQ $2, y, y

// prepare loads what both functions below use.
#define prepare \
	consts \
	VPBROADCASTQ 8(DX), Z8 \
	VPBROADCASTQ 16(DX), Z9 \
	VPBROADCASTQ 24(DX), Z10 \
	VPBROADCASTQ 16392(DX), Z12 \
	VPBROADCASTQ 16400(DX), Z13 \
	VPBROADCASTQ 16408(DX), Z14 \
	MOVQ $0x3ffffffffc001, AX \
	VPBROADCASTQ AX, Z27 \
	MOVQ $2, AX \
	VPBROADCASTQ AX, Z28 \
	VMOVDQU64 expand<>(SB), Z30 \
	VMOVDQU64 compress<>(SB), Z31 \
	MOVQ $0xffffffffffff, AX \
	KMOVQ AX, K1 \
	MOVQ $0x3f3f3f3f3f3f3f3f, AX \
	KMOVQ AX, K2 \
	MOVQ $64, CX

// Memory is slower than the loops below. They ask for what comes next: the same quarter of
// the next block, or 2 KB ahead. It does no harm where nothing is.

// hide adds coins and message, and writes 48 bytes; k is how many quarters of a block on.
#define hide(y, k) \
	VPOPCNTQ   (4096*k)(BX), Z22 \
	VPMOVZXDQ  (2048*k)(R8), Z23 \
	VPOPCNTQ   Z23, Z23 \
	VPADDQ     Z22, y, y \
	VPADDQ     Z23, y, y \
	VPADDQ     Z29, y, y \
	scale(y) \
	VMOVDQU8.Z (3072*k)(R9), K1, Z22 \
	PREFETCHT0 (12288+3072*k)(R9) \
	VPERMB.Z   Z22, Z30, K2, Z22 \
	VPSLLQ     X15, Z22, Z22 \
	VPADDQ     Z22, y, y \
	VPERMB     y, Z31, Z4 \
	store(Y4, Z4, X5, 3072*k)

// func vectorHide(out *byte, x *uint64, coins *byte, words *byte, roots *uint64, guard uint64)
TEXT ·vectorHide(SB), NOSPLIT, $0-48
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ coins+16(FP), BX
	LEAQ 16384(BX), R8
	MOVQ words+24(FP), R9
	MOVQ roots+32(FP), DX
	MOVQ guard+40(FP), AX
	VMOVQ AX, X15
	prepare
	MOVQ $0x3ffffffffbfd1, AX // q - 48
	VPBROADCASTQ AX, Z29

hideloop:
	last
	hide(Z0, 0)
	hide(Z1, 1)
	hide(Z2, 2)
	hide(Z3, 3)
	ADDQ $64, SI
	ADDQ $64, BX
	ADDQ $32, R8
	ADDQ $48, R9
	ADDQ $48, DI
	DECQ CX
	JNZ  hideloop
	VZEROUPPER
	RET

// show takes the key's part off eight words of the sum.
#define show(y, k) \
	scale(y) \
	VMOVDQU8.Z (3072*k)(BX), K1, Z22 \
	PREFETCHT0 (12288+3072*k)(BX) \
	VPERMB.Z   Z22, Z30, K2, Z22 \
	VPSUBQ     y, Z22, y \
	VPADDQ     Z29, y, y \
	VPSLLQ     $16, y, y \
	VPSRAQ     X15, y, y \
	VMOVDQU64  y, (4096*k)(DI)

// func vectorShow(words *int64, x *uint64, sum *byte, roots *uint64, guard uint64)
TEXT ·vectorShow(SB), NOSPLIT, $0-40
	MOVQ words+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ sum+16(FP), BX
	MOVQ roots+24(FP), DX
	MOVQ guard+32(FP), CX
	MOVQ $1, AX
	SHLQ CX, AX
	SHRQ $1, AX
	VPBROADCASTQ AX, Z29
	ADDQ $16, CX
	VMOVQ CX, X15
	prepare

showloop:
	last
	show(Z0, 0)
	show(Z1, 1)
	show(Z2, 2)
	show(Z3, 3)
	ADDQ $64, SI
	ADDQ $48, BX
	ADDQ $64, DI
	DECQ CX
	JNZ  showloop
	VZEROUPPER
	RET

// weigh multiplies four words, each twice in m, by four pairs of weights.
#define weigh(r, m, low, high) \
	VPANDQ      (64*r)(SI), Z27, Z2 \
	VPSUBQ      Z2, Z28, Z3 \
	VPORQ       Z3, Z29, Z29 \
	VPMADD52LUQ Z2, m, low \
	VPMADD52HUQ Z2, m, high

// func vectorDot(words *int64, random *byte, groups int, sums *uint64) (high uint64)
TEXT ·vectorDot(SB), NOSPLIT, $0-40
	MOVQ words+0(FP), DI
	MOVQ random+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ sums+24(FP), DX
	MOVQ $0x3ffffffffffff, AX
	VPBROADCASTQ AX, Z27
	MOVQ $0x3ffffffffc000, AX
	VPBROADCASTQ AX, Z28
	MOVQ $0x3ffffffffc001, AX
	VPBROADCASTQ AX, Z26
	VMOVDQU64 lower<>(SB), Z24
	VMOVDQU64 upper<>(SB), Z25
	VPXORQ Z29, Z29, Z29
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7

dotloop:
	VMOVDQU64 (DI), Z0
	VPSRAQ $63, Z0, Z1
	VPANDQ Z26, Z1, Z1
	VPADDQ Z1, Z0, Z0 // negative: plus q
	VPERMQ Z0, Z25, Z1
	VPERMQ Z0, Z24, Z0
	weigh(0, Z0, Z4, Z5)
	weigh(1, Z1, Z6, Z7)
	ADDQ $64, DI
	ADDQ $128, SI
	DECQ CX
	JNZ  dotloop
	VPADDQ Z6, Z4, Z4
	VPADDQ Z7, Z5, Z5
	VMOVDQU64 Z4, (DX)
	VMOVDQU64 Z5, 64(DX)
	VPMOVQ2M Z29, K1
	KMOVQ K1, AX
	MOVQ AX, high+32(FP)
	VZEROUPPER
	RET

// func vectorAdd(sum *byte, sites **byte, count int, blocks int)
TEXT ·vectorAdd(SB), NOSPLIT, $0-32
	MOVQ sum+0(FP), DI
	MOVQ sites+8(FP), SI
	MOVQ count+16(FP), DX
	MOVQ blocks+24(FP), CX
	VMOVDQU64 expand<>(SB), Z30
	VMOVDQU64 compress<>(SB), Z31
	MOVQ $0x3f3f3f3f3f3f3f3f, AX // six bytes of eight
	KMOVQ AX, K1
	XORQ R8, R8 // how many bytes of each are added

blockloop:
	VPERMB.Z 0(DI), Z30, K1, Z0
	VPERMB.Z 48(DI), Z30, K1, Z2
	VPERMB.Z 96(DI), Z30, K1, Z4
	VPERMB.Z 144(DI), Z30, K1, Z6
	XORQ R9, R9

siteloop:
	MOVQ (SI)(R9*8), R10
	ADDQ R8, R10
	PREFETCHT0 2048(R10)
	PREFETCHT0 2112(R10)
	PREFETCHT0 2176(R10)
	VPERMB.Z 0(R10), Z30, K1, Z8
	VPERMB.Z 48(R10), Z30, K1, Z9
	VPERMB.Z 96(R10), Z30, K1, Z10
	VPERMB.Z 144(R10), Z30, K1, Z11
	VPADDQ Z8, Z0, Z0
	VPADDQ Z9, Z2, Z2
	VPADDQ Z10, Z4, Z4
	VPADDQ Z11, Z6, Z6
	INCQ R9
	CMPQ R9, DX
	JNE  siteloop

	VPERMB Z0, Z31, Z0
	VPERMB Z2, Z31, Z2
	VPERMB Z4, Z31, Z4
	VPERMB Z6, Z31, Z6
	store(Y0, Z0, X1, 0)
	store(Y2, Z2, X3, 48)
	store(Y4, Z4, X5, 96)
	store(Y6, Z6, X7, 144)
	ADDQ $192, DI
	ADDQ $192, R8
	DECQ CX
	JNZ  blockloop
	VZEROUPPER
	RET

// func vectorPut(to *byte, words *int64, groups int, limit int64) (outside uint64)
TEXT ·vectorPut(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ limit+24(FP), AX
	VPBROADCASTQ AX, Z2
	VMOVDQU64 compress<>(SB), Z31
	VPXORQ Z3, Z3, Z3

putloop:
	PREFETCHT0 2048(SI)
	VMOVDQU64 (SI), Z0
	VPSUBQ Z0, Z2, Z4
	VPADDQ Z0, Z2, Z5
	VPTERNLOGQ $0xfe, Z4, Z5, Z3 // or of all three
	VPERMB Z0, Z31, Z0
	store(Y0, Z0, X1, 0)
	ADDQ $64, SI
	ADDQ $48, DI
	DECQ CX
	JNZ  putloop
	VPMOVQ2M Z3, K1
	KMOVQ K1, AX
	MOVQ AX, outside+32(FP)
	VZEROUPPER
	RET
