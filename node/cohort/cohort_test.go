package cohort_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
)

// table writes lines whose blanks become tabs.
func table(lines ...string) string {
	return strings.ReplaceAll(strings.Join(lines, "\n"), " ", "\t") + "\n"
}

const names = "sample_id person_id sex ancestry"

func read(t *testing.T, text, where string) (*cohort.Table, error) {
	t.Helper()
	f, err := cohort.ParseFilter(where)
	if err != nil {
		t.Fatal(err)
	}
	return cohort.Read(strings.NewReader(text), f)
}

var samples = []string{"s1", "s2", "s3", "s4"}

func TestWhoIsInACohort(t *testing.T) {
	four := table(names, "s1 p1 male EUR", "s3 p3 female AFR", "s2 p2 unknown EUR")
	for _, c := range []struct {
		name, text, where string
		labels            []uint8
		sexes             []genotype.Sex
	}{
		{"everyone in the table", four, "", []uint8{1, 1, 1, 0}, []genotype.Sex{genotype.Male, 0, genotype.Female, 0}},
		{"who has a value in a column", four, "ancestry=EUR", []uint8{1, 1, 0, 0}, []genotype.Sex{genotype.Male, 0, genotype.Female, 0}},
		{"blanks around it", four, " ancestry = AFR ", []uint8{0, 0, 1, 0}, []genotype.Sex{genotype.Male, 0, genotype.Female, 0}},
		{"other names of sexes", table("sex sample_id person_id", "M s1 1", "F s2 2", "1 s3 3", "2 s4 4"), "",
			[]uint8{1, 1, 1, 1}, []genotype.Sex{genotype.Male, genotype.Female, genotype.Male, genotype.Female}},
		{"no sex", table("sex sample_id person_id", " s1 1", "NA s2 2", "0 s3 3", ". s4 4"), "", []uint8{1, 1, 1, 1}, make([]genotype.Sex, 4)},
		{"CR LF, a byte order mark and an empty line", "\xef\xbb\xbf" + strings.ReplaceAll(four, "\n", "\r\n") + "\r\n", "ancestry=EUR",
			[]uint8{1, 1, 0, 0}, []genotype.Sex{genotype.Male, 0, genotype.Female, 0}},
		{"a number sign before the names", "#" + four, "", []uint8{1, 1, 1, 0}, []genotype.Sex{genotype.Male, 0, genotype.Female, 0}},
		{"no end of line", strings.TrimSuffix(four, "\n"), "", []uint8{1, 1, 1, 0}, []genotype.Sex{genotype.Male, 0, genotype.Female, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, err := read(t, c.text, c.where)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tab.Cohort(samples, nil, 1)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.labels, got.Labels); d != "" {
				t.Errorf("labels (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.sexes, got.Sexes); d != "" {
				t.Errorf("sexes (-want +got):\n%s", d)
			}
			people := 0
			for _, l := range c.labels {
				people += int(l)
			}
			if got.People != people {
				t.Errorf("%d people, want %d", got.People, people)
			}
		})
	}
}

func TestSamplesThatTheTableDoesNotNameAreCountedOut(t *testing.T) {
	tab, err := read(t, table(names, "s3 p3 male EUR"), "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := tab.Cohort(samples, nil, 1)
	if err != nil || c.Ignored != 3 || c.People != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, text, where string
		want              error
		line              int // 0 for no one line
	}{
		{"nothing", "", "", cohort.ErrTable, 0},
		{"names alone", table(names), "", cohort.ErrTable, 0},
		{"no names", table("s1 p1 male EUR", "s2 p2 male EUR"), "", cohort.ErrTable, 1},
		{"no column person_id", table("sample_id sex", "s1 male"), "", cohort.ErrTable, 1},
		{"commas", "sample_id,person_id,sex\ns1,p1,male\n", "", cohort.ErrTable, 1},
		{"a column twice", table(names+" sex", "s1 p1 male EUR male"), "", cohort.ErrTable, 1},
		{"a column without a name", table(names+" ", "s1 p1 male EUR x"), "", cohort.ErrTable, 1},
		{"more columns than anyone needs", table(names + strings.Repeat(" x", 5000)), "", cohort.ErrTable, 1},
		{"a value too few", table(names, "s1 p1 male EUR", "s2 p2 male"), "", cohort.ErrTable, 3},
		{"a value too many", table(names, "s1 p1 male EUR x"), "", cohort.ErrTable, 2},
		{"a sample without a name", table(names, " p1 male EUR"), "", cohort.ErrTable, 2},
		{"a person without a name", table(names, "s1  male EUR"), "", cohort.ErrTable, 2},
		{"a name without end", table(names, "s1 "+strings.Repeat("p", 2000)+" male EUR"), "", cohort.ErrTable, 2},
		{"a sex that nobody knows", table(names, "s1 p1 3 EUR"), "", cohort.ErrTable, 2},
		{"not UTF-8", table(names, "s1 p\xff male EUR"), "", cohort.ErrTable, 2},
		{"not UTF-8 in the names", table(names+"\xff", "s1 p1 male EUR"), "", cohort.ErrTable, 1},
		{"a line without end", table(names, "s1 p1 male EUR", strings.Repeat("x", 2<<20)), "", cohort.ErrTable, 3},
		{"a sample twice", table(names, "s1 p1 male EUR", "s1 p2 male EUR"), "", cohort.ErrTwice, 3},
		{"two samples of one person", table(names, "s1 p1 male EUR", "s2 p2 male EUR", "s3 p1 male EUR"), "", cohort.ErrTwice, 4},
		{"two samples of one person of whom one is filtered", table(names, "s1 p1 male EUR", "s3 p1 male AFR"), "ancestry=EUR", cohort.ErrTwice, 3},
		{"a filter on a column that is not there", table(names, "s1 p1 male EUR"), "height=180", cohort.ErrFilter, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(t, c.text, c.where)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			var there *cohort.LineError
			if errors.As(err, &there) != (c.line > 0) || c.line > 0 && there.Line != c.line {
				t.Errorf("got %v, want it in line %d", err, c.line)
			}
			for _, secret := range []string{"s1", "s2", "s3", "p1", "p2"} {
				if strings.Contains(fmt.Sprint(err), secret) {
					t.Errorf("the error tells of %s", secret)
				}
			}
		})
	}
}

func TestCohortsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, text, where string
		sexes             []genotype.Sex
		minimum           int
		want              error
		line              int
	}{
		{"a sample that is not in the file", table(names, "s1 p1 male EUR", "s9 p9 male EUR"), "", nil, 1, cohort.ErrNoSample, 3},
		{"the same where the filter leaves it out", table(names, "s1 p1 male EUR", "s9 p9 male AFR"), "ancestry=EUR", nil, 1, cohort.ErrNoSample, 3},
		{"the other sex in the file", table(names, "s1 p1 male EUR", "s2 p2 male EUR"), "", []genotype.Sex{0, genotype.Female, 0, 0}, 1, cohort.ErrSex, 3},
		{"one person under the minimum", table(names, "s1 p1 male EUR", "s2 p2 male EUR"), "", nil, 3, cohort.ErrSmall, 0},
		{"under the minimum by the filter", table(names, "s1 p1 male EUR", "s2 p2 male AFR"), "ancestry=AFR", nil, 2, cohort.ErrSmall, 0},
		{"nobody", table(names, "s1 p1 male EUR"), "ancestry=SAS", nil, 0, cohort.ErrNobody, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, err := read(t, c.text, c.where)
			if err != nil {
				t.Fatal(err)
			}
			_, err = tab.Cohort(samples, c.sexes, c.minimum)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			var there *cohort.LineError
			if errors.As(err, &there) != (c.line > 0) || c.line > 0 && there.Line != c.line {
				t.Errorf("got %v, want it in line %d", err, c.line)
			}
			if !strings.Contains(err.Error(), "; ") {
				t.Errorf("it does not say how to mend it: %v", err)
			}
		})
	}
}

func TestTheFileStandsInForUnknownSexes(t *testing.T) {
	tab, err := read(t, table(names, "s1 p1 male EUR", "s2 p2 unknown EUR"), "")
	if err != nil {
		t.Fatal(err)
	}
	inFile := []genotype.Sex{genotype.Male, genotype.Female, genotype.Male, 0}
	c, err := tab.Cohort(samples, inFile, 2)
	if d := cmp.Diff(inFile, c.Sexes); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestPersonsDigestIsOfThePeopleAlone(t *testing.T) {
	digest := func(text, where string) [32]byte {
		tab, err := read(t, text, where)
		if err != nil {
			t.Fatal(err)
		}
		c, err := tab.Cohort(samples, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		return c.PersonsDigest()
	}
	two := digest(table(names, "s1 p1 male EUR", "s2 p2 male EUR"), "")
	if digest(table(names, "s3 p2 female AFR", "s4 p1 male EUR", "s1 p3 male SAS"), "") == two {
		t.Error("another person does not change it")
	}
	if digest(table(names, "s3 p2 female AFR", "s4 p1 male AFR", "s1 p3 male SAS"), "ancestry=AFR") != two {
		t.Error("samples, sexes or the order change it")
	}
	if digest(table(names, "s1 p male EUR", "s2 1p2 male EUR"), "") == digest(table(names, "s1 p1 male EUR", "s2 p2 male EUR"), "") {
		t.Error("names that run together are the same")
	}
}

func TestFilters(t *testing.T) {
	for text, want := range map[string]cohort.Filter{
		"": {}, "a=b": {Column: "a", Value: "b"}, " a = b c ": {Column: "a", Value: "b c"}, "a=": {Column: "a"}, "a=b=c": {Column: "a", Value: "b=c"},
	} {
		got, err := cohort.ParseFilter(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
		if again, err := cohort.ParseFilter(got.String()); err != nil || again != got {
			t.Errorf("%q: read again: %+v, %v", text, again, err)
		}
	}
	for _, text := range []string{"=b", " =b", "a b", "a\xff=b", strings.Repeat("a", 5000) + "=b"} {
		if _, err := cohort.ParseFilter(text); !errors.Is(err, cohort.ErrFilter) {
			t.Errorf("%.20q: got %v", text, err)
		}
	}
}

func TestAnErrorBelowIsPassedOn(t *testing.T) {
	broken := errors.New("the disk is on fire")
	if _, err := cohort.Read(iotest.ErrReader(broken), cohort.Filter{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(table(names, "s1 p1 male EUR", "s2 p2 2 AFR"), "ancestry=EUR")
	f.Add("\xef\xbb\xbf"+table(names, "s1 p1 male EUR", "s1 p2 2 AFR"), "")
	f.Add(table("sex sample_id person_id", "x s1 p1"), "sex=x")
	f.Add("\n\n", "=")
	f.Fuzz(func(t *testing.T, text, where string) {
		filter, err := cohort.ParseFilter(where)
		if err != nil {
			return
		}
		tab, err := cohort.Read(strings.NewReader(text), filter)
		if err != nil {
			if !errors.Is(err, cohort.ErrTable) && !errors.Is(err, cohort.ErrTwice) && !errors.Is(err, cohort.ErrFilter) {
				t.Fatalf("an error of no known kind: %v", err)
			}
			return
		}
		c, err := tab.Cohort(samples, nil, 1)
		if err == nil && (c.People < 1 || c.People+c.Ignored > len(samples)) {
			t.Fatalf("%d people and %d ignored of %d samples", c.People, c.Ignored, len(samples))
		}
	})
}

func TestStrataAreTheValuesOfAColumn(t *testing.T) {
	text := table(names, "s1 p1 male EUR", "s3 p3 female AFR", "s2 p2 unknown EUR", "s4 p4 female AMR")
	for name, tt := range map[string]struct {
		where, column string
		strata        []string
		labels        []uint8
	}{
		"everyone, sorted by name":        {"", "ancestry", []string{"AFR", "AMR", "EUR"}, []uint8{3, 3, 1, 2}},
		"of the chosen lines alone":       {"sex=female", "ancestry", []string{"AFR", "AMR"}, []uint8{0, 0, 1, 2}},
		"a column that a table must have": {"", "sex", []string{"female", "male", "unknown"}, []uint8{2, 3, 1, 1}},
		"none":                            {"", "", nil, []uint8{1, 1, 1, 1}},
	} {
		where, err := cohort.ParseFilter(tt.where)
		if err != nil {
			t.Fatal(err)
		}
		tab, err := cohort.ReadStrata(strings.NewReader(text), where, tt.column)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := tab.Cohort(samples, nil, 1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(got.Strata, tt.strata) || !slices.Equal(got.Labels, tt.labels) {
			t.Errorf("%s: %v, labels %v; want %v, %v", name, got.Strata, got.Labels, tt.strata, tt.labels)
		}
	}
}

func TestStrataThatCannotBeToldApartAreRefused(t *testing.T) {
	many := make([]string, 256)
	for i := range many {
		many[i] = fmt.Sprintf("s%d p%d male v%d", i, i, i)
	}
	for name, tt := range map[string]struct{ text, column string }{
		"no such column":              {table(names, "s1 p1 male EUR"), "arm"},
		"a value that is no name":     {table(names, "s1 p1 male ../EUR"), "ancestry"},
		"a value that hides a file":   {table(names, "s1 p1 male .EUR"), "ancestry"},
		"no value":                    {table(names, "s1 p1 male "), "ancestry"},
		"more strata than labels":     {table(append([]string{names}, many...)...), "ancestry"},
		"a name as long as a novel's": {table(names, "s1 p1 male "+strings.Repeat("E", 65)), "ancestry"},
	} {
		if _, err := cohort.ReadStrata(strings.NewReader(tt.text), cohort.Filter{}, tt.column); !errors.Is(err, cohort.ErrStrata) {
			t.Errorf("%s: %v, want %v", name, err, cohort.ErrStrata)
		}
	}
	if _, err := cohort.ReadStrata(strings.NewReader(table(append([]string{names}, many[:255]...)...)), cohort.Filter{}, "ancestry"); err != nil {
		t.Errorf("255 strata: %v", err)
	}
}

// Whatever the order of the table's lines, and whoever it leaves out, a person's label is at
// the person's sample.
func TestATableInAnyOrderIsFitted(t *testing.T) {
	const many = 300
	var file []string
	for i := range many {
		file = append(file, fmt.Sprint("s", i))
	}
	for _, tt := range []struct {
		name  string
		order func(dice *rand.Rand) []int
	}{
		{"in the order of the file", func(*rand.Rand) []int { return upTo(many) }},
		{"with some left out", func(dice *rand.Rand) []int {
			return slices.DeleteFunc(upTo(many), func(int) bool { return dice.IntN(4) == 0 })
		}},
		{"backwards", func(*rand.Rand) []int { all := upTo(many); slices.Reverse(all); return all }},
		{"in no order", func(dice *rand.Rand) []int { return dice.Perm(many)[:200] }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines, want := []string{names}, make([]uint8, many)
			for _, i := range tt.order(rand.New(rand.NewPCG(1, 2))) {
				lines = append(lines, fmt.Sprintf("s%d p%d male EUR", i, i))
				want[i] = 1
			}
			tab, err := read(t, table(lines...), "")
			if err != nil {
				t.Fatal(err)
			}
			c, err := tab.Cohort(file, nil, 1)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, c.Labels); d != "" {
				t.Errorf("labels (-want +got):\n%s", d)
			}
			if _, err := tab.Cohort(file[:many-1], nil, 1); want[many-1] == 1 && !errors.Is(err, cohort.ErrNoSample) {
				t.Errorf("a sample that is not in the file: %v", err)
			}
			_, err = read(t, table(append(lines, lines[len(lines)-1])...), "")
			if !errors.Is(err, cohort.ErrTwice) {
				t.Errorf("the last line twice: %v", err)
			}
		})
	}
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}
