//go:build !locus_unsafe

package debug

// TB is the part of testing.TB that Defended needs.
type TB interface {
	Helper()
	Error(args ...any)
}

// Defended requires that an attack is refused. With the tag locus_unsafe it also
// requires that the attack succeeds without the mechanism: then it is that
// mechanism, and no accident, that stops it. Where another would stop the attack as
// well, that one is named in besides, and is out in both tries.
func Defended(t TB, _ Mechanism, attack func() error, _ ...Mechanism) {
	t.Helper()
	if attack() == nil {
		t.Error("the attack succeeds")
	}
}
