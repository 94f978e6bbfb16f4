//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// patterns says, for each distance up to 16, which of the bytes before come next, and
// steps how many of the 32 go on as a whole.
DATA patterns<>+0(SB)/8, $0x0000000000000000
DATA patterns<>+8(SB)/8, $0x0000000000000000
DATA patterns<>+16(SB)/8, $0x0000000000000000
DATA patterns<>+24(SB)/8, $0x0000000000000000
DATA patterns<>+32(SB)/8, $0x0000000000000000
DATA patterns<>+40(SB)/8, $0x0000000000000000
DATA patterns<>+48(SB)/8, $0x0000000000000000
DATA patterns<>+56(SB)/8, $0x0000000000000000
DATA patterns<>+64(SB)/8, $0x0100010001000100
DATA patterns<>+72(SB)/8, $0x0100010001000100
DATA patterns<>+80(SB)/8, $0x0100010001000100
DATA patterns<>+88(SB)/8, $0x0100010001000100
DATA patterns<>+96(SB)/8, $0x0100020100020100
DATA patterns<>+104(SB)/8, $0x0002010002010002
DATA patterns<>+112(SB)/8, $0x0201000201000201
DATA patterns<>+120(SB)/8, $0x0100020100020100
DATA patterns<>+128(SB)/8, $0x0302010003020100
DATA patterns<>+136(SB)/8, $0x0302010003020100
DATA patterns<>+144(SB)/8, $0x0302010003020100
DATA patterns<>+152(SB)/8, $0x0302010003020100
DATA patterns<>+160(SB)/8, $0x0201000403020100
DATA patterns<>+168(SB)/8, $0x0004030201000403
DATA patterns<>+176(SB)/8, $0x0302010004030201
DATA patterns<>+184(SB)/8, $0x0100040302010004
DATA patterns<>+192(SB)/8, $0x0100050403020100
DATA patterns<>+200(SB)/8, $0x0302010005040302
DATA patterns<>+208(SB)/8, $0x0504030201000504
DATA patterns<>+216(SB)/8, $0x0100050403020100
DATA patterns<>+224(SB)/8, $0x0006050403020100
DATA patterns<>+232(SB)/8, $0x0100060504030201
DATA patterns<>+240(SB)/8, $0x0201000605040302
DATA patterns<>+248(SB)/8, $0x0302010006050403
DATA patterns<>+256(SB)/8, $0x0706050403020100
DATA patterns<>+264(SB)/8, $0x0706050403020100
DATA patterns<>+272(SB)/8, $0x0706050403020100
DATA patterns<>+280(SB)/8, $0x0706050403020100
DATA patterns<>+288(SB)/8, $0x0706050403020100
DATA patterns<>+296(SB)/8, $0x0605040302010008
DATA patterns<>+304(SB)/8, $0x0504030201000807
DATA patterns<>+312(SB)/8, $0x0403020100080706
DATA patterns<>+320(SB)/8, $0x0706050403020100
DATA patterns<>+328(SB)/8, $0x0504030201000908
DATA patterns<>+336(SB)/8, $0x0302010009080706
DATA patterns<>+344(SB)/8, $0x0100090807060504
DATA patterns<>+352(SB)/8, $0x0706050403020100
DATA patterns<>+360(SB)/8, $0x04030201000a0908
DATA patterns<>+368(SB)/8, $0x01000a0908070605
DATA patterns<>+376(SB)/8, $0x0908070605040302
DATA patterns<>+384(SB)/8, $0x0706050403020100
DATA patterns<>+392(SB)/8, $0x030201000b0a0908
DATA patterns<>+400(SB)/8, $0x0b0a090807060504
DATA patterns<>+408(SB)/8, $0x0706050403020100
DATA patterns<>+416(SB)/8, $0x0706050403020100
DATA patterns<>+424(SB)/8, $0x0201000c0b0a0908
DATA patterns<>+432(SB)/8, $0x0a09080706050403
DATA patterns<>+440(SB)/8, $0x0504030201000c0b
DATA patterns<>+448(SB)/8, $0x0706050403020100
DATA patterns<>+456(SB)/8, $0x01000d0c0b0a0908
DATA patterns<>+464(SB)/8, $0x0908070605040302
DATA patterns<>+472(SB)/8, $0x030201000d0c0b0a
DATA patterns<>+480(SB)/8, $0x0706050403020100
DATA patterns<>+488(SB)/8, $0x000e0d0c0b0a0908
DATA patterns<>+496(SB)/8, $0x0807060504030201
DATA patterns<>+504(SB)/8, $0x01000e0d0c0b0a09
DATA patterns<>+512(SB)/8, $0x0706050403020100
DATA patterns<>+520(SB)/8, $0x0f0e0d0c0b0a0908
DATA patterns<>+528(SB)/8, $0x0706050403020100
DATA patterns<>+536(SB)/8, $0x0f0e0d0c0b0a0908
GLOBL patterns<>(SB), RODATA|NOPTR, $544
DATA steps<>+0(SB)/8, $0x1c1e1e201e202000
DATA steps<>+8(SB)/8, $0x1e1c1a18161e1b20
DATA steps<>+16(SB)/8, $0x0000000000000020
GLOBL steps<>(SB), RODATA|NOPTR, $24

// What is held, all the way through. Of held, the low byte alone counts.
#define ip   R8
#define op   R9
#define bits R10
#define held R11
#define lits R12
#define dists R13
#define e    AX
#define d    R15

// REFILL makes sure of 56 bits. It uses CX.
#define REFILL \
	MOVQ  (ip), CX        \
	SHLXQ held, CX, CX    \
	ORQ   CX, bits        \
	MOVL  held, CX        \
	XORL  $63, CX         \
	SHRL  $3, CX          \
	ANDL  $7, CX          \
	ADDQ  CX, ip          \
	ORL   $56, held

// LOOK finds the entry that comes next. It uses DX.
#define LOOK \
	MOVL bits, DX               \
	ANDL $const_litMask, DX     \
	MOVL (lits)(DX*4), e

// LITERAL writes a byte and takes its bits. It uses CX.
#define LITERAL \
	MOVL  e, CX             \
	SHRL  $16, CX           \
	MOVB  CX, (op)          \
	INCQ  op                \
	SHRXQ e, bits, bits     \
	SUBL  e, held

// func fastAVX2(z *inflater, inEnd, outEnd int) bool
TEXT ·fastAVX2(SB), NOSPLIT, $32-25
	MOVQ z+0(FP), DI
	MOVQ (inflater_flow+flow_src)(DI), ip
	MOVQ (inflater_flow+flow_dst)(DI), op
	MOVQ inEnd+8(FP), AX
	ADDQ ip, AX
	MOVQ AX, inEnd-8(SP)
	MOVQ outEnd+16(FP), AX
	ADDQ op, AX
	MOVQ AX, outEnd-16(SP)
	MOVQ op, begin-24(SP)
	MOVBQZX inflater_mixed(DI), AX
	MOVQ AX, mixed-32(SP)
	ADDQ (inflater_flow+flow_ip)(DI), ip
	ADDQ (inflater_flow+flow_op)(DI), op
	MOVQ (inflater_flow+flow_bits)(DI), bits
	MOVQ (inflater_flow+flow_held)(DI), held
	LEAQ inflater_lits(DI), lits
	LEAQ inflater_dists(DI), dists
	REFILL
	LOOK

turn:
	CMPQ  ip, inEnd-8(SP)
	JHI   done
	CMPQ  op, outEnd-16(SP)
	JCC   done
	CMPQ  mixed-32(SP), $0
	JNE   maybe
	TESTL e, e
	JPL   symbol
	LITERAL
	LOOK
	TESTL e, e
	JPL   refilled
	LITERAL
	LOOK
	TESTL e, e
	JPL   refilled
	LITERAL
	LOOK
	REFILL
	JMP   turn

	// A literal or not, without a branch that could be guessed wrong: in that case, the
	// byte is written over later, and no bits are taken.
maybe:
	MOVL  e, CX
	SHRL  $16, CX
	MOVB  CX, (op)
	MOVL  e, CX
	SARL  $31, CX       // all ones, or zero
	MOVLQSX CX, DX
	SUBQ  DX, op
	ANDL  e, CX
	SHRXQ CX, bits, bits
	SUBL  CX, held
	LOOK
	TESTL e, e
	JPL   refilled
	LITERAL
	LOOK
	TESTL e, e
	JPL   refilled
	LITERAL
	LOOK
	REFILL
	JMP   turn

refilled:
	REFILL

symbol:
	TESTL $const_odd, e
	JNZ   oddSymbol

length:
	BZHIQ e, bits, BX
	MOVL  e, CX
	SHRL  $8, CX
	SHRXQ CX, BX, BX
	SHRXQ e, bits, DX
	MOVL  e, CX
	SHRL  $16, CX
	ADDQ  CX, BX        // the length
	MOVBLZX DX, CX
	MOVL  (dists)(CX*4), d
	SUBL  e, held
	TESTL $const_odd, d
	JNZ   oddDistance

distance:
	BZHIQ d, DX, CX
	MOVL  d, SI
	SHRL  $8, SI
	SHRXQ SI, CX, CX
	MOVL  d, SI
	SHRL  $16, SI
	ADDQ  SI, CX        // the distance
	MOVQ  op, SI
	SUBQ  CX, SI        // where it begins
	CMPQ  SI, begin-24(SP)
	JCS   wrong
	SUBL  d, held
	SHRXQ d, DX, bits
	MOVQ  op, DI        // where it goes
	ADDQ  BX, op
	CMPQ  CX, $32
	JCS   near
	REFILL
	LOOK
	VMOVDQU (SI), Y0
	VMOVDQU Y0, (DI)
	CMPQ  BX, $32
	JLS   turn

far:
	VMOVDQU 32(SI), Y0
	VMOVDQU Y0, 32(DI)
	ADDQ  $32, SI
	ADDQ  $32, DI
	SUBQ  $32, BX
	CMPQ  BX, $32
	JHI   far
	JMP   turn

near:
	CMPQ  CX, $16
	JHI   middle
	LEAQ  steps<>(SB), DX
	MOVBLZX (DX)(CX*1), BX
	SHLL  $5, CX
	LEAQ  patterns<>(SB), DX
	VBROADCASTI128 (SI), Y0
	VPSHUFB (DX)(CX*1), Y0, Y0
	REFILL
	LOOK

repeat:
	VMOVDQU Y0, (DI)
	ADDQ  BX, DI
	CMPQ  DI, op
	JCS   repeat
	JMP   turn

middle:
	REFILL
	LOOK

sixteen:
	VMOVDQU (SI), X0
	VMOVDQU X0, (DI)
	ADDQ  $16, SI
	ADDQ  $16, DI
	CMPQ  DI, op
	JCS   sixteen
	JMP   turn

oddSymbol:
	TESTL $const_deeper, e
	JZ    done
	MOVQ  bits, DX
	SHRQ  $const_litBits, DX
	MOVL  e, CX
	SHRL  $8, CX
	ANDL  $15, CX
	BZHIQ CX, DX, CX
	SHRL  $16, e
	ADDQ  CX, e
	MOVL  (lits)(e*4), e
	TESTL e, e
	JMI   oddLiteral
	TESTL $const_odd, e
	JNZ   done
	MOVQ  DX, bits
	SUBL  $const_litBits, held
	JMP   length

oddLiteral:
	MOVQ  DX, bits
	SUBL  $const_litBits, held
	LITERAL
	REFILL
	LOOK
	JMP   turn

oddDistance:
	TESTL $const_deeper, d
	JZ    wrong
	SHRQ  $const_distBits, DX
	SUBL  $const_distBits, held
	MOVL  d, CX
	SHRL  $8, CX
	ANDL  $15, CX
	BZHIQ CX, DX, CX
	SHRL  $16, d
	ADDQ  CX, d
	MOVL  (dists)(d*4), d
	TESTL $const_odd, d
	JZ    distance

wrong:
	VZEROUPPER
	MOVB  $0, ret+24(FP)
	RET

done:
	VZEROUPPER
	MOVQ  z+0(FP), DI
	SUBQ  (inflater_flow+flow_src)(DI), ip
	SUBQ  (inflater_flow+flow_dst)(DI), op
	MOVBQZX held, held
	MOVQ  ip, (inflater_flow+flow_ip)(DI)
	MOVQ  op, (inflater_flow+flow_op)(DI)
	MOVQ  bits, (inflater_flow+flow_bits)(DI)
	MOVQ  held, (inflater_flow+flow_held)(DI)
	MOVB  $1, ret+24(FP)
	RET
