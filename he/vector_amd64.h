// Macros for sums and products modulo q = 2^50 - 16383, eight at a time.

// consts loads what butterflies use: 2q, 2^52 - q, and the low 52 bits.
#define consts \
	MOVQ $0x7ffffffff8002, AX \
	VPBROADCASTQ AX, Z24 \
	MOVQ $0xc000000003fff, AX \
	VPBROADCASTQ AX, Z25 \
	MOVQ $0xfffffffffffff, AX \
	VPBROADCASTQ AX, Z26

// times sets y to x * w modulo q, below 2q, for x below 2^52 and f = floor(w * 2^52 / q).
// It may not have x and y in one register, and spoils t.
#define times(x, w, f, y, t) \
	VPXORQ      t, t, t \
	VPMADD52HUQ f, x, t \
	VPXORQ      y, y, y \
	VPMADD52LUQ w, x, y \
	VPMADD52LUQ Z25, t, y \
	VPANDQ      Z26, y, y

// butterfly sets a, b below 2q to a + b and (a - b) * w, below 2q.
#define butterfly(a, b, w, f) \
	VPADDQ  Z24, a, Z22 \
	VPADDQ  b, a, a \
	VPSUBQ  b, Z22, Z22 \
	VPSUBQ  Z24, a, Z23 \
	VPMINUQ Z23, a, a \
	times(Z22, w, f, b, Z23)
