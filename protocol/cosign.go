package protocol

import (
	"fmt"

	"github.com/locus-genomics/locus/protocol/pb"
)

const (
	// maxCosign bounds what a witness is asked and answers: a note with both signatures of
	// a log and of a witness has under 10 kB, and a proof at most 63 lines.
	maxCosign = 64 << 10
	// maxOrigin bounds the name of a log.
	maxOrigin = 200
)

// Cosign asks a site, as a witness of others' audit logs, for one of two. What it brings
// proves itself, so that whoever carries it needs no belief.
type Cosign struct {
	// Request is an add-checkpoint request of c2sp.org/tlog-witness.
	Request []byte
	// Origin, without a Request, asks what is remembered of a log.
	Origin string
}

// Bytes is the question as it travels.
func (c Cosign) Bytes() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return marshal(&pb.Cosign{Request: c.Request, Origin: c.Origin})
}

// ParseCosign reads a question. The request in it is the witness's to judge.
func ParseCosign(raw []byte) (Cosign, error) {
	m := new(pb.Cosign)
	if err := unmarshal(raw, m); err != nil {
		return Cosign{}, err
	}
	c := Cosign{Request: m.Request, Origin: m.Origin}
	return c, c.check()
}

func (c Cosign) check() error {
	if (len(c.Request) > 0) == (c.Origin != "") {
		return fmt.Errorf("%w: a witness is asked to cosign a checkpoint, or what it remembers of a log", ErrMalformed)
	}
	if len(c.Request) > maxCosign || len(c.Origin) > maxOrigin {
		return fmt.Errorf("%w: a witness is asked with more than %d bytes, or of a name of more than %d", ErrMalformed, maxCosign, maxOrigin)
	}
	return nil
}

// Cosigned is what a witness answers, in the numbers of c2sp.org/tlog-witness.
type Cosigned struct {
	// Status is 200 with a body: the lines of the cosignature, or the note that is
	// remembered. It is 409 with the size that is known, and without a body 400, 403, 404
	// or 422.
	Status int
	Body   []byte
}

// Bytes is the answer as it travels.
func (c Cosigned) Bytes() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return marshal(&pb.Cosigned{Status: uint32(c.Status), Body: c.Body})
}

// ParseCosigned reads an answer. The lines in it are not verified: the log's owner does.
func ParseCosigned(raw []byte) (Cosigned, error) {
	m := new(pb.Cosigned)
	if err := unmarshal(raw, m); err != nil {
		return Cosigned{}, err
	}
	c := Cosigned{Status: int(m.Status), Body: m.Body}
	return c, c.check()
}

func (c Cosigned) check() error {
	says := false
	switch c.Status {
	case 200, 409:
		says = true
	case 400, 403, 404, 422:
	default:
		return fmt.Errorf("%w: no witness answers %d", ErrMalformed, c.Status)
	}
	if (len(c.Body) > 0) != says || len(c.Body) > maxCosign {
		return fmt.Errorf("%w: a witness answers %d with %d bytes", ErrMalformed, c.Status, len(c.Body))
	}
	return nil
}
