package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/locus-genomics/locus/node/genotype/bgen"
)

// ErrByHand is returned by Child when nobody is there to read what it says.
var ErrByHand = errors.New("worker: parse is started by locus-node itself, to read files of genotypes in a process of their own; it does nothing when it is run by hand")

// opening begins every question. Parent and child are one program, so that another
// version of it is never met.
const opening = "locus-node parse 1\n"

// maxQuestion bounds it: the positions of a hundred million variants, three bytes each.
const maxQuestion = 512 << 20

// question is all that the child is told.
type question struct {
	format  Format
	files   int
	scan    bool         // what was found is told
	again   bool         // one more is the index of a pgen once more
	calling bgen.Calling // of a BGEN, and else zero
	limits  limits
	places  *Places // nil for all
}

// limits are what the child may use.
type limits struct {
	memory  uint64 // bytes of address space, beyond those of the program itself
	seconds uint64 // of processor time
}

// all is how many files the child is given.
func (q question) all() int {
	if q.again {
		return q.files + 1
	}
	return q.files
}

func (q question) encode() []byte {
	b := append([]byte(opening), byte(q.format), byte(q.files), bit(q.scan), bit(q.again))
	b = binary.AppendUvarint(b, uint64(q.calling.Threshold))
	b = append(b, bit(q.calling.RefLast))
	b = append(binary.AppendUvarint(b, uint64(len(q.calling.Contig))), q.calling.Contig...)
	b = binary.AppendUvarint(b, q.limits.memory)
	b = binary.AppendUvarint(b, q.limits.seconds)
	b = append(b, bit(q.places != nil))
	if q.places != nil {
		b = q.places.append(b)
	}
	return b
}

// maxContig bounds the name of a contig.
const maxContig = 128

func readCalling(c *cursor) (calling bgen.Calling) {
	threshold, last := c.uvarint(), c.byte()
	contig := c.bytes(c.count())
	if threshold > math.MaxUint32 || last > 1 || len(contig) > maxContig {
		c.fail()
		return bgen.Calling{}
	}
	return bgen.Calling{Threshold: bgen.Threshold(threshold), RefLast: last == 1, Contig: string(contig)}
}

// readQuestion reads to the end of r.
func readQuestion(r io.Reader) (question, error) {
	start := make([]byte, len(opening))
	if _, err := io.ReadFull(r, start); err != nil || string(start) != opening {
		return question{}, ErrByHand
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxQuestion+1))
	if err != nil {
		return question{}, err
	}
	if len(raw) > maxQuestion {
		return question{}, fmt.Errorf("%w: a question of over %d bytes", ErrFrame, maxQuestion)
	}
	c := cursor{b: raw}
	q := question{format: Format(c.byte()), files: int(c.byte())}
	scan := c.byte()
	if q.scan = scan == 1; scan > 1 {
		c.fail()
	}
	switch again := c.byte(); {
	case again > 1, again == 1 && q.format != Pgen:
		c.fail()
	default:
		q.again = again == 1
	}
	q.calling = readCalling(&c)
	q.limits = limits{memory: c.uvarint(), seconds: c.uvarint()}
	switch c.byte() {
	case 0:
	case 1:
		q.places = readPlaces(&c)
	default:
		c.fail()
	}
	if least, most := q.format.files(); q.files < least || q.files > most {
		c.fail()
	}
	return q, c.end("a question")
}
