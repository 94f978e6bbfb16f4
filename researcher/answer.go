package researcher

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher/answer"
)

var (
	// ErrAltered is returned when a result does not verify: the sum is not the one
	// that the sites' check words vouch for, or a signature does not fit.
	ErrAltered = answer.ErrAltered
	// ErrNotMine is returned when a result is of a question another seed asked.
	ErrNotMine = answer.ErrNotMine
)

type (
	// Asked is a question as it was signed, with what is needed to read its answer.
	Asked = answer.Asked
	// Answer is what a result says once everything in it has verified.
	Answer = answer.Answer
	// Row is one variant's answer.
	Row = answer.Row
	// Noise is what was added to a private answer, and what it promises.
	Noise = answer.Noise
)

// Confidence is that of the intervals of a private answer where nothing else is said.
const Confidence = answer.Confidence

// fetched is what a coordinator hands over of a task.
type fetched struct {
	roster   protocol.Signed[protocol.Roster]
	result   []byte
	checked  *answer.Checked
	sum      []byte
	variants *panel.Panel
}

// Open fetches a result, verifies all of it, and reads the sum.
func (c *Client) Open(ctx context.Context, asked Asked) (Answer, error) {
	return c.OpenAt(ctx, asked, Confidence)
}

// OpenAt is Open with intervals of another confidence, if the answer is private.
func (c *Client) OpenAt(ctx context.Context, asked Asked, confidence float64) (Answer, error) {
	if !(confidence > 0 && confidence < 1) {
		return Answer{}, fmt.Errorf("%w: intervals of confidence %g, want above 0 and below 1", ErrPrecision, confidence)
	}
	f, err := c.fetch(ctx, asked)
	if err != nil {
		return Answer{}, err
	}
	f.checked.Confidence = confidence
	return f.checked.Open(f.sum, f.variants)
}

// Export fetches a result, verifies and reads it as Open does, and writes it as a bundle:
// still hidden, in one file that the seed opens without any network. A bundle that the
// seed would not open is not written.
func (c *Client) Export(ctx context.Context, asked Asked, w io.Writer) (Answer, error) {
	f, err := c.fetch(ctx, asked)
	if err != nil {
		return Answer{}, err
	}
	ranges := make([]panel.Range, len(asked.Ranges))
	for i, r := range asked.Ranges {
		ranges[i] = panel.Range(r)
	}
	var part bytes.Buffer
	if _, err := f.variants.WritePart(&part, ranges); err != nil {
		return Answer{}, err
	}
	b := answer.Bundle{Asked: asked, Roster: f.roster.Bytes(), Result: f.result, Panel: part.Bytes(), Sum: f.sum}
	a, err := b.Open(c.home.seed)
	if err != nil {
		return Answer{}, err
	}
	_, err = b.WriteTo(w)
	return a, err
}

// fetch gets what an answer is made of, and everything but the sum verifies.
func (c *Client) fetch(ctx context.Context, asked Asked) (f fetched, err error) {
	view, err := c.Study(ctx)
	if err != nil {
		return fetched{}, err
	}
	f.roster = view.Roster
	path := "/v1/tasks/" + asked.Task.String()
	if f.result, err = c.rest.Bytes(ctx, http.MethodGet, path+"/result", nil); err != nil {
		return fetched{}, fmt.Errorf("fetch result: %w", err)
	}
	if f.checked, err = answer.Check(c.home.seed, f.roster, asked, f.result); err != nil {
		return fetched{}, err
	}
	if f.sum, err = c.sum(ctx, path, f.checked.SumSize()); err != nil {
		return fetched{}, err
	}
	f.variants, err = c.Panel(ctx, f.checked.Panel())
	return f, err
}

// sum fetches the hidden sum, of the length that is known beforehand.
func (c *Client) sum(ctx context.Context, path string, size int) ([]byte, error) {
	body, err := c.rest.Stream(ctx, path+"/sum")
	if err != nil {
		return nil, fmt.Errorf("fetch sum: %w", err)
	}
	defer body.Close()
	sum := make([]byte, size)
	if _, err := io.ReadFull(body, sum); err != nil {
		return nil, fmt.Errorf("fetch sum: %w", err)
	}
	return sum, nil
}
