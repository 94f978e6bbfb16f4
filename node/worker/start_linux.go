package worker

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// self is this very program, also when another has been put in its place since.
func self() (string, error) { return "/proc/self/exe", nil }

// apart lets a command run without network, without others in sight, and as
// nobody. It reports false where that cannot be asked for.
func apart(cmd *exec.Cmd) bool {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | alone,
	}
	return true
}

// pipeSize is what a pipe is asked to hold. Its owner may have less.
const pipeSize = 1 << 20

func widen(f *os.File) {
	c, err := f.SyscallConn()
	if err != nil {
		return
	}
	// A pipe that stays narrow is only slower.
	_ = c.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
}

// peak is the most memory that a process had.
func peak(s *os.ProcessState) uint64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return uint64(u.Maxrss) << 10
	}
	return 0
}
