package worker_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/locus-genomics/locus/node/worker"
)

// probe tries what a child that was taken over would, and answers with what it could do
// for the names of its samples.
func probe(port string) string {
	left := worker.Confine(1<<30, 60, 1)
	could := []string{"answer"}
	try := func(what string, err error) {
		if err == nil {
			could = append(could, what)
		}
	}
	_, err := os.ReadFile("/etc/passwd")
	try("open a file", err)
	_, err = os.ReadDir("/")
	try("list a directory", err)
	try("make a file", os.WriteFile("/tmp/locus-probe", []byte("x"), 0o600))
	try("make a directory", os.Mkdir("/tmp/locus-probe-directory", 0o700))
	_, err = net.Dial("tcp", "127.0.0.1:"+port)
	try("dial", err)
	_, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	try("make a socket", err)
	try("run a program", exec.Command("/bin/true").Run())
	try("gain privileges", unless(prctl(unix.PR_GET_NO_NEW_PRIVS) == 1))
	try("be dumped", unless(prctl(unix.PR_GET_DUMPABLE) == 0))
	try("read the environment", unless(len(os.Environ()) == 0))
	if node := os.Getppid(); node != 0 { // 0 where it sees no other process
		try("signal the node", syscall.Kill(node, 0))
	}
	for fd := uintptr(5); fd < 1024; fd++ {
		if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			try("use an open file", nil)
			break
		}
	}
	var names []byte
	for _, c := range could {
		names = append(append(names, byte(len(c))), c...)
	}
	lost := byte(0)
	if len(left) > 0 {
		lost = 2
	}
	return string(frame('C', lost)) + string(frame('H', 0, 0, byte(len(could)))) + string(frame('S', names...)) + string(frame('E'))
}

func prctl(what int) int {
	n, err := unix.PrctlRetInt(what, 0, 0, 0, 0)
	if err != nil {
		return -1
	}
	return n
}

func unless(fine bool) error {
	if fine {
		return fmt.Errorf("it could not")
	}
	return nil
}

func TestAChildCanDoNothing(t *testing.T) {
	t.Setenv("LOCUS_SECRET", "secret")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// Who starts a node may leave files open in it.
	open, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(open)
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	r, err := worker.Start(t.Context(), config(t, "evil", "probes "+port), source(worker.VariantCalls, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if lost := r.Lost(); len(lost) > 0 {
		t.Skipf("this machine confines less: %s", strings.Join(lost, "; "))
	}
	if diff := cmp.Diff([]string{"answer"}, r.Samples()); diff != "" {
		t.Errorf("what a child can do (-want +got):\n%s", diff)
	}
}
