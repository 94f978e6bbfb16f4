//go:build !locus_unsafe

package debug

// Attack reports whether mechanisms can be switched off in this build.
const Attack = false

// Without reports whether a mechanism is switched off: never, in this build.
func Without(Mechanism) bool { return false }
