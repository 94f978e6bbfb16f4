package locus_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/pb"
)

// A custodian reads in docs/reference/egress.md what leaves: no field may be missing.
func TestEveryFieldThatLeavesASiteIsDocumented(t *testing.T) {
	text := readDocument(t, "docs/reference/egress.md")
	for _, m := range []proto.Message{
		&pb.Envelope{}, &pb.Signature{}, &pb.Reply{}, &pb.NodeState{}, &pb.StudyState{}, &pb.Declaration{}, &pb.DeclaredCohort{},
		&pb.Contribution{}, &pb.ContributionHeader{}, &pb.Received{}, &pb.Vote{}, &pb.Testimony{}, &pb.Seen{}, &pb.HeadQuery{},
		&pb.Opening{}, &pb.OpeningBundle{}, &pb.Refusal{}, &pb.JoinRequest{}, &pb.RequestSignature{}, &pb.SiteReport{}, &pb.ReportedCohort{}, &pb.Verdict{},
		&pb.Cosign{}, &pb.Cosigned{},
	} {
		d := m.ProtoReflect().Descriptor()
		if d.FullName() != "locus.v1.Signature" && !strings.Contains(text, string(d.Name())) {
			t.Errorf("%s is not described", d.Name())
		}
		for i := range d.Fields().Len() {
			name := string(d.Fields().Get(i).Name())
			if !strings.Contains(text, "`"+name+"`") && name != "key" {
				t.Errorf("field %s of %s is not described", name, d.Name())
			}
		}
	}
	for _, call := range protocol.Calls() {
		if !strings.Contains(text, call.Name) {
			t.Errorf("call %s is not described", call.Name)
		}
	}
}

func TestEveryRefusalIsDocumented(t *testing.T) {
	text := readDocument(t, "docs/reference/refusals.md")
	code := protocol.Code(1)
	for ; code.String() != fmt.Sprintf("code %d", code); code++ {
		if !strings.Contains(text, fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("code %d, %s, is not described", code, code)
		}
	}
	if strings.Contains(text, fmt.Sprintf("\n| %d | ", code)) {
		t.Errorf("code %d is described, and is none", code)
	}
	if code < 20 {
		t.Errorf("the test sees %d codes only", code-1)
	}
}

// A rule of counting that no test holds is a hope. Each row of the tables names a package,
// a test, and the case of its table.
func TestEveryRuleOfCountingNamesItsTest(t *testing.T) {
	named := regexp.MustCompile("`([a-z0-9/-]+)` (Test[A-Za-z0-9]+)(?:: (.+) \\|$)?")
	rules := 0
	for line := range strings.SplitSeq(readDocument(t, "docs/reference/counting.md"), "\n") {
		found := named.FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") && strings.Count(line, " | ") == 2 && len(found) == 0 && !strings.HasPrefix(line, "| in the file |") {
			t.Errorf("no test holds: %s", line)
		}
		for _, f := range found {
			rules++
			files, err := filepath.Glob(f[1] + "/*_test.go")
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, file := range files {
				text += readDocument(t, file)
			}
			if !strings.Contains(text, "func "+f[2]+"(") || !strings.Contains(text, strconv.Quote(f[3])) && f[3] != "" {
				t.Errorf("%s has no %s with %q", f[1], f[2], f[3])
			}
		}
	}
	if rules < 30 {
		t.Errorf("the test sees %d rules only", rules)
	}
}

// A document that rests a claim on a test names one that is there.
func TestEveryTestThatADocumentNamesIsThere(t *testing.T) {
	tests := map[string]bool{}
	defined := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	eachFile(t, ".", "_test.go", func(name string) {
		for _, f := range defined.FindAllStringSubmatch(readDocument(t, name), -1) {
			tests[f[1]] = true
		}
	})
	named, seen := regexp.MustCompile(`\bTest[A-Z]\w+`), 0
	eachFile(t, "docs", ".md", func(name string) {
		for _, test := range named.FindAllString(readDocument(t, name), -1) {
			if seen++; !tests[test] {
				t.Errorf("%s names %s, which is no test", name, test)
			}
		}
	})
	if seen < 50 {
		t.Errorf("the test sees %d names only", seen)
	}
}

// eachFile hands over the files below a folder whose names end so.
func eachFile(t *testing.T, folder, end string, hand func(name string)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(name, end) {
			hand(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
