package cohort_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/cohort"
)

// clinic is a table with columns of every kind, and with gaps.
var clinic = strings.ReplaceAll(strings.TrimSpace(`
sample_id|person_id|sex|age|bmi|icd|phenotypes|batch|age at visit|score|lab.hba1c|empty
s1|1|M|40|20.5|I21.4|HP:0001250;HP:0000001|007|3|1|5|NA
s2|2|F|41|NA|E11.9,I21.4||008|4|2|6|
s3|3|2|.|30|I21.9|HP:0001250|009|5|high|7|.
s4|4|NA|50|31e0|C50|HP:0000001 | HP:0000003|010|6|3|8|null
`), "|", "\t") + "\n"

// the bar stands between terms too
var withBars = strings.ReplaceAll(clinic, "HP:0000001 \t HP:0000003", "HP:0000001 | HP:0000003")

func TestWhoAnExpressionTakes(t *testing.T) {
	for _, tt := range []struct {
		name, where string
		want        string // of the four people
	}{
		{"a sex and an age", `sex == "F" && age >= 41`, "2"},
		{"either of two", `age >= 50 || sex == "M"`, "1 4"},
		{"single quotes", `sex == 'F'`, "2 3"},
		{"a sex written as a number in the table", `sex == "F" && !has(age)`, "3"},
		{"a term of a list", `"HP:0001250" in phenotypes`, "1 3"},
		{"a term of a cell with one", `"I21.4" in icd`, "1 2"},
		{"a term that only begins so", `"I21" in icd`, ""},
		{"a term behind a bar", `"HP:0000003" in phenotypes`, "4"},
		{"terms by how they begin", `icd.startsWith("I21")`, "1 2 3"},
		{"terms by how they end", `icd.endsWith(".9")`, "2 3"},
		{"terms by what is in them", `icd.contains("50")`, "4"},
		{"how many terms", `size(phenotypes) >= 2`, "1 4"},
		{"one of several values", `age in [40, 50]`, "1 4"},
		{"a number as a term", `"40" in age`, "1"},
		{"codes with zeros before them are text", `batch == "007"`, "1"},
		{"texts in order", `batch < "009"`, "1 2"},
		{"numbers with and without decimals in order", `bmi >= 30`, "3 4"},
		{"a number with decimals", `bmi == 31.0`, "4"},
		{"arithmetic", `age * 2 - 1 == 79`, "1"},
		{"a quotient with decimals", `double(age) / bmi > 1.7`, "1"},
		{"a rest", `age % 2 == 1`, "2"},
		{"a negative number", `-age < -40`, "2 4"},
		{"a choice between values", `(sex == "F" ? 41 : 50) <= age`, "2"},
		{"ids are text", `person_id == "1" || sample_id == "s4"`, "1 4"},
		{"a column with blanks in its name", `column("age at visit") > 4`, "3 4"},
		{"a column with a dot in its name", `column("lab.hba1c") > 6`, "3 4"},
		{"the same column in both ways", `column("age") == age`, "1 2 4"},
		{"text in which some cells are numbers", `score == "high" || score == "2"`, "2 3"},
		{"a comment and more lines", "age >= 41 // the older\n\t&& has(bmi)", "4"},

		{"a missing cell is not equal", `age == 0`, ""},
		{"a missing cell is not unequal", `age != 40`, "2 4"},
		{"a missing cell is not less", `age < 1000`, "1 2 4"},
		{"a missing cell has no term", `"HP:0000001" in phenotypes`, "1 4"},
		{"a missing cell is in no list", `age in [0]`, ""},
		{"nothing is computed with a missing cell", `1 / age > 5 || bmi > 0`, "1 3 4"},
		{"not of a comparison with a missing cell is true", `!(age == 40)`, "2 3 4"},
		{"unless it is asked for", `has(age) && !(age == 40)`, "2 4"},
		{"whether a cell is missing", `!has(bmi)`, "2"},
		{"whether a sex is missing", `!has(sex)`, "4"},
		{"a column of missing cells", `empty == 1 || empty == "x" || empty.contains("")`, ""},
		{"that a column of missing cells is so", `!has(empty)`, "1 2 3 4"},
		{"the old form is as it was", `score=high`, "3"},
		{"the old form sees what is written", `sex=2`, "3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := cohort.ParseFilter(tt.where)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a filter can be used again
				tab, err := cohort.Read(strings.NewReader(withBars), f)
				if err != nil {
					t.Fatal(err)
				}
				if got := people(tab); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
			if f.String() != tt.where {
				t.Errorf("it is shown as %q", f)
			}
		})
	}
}

// people are who a table's filter has chosen.
func people(tab *cohort.Table) string {
	c, err := tab.Cohort(samples, nil, 0)
	if err != nil {
		return ""
	}
	return strings.Join(c.Persons(), " ")
}

func TestExpressionsThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, where string
		at          int    // the character; 0 for all of it
		say         string // what the error says
	}{
		{"a misspelt column", `sex == "F" && agee > 40`, 15, "no column agee; is age meant?; the table has sample_id, person_id, sex, age, bmi, icd"},
		{"a column in capitals", `AGE > 40`, 1, "is age meant?"},
		{"a text without quotes", `icd == C50`, 8, "no column C50 (a text is written in quotes)"},
		{"a number and a text", `age >= "forty"`, 5, ">= does not take a whole number (int) and text (string); a text is written in quotes and a number without; age is a whole number (int)"},
		{"a text and a number", `batch == 7`, 7, "batch is text (string)"},
		{"a column that one cell makes text", `score > 1`, 7, "score is text (string), for line 4 has no number"},
		{"numbers of two kinds", `bmi == 30`, 5, "write both with decimals, as in 30.0, or double(age); bmi is a number (double)"},
		{"a list and a text", `phenotypes == "HP:0001250"`, 12, `a list is looked through with in, as in "I21.4" in icd; phenotypes is a list of terms`},
		{"what is neither true nor false", `age + 1`, 0, "it gives a whole number (int), and has to be true or false; compare it with something; age is"},
		{"a number as a condition", `!age`, 1, "! does not take a whole number (int)"},
		{"no column", `true`, 0, "it speaks of no column"},
		{"a column in quotes", `"sex" == "F" && age > 40`, 7, "no column is looked at here; write its name without quotes"},
		{"a sex that nobody has", `sex == "female"`, 8, `sex is "F" or "M" here`},
		{"a sex that nobody has, in a list", `sex in ["F", "male"]`, 14, `sex is "F" or "M" here`},
		{"one = with quotes", `icd = "C50"`, 5, "an expression compares with =="},
		{"one = in the old form with more behind it", `age = 40 && sex == "F"`, 5, "an expression compares with =="},
		{"one = in an expression", `sex == "F" && age = 40`, 19, "values are compared with =="},
		{"and", `age > 40 and sex == "F"`, 10, "it is written &&"},
		{"or", `age > 40 or sex == "F"`, 10, "it is written ||"},
		{"no end", `sex == "F" &&`, 14, "something is missing at its end"},
		{"a text without end", `icd == "C50`, 8, "a text ends with the quote that it begins with"},
		{"null", `age == null`, 8, "whether a cell is empty is !has(column)"},
		{"a loop", `phenotypes.exists(p, p == "HP:0001250")`, 12, "there is no exists; there are startsWith, endsWith, contains, double, size, has, column"},
		{"a loop that makes a list", `[1, 2].map(x, x * 2) == [age]`, 8, "there is no map"},
		{"a pattern", `icd.matches("I.*")`, 5, "there is no matches"},
		{"the time", `timestamp("2020-01-01T00:00:00Z") > age`, 1, "there is no timestamp"},
		{"a place in a list", `phenotypes[0] == "HP:0001250"`, 11, "there is no […]"},
		{"a map", `{"a": age}["a"] > 40`, 11, "there is no […]"},
		{"a message", `google.protobuf.Int64Value{value: 1} == age`, 27, "there are no maps, messages or loops here"},
		{"a part of a column", `age.years > 40`, 4, "a column with a dot in its name is written column("},
		{"a function behind a dot", `phenotypes.size() > 1`, 12, "size stands before its brackets"},
		{"a function before a column", `startsWith(icd, "I")`, 1, "startsWith stands behind a column and a dot"},
		{"too little in brackets", `icd.startsWith()`, 5, "startsWith takes 1 in its brackets"},
		{"whether a text is there", `has("age")`, 5, "a column is wanted here"},
		{"an unsigned number", `age == 40u`, 8, "values are numbers such as 40 or 1.5"},
		{"bytes", `icd == b"C50"`, 8, "texts in quotes"},
		{"a name that is ours", `@cell0 == 1`, 1, "an expression is like"},
		{"a fault in the second line", "age > 40 &&\n  agee > 40", 15, "line 2, character 3: there is no column agee"},
		{"a fault behind other scripts", `icd == "ÄÖÜ🧬" && agee > 40`, 18, "character 18: there is no column agee"},
		{"a division by nothing", `age / 0 > 1`, 0, "it cannot be computed: division by zero; leave such people out before"},
		{"more than a number holds", `age * 9223372036854775807 > 1`, 0, "integer overflow"},
		{"more than anyone writes", `age > 1` + strings.Repeat(" ", 5000) + `&& age > 2`, 0, "over 4096 bytes"},
		{"more parts than anyone writes", "age in [1" + strings.Repeat(",1", 2000) + "]", 0, "over 1024 parts"},
		{"brackets in brackets", strings.Repeat("(", 2000) + "age > 1" + strings.Repeat(")", 2000), 0, "deep"},
		{"more columns than anyone needs", `has(c0)` + columns(40), 0, "over 32 columns"},
		{"control characters", "age > 1\x1b[2J", 0, "control characters"},
		{"not UTF-8", "age > 1 && icd == \"\xff\"", 0, "not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read1(withBars, tt.where)
			var there *cohort.FilterError
			if !errors.Is(err, cohort.ErrFilter) || !errors.As(err, &there) {
				t.Fatalf("got %v, want a %T", err, there)
			}
			if tt.at > 0 && there.At != tt.at {
				t.Errorf("it is at character %d, want %d: %v", there.At, tt.at, err)
			}
			if !strings.Contains(err.Error(), tt.say) {
				t.Errorf("it says %q, want %q", err, tt.say)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("it says %d bytes", len(err.Error()))
			}
		})
	}
}

// columns are further columns of an expression.
func columns(n int) (text string) {
	for i := range n {
		text += fmt.Sprintf("||has(c%d)", i)
	}
	return text
}

func read1(text, where string) (*cohort.Table, error) {
	f, err := cohort.ParseFilter(where)
	if err != nil {
		return nil, err
	}
	return cohort.Read(strings.NewReader(text), f)
}

func TestTablesThatAnExpressionRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, cell string
	}{
		{"a cell without end", strings.Repeat("x", 20<<10)},
		{"more terms than anybody has", strings.Repeat("x;", 2000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := table("sample_id person_id sex icd", "s1 1 M C50", "s2 2 F "+tt.cell)
			_, err := read1(text, `"C50" in icd`)
			var there *cohort.LineError
			if !errors.Is(err, cohort.ErrTable) || !errors.As(err, &there) || there.Line != 3 {
				t.Errorf("got %v, want it in line 3", err)
			}
			if _, err := read1(text, `sex == "F"`); err != nil {
				t.Errorf("it matters where nobody looks at it: %v", err)
			}
		})
	}
}

func TestWhatAnExpressionMayDoForAPersonIsBounded(t *testing.T) {
	text := table("sample_id person_id sex icd", "s1 1 M "+strings.TrimSuffix(strings.Repeat("C50;", 1000), ";"))
	if tab, err := read1(text, `"C51" in icd || icd.startsWith("C50")`); err != nil || people(tab) != "1" {
		t.Errorf("a few looks at a long list: %v", err)
	}
	_, err := read1(text, strings.TrimSuffix(strings.Repeat(`"C51" in icd || `, 200), "|| "))
	if !errors.Is(err, cohort.ErrFilter) || !strings.Contains(err.Error(), "100000 are allowed") {
		t.Errorf("two hundred looks at a long list: got %v", err)
	}
}

// Who is chosen is told at the end of the table; strata are those of the chosen all the same.
func TestStrataOfAnExpression(t *testing.T) {
	text := table("sample_id person_id sex age ancestry", "s1 1 M 40 EUR", "s3 3 F 41 AFR", "s2 2 M 42 EUR", "s4 4 M 10 <bad>")
	f, err := cohort.ParseFilter(`age >= 40`)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := cohort.ReadStrata(strings.NewReader(text), f, "ancestry")
	if err != nil {
		t.Fatal(err)
	}
	c, err := tab.Cohort(samples, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"AFR", "EUR"}, tab.Strata()) + cmp.Diff([]uint8{2, 2, 1, 0}, c.Labels); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if f, err = cohort.ParseFilter(`age >= 10`); err != nil {
		t.Fatal(err)
	}
	_, err = cohort.ReadStrata(strings.NewReader(text), f, "ancestry")
	var there *cohort.LineError
	if !errors.Is(err, cohort.ErrStrata) || !errors.As(err, &there) || there.Line != 5 {
		t.Errorf("a stratum that is none: got %v, want it in line 5", err)
	}
}

// A growing table may change what a column is, but not what in, size and tests of terms say.
func TestWhatIsLookedForInAColumnDoesNotDependOnItsKind(t *testing.T) {
	rows := []string{"sample_id person_id sex icd9", "s1 1 M 250", "s2 2 F 401"}
	for _, more := range [][]string{nil, {"s3 3 F 250.1"}, {"s3 3 F V10"}, {"s3 3 F 401;V10"}, {"s3 3 F NA"}} {
		text := table(append(append([]string{}, rows...), more...)...)
		for where, want := range map[string]string{`"250" in icd9`: "1", `icd9.startsWith("25") && size(icd9) == 1 && sample_id < "s3"`: "1"} {
			tab, err := read1(text, where)
			if err != nil || people(tab) != want {
				t.Errorf("%s with %v: %q, %v", where, more, people(tab), err)
			}
		}
	}
}

// A reader of the page finds all of the language there, and its bounds.
func TestTheLanguageIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/cohort-expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(cohort.Language(), cohort.Bounds()...) {
		if !strings.Contains(strings.ReplaceAll(string(page), `\|`, "|"), f) {
			t.Errorf("%s is not described", f)
		}
	}
	for _, reserved := range cohort.Reserved() {
		if !strings.Contains(string(page), "`"+reserved+"`") {
			t.Errorf("the word %s is not listed", reserved)
		}
	}
	examples := 0
	for line := range strings.SplitSeq(string(page), "\n") {
		if !strings.HasPrefix(line, "| `") || !strings.HasSuffix(line, " |") {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "| "), `\|`, "\x00"), " | ")
		for where := range strings.SplitSeq(strings.ReplaceAll(cells[len(cells)-1], "\x00", "|"), "`") {
			if !strings.ContainsAny(where, "=<>(") && !strings.Contains(where, " in ") {
				continue
			}
			examples++
			if _, err := read1(withBars, where); err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
	if examples < 15 {
		t.Errorf("the test sees %d examples only", examples)
	}
}

func FuzzExpression(f *testing.F) {
	for _, where := range []string{
		`sex == "F" && age >= 40 && "HP:0001250" in phenotypes`, `!has(bmi) || double(age) / bmi > 1.5`, `column("age at visit") in [3, 4]`,
		`icd.startsWith("I21") ? size(icd) < 2 : age % 2 == 0`, `phenotypes == ["HP:0001250"]`, "age != 40\n&& score > \"1\"", `-1 < -age`,
		`[[age]] == [[40]]`, `empty.x`, `has(`, `"\u00e9" in icd`, `1.5e300 * bmi > 1e308`, `sex=2`, "> =", "sex= =2",
	} {
		f.Add(where, withBars)
	}
	f.Fuzz(func(t *testing.T, where, text string) {
		filter, err := cohort.ParseFilter(where)
		if err != nil {
			if !errors.Is(err, cohort.ErrFilter) {
				t.Fatalf("an error of no known kind: %v", err)
			}
			return
		}
		if again, err := cohort.ParseFilter(filter.String()); err != nil || again.String() != filter.String() {
			t.Fatalf("%q, read again: %q, %v", filter, again, err)
		}
		tab, err := cohort.Read(strings.NewReader(text), filter)
		if err != nil {
			if !errors.Is(err, cohort.ErrFilter) && !errors.Is(err, cohort.ErrTable) && !errors.Is(err, cohort.ErrTwice) {
				t.Fatalf("an error of no known kind: %v", err)
			}
			return
		}
		if filter.Column != "" || filter.String() == "" {
			return
		}
		// Who is not taken is taken by the opposite, and nobody by both.
		not, err := cohort.ParseFilter("!(" + filter.String() + "\n)")
		if err != nil {
			return // too long or too deep
		}
		others, err := cohort.Read(strings.NewReader(text), not)
		if err != nil {
			t.Fatalf("the opposite: %v", err)
		}
		if cohort.Chosen(tab)+cohort.Chosen(others) != cohort.Lines(tab) {
			t.Fatalf("%d and %d of %d people", cohort.Chosen(tab), cohort.Chosen(others), cohort.Lines(tab))
		}
	})
}

// BenchmarkExpression reads tables of 100,000 people.
func BenchmarkExpression(b *testing.B) {
	const people = 100_000
	var s strings.Builder
	s.WriteString("sample_id\tperson_id\tsex\tage\tbmi\tphenotypes\n")
	r := rand.New(rand.NewPCG(1, 2))
	for i := range people {
		fmt.Fprintf(&s, "s%d\tp%d\t%s\t%d\t%.2f\tHP:%07d;HP:%07d\n", i, i, []string{"male", "female"}[r.IntN(2)], 18+r.IntN(80), 15+20*r.Float64(), 1200+r.IntN(100), r.IntN(100))
	}
	for _, bb := range []struct{ name, where string }{
		{"no filter", ""},
		{"a column's value", "sex=female"},
		{"an expression of one column", `age >= 40`},
		{"an expression of three columns", `sex == "F" && age >= 40 && "HP:0001250" in phenotypes`},
		{"an expression of a column with many values", `double(age) / bmi > 2.0`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			f, err := cohort.ParseFilter(bb.where)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cohort.Read(strings.NewReader(s.String()), f); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/people, "ns/person")
		})
	}
}
