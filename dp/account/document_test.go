package account_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
)

// What the document says in numbers is computed, and the tests that it names are there.
func TestTheDocumentationTellsWhatIsSo(t *testing.T) {
	root := filepath.Join("..", "..")
	raw, err := os.ReadFile(filepath.Join(root, "docs", "explanation", "privacy.md"))
	if err != nil {
		t.Fatal(err)
	}
	rhos, errors, names := 0, 0, 0
	for line := range strings.SplitSeq(string(raw), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		first, err := strconv.ParseFloat(cells[0], 64)
		switch {
		case err == nil && len(cells) == 3:
			rhos++
			if want := fmt.Sprintf("%.3f", account.Epsilon(first, 1e-9)); cells[1] != want {
				t.Errorf("rho %s is said to be an epsilon of %s, and is %s", cells[0], cells[1], want)
			}
		case err == nil && len(cells) == 6:
			errors++
			checkErrors(t, first, cells)
		}
		for _, f := range regexp.MustCompile("`(dp[a-z/]*)` ((?:Test|Example)[A-Za-z0-9]+)").FindAllStringSubmatch(line, -1) {
			names++
			if !hasTest(t, filepath.Join(root, f[1]), f[2]) {
				t.Errorf("%s has no %s", f[1], f[2])
			}
		}
	}
	if rhos != 3 || errors != 11 || names < 10 {
		t.Errorf("the test sees %d rows of rho, %d of errors and %d tests", rhos, errors, names)
	}
}

// checkErrors compares a row of the table of errors, to two digits.
func checkErrors(t *testing.T, epsilon float64, cells []string) {
	t.Helper()
	variants, err := strconv.Atoi(cells[1])
	if err != nil {
		t.Fatal(err)
	}
	f := dp.Frequency{Variants: variants}
	m, err := account.Calibrate(bound(t, f), f.Coordinates(), alone, account.Budget{Epsilon: epsilon, Delta: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	for i, people := range []int64{1_000, 10_000, 100_000, 1_000_000} {
		got := f.RMSE(m.Spread(), people)
		if cells[2+i] == "useless" {
			if got < 0.3 {
				t.Errorf("epsilon %g, %d variants, %d people: an error of %.2g is called useless", epsilon, variants, people, got)
			}
			continue
		}
		said, err := strconv.ParseFloat(cells[2+i], 64)
		if err != nil || math.Abs(said-got) > 0.05*got {
			t.Errorf("epsilon %g, %d variants, %d people: the error is said to be %s, and is %.2g", epsilon, variants, people, cells[2+i], got)
		}
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(") {
			return true
		}
	}
	return false
}
