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
