//go:build !amd64 || purego

package he

// Vectors reports whether the assembly is used.
func Vectors() bool { return false }

// Portable does something in portable Go, as everything here is.
func Portable(do func()) { do() }
