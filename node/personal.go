package node

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/scan"
)

// ErrPersonal is returned when personal data stands beside the genotypes.
var ErrPersonal = errors.New("node: personal data stands beside the genotypes, and nothing was taken in")

// PersonalData says what becomes of a cohort with whose genotypes personal data comes.
type PersonalData uint8

const (
	// RefusePersonal takes nothing in. Names of users' folders in the paths of headers are no
	// reason: programs write them there, and headers are dropped.
	RefusePersonal PersonalData = iota
	// DropPersonal goes on without what is dropped anyway: headers, and the columns of the
	// files beside the names of samples. Those names go into the sealed store, and the
	// sample table stays where it is. Names of files and what was typed are refused all the
	// same: they are kept as they are, and shown.
	DropPersonal
)

// ParsePersonalData reads "refuse" or "drop".
func ParsePersonalData(text string) (PersonalData, error) {
	switch text {
	case "refuse":
		return RefusePersonal, nil
	case "drop":
		return DropPersonal, nil
	}
	return 0, errors.New("want refuse or drop")
}

// PersonalFinding is one, and which file it is in.
type PersonalFinding struct {
	scan.Finding
	// File is as the files were named: those of genotypes and what belongs to them, and
	// then the sample table; "" for what was typed. It MUST NOT go into a log.
	File string
}

// Mend says what to do about it.
func (f PersonalFinding) Mend() string {
	if f.Home {
		return "nothing is to do: headers are dropped, and it is not kept"
	}
	switch f.Part {
	case scan.Header:
		return "rewrite the header (bcftools reheader), or drop it"
	case scan.SampleName:
		return "rename the samples (bcftools reheader -s), or drop it"
	case scan.FileName:
		return "rename the file or folder"
	case scan.Typed:
		return "choose another name or value"
	}
	return "take the column out, or drop it"
}

// PersonalError says what was found. Its text has counts only.
type PersonalError struct {
	Findings []PersonalFinding
	Report   scan.Report
	// Kept tells that it is in what would be kept, and cannot be dropped.
	Kept bool
}

// TakenIn reports whether a cohort with all that was found is taken in without more: these are
// names of users' folders in headers.
func (e *PersonalError) TakenIn() bool { return e.Report.HomesAlone() }

func (e *PersonalError) Error() string {
	var parts []string
	counts := e.Report.BesideHomes()
	for _, sort := range scan.Sorts() {
		if n := counts[sort.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", sort, n))
		}
	}
	how := "mend what is listed, or go on without it (--personal-data drop) if it is dropped anyway"
	if e.Kept {
		how = "names of files and of cohorts, and filters, are kept as they are: choose others"
	}
	return fmt.Sprintf("%v: %s; %s", ErrPersonal, strings.Join(parts, ", "), how)
}

// Unwrap returns ErrPersonal.
func (e *PersonalError) Unwrap() error { return ErrPersonal }

// looking gathers what is found while the beginnings of a cohort's files are read. Nil
// looks for nothing.
type looking struct {
	how    PersonalData
	report scan.Report
	files  []string // by the numbers in findings, from 1
	kept   bool     // some is in what would be kept as it is
}

// typed looks at what was typed.
func (l *looking) typed(texts ...string) {
	if l == nil {
		return
	}
	var s scan.Scanner
	for i, text := range texts {
		s.Typed(i+1, text)
	}
	l.keeps(s.Report())
}

// keeps takes what was found in what is kept.
func (l *looking) keeps(r scan.Report) {
	l.kept = l.kept || !r.Empty()
	l.report.Merge(r)
}

// name looks at a file's name, and gives it its number.
func (l *looking) name(path string) int {
	l.files = append(l.files, path)
	n := len(l.files)
	s := scan.Scanner{File: n}
	s.Name(n, path)
	l.keeps(s.Report())
	return n
}

// genotypes looks at the names of the files of a dataset, at those of its samples, and
// takes what a child has found in the rest.
func (l *looking) genotypes(files *genotypeFiles, samples []string, found scan.Report) {
	if l == nil {
		return
	}
	first := 0
	for i, f := range files.files {
		if n := l.name(f.path); i == 0 {
			first = n
		}
	}
	s := scan.Scanner{File: first}
	s.Samples(samples)
	l.report.Merge(s.Report())
	found.Findings = slices.Clone(found.Findings)
	for i := range found.Findings {
		found.Findings[i].File = uint16(first + min(max(int(found.Findings[i].File), 1), len(files.files)) - 1)
	}
	l.report.Merge(found)
}

// table looks at a sample table while it is read. The caller calls done once it was.
func (l *looking) table(path string, r io.Reader) (_ io.Reader, done func()) {
	if l == nil {
		return r, func() {}
	}
	t := scan.NewTable(&l.report, l.name(path), scan.Tabbed)
	return io.TeeReader(r, t), func() { t.Close() }
}

// settle is an error if what was found is not to be taken in.
func (l *looking) settle() error {
	if l == nil || l.report.Empty() || debug.Without(debug.PersonalData) {
		return nil
	}
	if !l.kept && (l.how == DropPersonal || l.report.HomesAlone()) {
		return nil
	}
	return l.found()
}

func (l *looking) found() *PersonalError {
	return &PersonalError{Findings: l.findings(), Report: l.report, Kept: l.how == DropPersonal}
}

func (l *looking) findings() (all []PersonalFinding) {
	for _, f := range l.report.Findings {
		named := PersonalFinding{Finding: f}
		if n := int(f.File); n > 0 && n <= len(l.files) {
			named.File = l.files[n-1]
		}
		all = append(all, named)
	}
	return all
}

// counts are for the card.
func (l *looking) counts() map[string]uint64 {
	if l == nil {
		return nil
	}
	return l.report.BesideHomes()
}

// homes are how many names of users' folders were in headers when the cohort was taken in,
// and each time that it grew.
func (d *definition) homes() (n uint64) {
	if d.Look != nil {
		n = d.Look.report.Homes[scan.UserName-1]
	}
	if d.Summary != nil {
		n += d.Summary.UserFolders
	}
	return n
}

// personal counts what else was dropped then.
func (d *definition) personal() map[string]uint64 {
	counts := d.Look.counts()
	if d.Summary == nil {
		return counts
	}
	all := maps.Clone(d.Summary.Personal)
	for sort, n := range counts {
		if all == nil {
			all = make(map[string]uint64)
		}
		all[sort] += n
	}
	return all
}
