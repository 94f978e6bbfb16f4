//go:build !cgo

package worker

import "golang.org/x/sys/unix"

// alone hides all other processes from the child.
const alone = unix.CLONE_NEWPID
