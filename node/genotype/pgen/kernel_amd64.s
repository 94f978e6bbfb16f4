//go:build amd64 && !purego

#include "textflag.h"

DATA fifteen<>+0(SB)/4, $15
GLOBL fifteen<>(SB), RODATA|NOPTR, $4

DATA lowSeven<>+0(SB)/4, $0x7f
GLOBL lowSeven<>(SB), RODATA|NOPTR, $4

// func deltasAVX512(p *byte, left int, ids *uint32, n int, first uint32) (used int)
//
// Of 64 bytes at a time it tells by the highest bit which of them end a number. Those,
// and for each of them the byte before if it is of the same number, are moved together,
// so that there are two bytes a number; the sums over 16 numbers are written to ids. It
// knows no numbers of three bytes, and gives up at one, and at a last byte that is 0.
TEXT ·deltasAVX512(SB), NOSPLIT, $0-48
	MOVQ p+0(FP), SI
	MOVQ left+8(FP), CX
	MOVQ ids+16(FP), DI
	MOVQ n+24(FP), DX
	MOVL first+32(FP), AX
	VPBROADCASTD AX, Z8               // the sum so far
	VPBROADCASTD fifteen<>(SB), Z9
	VPBROADCASTD lowSeven<>(SB), Z10
	VPXORQ Z11, Z11, Z11
	XORQ   R12, R12                   // 1 where the last byte of the chunk before goes on
	XORQ   R15, R15                   // what is wrong

chunk:
	MOVQ    $64, R8
	CMPQ    CX, R8
	CMOVQLT CX, R8                    // the bytes here
	TESTQ   R8, R8
	JLE     bad
	MOVQ    $-1, AX
	BZHIQ   R8, AX, R9                // and where they are
	KMOVQ   R9, K1
	VMOVDQU8.Z (SI), K1, Z0
	VPMOVB2M Z0, K2
	KMOVQ   K2, R10                   // who goes on
	ANDNQ   R9, R10, R11              // who ends a number
	POPCNTQ R11, BX
	CMPQ    BX, DX
	JLT     all

	// The last number is here: forget what is behind its end.
	MOVQ    DX, BX
	LEAQ    -1(DX), R13
	MOVQ    $1, AX
	SHLXQ   R13, AX, AX
	PDEPQ   R11, AX, AX
	TZCNTQ  AX, R8
	INCQ    R8
	MOVQ    $-1, AX
	BZHIQ   R8, AX, R9
	ANDQ    R9, R10
	ANDQ    R9, R11

all:
	LEAQ    (R12)(R10*2), R13         // who comes after one that goes on
	MOVQ    R10, R12
	SHRQ    $63, R12
	MOVQ    R10, AX
	ANDQ    R13, AX                   // and goes on too
	ORQ     AX, R15
	KMOVQ   R11, K3
	VPTESTNMB Z0, Z0, K3, K4
	KMOVQ   K4, AX                    // who ends a number, and is 0
	ORQ     AX, R15
	KMOVQ   R13, K5
	VMOVDQU8.Z -1(SI), K5, Z1         // the bytes before
	VPCOMPRESSB.Z Z0, K3, Z0
	VPCOMPRESSB.Z Z1, K3, Z1
	MOVQ    DI, R14
	MOVQ    BX, AX

sixteen:
	VPMOVZXBD X0, Z2
	VPMOVZXBD X1, Z3
	VPTESTMD  Z3, Z3, K6
	VPSLLD    $7, Z2, K6, Z2
	VPANDD    Z10, Z3, Z3
	VPORD     Z3, Z2, Z2
	VALIGND   $15, Z11, Z2, Z3
	VPADDD    Z3, Z2, Z2
	VALIGND   $14, Z11, Z2, Z3
	VPADDD    Z3, Z2, Z2
	VALIGND   $12, Z11, Z2, Z3
	VPADDD    Z3, Z2, Z2
	VALIGND   $8, Z11, Z2, Z3
	VPADDD    Z3, Z2, Z2
	VPADDD    Z8, Z2, Z2
	VMOVDQU32 Z2, (R14)
	VPERMD    Z2, Z9, Z8
	VALIGND   $4, Z0, Z0, Z0
	VALIGND   $4, Z1, Z1, Z1
	ADDQ      $64, R14
	SUBQ      $16, AX
	JGT       sixteen

	LEAQ (DI)(BX*4), DI
	ADDQ R8, SI
	SUBQ R8, CX
	SUBQ BX, DX
	JG   chunk

	TESTQ R15, R15
	JNZ   bad
	SUBQ  p+0(FP), SI
	VZEROUPPER
	MOVQ  SI, used+40(FP)
	RET

bad:
	VZEROUPPER
	MOVQ $-1, used+40(FP)
	RET
