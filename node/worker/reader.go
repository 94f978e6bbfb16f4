package worker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/node/genotype"
)

// Reader is a genotype.Reader over what a child reads.
type Reader struct {
	ctx    context.Context // as in exec.CommandContext: its end is the child's
	child  process
	frames frameReader
	header header
	rows   *rowReader
	frame  cursor // what is left of the one at hand
	lost   loss
	err    error
}

var _ genotype.Packer = (*Reader)(nil)

// process is a child, as far as its rows are concerned.
type process interface {
	io.Reader
	// end ends it and returns what went wrong with reading the files.
	end() error
	// died says why it ended that had not said that it would.
	died() error
	// hidden reports whether it sees neither network nor processes.
	hidden() bool
}

// Start starts a child and waits for what comes before the first row. It reads the
// files in goroutines of its own: nobody else may, until Close has returned. The places
// are those whose calls are wanted, nil for all. The caller MUST Close the reader.
func Start(ctx context.Context, cfg Config, s Source, places *Places) (*Reader, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	c, err := startChild(ctx, cfg.withDefaults(s.Bytes), s, places)
	if err != nil {
		return nil, err
	}
	return newReader(ctx, c, s.Scan, places)
}

func newReader(ctx context.Context, c process, scan bool, places *Places) (*Reader, error) {
	r := &Reader{ctx: ctx, child: c, frames: frameReader{r: c}}
	if err := r.begin(scan); err != nil {
		return nil, r.failed(err)
	}
	r.rows = newRowReader(len(r.header.samples), places)
	return r, nil
}

// Samples are the names in the file's order.
func (r *Reader) Samples() []string { return r.header.samples }

// About is what the files say beside the genotypes.
func (r *Reader) About() About { return r.header.about }

// Pack is genotype.Packer's: rows of a bed are then handed on as they are.
func (r *Reader) Pack() { r.rows.packs = true }

// Lost says in words which limits the child goes without, for whoever runs the node.
func (r *Reader) Lost() []string { return r.lost.strings() }

// Close ends the child, whatever it does, and waits for it.
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = ErrClosed
	}
	return r.child.end()
}

// ErrClosed is returned by a reader that was closed.
var ErrClosed = errors.New("worker: the reader is closed")

// begin takes the frames before the rows.
func (r *Reader) begin(scan bool) error {
	b, err := r.want(frameConfined)
	if err != nil {
		return err
	}
	c := cursor{b: b}
	r.lost = loss(c.byte())
	if r.lost > allLosses {
		c.fail()
	}
	if err := c.end("its limits"); err != nil {
		return err
	}
	if !r.child.hidden() {
		r.lost |= lostNetwork
	}
	h := headerReader{}
	if b, err = r.want(frameHeader); err == nil {
		err = h.begin(b)
	}
	for err == nil && !h.whole() {
		if b, err = r.want(frameSamples); err == nil {
			err = h.add(b)
		}
	}
	if err == nil && scan {
		if b, err = r.want(framePersonal); err == nil {
			h.about.Personal, err = readPersonal(b)
		}
	}
	r.header = h.header
	return err
}

// want returns a frame of a kind, or the error that the child tells instead.
func (r *Reader) want(k kind) ([]byte, error) {
	got, b, err := r.frames.next()
	switch {
	case err != nil:
		return nil, err
	case got == k:
		return b, nil
	case got != frameEnd:
		return nil, fmt.Errorf("%w: a frame that does not come here", ErrFrame)
	case len(b) == 0 && k == frameRows:
		return nil, errSound
	case len(b) == 0:
		return nil, fmt.Errorf("%w: an end before the beginning", ErrFrame)
	}
	return nil, &toldError{readFault(b)}
}

// errSound is what a child tells that has read all and found it sound.
var errSound = errors.New("sound")

// toldError is one that the child told.
type toldError struct{ error }

// Next reads the next row.
func (r *Reader) Next(row *genotype.Row) error {
	if r.err != nil {
		return r.err
	}
	for len(r.frame.b) == 0 {
		b, err := r.want(frameRows)
		if err != nil {
			r.err = r.failed(err)
			return r.err
		}
		r.frame = cursor{b: b}
	}
	if err := r.rows.read(&r.frame, row); err != nil {
		r.err = r.failed(err)
	}
	return r.err
}

// failed ends the child and says what an end of its frames means: io.EOF if all was
// sound. What was wrong with reading a file comes first, since the child has seen a
// file that is cut short.
func (r *Reader) failed(err error) error {
	fault := r.child.end()
	var told *toldError
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case fault != nil:
		return fault
	case errors.Is(err, errSound):
		return io.EOF
	case errors.As(err, &told):
		return told.error
	case errors.Is(err, ErrFrame):
		return err
	}
	return r.child.died()
}
