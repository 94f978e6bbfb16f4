package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/tally"
)

// spools are the reports of all strata while they are written.
type spools struct {
	form  table.Form
	out   string // where they will be, or "" for a single one that is shown
	head  bool   // each is a VCF, whose head is known last and comes first
	files []*spool
	site  table.Site // the one at hand
}

const (
	// atOnce is how much of a report is gathered before it is written.
	atOnce = 64 << 10
	// roomForLines is that, and a last line of the usual length.
	roomForLines = atOnce + atOnce/8
)

// spool is one report, under a name that nobody looks for, or under none.
type spool struct {
	lines []byte // what is not written yet: lines are made where they are written from
	file  *os.File
	whole *os.File // for head and report together, where there is a head
}

// flush writes what was gathered. The room that a long line took is given back: there may
// be many strata.
func (s *spool) flush() error {
	_, err := s.file.Write(s.lines)
	if s.lines = s.lines[:0]; cap(s.lines) > 2*roomForLines {
		s.lines = make([]byte, 0, roomForLines)
	}
	return err
}

// open makes n reports, if they are not there yet.
func (w *spools) open(n int) error {
	for len(w.files) < n {
		s, err := w.newSpool()
		if err != nil {
			return fmt.Errorf("write counts: %w", err)
		}
		s.lines = append(s.lines, w.form.Head...)
		w.files = append(w.files, s)
	}
	return nil
}

func (w *spools) newSpool() (*spool, error) {
	file, err := w.create()
	if err != nil {
		return nil, err
	}
	s := &spool{lines: make([]byte, 0, roomForLines), file: file}
	if w.head && w.out != "" {
		if s.whole, err = w.create(); err != nil {
			return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}
	return s, nil
}

// create makes a file where the report will be, or one without a name.
func (w *spools) create() (*os.File, error) {
	if w.out != "" {
		return os.CreateTemp(filepath.Dir(w.out), filepath.Base(w.out)+".*.new")
	}
	f, err := os.CreateTemp("", "count-*.new")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// add is a node.CountYield.
func (w *spools) add(strata []string, counts []tally.SiteCounts) error {
	if err := w.open(len(strata)); err != nil {
		return err
	}
	for i := range counts {
		c := &counts[i]
		g := &c.Genotypes
		// Field by field: a literal is made elsewhere and copied, which costs as much as the
		// line that is written from it.
		to, into := &w.site, &w.site.Genotypes
		to.Contig, to.Pos, to.Ref, to.Alts, to.AC, to.AN = c.Site.Contig, c.Site.Pos, c.Site.Ref, c.Site.Alts, c.AC, c.AN
		into.HomRef, into.Het, into.TwoAlts, into.HapRef, into.HapAlt = g.HomRef, g.Het, g.TwoAlts, g.HapRef, g.HapAlt
		into.Missing = g.Missing + g.Half // plink2 knows no half calls
		f := w.files[i]
		if f.lines = w.form.Append(f.lines, &w.site); len(f.lines) < atOnce {
			continue
		}
		if err := f.flush(); err != nil {
			return fmt.Errorf("write counts: %w", err)
		}
	}
	return nil
}

// remove takes away what was not published.
func (w *spools) remove() {
	for _, s := range w.files {
		for _, f := range []*os.File{s.file, s.whole} {
			if f != nil {
				f.Close()
				if w.out != "" {
					os.Remove(f.Name())
				}
			}
		}
	}
}

// publish shows a report, or gives it its name, as a whole and once it is on the disk.
func (w *spools) publish(i int, out io.Writer, path string, summary node.CountSummary) error {
	s := w.files[i]
	if err := s.flush(); err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	done := s.file
	if s.whole != nil {
		done, out = s.whole, s.whole
	}
	if s.whole != nil || path == "" {
		if err := w.copy(out, s.file, summary); err != nil {
			return fmt.Errorf("write counts: %w", err)
		}
	}
	if path == "" {
		return nil
	}
	if err := errors.Join(done.Sync(), os.Rename(done.Name(), path)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// copy writes a report behind its head, if it has one.
func (w *spools) copy(to io.Writer, from *os.File, s node.CountSummary) error {
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if w.head {
		head := table.Head{Source: "locus-node", Date: time.Now().UTC().Format("20060102"), Assembly: s.Assembly, Contigs: s.Contigs}
		if err := table.VCFHead(to, head); err != nil {
			return err
		}
	}
	_, err := io.Copy(to, from)
	return err
}

// replace writes a file that is whole or not there.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // it is gone once it has its name
	w := bufio.NewWriterSize(f, 1<<16)
	if err := errors.Join(write(w), w.Flush(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
