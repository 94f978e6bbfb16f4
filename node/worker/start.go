package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	// ErrChild is returned when the child ended before it was done: it crashed or was
	// killed.
	ErrChild = errors.New("worker: the process that reads genotypes ended before it was done; nothing was kept of what it said")
	// ErrMemory is returned when the child asked for more memory than it may have.
	ErrMemory = fmt.Errorf("%w: it asked for more memory than a sound file of this size takes", ErrChild)
	// ErrTime is returned when the child used more of the processor than it may.
	ErrTime = fmt.Errorf("%w: it took more time than a sound file of this size takes", ErrChild)
	// ErrSilent is returned when the child said nothing for too long.
	ErrSilent = fmt.Errorf("%w: it has said nothing for too long", ErrChild)
	// ErrStart is returned when no child could be started.
	ErrStart = errors.New("worker: the process that reads genotypes cannot be started")
)

// Program is what runs as the child. It calls Child, first of all and nothing else.
type Program struct {
	Path string
	Args []string // the first of which is the program's name
}

// Self is this program, with other arguments.
func Self(args ...string) (Program, error) {
	path, err := self()
	if err != nil {
		return Program{}, fmt.Errorf("%w: %w", ErrStart, err)
	}
	return Program{Path: path, Args: append([]string{os.Args[0]}, args...)}, nil
}

// Config says how a child is run. Zero means the documented default.
type Config struct {
	// Program is the child. Needed.
	Program Program
	// Memory bounds the address space that the child takes beyond its program, in
	// bytes. Zero means 1 GiB and a quarter of the files' size, at most 16 GiB.
	Memory uint64
	// Seconds bounds its time on the processor. Zero means a minute, and one second
	// for each 256 KiB of the files.
	Seconds uint64
	// Patience is how long it may say nothing. Zero means 10 minutes: a file may lie on a
	// slow disk.
	Patience time.Duration
}

func (c Config) withDefaults(bytes int64) Config {
	size := uint64(max(bytes, 0))
	if c.Memory == 0 {
		c.Memory = min(1<<30+size/4, 16<<30)
	}
	if c.Seconds == 0 {
		c.Seconds = 60 + size/(256<<10)
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Minute
	}
	return c
}

// child is a process that parses, and what goes to it.
type child struct {
	cfg     Config
	ctx     context.Context // of the process, as in exec.CommandContext
	stop    context.CancelFunc
	cmd     *exec.Cmd
	out     *os.File
	errors  head
	feeds   []chan error // one error each, nil when all of a file went
	silent  atomic.Bool
	apart   bool
	waited  bool
	waitErr error
}

// startChild starts the process and gives it its files.
func startChild(ctx context.Context, cfg Config, s Source, places *Places) (*child, error) {
	q := question{
		format: s.Format, files: len(s.Files), scan: s.Scan, again: s.Again != nil, calling: s.Calling,
		limits: limits{memory: cfg.Memory, seconds: cfg.Seconds}, places: places,
	}
	if places != nil {
		q.limits.memory += 8 * uint64(places.size) // it holds them, and their encoding
	}
	from := s.Files
	if q.again {
		from = append(slices.Clip(from), s.Again)
	}
	c := &child{cfg: cfg}
	c.ctx, c.stop = context.WithCancel(ctx)
	pipes, err := newPipes(2 + len(from))
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	ask, answer, files := pipes[0], pipes[1], pipes[2:]
	theirs := []*os.File{answer.w}
	for _, f := range files {
		theirs = append(theirs, f.r)
	}
	err = c.start(ask.r, theirs)
	for _, f := range append(theirs, ask.r) {
		err = errors.Join(err, f.Close())
	}
	c.out = answer.r
	if err != nil {
		c.stop()
		for _, p := range append(files, ask) {
			err = errors.Join(err, p.w.Close())
		}
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrStart, err), c.out.Close())
	}
	c.feed(ask.w, &once{b: q.encode()})
	for i, f := range files {
		c.feed(f.w, from[i])
	}
	return c, nil
}

// start starts it apart from network and other processes, or else without that.
func (c *child) start(stdin *os.File, files []*os.File) error {
	for _, alone := range []bool{true, false} {
		cmd := exec.CommandContext(c.ctx, c.cfg.Program.Path)
		cmd.Args = c.cfg.Program.Args
		cmd.Env = []string{} // none of ours
		cmd.Dir = "/"
		cmd.Stdin, cmd.Stderr, cmd.ExtraFiles = stdin, &c.errors, files
		cmd.WaitDelay = time.Second // for what it left behind with its standard error
		if alone && !apart(cmd) {
			continue
		}
		err := cmd.Start()
		if err == nil {
			c.cmd, c.apart = cmd, alone
			return nil
		}
		if !alone || !notAllowed(err) {
			return err
		}
	}
	return ErrStart
}

// notAllowed reports whether a kernel, or who set it up, has no namespaces for us.
func notAllowed(err error) bool {
	for _, is := range []syscall.Errno{syscall.EPERM, syscall.EACCES, syscall.EINVAL, syscall.ENOSPC, syscall.ENOSYS, syscall.EUSERS} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// feed writes a file into a pipe until one of them ends.
func (c *child) feed(to *os.File, from io.Reader) {
	done := make(chan error, 1)
	c.feeds = append(c.feeds, done)
	go func() {
		defer to.Close()
		b := make([]byte, frameSize)
		for {
			n, err := from.Read(b)
			if n > 0 {
				if _, gone := to.Write(b[:n]); gone != nil {
					done <- nil // how the child ended says why
					return
				}
			}
			if err != nil {
				if err == io.EOF {
					err = nil
				}
				done <- err
				return
			}
		}
	}()
}

// once reads bytes that are forgotten when they were read.
type once struct{ b []byte }

// Read hands out what is left.
func (o *once) Read(p []byte) (int, error) {
	if len(o.b) == 0 {
		o.b = nil
		return 0, io.EOF
	}
	n := copy(p, o.b)
	o.b = o.b[n:]
	return n, nil
}

// Read reads what the child says, and ends a child that says nothing.
func (c *child) Read(p []byte) (int, error) {
	late := time.AfterFunc(c.cfg.Patience, func() {
		c.silent.Store(true)
		c.stop()
	})
	defer late.Stop()
	return c.out.Read(p)
}

func (c *child) hidden() bool { return c.apart }

// end ends the process, if it has not ended, and waits for all that was started with
// it. It returns what went wrong with reading the files.
func (c *child) end() (fault error) {
	if c.waited {
		return nil
	}
	c.waited = true
	c.stop()
	c.waitErr = c.cmd.Wait()
	for _, done := range c.feeds {
		fault = errors.Join(fault, <-done)
	}
	return errors.Join(fault, c.out.Close())
}

// died says why a child ended that had not said that it would.
func (c *child) died() error {
	used := c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
	switch {
	case c.silent.Load():
		return ErrSilent
	case c.cmd.ProcessState.ExitCode() == exitTime, used >= time.Duration(c.cfg.Seconds)*time.Second:
		return ErrTime
	case c.errors.hasAny("out of memory", "cannot allocate memory"), peak(c.cmd.ProcessState) >= c.cfg.Memory/2:
		return ErrMemory // the runtime does not always come to say so
	}
	return fmt.Errorf("%w (%s)", ErrChild, c.cmd.ProcessState)
}
