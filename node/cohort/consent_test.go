package cohort_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/cohort"
)

func TestConsentsAreReadAsTheyAreWritten(t *testing.T) {
	got, err := cohort.ReadConsents(strings.NewReader("\xef\xbb\xbf#person_id\tseen\tstudies\tstatus\tduo\r\n" +
		"p 1\tx\t\tgiven\tDUO:0000006\r\n\r\np2\tx\tlipids, demo,demo\twithdrawn\tMONDO:0005015,DUO:0000007\n"))
	want := []cohort.Consent{
		{Person: "p 1", Given: true, Codes: []string{"DUO:0000006"}},
		{Person: "p2", Codes: []string{"DUO:0000007", "MONDO:0005015"}, Studies: []string{"demo", "lipids"}},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if got, err = cohort.ReadConsents(strings.NewReader("status\tperson_id\ngiven\tp1")); err != nil || len(got) != 1 {
		t.Errorf("without lists: %+v, %v", got, err)
	}
}

func TestConsentsThatAreRefused(t *testing.T) {
	const names = "person_id\tstatus\tduo\tstudies\n"
	for _, tt := range []struct {
		name, text string
		line       int // 0 for no one line
	}{
		{"nothing", "", 0},
		{"names alone", names, 0},
		{"no names", "p1\tgiven\n", 1},
		{"no names, and somebody twice", "p1\tgiven\tp1\n", 1},
		{"no status", "person_id\tduo\np1\tDUO:0000006\n", 1},
		{"a column twice", "person_id\tstatus\tstatus\np1\tgiven\tgiven\n", 1},
		{"a value too few", names + "p1\tgiven\t\n", 2},
		{"nobody", names + " \tgiven\t\t\n", 2},
		{"a name without end", names + strings.Repeat("p", 2000) + "\tgiven\t\t\n", 2},
		{"another status", names + "p1\tGiven\t\t\n", 2},
		{"no status in a line", names + "p1\t\t\t\n", 2},
		{"somebody twice", names + "p1\tgiven\t\t\np2\tgiven\t\t\np1\twithdrawn\t\t\n", 4},
		{"a code that is none", names + "p1\tgiven\tGRU\t\n", 2},
		{"codes with another mark", names + "p1\tgiven\tDUO:0000006;DUO:0000007\t\n", 2},
		{"more codes than anybody needs", names + "p1\tgiven\t" + strings.Repeat("DUO:0000006,", 64) + "DUO:0000007\t\n", 2},
		{"a study that is none", names + "p1\tgiven\t\tA Study\n", 2},
		{"an empty place in a list", names + "p1\tgiven\tDUO:0000006,,DUO:0000007\t\n", 2},
		{"not UTF-8", names + "p\xff\tgiven\t\t\n", 2},
		{"a line without end", names + strings.Repeat("x", 2<<20), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cohort.ReadConsents(strings.NewReader(tt.text))
			if !errors.Is(err, cohort.ErrConsents) {
				t.Fatalf("got %v, want %v", err, cohort.ErrConsents)
			}
			var there *cohort.LineError
			if errors.As(err, &there) != (tt.line > 0) || tt.line > 0 && there.Line != tt.line {
				t.Errorf("got %v, want it in line %d", err, tt.line)
			}
			if strings.Contains(err.Error(), "p1") {
				t.Error("the error names somebody")
			}
		})
	}
}

func TestWhoIsLeftOutIsCountedNowhere(t *testing.T) {
	tab, err := read(t, table(names, "s4 p4 male EUR", "s1 p1 male EUR", "s2 p2 female EUR"), "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := tab.Cohort(samples, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	c.Only(func(p string) bool { return p != "p1" })
	if d := cmp.Diff([]uint8{0, 1, 0, 1}, c.Labels); d != "" || c.People != 2 {
		t.Errorf("%d people, labels (-want +got):\n%s", c.People, d)
	}
	if d := cmp.Diff([]string{"p4", "p2"}, c.Persons()); d != "" {
		t.Errorf("people (-want +got):\n%s", d)
	}
	c.Only(func(string) bool { return false })
	if c.People != 0 || c.Labels[1] != 0 || c.Labels[3] != 0 {
		t.Errorf("nobody is left: %+v", c)
	}
	if d := cmp.Diff([]string{"p4", "p1", "p2"}, tab.Persons()); d != "" {
		t.Errorf("the table (-want +got):\n%s", d)
	}
}

func FuzzReadConsents(f *testing.F) {
	f.Add("person_id\tstatus\tduo\tstudies\np1\tgiven\tDUO:0000006\tdemo\n")
	f.Add("\xef\xbb\xbf#status\tperson_id\r\nwithdrawn\tp1\r\n")
	f.Add("\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := cohort.ReadConsents(strings.NewReader(text))
		if err != nil && !errors.Is(err, cohort.ErrConsents) {
			t.Fatalf("an error of no known kind: %v", err)
		}
		seen := make(map[string]bool)
		for _, c := range list {
			if c.Person == "" || seen[c.Person] {
				t.Fatalf("somebody twice, or nobody: %q", c.Person)
			}
			seen[c.Person] = true
		}
	})
}
