package guard_test

import (
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/locus-genomics/locus/internal/guard"
)

// faults reports whether looking at a place ends in a fault.
func faults(p *byte, offset int) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	return *(*byte)(unsafe.Add(unsafe.Pointer(p), offset)) == 1
}

func TestNobodyMayLookBesideTheBytes(t *testing.T) {
	for _, n := range []int{1, 4095, 4096, 4097, 20_000} {
		atEnd, atBegin := guard.Bytes(t, n)
		for i := range n {
			atEnd[i], atBegin[i] = 1, 2
		}
		if atEnd[0] != 1 || atEnd[n-1] != 1 {
			t.Errorf("%d bytes: both are the same memory", n)
		}
		if faults(&atEnd[0], n-1) || faults(&atBegin[0], 0) {
			t.Errorf("%d bytes: the bytes themselves cannot be looked at", n)
		}
		if !faults(&atEnd[0], n) || !faults(&atBegin[0], -1) {
			t.Errorf("%d bytes: what is beside them can be looked at", n)
		}
	}
}
