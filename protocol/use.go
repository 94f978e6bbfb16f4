package protocol

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/protocol/pb"
)

// MaxDiseases bounds the diseases of one question.
const MaxDiseases = 16

// Use is what an answer is for, in the words of the Data Use Ontology. It is the
// researcher's signed claim, by which sites choose whose consent covers it. The zero value
// says nothing.
type Use struct {
	// Purpose is general, health, disease, ancestry or methods.
	Purpose string
	// Diseases are terms such as MONDO:0005015, ascending, with the purpose disease.
	Diseases []string
	// Commercial tells that somebody means to earn by it.
	Commercial bool
}

var (
	purposes = []string{"general", "health", "disease", "ancestry", "methods"}
	mondo    = regexp.MustCompile(`^MONDO:[0-9]{7}$`)
)

// IsZero reports whether nothing is said.
func (u *Use) IsZero() bool { return u.Purpose == "" && len(u.Diseases) == 0 && !u.Commercial }

// String is the use in plain words.
func (u *Use) String() string {
	switch {
	case u.IsZero():
		return "not said"
	case u.Commercial:
		return strings.Join(append([]string{u.Purpose}, u.Diseases...), " ") + ", commercial"
	}
	return strings.Join(append([]string{u.Purpose}, u.Diseases...), " ")
}

// Check returns what is wrong with a use.
func (u *Use) Check() error {
	switch {
	case u.IsZero():
		return nil
	case !slices.Contains(purposes, u.Purpose):
		return fmt.Errorf("%w: a use is general, health, disease, ancestry or methods", ErrMalformed)
	case (u.Purpose == "disease") != (len(u.Diseases) > 0) || len(u.Diseases) > MaxDiseases:
		return fmt.Errorf("%w: for the use disease, and for it alone, 1 to %d diseases are named", ErrMalformed, MaxDiseases)
	}
	for i, d := range u.Diseases {
		if !mondo.MatchString(d) || i > 0 && u.Diseases[i-1] >= d {
			return fmt.Errorf("%w: diseases are terms such as MONDO:0005015, ascending, each once", ErrMalformed)
		}
	}
	return nil
}

// parts are what a use adds to the identity of a release: nothing where nothing is said.
func (u *Use) parts() [][]byte {
	if u.IsZero() {
		return nil
	}
	commercial := []byte{0}
	if u.Commercial {
		commercial[0] = 1
	}
	parts := [][]byte{[]byte("use"), []byte(u.Purpose), commercial}
	for _, d := range u.Diseases {
		parts = append(parts, []byte(d))
	}
	return parts
}

func (u *Use) pb() *pb.Use {
	if u.IsZero() {
		return nil
	}
	return &pb.Use{Purpose: u.Purpose, Diseases: u.Diseases, Commercial: u.Commercial}
}

func parseUse(m *pb.Use) (u Use, err error) {
	if m == nil {
		return u, nil
	}
	u = Use{Purpose: m.Purpose, Diseases: m.Diseases, Commercial: m.Commercial}
	if u.IsZero() {
		return u, fmt.Errorf("%w: a use that says nothing", ErrMalformed)
	}
	return u, u.Check()
}
