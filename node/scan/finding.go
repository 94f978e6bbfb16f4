package scan

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Sort is what personal data is of.
type Sort uint8

// The sorts.
const (
	Email Sort = 1 + iota
	Phone
	BirthDate
	PersonName
	RecordNumber
	NationalNumber
	UserName
	lastSort = UserName
)

var sortNames = [...]string{"", "e-mail address", "phone number", "date of birth", "person name", "record number", "national number", "user name"}

func (s Sort) String() string {
	if s == 0 || s > lastSort {
		return fmt.Sprintf("sort %d", uint8(s))
	}
	return sortNames[s]
}

// Sorts are all of them, in order.
func Sorts() []Sort {
	return []Sort{Email, Phone, BirthDate, PersonName, RecordNumber, NationalNumber, UserName}
}

// Scheme is whose national number one is: its place in a list, from 1.
type Scheme uint8

func (s Scheme) String() string {
	if s == 0 || int(s) > len(schemes) {
		return ""
	}
	return schemes[s-1].name
}

// Part is where a text comes from.
type Part uint8

// The parts.
const (
	Header     Part = 1 + iota // the lines of a header
	SampleName                 // names of samples in a file of genotypes
	FileName                   // names of files
	Table                      // a table with a line a sample
	Typed                      // what was typed with a command: a name, a filter
	lastPart   = Typed
)

var partNames = [...]string{"", "header", "sample", "file", "table", "typed"}

func (p Part) String() string {
	if p == 0 || p > lastPart {
		return fmt.Sprintf("part %d", uint8(p))
	}
	return partNames[p]
}

// Key is a word of the scanner's own lists, by its place: the one that told what stands
// behind it. Zero is none.
type Key uint16

func (k Key) String() string {
	if l := lists(); int(k) < len(l.names) {
		return l.names[k]
	}
	return ""
}

// Finding says that something personal stands somewhere. It is numbers, so that what was
// found cannot be in it, whoever prints it.
type Finding struct {
	Sort   Sort
	Scheme Scheme // of a national number
	// Sure tells that a check digit, a form or a name of a column leaves little doubt.
	Sure bool
	// Home tells that it is the name of a user's folder, in a path of a header: programs write
	// paths there without being asked.
	Home bool
	Part Part
	// File is which file, from 1, as the caller of the scanner counts them; 0 where it
	// does not.
	File uint16
	// Line is counted from 1: of a header or a table, or the number of a sample.
	Line uint32
	// Column is counted from 1: the byte of a line, or the column of a table.
	Column uint32
	// Key is what told it, or zero.
	Key Key
	// Times is how many more there are in the same column of a table, and this.
	Times uint32
}

// What is the sort in words, with the scheme.
func (f Finding) What() string {
	if f.Scheme != 0 {
		return fmt.Sprintf("%s (%s)", f.Sort, f.Scheme)
	}
	return f.Sort.String()
}

// Where is the place in words. It does not name the file: see File.
func (f Finding) Where() string {
	var b strings.Builder
	switch f.Part {
	case Header:
		fmt.Fprintf(&b, "header, line %d, byte %d", f.Line, f.Column)
	case SampleName:
		fmt.Fprintf(&b, "name of sample %d", f.Line)
	case FileName:
		fmt.Fprintf(&b, "name of file %d", f.Line)
	case Table:
		fmt.Fprintf(&b, "column %d, from line %d", f.Column, f.Line)
	case Typed:
		fmt.Fprintf(&b, "argument %d", f.Line)
	default:
		b.WriteString("text")
	}
	if k := f.Key.String(); k != "" {
		fmt.Fprintf(&b, ", %q", k)
	}
	if f.Times > 1 {
		fmt.Fprintf(&b, " (%d times)", f.Times)
	}
	return b.String()
}

func (f Finding) String() string { return f.What() + ": " + f.Where() }

// MarshalJSON writes words for what is numbers.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Sort   string `json:"sort"`
		Scheme string `json:"scheme,omitempty"`
		Sure   bool   `json:"sure"`
		Home   bool   `json:"home,omitempty"`
		Part   string `json:"part"`
		File   uint16 `json:"file,omitempty"`
		Line   uint32 `json:"line"`
		Column uint32 `json:"column,omitempty"`
		Key    string `json:"key,omitempty"`
		Times  uint32 `json:"times"`
	}{f.Sort.String(), f.Scheme.String(), f.Sure, f.Home, f.Part.String(), f.File, f.Line, f.Column, f.Key.String(), f.Times})
}

// Valid reports whether a finding is one that a scanner can give: one that has come from
// elsewhere may not be.
func (f Finding) Valid() bool {
	return f.Sort != 0 && f.Sort <= lastSort && int(f.Scheme) <= len(schemes) && (f.Scheme != 0) == (f.Sort == NationalNumber) &&
		f.Part != 0 && f.Part <= lastPart && int(f.Key) < len(lists().names) && f.Times > 0 &&
		(!f.Home || f.Part == Header && (f.Sort == UserName || f.Sort == PersonName))
}

const (
	// MaxFindings is how many a Report lists; others are counted.
	MaxFindings = 1000
	// maxHomes is how many of these are names of users' folders: a header may have thousands,
	// and something else behind them.
	maxHomes = 100
)

// Report gathers findings. The zero Report is empty.
type Report struct {
	// Findings are the first MaxFindings.
	Findings []Finding
	// Counts are how many there are of each sort, in the order of Sorts.
	Counts [lastSort]uint64
	// Homes are how many of these are names of users' folders in headers, as Finding.Home says.
	Homes [lastSort]uint64
}

// Add adds one.
func (r *Report) Add(f Finding) {
	r.Counts[f.Sort-1] += uint64(f.Times)
	if f.Home {
		r.Homes[f.Sort-1] += uint64(f.Times)
		if r.Homes[f.Sort-1] > maxHomes {
			return
		}
	}
	if len(r.Findings) < MaxFindings {
		r.Findings = append(r.Findings, f)
	}
}

// Merge adds those of another one.
func (r *Report) Merge(other Report) {
	for i, n := range other.Counts {
		r.Counts[i] += n
		r.Homes[i] += other.Homes[i]
	}
	r.Findings = append(r.Findings, other.Findings[:min(len(other.Findings), MaxFindings-len(r.Findings))]...)
}

// Empty reports whether nothing was found.
func (r *Report) Empty() bool { return r.Counts == [lastSort]uint64{} }

// HomesAlone reports whether all that was found is names of users' folders in headers.
func (r *Report) HomesAlone() bool { return r.Counts == r.Homes }

// BySort are the counts that are not zero, by the names of their sorts; nil if there are
// none.
func (r *Report) BySort() map[string]uint64 { return bySort(r.Counts) }

// BesideHomes is BySort without the names of users' folders in headers.
func (r *Report) BesideHomes() map[string]uint64 {
	counts := r.Counts
	for i, n := range r.Homes {
		counts[i] -= n
	}
	return bySort(counts)
}

func bySort(counts [lastSort]uint64) (by map[string]uint64) {
	for i, n := range counts {
		if n > 0 {
			if by == nil {
				by = make(map[string]uint64)
			}
			by[Sort(i+1).String()] = n
		}
	}
	return by
}
