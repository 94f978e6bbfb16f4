//go:build !amd64 || purego

package bgzf

// kernels are those that run here, the best one first.
func kernels() []kernel { return []kernel{fastGo} }
