package canary_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol/wire"
)

// patience bounds every wait for a process.
const patience = time.Minute

// programs by the flag that names their directory.
var programs = map[string]string{"locus-node": "--dir", "locus-coordinator": "--dir", "locus": "--home"}

// house is a whole network of processes on this machine, and all that came out of them.
type house struct {
	t     *testing.T
	bin   string
	dir   string            // the directories of the parties, which are looked through
	in    string            // the inputs, which hold the canaries
	who   map[string]string // the program of each party
	vars  map[string]string // $NAME in a line
	tree  map[string]command
	procs map[string]*process
	front *wire.Host // where calls to nodes go through

	mu   sync.Mutex
	ran  map[string]bool // commands, by their path
	seen []seen
	sent map[[32]byte]bool // digests of what the taps saw leave
}

// command is a line of the list that a program makes of itself.
type command struct {
	path, takes string
	flags       []string
}

// seen is something that came out.
type seen struct {
	where string
	bytes []byte
}

func newHouse(t *testing.T) *house {
	h := &house{
		t: t, bin: t.TempDir(), dir: t.TempDir(), in: t.TempDir(), who: make(map[string]string), vars: make(map[string]string),
		tree: make(map[string]command), procs: make(map[string]*process), ran: make(map[string]bool), sent: make(map[[32]byte]bool),
	}
	args := []string{"build", "-trimpath", "-o", h.bin + "/"}
	for program := range programs {
		args = append(args, "github.com/locus-genomics/locus/cmd/"+program)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for program := range programs {
		out, err := exec.CommandContext(t.Context(), filepath.Join(h.bin, program), cli.ListWord).Output()
		if err != nil {
			t.Fatalf("list the commands of %s: %v", program, err)
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			h.tree[f[0]] = command{f[0], f[1], f[2:]}
		}
	}
	t.Cleanup(h.end)
	return h
}

// saw keeps what came out.
func (h *house) saw(where string, b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, seen{where, bytes.Clone(b)})
}

// left notes bytes that a tap saw leave a site.
func (h *house) left(b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent[sha256.Sum256(b)] = true
}

// party adds somebody with a directory.
func (h *house) party(program string, names ...string) {
	for _, name := range names {
		h.who[name] = program
	}
}

func (h *house) path(parts ...string) string {
	return filepath.Join(append([]string{h.dir}, parts...)...)
}

// words parts a line as a shell does, and puts in what $NAME stands for.
func (h *house) words(line string) (list []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		word, rest, quoted := "", "", false
		if rest, quoted = strings.CutPrefix(line, "'"); quoted {
			word, line, _ = strings.Cut(rest, "'")
		} else {
			word, line, _ = strings.Cut(line, " ")
		}
		list = append(list, os.Expand(word, func(name string) string {
			value, ok := h.vars[name]
			if !ok {
				h.t.Fatalf("nothing is $%s", name)
			}
			return value
		}))
	}
	return list
}

// command makes a process of a party's command, and notes that it ran.
func (h *house) command(ctx context.Context, party string, args []string) *exec.Cmd {
	program, ok := h.who[party]
	if !ok {
		h.t.Fatalf("nobody is %s", party)
	}
	h.note(program, args)
	c := exec.CommandContext(ctx, filepath.Join(h.bin, program), append([]string{programs[program], h.path(party)}, args...)...)
	c.Dir = h.in
	c.Env = append(os.Environ(), "LOCUS_NOT_A_SETTING="+environment)
	return c
}

// note finds which command the arguments are of. Who asks for help runs none.
func (h *house) note(program string, args []string) {
	if slices.Contains(args, "--help") {
		return
	}
	path := program
	for _, a := range args {
		if _, ok := h.tree[path+" "+a]; !ok {
			break
		}
		path += " " + a
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ran[path] = true
}

// run has a party type a line, which ends with a code. What < NAME says, at its end, is a file
// for standard input. It returns standard output.
func (h *house) run(party string, code int, line string) string {
	h.t.Helper()
	line, in, _ := strings.Cut(line, " < ")
	out, errs, got := h.exec(party, h.words(line), strings.Join(h.words(in), ""), nil)
	h.saw("stdout of "+party+": "+line, out)
	h.saw("stderr of "+party+": "+line, errs)
	if got != code {
		h.t.Fatalf("%s: %s: code %d, want %d\n%s%s%s", party, line, got, code, out, errs, h.lastWords())
	}
	return strings.TrimSpace(string(out))
}

// exec runs a command to its end; out is where standard output goes, if not here.
func (h *house) exec(party string, args []string, in string, to *os.File) (out, errs []byte, code int) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	c := h.command(ctx, party, args)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	if to != nil {
		c.Stdout = to
	}
	if in != "" {
		f, err := os.Open(in)
		if err != nil {
			h.t.Fatal(err)
		}
		defer f.Close()
		c.Stdin = f
	}
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatalf("%s %q: %v", party, args, err)
	}
	return o.Bytes(), e.Bytes(), c.ProcessState.ExitCode()
}

// process is a program that runs until it is stopped.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}

	mu      sync.Mutex
	said    bytes.Buffer
	changed chan struct{}
}

// Write takes what the process says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
	return p.said.Write(b)
}

func (p *process) text() (string, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String(), p.changed
}

// start has a party run something until stop; name is by what it is stopped.
func (h *house) start(name, party, line string) *process {
	h.t.Helper()
	p := &process{name: name, done: make(chan struct{}), changed: make(chan struct{})}
	p.cmd = h.command(context.WithoutCancel(h.t.Context()), party, h.words(line))
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	h.procs[name] = p
	return p
}

// await waits until a process has said something.
func (h *house) await(name, text string) string {
	h.t.Helper()
	late := time.After(patience)
	for {
		said, changed := h.procs[name].text()
		if strings.Contains(said, text) {
			return said
		}
		select {
		case <-changed:
		case <-h.procs[name].done:
			h.t.Fatalf("%s ended and has not said %q:\n%s", name, text, said)
		case <-late:
			h.t.Fatalf("%s has not said %q:\n%s", name, text, said)
		}
	}
}

// stop sends a signal, waits for the end and keeps what was said.
func (h *house) stop(name string, signal syscall.Signal) {
	h.t.Helper()
	p := h.procs[name]
	delete(h.procs, name)
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		h.t.Errorf("%s did not end", name)
	}
	said, _ := p.text()
	h.saw("log of "+name, []byte(said))
}

// end stops what still runs, in a test that has failed.
func (h *house) end() {
	for _, p := range h.procs {
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

func (h *house) lastWords() string {
	var b strings.Builder
	for name, p := range h.procs {
		said, _ := p.text()
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(said), "\n"), func(l string) bool { return strings.Contains(l, "level=DEBUG") })
		fmt.Fprintf(&b, "\n--- %s\n%s", name, strings.Join(lines[max(0, len(lines)-12):], "\n"))
	}
	return b.String()
}

// until asks again and again whether something is so.
func (h *house) until(what string, so func() bool) {
	h.t.Helper()
	again, late := time.NewTicker(50*time.Millisecond), time.After(patience)
	defer again.Stop()
	for !so() {
		select {
		case <-again.C:
		case <-late:
			h.t.Fatalf("%s does not happen%s", what, h.lastWords())
		}
	}
}

// files keeps every file of the parties' directories.
func (h *house) files() {
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		h.saw("file "+strings.TrimPrefix(path, h.dir+"/"), raw)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// freePort is one of loopback that nobody listens on now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
