//go:build amd64 && !purego

#include "textflag.h"

// TEXTBLOCK reads 16 cells at a place, and moves the bits of who is het, has two ALTs
// and has no call into AX, BX and DX. R13 keeps the bits of who has a usual cell.
#define TEXTBLOCK(place, shift) \
	VMOVDQU32 place(SI), Z16     \
	VPANDD    Z1, Z16, Z17       \
	VPANDD    Z7, Z16, Z18       \
	VPCMPEQD  Z2, Z17, K1        \
	VPCMPEQD  Z3, Z17, K2        \
	VPCMPEQD  Z4, Z17, K3        \
	VPCMPEQD  Z5, Z17, K4        \
	VPCMPEQD  Z6, Z17, K5        \
	VPCMPEQD  Z8, Z18, K6        \
	VPCMPEQD  Z9, Z18, K7        \
	KORW      K2, K3, K2         \
	KORW      K6, K7, K6         \
	KORW      K1, K2, K1         \
	KORW      K4, K5, K3         \
	KORW      K1, K3, K1         \
	KANDW     K1, K6, K1         \
	KMOVW     K1, R14            \
	ANDL      R14, R13           \
	KMOVW     K2, R14            \
	SHLQ      $shift, R14        \
	ORQ       R14, AX            \
	KMOVW     K4, R14            \
	SHLQ      $shift, R14        \
	ORQ       R14, BX            \
	KMOVW     K5, R14            \
	SHLQ      $shift, R14        \
	ORQ       R14, DX

// PLANES writes a word of each plane, and counts its bits.
#define PLANES \
	MOVQ    AX, (DI)   \
	MOVQ    BX, (R8)   \
	MOVQ    DX, (R9)   \
	POPCNTQ AX, AX     \
	POPCNTQ BX, BX     \
	POPCNTQ DX, DX     \
	ADDQ    AX, R10    \
	ADDQ    BX, R11    \
	ADDQ    DX, R12

#define ALL(value, z) \
	MOVL         $value, AX \
	VPBROADCASTD AX, z

// func textAVX512(text *byte, words int, usual uint32, het, hom, missing *uint64, n *counts) bool
TEXT ·textAVX512(SB), NOSPLIT, $0-57
	MOVQ text+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ het+24(FP), DI
	MOVQ hom+32(FP), R8
	MOVQ missing+40(FP), R9
	XORQ R10, R10
	XORQ R11, R11
	XORQ R12, R12
	MOVL usual+16(FP), AX
	VPBROADCASTD AX, Z0
	ALL(0xff00ffff, Z1)
	ALL(0x30003009, Z2)
	ALL(0x31003009, Z3)
	ALL(0x30003109, Z4)
	ALL(0x31003109, Z5)
	ALL(0x2e002e09, Z6)
	ALL(0x00ff0000, Z7)
	ALL(0x002f0000, Z8)
	ALL(0x007c0000, Z9)

textLoop:
	// Mostly all 64 have two REF.
	VPXORD   (SI), Z0, Z16
	VPXORD   64(SI), Z0, Z17
	VPXORD   128(SI), Z0, Z18
	VPXORD   192(SI), Z0, Z19
	VPORD    Z16, Z17, Z16
	VPORD    Z18, Z19, Z18
	VPORD    Z16, Z18, Z16
	VPTESTMD Z16, Z16, K1
	KORTESTW K1, K1
	JNZ      textApart
	MOVQ     $0, (DI)
	MOVQ     $0, (R8)
	MOVQ     $0, (R9)

textNext:
	ADDQ $256, SI
	ADDQ $8, DI
	ADDQ $8, R8
	ADDQ $8, R9
	DECQ CX
	JNZ  textLoop
	MOVB $1, R13

textEnd:
	VZEROUPPER
	MOVQ n+48(FP), AX
	MOVQ R10, 0(AX)
	MOVQ R11, 8(AX)
	MOVQ R12, 16(AX)
	MOVB R13, ret+56(FP)
	RET

textApart:
	XORQ AX, AX
	XORQ BX, BX
	XORQ DX, DX
	MOVL $0xffff, R13
	TEXTBLOCK(0, 0)
	TEXTBLOCK(64, 16)
	TEXTBLOCK(128, 32)
	TEXTBLOCK(192, 48)
	CMPL R13, $0xffff
	JNE  textOdd
	PLANES
	JMP  textNext

textOdd:
	MOVB $0, R13
	JMP  textEnd

// TEXTBLOCK2 is TEXTBLOCK of 8 cells, with AVX2.
#define TEXTBLOCK2(place, shift) \
	VMOVDQU   place(SI), Y10     \
	VPAND     Y1, Y10, Y11       \
	VPAND     Y7, Y10, Y12       \
	VPCMPEQD  Y3, Y11, Y13       \
	VPCMPEQD  Y4, Y11, Y14       \
	VPOR      Y13, Y14, Y13      \
	VMOVMSKPS Y13, R14           \
	SHLQ      $shift, R14        \
	ORQ       R14, AX            \
	VPCMPEQD  Y5, Y11, Y14       \
	VPOR      Y13, Y14, Y13      \
	VMOVMSKPS Y14, R14           \
	SHLQ      $shift, R14        \
	ORQ       R14, BX            \
	VPCMPEQD  Y6, Y11, Y14       \
	VPOR      Y13, Y14, Y13      \
	VMOVMSKPS Y14, R14           \
	SHLQ      $shift, R14        \
	ORQ       R14, DX            \
	VPCMPEQD  Y2, Y11, Y14       \
	VPOR      Y13, Y14, Y13      \
	VPCMPEQD  Y8, Y12, Y14       \
	VPCMPEQD  Y9, Y12, Y15       \
	VPOR      Y14, Y15, Y14      \
	VPAND     Y13, Y14, Y13      \
	VMOVMSKPS Y13, R14           \
	ANDL      R14, R13

#define ALL2(value, x, y) \
	MOVL         $value, AX \
	VMOVD        AX, x      \
	VPBROADCASTD x, y

// func textAVX2(text *byte, words int, usual uint32, het, hom, missing *uint64, n *counts) bool
TEXT ·textAVX2(SB), NOSPLIT, $0-57
	MOVQ text+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ het+24(FP), DI
	MOVQ hom+32(FP), R8
	MOVQ missing+40(FP), R9
	XORQ R10, R10
	XORQ R11, R11
	XORQ R12, R12
	MOVL usual+16(FP), AX
	VMOVD AX, X0
	VPBROADCASTD X0, Y0
	ALL2(0xff00ffff, X1, Y1)
	ALL2(0x30003009, X2, Y2)
	ALL2(0x31003009, X3, Y3)
	ALL2(0x30003109, X4, Y4)
	ALL2(0x31003109, X5, Y5)
	ALL2(0x2e002e09, X6, Y6)
	ALL2(0x00ff0000, X7, Y7)
	ALL2(0x002f0000, X8, Y8)
	ALL2(0x007c0000, X9, Y9)

text2Loop:
	VPXOR  (SI), Y0, Y10
	VPXOR  32(SI), Y0, Y11
	VPXOR  64(SI), Y0, Y12
	VPXOR  96(SI), Y0, Y13
	VPOR   Y10, Y11, Y10
	VPOR   Y12, Y13, Y12
	VPXOR  128(SI), Y0, Y11
	VPXOR  160(SI), Y0, Y13
	VPOR   Y10, Y12, Y10
	VPOR   Y11, Y13, Y11
	VPXOR  192(SI), Y0, Y12
	VPXOR  224(SI), Y0, Y13
	VPOR   Y10, Y11, Y10
	VPOR   Y12, Y13, Y12
	VPOR   Y10, Y12, Y10
	VPTEST Y10, Y10
	JNZ    text2Apart
	MOVQ   $0, (DI)
	MOVQ   $0, (R8)
	MOVQ   $0, (R9)

text2Next:
	ADDQ $256, SI
	ADDQ $8, DI
	ADDQ $8, R8
	ADDQ $8, R9
	DECQ CX
	JNZ  text2Loop
	MOVB $1, R13

text2End:
	VZEROUPPER
	MOVQ n+48(FP), AX
	MOVQ R10, 0(AX)
	MOVQ R11, 8(AX)
	MOVQ R12, 16(AX)
	MOVB R13, ret+56(FP)
	RET

text2Apart:
	XORQ AX, AX
	XORQ BX, BX
	XORQ DX, DX
	MOVL $0xff, R13
	TEXTBLOCK2(0, 0)
	TEXTBLOCK2(32, 8)
	TEXTBLOCK2(64, 16)
	TEXTBLOCK2(96, 24)
	TEXTBLOCK2(128, 32)
	TEXTBLOCK2(160, 40)
	TEXTBLOCK2(192, 48)
	TEXTBLOCK2(224, 56)
	CMPL R13, $0xff
	JNE  text2Odd
	PLANES
	JMP  text2Next

text2Odd:
	MOVB $0, R13
	JMP  text2End

// PAIRSBLOCK reads 32 samples in Z16, as TEXTBLOCK does.
#define PAIRSBLOCK(source, shift) \
	VPCMPEQW Z2, source, K1      \
	VPCMPEQW Z3, source, K2      \
	VPCMPEQW Z4, source, K3      \
	VPCMPEQW Z5, source, K4      \
	VPCMPEQW Z6, source, K5      \
	KORD     K2, K3, K2          \
	KORD     K1, K2, K1          \
	KORD     K4, K5, K3          \
	KORD     K1, K3, K1          \
	KMOVD    K1, R14             \
	ANDL     R14, R13            \
	KMOVD    K2, R14             \
	SHLQ     $shift, R14         \
	ORQ      R14, AX             \
	KMOVD    K4, R14             \
	SHLQ     $shift, R14         \
	ORQ      R14, BX             \
	KMOVD    K5, R14             \
	SHLQ     $shift, R14         \
	ORQ      R14, DX

// func pairsAVX512(raw *byte, words int, het, hom, missing *uint64, n *counts) bool
TEXT ·pairsAVX512(SB), NOSPLIT, $0-49
	MOVQ raw+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ het+16(FP), DI
	MOVQ hom+24(FP), R8
	MOVQ missing+32(FP), R9
	XORQ R10, R10
	XORQ R11, R11
	XORQ R12, R12
	ALL(0xfefefefe, Z1)
	ALL(0x02020202, Z2)
	ALL(0x04020402, Z3)
	ALL(0x02040204, Z4)
	ALL(0x04040404, Z5)
	VPXORD Z6, Z6, Z6

pairsLoop:
	// Without the bits of phase.
	VPANDD   (SI), Z1, Z16
	VPANDD   64(SI), Z1, Z17
	VPXORD   Z2, Z16, Z18
	VPXORD   Z2, Z17, Z19
	VPORD    Z18, Z19, Z18
	VPTESTMD Z18, Z18, K1
	KORTESTW K1, K1
	JNZ      pairsApart
	MOVQ     $0, (DI)
	MOVQ     $0, (R8)
	MOVQ     $0, (R9)

pairsNext:
	ADDQ $128, SI
	ADDQ $8, DI
	ADDQ $8, R8
	ADDQ $8, R9
	DECQ CX
	JNZ  pairsLoop
	MOVB $1, R13

pairsEnd:
	VZEROUPPER
	MOVQ n+40(FP), AX
	MOVQ R10, 0(AX)
	MOVQ R11, 8(AX)
	MOVQ R12, 16(AX)
	MOVB R13, ret+48(FP)
	RET

pairsApart:
	XORQ AX, AX
	XORQ BX, BX
	XORQ DX, DX
	MOVL $0xffffffff, R13
	PAIRSBLOCK(Z16, 0)
	PAIRSBLOCK(Z17, 32)
	CMPL R13, $0xffffffff
	JNE  pairsOdd
	PLANES
	JMP  pairsNext

pairsOdd:
	MOVB $0, R13
	JMP  pairsEnd

// CELL copies the cell at the lowest bit of AX, and takes the bit away. Without a bit
// it copies what is behind the block, to be written over.
#define CELL(place) \
	TZCNTQ AX, R11       \
	MOVL   (SI)(R11*1), R12 \
	MOVL   R12, place(DI) \
	BLSRQ  AX, AX

// func cellsAVX512(text *byte, blocks int, cells *byte, most int, before uint64) (tabs int, sound bool, after uint64)
TEXT ·cellsAVX512(SB), NOSPLIT, $0-64
	MOVQ text+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ cells+16(FP), DI
	MOVQ most+24(FP), R8
	MOVQ before+32(FP), R9
	XORQ R10, R10
	XORQ R13, R13
	ALL(0x09090909, Z0)
	ALL(0x3a3a3a3a, Z1)

cellsLoop:
	VMOVDQU32 (SI), Z16
	VPCMPEQB  Z0, Z16, K1
	VPCMPEQB  Z1, Z16, K2
	KORQ      K1, K2, K2
	KMOVQ     K1, AX
	KMOVQ     K2, BX
	// Where a cell has to end that begins with three letters: four bytes on.
	MOVQ AX, DX
	SHLQ $4, DX
	ORQ  R9, DX
	MOVQ AX, R9
	SHRQ $60, R9
	NOTQ BX
	ANDQ BX, DX
	ORQ  DX, R13
	POPCNTQ AX, BX
	ADDQ    BX, R10
	CMPQ    R10, R8
	JGT     cellsEnd

cellsFour:
	CELL(0)
	CELL(4)
	CELL(8)
	CELL(12)
	CMPQ BX, $4
	JGT  cellsMore
	LEAQ (DI)(BX*4), DI
	ADDQ $64, SI
	DECQ CX
	JNZ  cellsLoop

cellsEnd:
	VZEROUPPER
	MOVQ  R10, tabs+40(FP)
	TESTQ R13, R13
	SETEQ sound+48(FP)
	MOVQ  R9, after+56(FP)
	RET

cellsMore:
	ADDQ $16, DI
	SUBQ $4, BX
	JMP  cellsFour
