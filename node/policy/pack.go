package policy

import (
	"embed"
	"errors"
	"io/fs"
	"strings"
)

// ErrNoPack is returned for a pack that there is not.
var ErrNoPack = errors.New("policy: there is no such pack")

//go:embed packs
var packs embed.FS

// CasesName is the table of cases beside a policy's files.
const CasesName = "cases.json"

// Pack is a policy to start from, with its table of cases. It is no legal advice.
type Pack struct {
	Name  string
	Title string // its first comment
	Files []File
	Cases File
}

// Packs are those that come with this program, by name.
func Packs() (all []Pack) {
	entries, err := packs.ReadDir("packs")
	if err != nil {
		panic("policy: " + err.Error()) // it is part of this program
	}
	for _, e := range entries {
		p := Pack{Name: e.Name()}
		dir, err := fs.Sub(packs, "packs/"+p.Name)
		if err == nil {
			p.Files, err = ReadDir(dir, ".", "")
		}
		if err == nil {
			p.Cases, err = ReadFile(dir, CasesName, CasesName)
		}
		if err != nil {
			panic("policy: " + err.Error())
		}
		p.Title = title(string(p.Files[0].Text))
		all = append(all, p)
	}
	return all
}

// FindPack is the pack of a name.
func FindPack(name string) (Pack, error) {
	for _, p := range Packs() {
		if p.Name == name {
			return p, nil
		}
	}
	return Pack{}, ErrNoPack
}

// title is the first comment of a file, on one line.
func title(text string) string {
	var words []string
	for line := range strings.SplitSeq(text, "\n") {
		comment, is := strings.CutPrefix(line, "// ")
		if !is {
			break
		}
		words = append(words, comment)
	}
	return strings.Join(words, " ")
}
