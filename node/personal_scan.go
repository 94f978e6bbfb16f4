package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/worker"
)

// maxScanned bounds the files of one look: their names are kept.
const maxScanned = 4096

// ScanSpec says what to look at.
type ScanSpec struct {
	// Paths are files of genotypes, or prefixes of several.
	Paths []string
	// Samples is a sample table, or empty.
	Samples string
	// Parser parses the files in a process of its own; nothing in it is this process.
	Parser worker.Program
}

// ScanPersonal looks for personal data beside genotypes: in headers, in the names of
// samples and files, and in the columns of a sample table. It needs no node, keeps nothing
// and reads no genotype. What it finds is a *PersonalError, which wraps ErrPersonal, also
// where a cohort would be taken in all the same.
func ScanPersonal(ctx context.Context, spec ScanSpec) error {
	if len(spec.Paths) == 0 || len(spec.Paths) > maxScanned {
		return fmt.Errorf("%w: want 1 to %d files", ErrConfig, maxScanned)
	}
	look := &looking{}
	how := newParsing(Config{Parser: spec.Parser, Log: slog.New(slog.DiscardHandler)})
	for _, path := range spec.Paths {
		if err := look.file(ctx, how, path); err != nil {
			return fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
	}
	if spec.Samples != "" {
		if err := look.samples(spec.Samples); err != nil {
			return fmt.Errorf("read the sample table: %w", err)
		}
	}
	if look.report.Empty() {
		return nil
	}
	return look.found()
}

// file looks at the beginning of a dataset's files.
func (l *looking) file(ctx context.Context, how *parsing, path string) error {
	g, err := openGenotypeFiles(path, bgen.Calling{})
	if err != nil {
		return err
	}
	if g.format == worker.Bgen { // it is called from what does not matter here
		if g.calling.Threshold, err = bgen.ParseThreshold("0.9"); err != nil {
			return errors.Join(err, g.Close())
		}
	}
	g.scan = true
	r, about, err := g.parsed(ctx, how, nil)
	if err == nil {
		l.genotypes(g, r.Samples(), about.personal)
	}
	return errors.Join(err, g.Close())
}

// samples looks at a sample table, whatever is wrong with it otherwise.
func (l *looking) samples(path string) error {
	f, err := openHashed(path)
	if err != nil {
		return err
	}
	lines, done := l.table(path, f)
	_, err = io.Copy(io.Discard, lines)
	done()
	return errors.Join(err, f.Close())
}
