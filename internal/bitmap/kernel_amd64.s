//go:build amd64 && !purego

#include "textflag.h"

// The number of bits in a nibble, in both halves of a register.
DATA ones<>+0(SB)/8, $0x0302020102010100
DATA ones<>+8(SB)/8, $0x0403030203020201
DATA ones<>+16(SB)/8, $0x0302020102010100
DATA ones<>+24(SB)/8, $0x0403030203020201
GLOBL ones<>(SB), RODATA|NOPTR, $32

// Of the two codes in a nibble the lower bits, and four bits up the upper bits.
DATA lower<>+0(SB)/8, $0x1312030211100100
DATA lower<>+8(SB)/8, $0x3332232231302120
DATA lower<>+16(SB)/8, $0x1312030211100100
DATA lower<>+24(SB)/8, $0x3332232231302120
GLOBL lower<>(SB), RODATA|NOPTR, $32

// The same, two bits up.
DATA upper<>+0(SB)/8, $0x4c480c0844400400
DATA upper<>+8(SB)/8, $0xccc88c88c4c08480
DATA upper<>+16(SB)/8, $0x4c480c0844400400
DATA upper<>+24(SB)/8, $0xccc88c88c4c08480
GLOBL upper<>(SB), RODATA|NOPTR, $32

DATA nibbles<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $8

// To join two nibbles in bytes of their own: the first and 16 times the second.
DATA join<>+0(SB)/8, $0x1001100110011001
GLOBL join<>(SB), RODATA|NOPTR, $8

// The matrix that brings bits 0, 2, 4 and 6 of a byte to 0 to 3, and the others behind.
DATA matrix<>+0(SB)/8, $0x0104104002082080
GLOBL matrix<>(SB), RODATA|NOPTR, $8

// func countAndAVX2(a, b *uint64, blocks int) int
TEXT ·countAndAVX2(SB), NOSPLIT, $0-32
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ blocks+16(FP), CX
	VMOVDQU ones<>(SB), Y5
	VPBROADCASTQ nibbles<>(SB), Y6
	VPXOR Y7, Y7, Y7
	VPXOR Y0, Y0, Y0

countLoop2:
	VMOVDQU (SI), Y1
	VPAND   (DI), Y1, Y1
	VPSRLW  $4, Y1, Y2
	VPAND   Y6, Y1, Y1
	VPAND   Y6, Y2, Y2
	VPSHUFB Y1, Y5, Y1
	VPSHUFB Y2, Y5, Y2
	VPADDB  Y1, Y2, Y1
	VPSADBW Y7, Y1, Y1
	VPADDQ  Y1, Y0, Y0
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     countLoop2

	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, AX
	VZEROUPPER
	MOVQ         AX, ret+24(FP)
	RET

// func countAndAVX512(a, b *uint64, words int) int
TEXT ·countAndAVX512(SB), NOSPLIT, $0-32
	MOVQ   a+0(FP), SI
	MOVQ   b+8(FP), DI
	MOVQ   words+16(FP), CX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1

countLoop512:
	CMPQ      CX, $16
	JLT       countEight
	VMOVDQU64 (SI), Z2
	VMOVDQU64 64(SI), Z3
	VPANDQ    (DI), Z2, Z2
	VPANDQ    64(DI), Z3, Z3
	VPOPCNTQ  Z2, Z2
	VPOPCNTQ  Z3, Z3
	VPADDQ    Z2, Z0, Z0
	VPADDQ    Z3, Z1, Z1
	ADDQ      $128, SI
	ADDQ      $128, DI
	SUBQ      $16, CX
	JMP       countLoop512

countEight:
	CMPQ      CX, $8
	JLT       countRest
	VMOVDQU64 (SI), Z2
	VPANDQ    (DI), Z2, Z2
	VPOPCNTQ  Z2, Z2
	VPADDQ    Z2, Z0, Z0
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $8, CX

countRest:
	MOVL        $1, AX
	SHLL        CX, AX
	DECL        AX
	KMOVW       AX, K1
	VMOVDQU64.Z (SI), K1, Z2
	VMOVDQU64.Z (DI), K1, Z3
	VPANDQ      Z3, Z2, Z2
	VPOPCNTQ    Z2, Z2
	VPADDQ      Z2, Z0, Z0

	VPADDQ        Z1, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPADDQ        Y1, Y0, Y0
	VEXTRACTI128  $1, Y0, X1
	VPADDQ        X1, X0, X0
	VPSRLDQ       $8, X0, X1
	VPADDQ        X1, X0, X0
	VMOVQ         X0, AX
	VZEROUPPER
	MOVQ          AX, ret+24(FP)
	RET

// func splitAVX2(codes *byte, flip byte, one, two, three *uint64, blocks int) (n1, n2, n3 int)
TEXT ·splitAVX2(SB), NOSPLIT, $0-72
	MOVQ codes+0(FP), SI
	MOVQ one+16(FP), R8
	MOVQ two+24(FP), R9
	MOVQ three+32(FP), R10
	MOVQ blocks+40(FP), CX
	VPBROADCASTB flip+8(FP), Y8
	VMOVDQU lower<>(SB), Y9
	VMOVDQU upper<>(SB), Y10
	VPBROADCASTQ nibbles<>(SB), Y11
	VPBROADCASTQ join<>(SB), Y12
	XORQ R11, R11
	XORQ R12, R12
	XORQ R13, R13

splitLoop2:
	VPXOR     (SI), Y8, Y0
	VPSRLW    $4, Y0, Y1
	VPAND     Y11, Y0, Y0
	VPAND     Y11, Y1, Y1
	VPSHUFB   Y0, Y9, Y0
	VPSHUFB   Y1, Y10, Y1
	VPOR      Y1, Y0, Y0       // of each byte: the lower bits of its codes, the upper bits
	VPSRLW    $4, Y0, Y1
	VPAND     Y11, Y0, Y0
	VPAND     Y11, Y1, Y1
	VPMADDUBSW Y12, Y0, Y0
	VPMADDUBSW Y12, Y1, Y1
	VPACKUSWB Y1, Y0, Y0
	VPERMQ    $0xd8, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPANDN    X0, X1, X2
	VPANDN    X1, X0, X3
	VPAND     X0, X1, X4
	VMOVDQU   X2, (R8)
	VMOVDQU   X3, (R9)
	VMOVDQU   X4, (R10)
	POPCNTQ   (R8), AX
	POPCNTQ   8(R8), BX
	ADDQ      AX, R11
	ADDQ      BX, R11
	POPCNTQ   (R9), AX
	POPCNTQ   8(R9), BX
	ADDQ      AX, R12
	ADDQ      BX, R12
	POPCNTQ   (R10), AX
	POPCNTQ   8(R10), BX
	ADDQ      AX, R13
	ADDQ      BX, R13
	ADDQ      $32, SI
	ADDQ      $16, R8
	ADDQ      $16, R9
	ADDQ      $16, R10
	DECQ      CX
	JNZ       splitLoop2

	VZEROUPPER
	MOVQ R11, n1+48(FP)
	MOVQ R12, n2+56(FP)
	MOVQ R13, n3+64(FP)
	RET

// func splitAVX512(codes *byte, flip byte, one, two, three *uint64, blocks int) (n1, n2, n3 int)
TEXT ·splitAVX512(SB), NOSPLIT, $0-72
	MOVQ codes+0(FP), SI
	MOVQ one+16(FP), R8
	MOVQ two+24(FP), R9
	MOVQ three+32(FP), R10
	MOVQ blocks+40(FP), CX
	VPBROADCASTB flip+8(FP), Z8
	VPBROADCASTQ matrix<>(SB), Z9
	VPBROADCASTQ nibbles<>(SB), Z11
	VPBROADCASTQ join<>(SB), Z12
	VPXORQ Z16, Z16, Z16
	VPXORQ Z17, Z17, Z17
	VPXORQ Z18, Z18, Z18

splitLoop512:
	VPXORQ         (SI), Z8, Z0
	VGF2P8AFFINEQB $0, Z9, Z0, Z0  // of each byte: the lower bits of its codes, the upper bits
	VPSRLW         $4, Z0, Z1
	VPANDQ         Z11, Z0, Z0
	VPANDQ         Z11, Z1, Z1
	VPMADDUBSW     Z12, Z0, Z0
	VPMADDUBSW     Z12, Z1, Z1
	VPMOVWB        Z0, Y0
	VPMOVWB        Z1, Y1
	VPANDN         Y0, Y1, Y2
	VPANDN         Y1, Y0, Y3
	VPAND          Y0, Y1, Y4
	VMOVDQU        Y2, (R8)
	VMOVDQU        Y3, (R9)
	VMOVDQU        Y4, (R10)
	VPOPCNTQ       Y2, Y2
	VPOPCNTQ       Y3, Y3
	VPOPCNTQ       Y4, Y4
	VPADDQ         Y2, Y16, Y16
	VPADDQ         Y3, Y17, Y17
	VPADDQ         Y4, Y18, Y18
	ADDQ           $64, SI
	ADDQ           $32, R8
	ADDQ           $32, R9
	ADDQ           $32, R10
	DECQ           CX
	JNZ            splitLoop512

	VEXTRACTI32X4 $1, Y16, X1
	VPADDQ        X1, X16, X0
	VPSRLDQ       $8, X0, X1
	VPADDQ        X1, X0, X0
	VMOVQ         X0, AX
	VEXTRACTI32X4 $1, Y17, X1
	VPADDQ        X1, X17, X0
	VPSRLDQ       $8, X0, X1
	VPADDQ        X1, X0, X0
	VMOVQ         X0, BX
	VEXTRACTI32X4 $1, Y18, X1
	VPADDQ        X1, X18, X0
	VPSRLDQ       $8, X0, X1
	VPADDQ        X1, X0, X0
	VMOVQ         X0, DX
	VZEROUPPER
	MOVQ          AX, n1+48(FP)
	MOVQ          BX, n2+56(FP)
	MOVQ          DX, n3+64(FP)
	RET

// How many of the two codes in a nibble are 1.
DATA ofOne<>+0(SB)/8, $0x0101020100000100
DATA ofOne<>+8(SB)/8, $0x0000010000000100
DATA ofOne<>+16(SB)/8, $0x0101020100000100
DATA ofOne<>+24(SB)/8, $0x0000010000000100
GLOBL ofOne<>(SB), RODATA|NOPTR, $32

// And 2.
DATA ofTwo<>+0(SB)/8, $0x0001000000010000
DATA ofTwo<>+8(SB)/8, $0x0001000001020101
DATA ofTwo<>+16(SB)/8, $0x0001000000010000
DATA ofTwo<>+24(SB)/8, $0x0001000001020101
GLOBL ofTwo<>(SB), RODATA|NOPTR, $32

// And 3.
DATA ofThree<>+0(SB)/8, $0x0100000001000000
DATA ofThree<>+8(SB)/8, $0x0201010101000000
DATA ofThree<>+16(SB)/8, $0x0100000001000000
DATA ofThree<>+24(SB)/8, $0x0201010101000000
GLOBL ofThree<>(SB), RODATA|NOPTR, $32

DATA evens<>+0(SB)/8, $0x5555555555555555
GLOBL evens<>(SB), RODATA|NOPTR, $8

// func countCodesAVX2(codes *byte, flip byte, mask *uint64, blocks int) (n1, n2, n3 int)
TEXT ·countCodesAVX2(SB), NOSPLIT, $0-56
	MOVQ codes+0(FP), SI
	MOVQ mask+16(FP), DI
	MOVQ blocks+24(FP), CX
	VPBROADCASTB flip+8(FP), Y8
	VPBROADCASTQ nibbles<>(SB), Y9
	VMOVDQU ofOne<>(SB), Y10
	VMOVDQU ofTwo<>(SB), Y11
	VMOVDQU ofThree<>(SB), Y12
	VPXOR Y7, Y7, Y7
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6

codesLoop2:
	VPXOR   (SI), Y8, Y0
	VPAND   (DI), Y0, Y0
	VPSRLW  $4, Y0, Y1
	VPAND   Y9, Y0, Y0
	VPAND   Y9, Y1, Y1
	VPSHUFB Y0, Y10, Y2
	VPSHUFB Y1, Y10, Y3
	VPADDB  Y2, Y3, Y2
	VPSADBW Y7, Y2, Y2
	VPADDQ  Y2, Y4, Y4
	VPSHUFB Y0, Y11, Y2
	VPSHUFB Y1, Y11, Y3
	VPADDB  Y2, Y3, Y2
	VPSADBW Y7, Y2, Y2
	VPADDQ  Y2, Y5, Y5
	VPSHUFB Y0, Y12, Y2
	VPSHUFB Y1, Y12, Y3
	VPADDB  Y2, Y3, Y2
	VPSADBW Y7, Y2, Y2
	VPADDQ  Y2, Y6, Y6
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     codesLoop2

	VEXTRACTI128 $1, Y4, X0
	VPADDQ       X0, X4, X4
	VPSRLDQ      $8, X4, X0
	VPADDQ       X0, X4, X4
	VMOVQ        X4, AX
	VEXTRACTI128 $1, Y5, X0
	VPADDQ       X0, X5, X5
	VPSRLDQ      $8, X5, X0
	VPADDQ       X0, X5, X5
	VMOVQ        X5, BX
	VEXTRACTI128 $1, Y6, X0
	VPADDQ       X0, X6, X6
	VPSRLDQ      $8, X6, X0
	VPADDQ       X0, X6, X6
	VMOVQ        X6, DX
	VZEROUPPER
	MOVQ         AX, n1+32(FP)
	MOVQ         BX, n2+40(FP)
	MOVQ         DX, n3+48(FP)
	RET

// func countCodesAVX512(codes *byte, flip byte, mask *uint64, bytes int) (lower, all, both int)
TEXT ·countCodesAVX512(SB), NOSPLIT, $0-56
	MOVQ codes+0(FP), SI
	MOVQ mask+16(FP), DI
	MOVQ bytes+24(FP), CX
	VPBROADCASTB flip+8(FP), Z8
	VPBROADCASTQ evens<>(SB), Z9
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6

codesLoop512:
	CMPQ     CX, $64
	JLT      codesRest
	VPXORQ   (SI), Z8, Z0
	VPANDQ   (DI), Z0, Z0
	VPSRLQ   $1, Z0, Z1
	VPANDQ   Z9, Z0, Z2
	VPANDQ   Z2, Z1, Z1
	VPOPCNTQ Z2, Z2
	VPOPCNTQ Z0, Z0
	VPOPCNTQ Z1, Z1
	VPADDQ   Z2, Z4, Z4
	VPADDQ   Z0, Z5, Z5
	VPADDQ   Z1, Z6, Z6
	ADDQ     $64, SI
	ADDQ     $64, DI
	SUBQ     $64, CX
	JMP      codesLoop512

codesRest:
	MOVQ       $1, AX
	SHLQ       CX, AX
	DECQ       AX
	KMOVQ      AX, K1
	VMOVDQU8.Z (SI), K1, Z0
	VMOVDQU8.Z (DI), K1, Z1
	VPXORQ     Z0, Z8, Z0
	VPANDQ     Z1, Z0, Z0
	VPSRLQ     $1, Z0, Z1
	VPANDQ     Z9, Z0, Z2
	VPANDQ     Z2, Z1, Z1
	VPOPCNTQ   Z2, Z2
	VPOPCNTQ   Z0, Z0
	VPOPCNTQ   Z1, Z1
	VPADDQ     Z2, Z4, Z4
	VPADDQ     Z0, Z5, Z5
	VPADDQ     Z1, Z6, Z6

	VEXTRACTI64X4 $1, Z4, Y0
	VPADDQ        Y0, Y4, Y4
	VEXTRACTI64X4 $1, Z5, Y0
	VPADDQ        Y0, Y5, Y5
	VEXTRACTI64X4 $1, Z6, Y0
	VPADDQ        Y0, Y6, Y6
	VEXTRACTI128  $1, Y4, X0
	VPADDQ        X0, X4, X4
	VPSRLDQ       $8, X4, X0
	VPADDQ        X0, X4, X4
	VMOVQ         X4, AX
	VEXTRACTI128  $1, Y5, X0
	VPADDQ        X0, X5, X5
	VPSRLDQ       $8, X5, X0
	VPADDQ        X0, X5, X5
	VMOVQ         X5, BX
	VEXTRACTI128  $1, Y6, X0
	VPADDQ        X0, X6, X6
	VPSRLDQ       $8, X6, X0
	VPADDQ        X0, X6, X6
	VMOVQ         X6, DX
	VZEROUPPER
	MOVQ          AX, lower+32(FP)
	MOVQ          BX, all+40(FP)
	MOVQ          DX, both+48(FP)
	RET

// func widenAVX2(out *uint32, raw *byte, from uint32, blocks int) (fell int)
// Two bytes before raw are read too.
TEXT ·widenAVX2(SB), NOSPLIT, $0-40
	MOVQ         out+0(FP), DI
	MOVQ         raw+8(FP), SI
	MOVL         from+16(FP), AX
	VMOVD        AX, X6
	VPBROADCASTD X6, Y6
	MOVQ         blocks+24(FP), CX
	VPXOR        Y7, Y7, Y7
	VPXOR        Y0, Y0, Y0

widenLoop2:
	// Where a number is not above the one before, their difference saturates at 0.
	VMOVDQU   (SI), Y1
	VPSUBUSW  -2(SI), Y1, Y1
	VPCMPEQW  Y7, Y1, Y1
	VPOR      Y1, Y0, Y0
	VPMOVZXWD (SI), Y2
	VPMOVZXWD 16(SI), Y3
	VPADDD    Y6, Y2, Y2
	VPADDD    Y6, Y3, Y3
	VMOVDQU   Y2, (DI)
	VMOVDQU   Y3, 32(DI)
	ADDQ      $32, SI
	ADDQ      $64, DI
	DECQ      CX
	JNZ       widenLoop2

	VPMOVMSKB Y0, AX
	VZEROUPPER
	MOVQ      AX, fell+32(FP)
	RET
