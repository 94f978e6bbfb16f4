package he

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/he/pack"
)

// specification is the page that has to say what is so.
func specification(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "docs", "explanation", "encryption.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestThePageSaysWhatIsSo computes figures, and looks for them as they are written.
func TestThePageSaysWhatIsSo(t *testing.T) {
	page := specification(t)
	for name, want := range map[string]string{
		"a sealed share":         commas(SealedShareSize(a50[0], 1)) + " bytes go to each site from each dealer",
		"shares of a thousand":   fmt.Sprintf("from each to each is %d MB a site among a thousand", (1000*SealedShareSize(a50[0], 1)+5e5)/1e6),
		"GMAC's bound":           fmt.Sprintf("%s in a part of 8N words, and 2%s in the tags of 2%s words", commas(batch*blockBytes/16), raised(int(math.Log2(maxWords/(batch*ringDegree)))), raised(int(math.Log2(maxWords)))),
		"packings":               packings(),
		"three in two words":     fmt.Sprintf("up to %d million people at three sites, %d million at ninety", millions(t, 3), millions(t, 90)),
		"estimates":              estimates(),
		"failures of one word":   failures("a word", 0),
		"failures of many words": failures("any of 10⁸ words", math.Log2(1e8)),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s: the page does not say %q", name, want)
		}
	}
	least := minSites
	for _, p := range a50 {
		sites := fmt.Sprintf("..%d", p.maxSites)
		people, unit := commas(twoAWord(t, p)), ""
		if p == a50[0] {
			sites, unit = fmt.Sprint(least)+sites, " people in all"
		}
		want := fmt.Sprintf("| %s | %s | %d | %d | %s%s | %d bits | 2⁻%s |", p, sites, p.guard, p.Payload(), people, unit, p.Payload(),
			raised(int(failureBits(int64(p.maxSites), p.guard))))
		if !strings.Contains(page, want) {
			t.Errorf("%s: the page does not say %q", p, want)
		}
	}
}

// failures is a row of the table of failures, of so many bits less than one word's.
func failures(name string, less float64) string {
	row := "| " + name + ", 2^− |"
	for _, n := range []int{2, 10, 50, 90, 91, 380, 381, 1000, 1500} {
		p, err := ParamsFor(n)
		if err != nil {
			return err.Error()
		}
		row += fmt.Sprintf(" %d |", int(failureBits(int64(n), p.guard)-less))
	}
	return row
}

// estimates is the table of attacks, of the lattice estimator and by our own formula.
func estimates() string {
	row := func(name string, a attack) string {
		return fmt.Sprintf("| %s | %.1f | %.1f | %.1f | %.1f |\n", name, a.coreSVP, a.quantum, a.sieve, a.matzov)
	}
	own := uniform(ringDegree, prime, hinted).primal()
	table := row(fmt.Sprintf("`usvp` by our formula: β = %d in dimension %d", own.block, own.dimension), own)
	for _, a := range estimator {
		name := "`" + a.name + "`"
		if a.block != 0 {
			name += fmt.Sprintf(": β = %d in dimension %d", a.block, a.attack.dimension)
		}
		table += row(name, a.attack)
	}
	return table + fmt.Sprintf("\nSo 2%s is the figure to rely on, and 2%s by core-SVP", raised(int(least().matzov)), raised(int(least().coreSVP)))
}

// packings are the defaults of the roster for more than sixteen sites.
func packings() string {
	of := func(n int) int { return PackingFor(n, 4*n/5+1) }
	most := 17
	for of(most+1) == 1 {
		most++
	}
	return fmt.Sprintf("%d, which is Shamir's scheme, up to %d sites, %d at 30, %d at 100 and %d at 1,000", of(most), most, of(30), of(100), of(1000))
}

// twoAWord is how many people there may be with two counters in a word.
func twoAWord(t *testing.T, p Params) (people int) {
	t.Helper()
	for step := 1 << 20; step > 0; step /= 2 {
		l, err := pack.New(pack.Spec{Payload: p.Payload(), Sites: 1, Max: 2 * int64(people+step)})
		if err == nil && l.PerWord() == 2 {
			people += step
		}
	}
	return people
}

// millions is for how many million people three counters fit two words of the first set.
func millions(t *testing.T, sites int64) (most int64) {
	t.Helper()
	for {
		l, err := pack.New(pack.Spec{Payload: a50[0].Payload(), Sites: int(sites), Max: 2 * (most + 1) * 1e6 / sites})
		if err != nil || l.Words(3) > 2 {
			return most
		}
		most++
	}
}

// commas writes a number as the page does.
func commas(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", commas(n/1000), n%1000)
}

// raised writes an exponent.
func raised(n int) string {
	return strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}

// TestEveryAttackOfThePageIsThere looks up each test that the page names, and whether it
// has the switch that the page says; and each attack of this package on the page.
func TestEveryAttackOfThePageIsThere(t *testing.T) {
	page := specification(t)
	rows := regexp.MustCompile("(?m)^\\|.*\\| `([a-z/]+)\\.(Test\\w+)` \\| (none|\\w+ \\|)").FindAllStringSubmatch(page, -1)
	if len(rows) < 25 {
		t.Errorf("the test sees %d attacks only", len(rows))
	}
	switches := make(map[string]map[string]string) // of the tests of a package
	for _, row := range rows {
		dir, name, want := row[1], row[2], strings.TrimSuffix(row[3], " |")
		if switches[dir] == nil {
			switches[dir] = switchesOf(t, filepath.Join("..", dir))
		}
		got, found := switches[dir][name]
		if !found || got != want {
			t.Errorf("%s.%s is there: %v; its switch is %q, the page says %q", dir, name, found, got, want)
		}
	}
	for name := range switches["he"] {
		if strings.HasPrefix(name, "TestAttack") && !strings.Contains(page, "`he."+name+"`") {
			t.Errorf("the page does not name %s", name)
		}
	}
}

// switchesOf is the first mechanism that each test of a folder takes out, or none.
func switchesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "Test") {
				all[fn.Name.Name] = firstSwitch(fn)
			}
		}
	}
	return all
}

// firstSwitch is X of the first debug.Defended(t, debug.X, ...).
func firstSwitch(fn *ast.FuncDecl) string {
	found := "none"
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 2 || found != "none" {
			return true
		}
		if s, ok := call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Defended" {
			if m, ok := call.Args[1].(*ast.SelectorExpr); ok {
				found = m.Sel.Name
			}
		}
		return true
	})
	return found
}
