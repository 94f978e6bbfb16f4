package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// measure makes a part's files in a folder of their own, and hands out its rows. The
// folder is removed, so that all parts together take no more room than the largest.
func (p part) measure(c config, yield func(row) error) (err error) {
	dir, err := os.MkdirTemp(c.dir, "peers-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := p.write(dir, p.size); err != nil {
		return err
	}
	for _, m := range p.made {
		if _, err := m.run(dir); err != nil {
			return fmt.Errorf("make its files: %w", err)
		}
	}
	for _, x := range p.rows {
		r, err := x.measure(dir, c.rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	if p.weigh == nil {
		return nil
	}
	rows, err := p.weigh(dir)
	for i := 0; i < len(rows) && err == nil; i++ {
		err = yield(rows[i])
	}
	return err
}

// measure runs everybody in turn. The first round is not measured.
func (x contest) measure(dir string, rounds int) (row, error) {
	took := make(map[string][]float64)
	for round := range rounds + 1 {
		for _, p := range x.runs {
			cpu, err := p.run(dir)
			if err != nil {
				return row{}, err
			}
			if round > 0 {
				took[p.who] = append(took[p.who], cpu.Seconds()*max(1, p.times))
			}
		}
	}
	for _, pair := range x.same {
		same, err := sameCounts(filepath.Join(dir, pair[0]), filepath.Join(dir, pair[1]))
		switch {
		case err != nil:
			return row{}, err
		case !same:
			return row{}, errors.New("locus-node and plink2 count differently")
		}
	}
	r := row{Name: x.name, Value: median(took[ours]), Unit: "s", Against: map[string]float64{}}
	for _, p := range x.runs {
		if p.who != ours {
			r.add(p.who, median(took[p.who]))
		}
	}
	return r, nil
}

// add puts someone beside ours.
func (r *row) add(who string, value float64) {
	r.Against[who] = value / r.Value
	r.others = append(r.others, fmt.Sprintf("%s %.3f", who, value))
	r.times = append(r.times, fmt.Sprintf("%s %.2f", who, value/r.Value))
}

// run runs a program and returns the processor time that it took.
func (p program) run(dir string) (time.Duration, error) {
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", strings.Join(p.args, " "), err, said.String())
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
