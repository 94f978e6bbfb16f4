package genes

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrUnknown is returned for a name that no gene of the file has.
	ErrUnknown = errors.New("genes: no gene has this name")
	// ErrAmbiguous is returned for a name that several genes have.
	ErrAmbiguous = errors.New("genes: several genes have this name")
)

// Genes is the genes of one file. It does not change.
type Genes struct {
	assembly string
	list     []gene
	named    map[string][]int // in list
}

// gene is one gene.
type gene struct {
	id      string // what tells it from others of its name
	regions []panel.Region
}

// Len is how many genes there are.
func (g *Genes) Len() int { return len(g.list) }

// Assembly is what the file says its places are of, such as GRCh38.p14; empty if it says
// nothing.
func (g *Genes) Assembly() string { return g.assembly }

// MayBeOf is false where the file says another human assembly than one: genes lie elsewhere
// there. Of patches of an assembly, and of names that are not known here, it is true.
func (g *Genes) MayBeOf(assembly string) bool {
	a, b := build(g.assembly), build(assembly)
	return a == b || a == "" || b == ""
}

// build is 37 or 38 for the human assemblies of that number, and empty for any other.
func build(assembly string) string {
	a := strings.ToLower(assembly)
	switch {
	case strings.HasPrefix(a, "grch38"), strings.HasPrefix(a, "hg38"):
		return "38"
	case strings.HasPrefix(a, "grch37"), strings.HasPrefix(a, "hg19"), strings.HasPrefix(a, "b37"):
		return "37"
	}
	return ""
}

// Find is where a gene lies: one region, or several that do not overlap.
func (g *Genes) Find(name string) ([]panel.Region, error) {
	found := g.named[name]
	switch len(found) {
	case 0:
		near := g.near(name)
		if len(near) == 0 {
			return nil, fmt.Errorf("%w: %.60q", ErrUnknown, name)
		}
		return nil, fmt.Errorf("%w: %.60q; near it are %s", ErrUnknown, name, strings.Join(near, ", "))
	case 1:
		return g.list[found[0]].regions, nil
	}
	var where []string
	for _, i := range found[:min(len(found), maxShown)] {
		where = append(where, strings.TrimSpace(g.list[i].id+" at "+g.list[i].regions[0].String()))
	}
	return nil, fmt.Errorf("%w: %.60q; say which by id or by region: %s", ErrAmbiguous, name, strings.Join(where, ", "))
}

// maxShown is how many names an error shows.
const maxShown = 4

// near are the names that are likely meant.
func (g *Genes) near(name string) []string {
	type candidate struct {
		name     string
		distance int
	}
	most := 1 + len(name)/5
	var list []candidate
	for other := range g.named {
		if d := distance(strings.ToUpper(name), strings.ToUpper(other), most); d <= most {
			list = append(list, candidate{other, d})
		}
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(a.distance-b.distance, cmp.Compare(a.name, b.name)) })
	var names []string
	for _, c := range list[:min(len(list), maxShown)] {
		names = append(names, c.name)
	}
	return names
}

// distance is the number of letters to change, add or take away, or more than most.
func distance(a, b string, most int) int {
	if len(a) > maxName || len(b) > maxName || len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for k := range row {
		row[k] = k
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(b) {
			same := diagonal
			if a[i] != b[k] {
				same++
			}
			diagonal = row[k+1]
			row[k+1] = min(same, row[k]+1, row[k+1]+1)
		}
	}
	return row[len(b)]
}

// add makes a name one of a gene's.
func (g *Genes) add(name string, at int) {
	if list := g.named[name]; name != "" && (len(list) == 0 || list[len(list)-1] != at) {
		g.named[strings.Clone(name)] = append(list, at)
	}
}

// join makes a gene's regions ascend and not overlap.
func (e *gene) join() {
	slices.SortFunc(e.regions, func(a, b panel.Region) int { return cmp.Compare(a.From, b.From) })
	joined := e.regions[:1]
	for _, r := range e.regions[1:] {
		if last := &joined[len(joined)-1]; r.From <= last.To {
			last.To = max(last.To, r.To)
		} else {
			joined = append(joined, r)
		}
	}
	e.regions = joined
}
