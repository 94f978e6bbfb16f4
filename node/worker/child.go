package worker

import (
	"errors"
	"io"
	"os"
	"runtime/debug"

	"github.com/locus-genomics/locus/node/genotype"
)

// The open files of a child beside the question.
const (
	answerFile = 3
	firstFile  = 4
)

// exitTime is the exit code of a child whose time is over, as a shell has it of the signal.
const exitTime = 128 + 24

// Child is the life of the process that parses: it takes the question from standard
// input, gives up what it could do, and answers. It returns ErrByHand, at once, when
// it was not started by Start.
func Child() error {
	if !isPipe(os.Stdin) {
		return ErrByHand
	}
	out := os.NewFile(answerFile, "answer")
	if out == nil || !isPipe(out) {
		return ErrByHand
	}
	q, err := readQuestion(os.Stdin)
	if err != nil {
		return err
	}
	s := Source{Format: q.format, Calling: q.calling, Scan: q.scan}
	for i := range q.all() {
		f := os.NewFile(uintptr(firstFile+i), "file")
		if f == nil || !isPipe(f) {
			return ErrByHand
		}
		if i < q.files {
			s.Files = append(s.Files, f)
		} else {
			s.Again = f
		}
	}
	f := newFrameWriter(out)
	f.b = append(f.b, byte(confine(q.limits, q.all())))
	debug.SetMemoryLimit(int64(q.limits.memory / 4 * 3))
	if err := f.send(frameConfined); err != nil {
		return err
	}
	return answer(f, s, q.places)
}

func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// answer sends everything that is in the files, and how it ended. It returns only what
// could not be told.
func answer(f *frameWriter, s Source, places *Places) error {
	var covers genotype.Covers
	if places != nil {
		covers = places.Covers
	}
	r, about, err := Open(s, covers)
	if err == nil {
		if err := sendHeader(f, header{samples: r.Samples(), about: about}); err != nil {
			return err
		}
		if s.Scan {
			if err := sendPersonal(f, about.Personal); err != nil {
				return err
			}
		}
		// Rows of a bed pass as they are. Those of a pgen would have to be unpacked here.
		if p, ok := r.(genotype.Packer); ok && s.Format == Plink {
			p.Pack()
		}
		err = sendRows(f, r)
	}
	var lost *lostError
	switch {
	case errors.As(err, &lost):
		return lost
	case !errors.Is(err, io.EOF):
		f.b = appendFault(f.b[:headSize], err)
	}
	return f.send(frameEnd)
}

// lostError is that of a parent that does not listen.
type lostError struct{ error }

func sendRows(f *frameWriter, r genotype.Reader) error {
	w := rowWriter{samples: len(r.Samples())}
	var row genotype.Row
	for {
		err := r.Next(&row)
		if err == nil {
			f.b, err = w.append(f.b, &row)
		}
		if (err != nil && len(f.b) > headSize) || f.full() {
			if lost := f.send(frameRows); lost != nil {
				return &lostError{lost}
			}
		}
		if err != nil {
			return err
		}
	}
}
