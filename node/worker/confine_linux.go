package worker

import (
	"bytes"
	"math"
	"os"
	"os/signal"
	"strconv"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// confine gives up what this process could do, before it reads a byte of a file. It
// reports what it could not give up.
func confine(l limits, files int) (lost loss) {
	if err := closeInherited(firstFile + files); err != nil {
		lost |= lostFiles
	}
	lost |= restrict(l, func() { os.Exit(exitTime) })
	if err := setLimit(unix.RLIMIT_FSIZE, 0); err != nil {
		lost |= lostFiles
	}
	return lost
}

// restrict gives up all but what is open, and the rights that rules grant. It calls late
// when the time is over.
func restrict(l limits, late func(), rules ...landlock.Rule) (lost loss) {
	used, ok := addressSpace()
	failed := func(which loss, err error) {
		if err != nil {
			lost |= which
		}
	}
	failed(lostPrivileges, ll.AllThreadsPrctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi < 1 {
		lost |= lostFiles
	}
	failed(lostFiles, landlock.V11.BestEffort().Restrict(rules...))
	failed(lostMemory, setLimit(unix.RLIMIT_AS, used+l.memory))
	if !ok {
		lost |= lostMemory
	}
	failed(lostTime, setTime(l.seconds, late))
	failed(lostFiles, setLimit(unix.RLIMIT_NOFILE, 0)) // what is open stays open
	failed(lostDump, setLimit(unix.RLIMIT_CORE, 0))
	failed(lostDump, unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
	return lost
}

func setLimit(which int, most uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(which, &now); err != nil {
		return err
	}
	most = min(most, now.Max)
	return unix.Setrlimit(which, &unix.Rlimit{Cur: most, Max: most})
}

// rename is the rights by which files of a folder get other names, or are removed.
func rename(folder string) []landlock.Rule {
	if folder == "" {
		return nil
	}
	return []landlock.Rule{landlock.PathAccess(ll.AccessFSMakeReg|ll.AccessFSRemoveFile, folder)}
}

// confineSelf is confine for a process that has no child.
func confineSelf(l limits, folder string, late func()) loss {
	return restrict(l, late, rename(folder)...)
}

// setTime lets the process say that its time is over, and has it killed soon after.
func setTime(seconds uint64, late func()) error {
	over := make(chan os.Signal, 1)
	signal.Notify(over, unix.SIGXCPU)
	go func() {
		<-over
		late()
	}()
	const grace = 5
	if err := setLimit(unix.RLIMIT_CPU, seconds+grace); err != nil {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds + grace})
}

// addressSpace is what the program has of it by now, much of which a Go program
// reserves and never uses.
func addressSpace() (size uint64, ok bool) {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return math.MaxUint64 / 2, false
	}
	pages, _, _ := bytes.Cut(raw, []byte(" "))
	n, err := strconv.ParseUint(string(pages), 10, 40)
	if err != nil {
		return math.MaxUint64 / 2, false
	}
	return n * uint64(os.Getpagesize()), true
}

// closeInherited closes the open files from a number on that came with this process,
// which whoever started the node may have left open. What the process itself has opened
// is not meant for other programs, and is told by that.
func closeInherited(from int) error {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, f := range open {
		fd, err := strconv.Atoi(f.Name())
		if err != nil || fd < from {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			if err := unix.Close(fd); err != nil {
				return err
			}
		}
	}
	return nil
}
