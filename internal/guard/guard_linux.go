package guard

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// Bytes returns n bytes twice, in memory of their own, next to a page that nobody may look
// at: behind them, and before them. Who looks there ends the test with a fault.
func Bytes(t testing.TB, n int) (atEnd, atBegin []byte) {
	t.Helper()
	page := os.Getpagesize()
	inner := (n + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, 2*inner+3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	for _, wall := range []int{0, page + inner, 2 * (page + inner)} {
		if err := syscall.Mprotect(all[wall:wall+page], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	begin := 2*page + inner
	return all[page+inner-n : page+inner : page+inner], all[begin : begin+n : begin+n]
}

// Of is Bytes of n numbers of any kind that a kernel takes.
func Of[T uint8 | uint16 | uint32 | uint64](t testing.TB, n int) (atEnd, atBegin []T) {
	t.Helper()
	var one T
	a, b := Bytes(t, n*int(unsafe.Sizeof(one)))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(a))), n), unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}
