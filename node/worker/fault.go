package worker

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// ErrOther stands for an error that the parent has no name for, so that its text,
// which could hold anything, is not shown.
var ErrOther = errors.New("worker: an error that has no name here")

// sentinels are the errors that travel by their place in this list.
func sentinels() []error {
	return []error{
		ErrOther, ErrFrame, ErrSource, io.ErrUnexpectedEOF,
		genotype.ErrOrder, genotype.ErrDuplicate, genotype.ErrNaming, genotype.ErrContigs, genotype.ErrText,
		vcf.ErrNotVCF, vcf.ErrSamples, vcf.ErrLine, vcf.ErrGenotype, vcf.ErrNoGT, vcf.ErrLong, vcf.ErrCompressed,
		bcf.ErrNotBCF, bcf.ErrSamples, bcf.ErrTruncated, bcf.ErrRecord, bcf.ErrGenotype, bcf.ErrNoGT,
		plink.ErrNotBed, plink.ErrSampleMajor, plink.ErrLength, plink.ErrPadding, plink.ErrLine, plink.ErrSamples,
		pgen.ErrNotPgen, pgen.ErrSampleMajor, pgen.ErrMode, pgen.ErrHeader, pgen.ErrFit, pgen.ErrTruncated, pgen.ErrTrailing,
		pgen.ErrIndex, pgen.ErrRecord, pgen.ErrLine, pgen.ErrCompressed, pgen.ErrSamples,
		bgen.ErrNotBgen, bgen.ErrLayout, bgen.ErrHeader, bgen.ErrSamples, bgen.ErrTruncated, bgen.ErrTrailing, bgen.ErrVariant, bgen.ErrUnnamed,
		bgen.ErrBlock, bgen.ErrPloidy, bgen.ErrCompressed, bgen.ErrLine, bgen.ErrThreshold,
		bgzf.ErrHeader, bgzf.ErrTruncated, bgzf.ErrDamaged, bgzf.ErrNoEnd, bgzf.ErrTrailing,
	}
}

// details are what the readers say beside their errors, a format a line, in which
// numbers alone are open. A test keeps the list as the readers are.
//
//go:embed details.txt
var details string

func detailFormats() []string { return strings.Split(strings.TrimSuffix(details, "\n"), "\n") }

// The parts of an error, each with what follows it.
const (
	faultSentinel byte = iota // place in sentinels
	faultErrno                // number
	faultAfter                // detail, error: "error: detail"
	faultBefore               // detail, error: "detail: error"
	faultBoth                 // error, error
	faultVCF                  // line, column, error
	faultBCF                  // record, offset, sample, error
	faultPlink                // file, line, error
	faultPgen                 // file, line, error
	faultVariant              // variant, error
	faultBGZF                 // offset, error
	faultBgen                 // variant, offset, error
	faultSample               // line, error
)

const (
	// maxParts bounds an error: none of the readers' has more than eight.
	maxParts = 32
	// maxNumbers bounds those of a detail.
	maxNumbers = 4
)

// fileNames are those that errors of plink and pgen name.
func fileNames() []string { return []string{"", "bim", "fam", "pvar", "psam"} }

// faultWriter writes an error as numbers.
type faultWriter struct {
	b     []byte
	parts int
}

func appendFault(b []byte, err error) []byte {
	w := faultWriter{b: b}
	w.append(err)
	return w.b
}

func (w *faultWriter) append(err error) {
	if w.parts++; w.parts > maxParts/2 { // two at most are missing below one
		w.part(faultSentinel, 0)
		return
	}
	for code, s := range sentinels() {
		if err == s { // the very error, not one that wraps it
			w.part(faultSentinel, uint64(code))
			return
		}
	}
	switch e := err.(type) { // each part in its turn
	case *vcf.LineError:
		w.part(faultVCF, uint64(e.Line), uint64(e.Column))
		w.append(e.Err)
	case *bcf.RecordError:
		w.part(faultBCF, uint64(e.Record), uint64(e.Offset), uint64(e.Sample))
		w.append(e.Err)
	case *plink.LineError:
		w.part(faultPlink, fileNumber(e.File), uint64(e.Line))
		w.append(e.Err)
	case *pgen.LineError:
		w.part(faultPgen, fileNumber(e.File), uint64(e.Line))
		w.append(e.Err)
	case *pgen.VariantError:
		w.part(faultVariant, e.Variant)
		w.append(e.Err)
	case *bgen.VariantError:
		w.part(faultBgen, e.Variant, uint64(e.Offset))
		w.append(e.Err)
	case *bgen.LineError:
		w.part(faultSample, uint64(e.Line))
		w.append(e.Err)
	case *bgzf.Error:
		w.part(faultBGZF, uint64(e.Offset))
		w.append(e.Err)
	case syscall.Errno:
		w.part(faultErrno, uint64(e))
	case interface{ Unwrap() []error }:
		w.both(e.Unwrap())
	case interface{ Unwrap() error }:
		w.wrapped(err, e.Unwrap())
	default:
		w.part(faultSentinel, 0)
	}
}

func (w *faultWriter) part(kind byte, numbers ...uint64) {
	w.b = append(w.b, kind)
	for _, n := range numbers {
		w.b = binary.AppendUvarint(w.b, n)
	}
}

func (w *faultWriter) both(errs []error) {
	if len(errs) != 2 {
		w.part(faultSentinel, 0)
		return
	}
	w.part(faultBoth)
	w.append(errs[0])
	w.append(errs[1])
}

// wrapped writes what stands before or after the error within, if it is a detail.
func (w *faultWriter) wrapped(err, within error) {
	if within == nil {
		w.part(faultSentinel, 0)
		return
	}
	kind, detail := faultAfter, ""
	if after, ok := strings.CutPrefix(err.Error(), within.Error()+": "); ok {
		detail = after
	} else if before, ok := strings.CutSuffix(err.Error(), ": "+within.Error()); ok {
		kind, detail = faultBefore, before
	}
	for i, format := range detailFormats() {
		if numbers, ok := match(format, detail); ok {
			w.part(kind, append([]uint64{uint64(i)}, numbers...)...)
			break
		}
	}
	w.append(within)
}

func fileNumber(name string) uint64 {
	for i, known := range fileNames() {
		if name == known {
			return uint64(i)
		}
	}
	return 0
}

// readFault makes the error again. It is ErrFrame when the numbers are none of one.
func readFault(b []byte) error {
	r := faultReader{cursor: cursor{b: b}}
	err := r.read()
	if bad := r.end("an error"); bad != nil || err == nil {
		return fmt.Errorf("%w: an error", ErrFrame)
	}
	return err
}

type faultReader struct {
	cursor
	parts int
}

// read returns nil for what cannot be.
func (r *faultReader) read() error {
	if r.parts++; r.parts > maxParts {
		r.fail()
		return nil
	}
	switch r.byte() {
	case faultSentinel:
		if all, code := sentinels(), r.uvarint(); !r.bad && code < uint64(len(all)) {
			return all[code]
		}
	case faultErrno:
		if n := r.uvarint(); !r.bad && n > 0 && n < 4096 { // the kernel's bound
			return syscall.Errno(n)
		}
	case faultAfter:
		if detail, err := r.detail(), r.read(); detail != "" && err != nil {
			return fmt.Errorf("%w: %s", err, detail)
		}
	case faultBefore:
		if detail, err := r.detail(), r.read(); detail != "" && err != nil {
			return fmt.Errorf("%s: %w", detail, err)
		}
	case faultBoth:
		if a, b := r.read(), r.read(); a != nil && b != nil {
			return fmt.Errorf("%w: %w", a, b)
		}
	case faultVCF:
		return wrap(&vcf.LineError{Line: r.int(), Column: r.int()}, r.read(), func(e *vcf.LineError, err error) { e.Err = err })
	case faultBCF:
		return wrap(&bcf.RecordError{Record: r.int(), Offset: int64(r.int()), Sample: r.int()}, r.read(), func(e *bcf.RecordError, err error) { e.Err = err })
	case faultPlink:
		return wrap(&plink.LineError{File: r.file(), Line: r.int()}, r.read(), func(e *plink.LineError, err error) { e.Err = err })
	case faultPgen:
		return wrap(&pgen.LineError{File: r.file(), Line: r.int()}, r.read(), func(e *pgen.LineError, err error) { e.Err = err })
	case faultVariant:
		return wrap(&pgen.VariantError{Variant: uint64(r.int())}, r.read(), func(e *pgen.VariantError, err error) { e.Err = err })
	case faultBgen:
		return wrap(&bgen.VariantError{Variant: uint64(r.int()), Offset: int64(r.int())}, r.read(), func(e *bgen.VariantError, err error) { e.Err = err })
	case faultSample:
		return wrap(&bgen.LineError{Line: r.int()}, r.read(), func(e *bgen.LineError, err error) { e.Err = err })
	case faultBGZF:
		return wrap(&bgzf.Error{Offset: int64(r.int())}, r.read(), func(e *bgzf.Error, err error) { e.Err = err })
	}
	r.fail()
	return nil
}

// wrap puts an error into one that says where it is.
func wrap[E error](where E, err error, set func(E, error)) error {
	if err == nil {
		return nil
	}
	set(where, err)
	return where
}

func (r *faultReader) int() int {
	n := r.uvarint()
	if n > 1<<62 {
		r.fail()
	}
	return int(n)
}

func (r *faultReader) file() string {
	if names, n := fileNames(), r.uvarint(); n < uint64(len(names)) {
		return names[n]
	}
	r.fail()
	return ""
}

// detail is one of the list with its numbers put in.
func (r *faultReader) detail() string {
	formats, i := detailFormats(), r.uvarint()
	if i >= uint64(len(formats)) {
		r.fail()
		return ""
	}
	var numbers []any
	for range strings.Count(formats[i], "%") {
		numbers = append(numbers, r.uvarint())
	}
	return fmt.Sprintf(formats[i], numbers...)
}
