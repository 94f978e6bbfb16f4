package researcher_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/researcher"
)

// Of a private answer the page shows the error and the interval of each frequency, and
// saves what the command writes.
func TestTheViewerOpensAPrivateAnswerInABrowser(t *testing.T) {
	alice := newHome(t)
	s := newPrivateStudy(t, alice)
	c := join(t, s, alice)
	asked, a := askPrivately(t, c, privately("7", researcher.Precision{Epsilon: 1}))
	var want bytes.Buffer
	if err := table.EstimateTSV(&want, a.EstimateTable()); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	b.open(export(t, c, asked), must[string](t)(alice.Words()))
	if got := b.text("failure"); got != "" {
		t.Fatal(got)
	}
	if got := eval[string](b, "new TextDecoder().decode(shown.tsv)"); got != want.String() {
		t.Errorf("the page has\n%.300s\nand the command writes\n%.300s", got, want.String())
	}
	shown := eval[string](b, `[...document.querySelectorAll("th")].filter((h) => !h.hidden).map((h) => h.innerText).join(" ")`)
	if shown != "Contig Position REF ALT AC AN AF SE Low High" {
		t.Errorf("its columns are %q", shown)
	}
	first := eval[string](b, `[...document.querySelector("#rows tr").cells].map((c) => c.textContent).join("\t")`)
	if _, rows, _ := strings.Cut(want.String(), "\n"); !strings.HasPrefix(rows, first+"\t") || strings.Count(first, "\t") != 9 {
		t.Errorf("the first row is %q", first)
	}
	for _, says := range []string{"✓ Verified", "40 variants", "dp: differentially private, epsilon", "of standard deviation"} {
		if got := b.text("result"); !strings.Contains(got, says) {
			t.Errorf("there is no %q in\n%s", says, got)
		}
	}
	// An exact answer has none of it.
	exact := ask(t, c, "7")
	b.open(export(t, c, exact), must[string](t)(alice.Words()))
	if shown := eval[string](b, `[...document.querySelectorAll("th")].filter((h) => !h.hidden).map((h) => h.innerText).join(" ")`); shown != "Contig Position REF ALT AC AN AF" {
		t.Errorf("the columns of an exact answer are %q", shown)
	}
}

// Frequencies are searched for and sorted as they are shown: those of a private answer are
// not of the rounded counts beside them.
func TestTheViewerSelectsFrequenciesAsItShowsThem(t *testing.T) {
	b := newBrowser(t)
	eval[string](b, `show({ rows: 4, facts: [], private: true, tsv: new TextEncoder().encode("#CHROM\n" +
		"7\t1\tA\tC\t0\t900\t0.0004\t0.01\t0\t0.02\n" + "7\t2\tA\tC\t0\t1000\t4e-05\t0.01\t0\t0.02\n" +
		"7\t3\tA\tC\t0\t0\tNA\tNA\t0\t1\n" + "7\t4\tA\tC\t1\t1000\t0.0014\t0.01\t0\t0.02\n") }); ""`)
	for _, tt := range []struct{ name, do, want string }{
		{"from a frequency on", `$("least").value = "0.0003"; $("least").dispatchEvent(new Event("input"))`, "1,4"},
		{"up to one", `$("least").value = ""; $("most").value = "0.001"; $("most").dispatchEvent(new Event("input"))`, "1,2,3"},
		{"the largest first", `$("most").value = ""; document.querySelector("[data-sort=af]").click()`, "4,1,2,3"},
		{"the smallest first", `document.querySelector("[data-sort=af]").click()`, "3,2,1,4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.on(t)
			if got := eval[string](b, tt.do+`; [...document.querySelectorAll("#rows tr")].map((r) => r.cells[1].textContent).join()`); got != tt.want {
				t.Errorf("the places are %s, want %s", got, tt.want)
			}
		})
	}
}
