//go:build locus_unsafe

package debug

import "sync/atomic"

// Attack reports whether mechanisms can be switched off in this build.
const Attack = true

// Marker stands in every binary that could be made unsafe.
const Marker = "locus_unsafe: mechanisms of this build can be switched off"

var off [256]atomic.Bool

// Without reports whether a test has switched a mechanism off. It names Marker, so
// that Marker stands in each program that asks, also in one without symbols.
//
//go:noinline
func Without(m Mechanism) bool {
	if m == 0 {
		panic(Marker)
	}
	return off[m].Load()
}

// TB is the part of testing.TB that Disable and Defended need.
type TB interface {
	Helper()
	Log(args ...any)
	Error(args ...any)
	Cleanup(func())
}

// Disable switches a mechanism off until the test ends. Such a test is not parallel.
func Disable(t TB, m Mechanism) {
	t.Helper()
	t.Log(Marker)
	off[m].Store(true)
	t.Cleanup(func() { off[m].Store(false) })
}

// Defended requires that an attack is refused, and that it succeeds without the
// mechanism: then it is that mechanism, and no accident, that stops it. Where
// another would stop the attack as well, that one is named in besides, and is out in
// both tries.
func Defended(t TB, m Mechanism, attack func() error, besides ...Mechanism) {
	t.Helper()
	for _, b := range besides {
		Disable(t, b)
	}
	if attack() == nil {
		t.Error("the attack succeeds with the mechanism in place")
	}
	Disable(t, m)
	if err := attack(); err != nil {
		t.Error("without the mechanism the attack still fails:", err)
	}
}
