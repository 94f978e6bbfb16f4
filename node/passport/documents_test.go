package passport_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/passport"
)

const page = "../../docs/reference/passports.md"

// The example of the documentation is a list that is taken.
func TestTheExampleListIsGood(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no example", page)
	}
	got, err := passport.ParseTrust(found[1])
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Issuers) != 3 || len(got.People) != 1 {
		t.Errorf("%d issuers and %d people, want 3 and 1", len(got.Issuers), len(got.People))
	}
	for _, field := range regexp.MustCompile(`(?m)^ *"([a-z_]+)":`).FindAllSubmatch(found[1], -1) {
		if !strings.Contains(string(text), "`"+string(field[1])+"`") {
			t.Errorf("field %s is not described", field[1])
		}
	}
}

func TestEveryReasonIsDocumented(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := passport.Reason(1); !strings.HasPrefix(r.String(), "reason "); r++ {
		if n++; !strings.Contains(string(text), "\n| `"+r.String()+"` | ") {
			t.Errorf("%v is not described", r)
		}
	}
	if rows := strings.Count(string(text), "\n| `"); rows < n {
		t.Errorf("%d rows, want %d at least", rows, n)
	}
}
