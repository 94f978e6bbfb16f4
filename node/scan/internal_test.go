package scan

import (
	"strings"
	"testing"
)

func TestTheListsNameEverySchemeAndRole(t *testing.T) {
	named := map[Scheme]bool{}
	for line := range strings.Lines(cueWords) {
		name, _, ok := strings.Cut(line, ": ")
		switch s := schemeOf(name); {
		case !ok:
			t.Errorf("a line of cues without a name: %q", line)
		case roleNames[name] != 0 || strings.HasPrefix(name, "month"):
		case s == 0:
			t.Errorf("%q is neither a role nor a scheme", name)
		default:
			named[s] = true
		}
	}
	for i := range schemes {
		if !named[Scheme(i+1)] {
			t.Errorf("no word names %s", schemes[i].name)
		}
		if s := &schemes[i]; s.least < leastNumber || s.most > maxNumber || s.least > s.most {
			t.Errorf("%s has %d to %d characters", s.name, s.least, s.most)
		}
	}
	if len(schemes) > 64 {
		t.Error("a mask of schemes has 64 bits")
	}
}
