package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// programs are what is built.
var programs = []string{"locus", "locus-node", "locus-coordinator"}

// patience bounds every wait for a process.
const patience = 30 * time.Second

// build makes the three programs, unless they were given.
func (d *demo) build(ctx context.Context) error {
	if d.bin != "" {
		abs, err := filepath.Abs(d.bin)
		d.bin = abs
		return err
	}
	d.bin = d.path("bin")
	for _, name := range programs {
		c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(d.bin, name), "github.com/locus-genomics/locus/cmd/"+name)
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// process is a program that runs until it is stopped.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error // set before done is closed
}

// start runs a program in the background, with its log in a file.
func (d *demo) start(name, program string, args ...string) error {
	log, err := os.Create(d.path(name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	p := &process{name: name, log: log.Name(), done: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(d.bin, program), args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// A group of its own: an interrupt of the demo is passed on once, by stop, and a
	// network that is kept outlives the terminal's.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	d.procs = append(d.procs, p)
	return nil
}

// stop asks a process to end and, when it does not, ends it.
func (p *process) stop() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s had ended by itself: %w", p.name, p.err)
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s did not end well: %w", p.name, p.err)
		}
		return nil
	case <-late.C:
		return errors.Join(fmt.Errorf("%s did not end in %s", p.name, patience), p.cmd.Process.Kill())
	}
}

// call runs a command to its end and returns what it printed.
func (d *demo) call(ctx context.Context, program string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, filepath.Join(d.bin, program), args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// freePorts are loopback ports that nobody listens on now.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that all differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// lastWords are the ends of the logs, for a step that failed.
func (d *demo) lastWords() string {
	var b strings.Builder
	for _, p := range d.procs {
		raw, err := os.ReadFile(p.log)
		if err != nil || len(raw) == 0 {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
		fmt.Fprintf(&b, "\n--- %s\n%s", p.name, strings.Join(lines[max(0, len(lines)-15):], "\n"))
	}
	return b.String()
}
