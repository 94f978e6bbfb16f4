package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/locus-genomics/locus/internal/synth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// config is what may be changed of the demo.
type config struct {
	bin              string // a directory with the three programs; empty: build them
	dir              string // where the network lives; empty: a temporary directory
	keep             bool
	seed             uint64
	people, variants int
}

// errDiffers is returned when a count is not the pooled one.
var errDiffers = errors.New("the researcher's counts are not the pooled ones")

func run(ctx context.Context, args []string, out, errs io.Writer) (err error) {
	var c config
	f := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&c.bin, "bin", "", "directory with the three programs; they are built without it")
	f.StringVar(&c.dir, "dir", "", "directory for the network; a temporary one without it")
	f.BoolVar(&c.keep, "keep", false, "leave the network running, and print how to go on")
	f.Uint64Var(&c.seed, "seed", 1, "seed of the synthetic cohorts")
	f.IntVar(&c.people, "people", 3500, "people at each site")
	f.IntVar(&c.variants, "variants", 20000, "variants of the panel")
	if err := f.Parse(args); err != nil {
		return err
	}
	d, err := newDemo(c, out, errs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close(err == nil)) }()
	if err := d.build(ctx); err != nil {
		return err
	}
	d.began = time.Now()
	for _, s := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"make a cohort for each site", d.synthesise},
		{"start the coordinator's members", d.startCoordinator},
		{"join the sites and load their cohorts", d.startSites},
		{"agree on the study", d.agree},
		{"ask about a region", d.askRegion},
		{"ask about everything", d.askAll},
		{"ask with differential privacy", d.askPrivately},
	} {
		if err := d.step(ctx, s.title, s.do); err != nil {
			return err
		}
	}
	return d.report()
}

// demo is one network and what is known of it.
type demo struct {
	config
	out, errs io.Writer
	began     time.Time
	spent     []spent
	procs     []*process
	files     synth.Files
	answers   []comparison
	private   noisy
}

// spent is how long a step took.
type spent struct {
	title string
	took  time.Duration
}

func newDemo(c config, out, errs io.Writer) (*demo, error) {
	if c.dir == "" {
		dir, err := os.MkdirTemp("", "locus-demo-")
		if err != nil {
			return nil, err
		}
		c.dir = dir
	} else if err := os.Mkdir(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("the directory must be a new one: %w", err)
	}
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		return nil, err
	}
	c.dir = dir
	return &demo{config: c, out: out, errs: errs}, nil
}

// path is a place below the demo's directory.
func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// say prints a line of progress.
func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.errs, "%6.1f s  %s\n", time.Since(d.began).Seconds(), fmt.Sprintf(format, args...))
}

func (d *demo) step(ctx context.Context, title string, do func(context.Context) error) error {
	d.say("%s", title)
	began := time.Now()
	if err := do(ctx); err != nil {
		return fmt.Errorf("%s: %w%s", title, err, d.lastWords())
	}
	d.spent = append(d.spent, spent{title, time.Since(began)})
	return nil
}

// close ends every process and removes everything, unless the network is to go on.
func (d *demo) close(well bool) error {
	if d.keep && well {
		d.printCommands()
		return nil
	}
	var errs []error
	for _, p := range d.procs {
		errs = append(errs, p.stop())
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}
