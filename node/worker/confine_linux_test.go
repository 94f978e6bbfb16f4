package worker_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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

// tryAlone confines the process and says, a line each, what it could do afterwards.
func tryAlone(folder string) {
	open, err := os.Create(folder + "/results/open")
	if err != nil {
		panic(err)
	}
	lost := worker.Alone{Folder: folder + "/results", Late: func() { os.Exit(1) }}.Confine()
	for _, l := range lost {
		fmt.Println("lost: " + l)
	}
	try := func(what string, err error) {
		if err == nil {
			fmt.Println(what)
		}
	}
	_, err = os.ReadFile(folder + "/others/secret")
	try("read a file", err)
	_, err = os.ReadFile(folder + "/results/earlier")
	try("read a file beside the result", err)
	try("make a file", os.WriteFile(folder+"/results/new", nil, 0o600))
	try("remove another's file", os.Remove(folder+"/others/secret"))
	try("move a file away", os.Rename(folder+"/results/open", folder+"/others/open"))
	_, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	try("make a socket", err)
	try("run a program", exec.Command("/bin/true").Run())
	try("be dumped", unless(prctl(unix.PR_GET_DUMPABLE) == 0))
	_, err = open.WriteString("counted")
	try("write what is open", err)
	try("give a result its name", os.Rename(folder+"/results/open", folder+"/results/earlier"))
	os.Exit(0)
}

func TestAProcessAloneCanDoNothingButItsWork(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"others/secret": "NA12878", "results/earlier": "older"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "alone", dir)
	cmd.Env = []string{}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "lost: ") {
		t.Skipf("this machine confines less: %s", out)
	}
	if diff := cmp.Diff("write what is open\ngive a result its name\n", string(out)); diff != "" {
		t.Errorf("what it can do (-want +got):\n%s", diff)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "results", "earlier")); err != nil || string(got) != "counted" {
		t.Errorf("the result is %q, %v", got, err)
	}
}
