package node

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
)

// ErrRoom is returned when the disk will not hold a cohort's store.
var ErrRoom = errors.New("node: there is too little room for the genotypes; make room where the node's directory is, or have them counted from the files (cohort add --no-store)")

// Progress is how far the files of a cohort have been read.
type Progress struct {
	// Read is the bytes of the genotype files that were read, Total all of them.
	Read, Total int64
	// Stored is the bytes of the store so far.
	Stored int64

	before int64 // of Stored, when nothing had been read
}

// Percent is how much of the files was read, in hundredths.
func (p Progress) Percent() int64 { return 100 * p.Read / max(p.Total, 1) }

// storeSize is what the store will take, as far as can be told from what was read.
func (p Progress) storeSize() int64 {
	if p.Read <= 0 || p.Read >= p.Total {
		return p.Stored
	}
	return p.before + int64(float64(p.Stored-p.before)/float64(p.Read)*float64(p.Total))
}

// taking reads a cohort's files, or its store, looks at what is read, and writes it to a
// store, if there is one to write.
type taking struct {
	genotype.Reader
	files   []*genotypeFiles // or none
	assess  *tally.Assessor
	keep    *store.Writer
	on      *shelf         // or nil
	tell    func(Progress) // or nil
	rows    int
	asked   int64        // how much was stored when the room was looked at
	before  int64        // how much was stored, of an old store, when the first file began
	read    genotype.Row // the reader's
	classed genotype.Row // memory of classify
}

// askRoom is how much is written before the room is looked at again.
const askRoom = 1 << 20

// tellEvery is how many sites there are between two reports.
const tellEvery = 256

func (t *taking) Next(row *genotype.Row) error {
	if err := t.Reader.Next(&t.read); err != nil {
		return err
	}
	*row = t.read
	t.classify(row)
	if err := t.assess.Add(row); err != nil {
		return err
	}
	if t.keep != nil {
		if err := t.keep.Add(row); err != nil {
			return full(err)
		}
	}
	if t.rows++; t.rows%tellEvery != 0 || len(t.files) == 0 {
		return nil
	}
	p := t.progress()
	if p.Read == 0 {
		t.before = p.Stored
	}
	p.before = t.before
	if t.tell != nil {
		t.tell(p)
	}
	if t.keep == nil || p.Stored-t.asked < t.on.askRoom {
		return nil
	}
	t.asked = p.Stored
	return t.on.room(p)
}

// commit puts the store into its place, if there is one.
func (t *taking) commit() error {
	if t.keep == nil {
		return nil
	}
	return full(t.keep.Commit())
}

// full says of a disk that is full what can be done.
func full(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrRoom, err)
	}
	return err
}

// abort leaves nothing of a store that was not committed.
func (t *taking) abort() {
	if t.keep != nil {
		_ = t.keep.Abort() // what it leaves is swept
	}
}

// classify gives a row of calls its classes, which all who look at it want.
func (t *taking) classify(row *genotype.Row) {
	if len(row.Classes) > 0 || len(row.Calls) == 0 {
		return
	}
	t.classed.Calls, t.classed.Alts, t.classed.Classes = row.Calls, row.Alts, t.classed.Classes[:0]
	t.classed.Classify()
	row.Classes, row.Calls = t.classed.Classes, nil
}

func (t *taking) progress() (p Progress) {
	for _, g := range t.files {
		for _, f := range g.files {
			p.Read += f.bytes.Load()
			p.Total += f.size
		}
	}
	if t.keep != nil {
		p.Stored = t.keep.Size()
	}
	return p
}

// room refuses what the disk will not hold. It is asked again and again while a store
// is written: what it takes is told better the more was read, and others write too.
func (s *shelf) room(p Progress) error {
	free, err := s.free(s.dir)
	if err != nil {
		return fmt.Errorf("look how much room there is: %w", err)
	}
	if left := p.storeSize() - p.Stored; left > free {
		return fmt.Errorf("%w: the store would take about %d MB more, and %s has %d MB", ErrRoom, left>>20, s.dir, free>>20)
	}
	return nil
}

// freeBytes is what a file system has for who is not root.
func freeBytes(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(min(s.Bavail, 1<<40)) * int64(s.Bsize), nil // 1<<40: no overflow
}
