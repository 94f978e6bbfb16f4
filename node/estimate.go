package node

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol"
)

// Estimate is what it takes to take a cohort in.
type Estimate struct {
	// Source is the bytes of the files; Store what the store will take of the Free bytes.
	Source, Store, Free int64
	// Time is how long it will take; 0 for files that are read sooner than that can be told.
	Time time.Duration
}

// String is for a person.
func (e Estimate) String() string {
	s := fmt.Sprintf("%s to read; the store takes up to %s, and there are %s", megabytes(e.Source), megabytes(e.Store), megabytes(e.Free))
	if e.Time > 0 {
		s += fmt.Sprintf("; it takes about %s", e.Time.Round(time.Second))
	}
	return s
}

func megabytes(n int64) string {
	if n >= 10<<30 {
		return fmt.Sprintf("%d GB", n>>30)
	}
	return fmt.Sprintf("%d MB", (n+1<<20-1)>>20)
}

const (
	// gaugeFrom is the size from which on the beginning of a file is read first, to tell
	// what all of it takes: until then it is known soon enough.
	gaugeFrom = 256 << 20
	// gaugeBytes is how much of it is read.
	gaugeBytes = 16 << 20
)

// estimated tells what it takes to store a file, and refuses what the disk will not hold.
// Nothing has been written by then. A nil shelf stores nothing.
func (s *shelf) estimated(ctx context.Context, how *parsing, files *genotypeFiles, h store.Header, tell func(Estimate)) error {
	if s == nil {
		return nil
	}
	free, err := s.free(s.dir)
	if err != nil {
		return fmt.Errorf("look how much room there is: %w", err)
	}
	e := Estimate{Source: files.source().Bytes, Free: free}
	e.Store = store.Estimate(files.kind(), e.Source, len(h.Samples))
	if e.Source >= s.gaugeFrom || e.Store > free {
		if err := s.gauge(ctx, how, files, h, &e); err != nil {
			return fmt.Errorf("read %s: %w", filepath.Base(files.files[0].path), err)
		}
	}
	if e.Store > free {
		return fmt.Errorf("%w: the store takes about %s, and %s has %s", ErrRoom, megabytes(e.Store), s.dir, megabytes(free))
	}
	if tell != nil {
		tell(e)
	}
	return nil
}

// kind is how the files are packed.
func (g *genotypeFiles) kind() store.Kind {
	switch {
	case g.format == worker.Plink:
		return store.Bed
	case g.format == worker.Pgen:
		return store.Pgen
	case g.format == worker.VariantCalls && g.plainText():
		return store.Text
	}
	return store.Compressed
}

// plainText reports whether a VCF begins as one does that is not packed.
func (g *genotypeFiles) plainText() bool {
	var first [2]byte
	n, err := g.files[0].file.ReadAt(first[:], 0)
	return err == nil && n == 2 && string(first[:]) == "##"
}

// gauge reads the beginning of the files, and tells the rest from it. That it ends in the
// middle of something is no fault.
func (s *shelf) gauge(ctx context.Context, how *parsing, files *genotypeFiles, h store.Header, e *Estimate) error {
	again, err := openGenotypeFiles(files.files[0].path, files.calling)
	if err != nil {
		return err
	}
	defer again.Close()
	again.most = s.gaugeBytes
	aead, err := s.keys.DerivedCipher(protocol.Digest{}) // nothing is kept of what it seals
	if err != nil {
		return err
	}
	g, err := store.NewGauge(h, aead)
	if err != nil {
		return err
	}
	began, rows := time.Now(), 0
	r, _, err := again.parsed(ctx, how, nil)
	for row := (genotype.Row{}); err == nil; rows++ {
		if err = r.Next(&row); err == nil {
			err = g.Add(&row)
		}
	}
	size := again.files[0].size
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case size <= s.gaugeBytes && err != io.EOF:
		return err // the file is no longer, and is damaged
	case size <= s.gaugeBytes:
		e.Store = g.Size()
	case rows > 1:
		e.Store = g.Estimate(s.gaugeBytes, size)
		e.Time = time.Duration(float64(time.Since(began)) * float64(size) / float64(s.gaugeBytes))
	}
	return nil
}
