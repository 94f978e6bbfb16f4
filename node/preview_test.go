package node_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// A preview says what an answer then is, byte for byte but for a few, and nothing of
// it leaves or is kept.
func TestPreviewShowsWhatThenLeaves(t *testing.T) {
	w := newNetwork(t, 3)
	a := w.ask()
	before := must[[]byte](t)(os.ReadFile(filepath.Join(w.sites[0].dir, "egress.log")))
	kept := must[[]byte](t)(json.Marshal(map[string]any{"query": must[[]byte](t)(a.query.Bytes())}))
	for name, spec := range map[string]node.PreviewSpec{
		"a query":                      {Study: studyName, Query: must[[]byte](t)(a.query.Bytes())},
		"a query as its file keeps it": {Study: studyName, Query: kept},
		"a cohort":                     {Study: studyName, Cohort: cohortName},
		"a cohort and a region":        {Study: studyName, Cohort: cohortName, Region: "chr22", Panel: "panel"},
	} {
		t.Run(name, func(t *testing.T) {
			p := must[node.Preview](t)(w.sites[0].node.Preview(t.Context(), spec))
			for _, r := range p.Rules {
				if r.Code != 0 {
					t.Errorf("%s: %v", r.Says, r.Why)
				}
			}
			if p.Variants != variants || p.Cohort != cohortName || p.Panel != "panel" || len(p.Leaves) != 6 {
				t.Fatalf("%+v", p)
			}
		})
	}
	if after := must[[]byte](t)(os.ReadFile(filepath.Join(w.sites[0].dir, "egress.log"))); len(after) != len(before) {
		t.Error("something left")
	}
	p := must[node.Preview](t)(w.sites[0].node.Preview(t.Context(), node.PreviewSpec{Study: studyName, Query: must[[]byte](t)(a.query.Bytes())}))
	c := w.carry(a)
	contribution := must[[]byte](t)(c.contributions[0].Bytes())
	if got := len(c.openings[0].Receipt); got == 0 || int64(got) > p.Leaves[5].Bytes {
		t.Errorf("receipt: %d bytes left, at most %d were shown", got, p.Leaves[5].Bytes)
	}
	c.openings[0].Receipt = nil
	opening := must[[]byte](t)(c.openings[0].Bytes())
	for i, got := range []int{len(contribution), len(w.words(c, 0)), len(c.received[0].Bytes()), -1, len(opening)} {
		if l := p.Leaves[i]; got >= 0 && (int64(got) < l.Bytes-16 || int64(got) > l.Bytes+16) {
			t.Errorf("%s: %d bytes left, %d were shown", l.Name, got, l.Bytes)
		}
	}
	if p.Researcher != "Alice, Elsewhere" || p.Purpose != "a test" {
		t.Errorf("asked by %q for %q", p.Researcher, p.Purpose)
	}
}

func TestPreviewShowsTheRuleThatIsBroken(t *testing.T) {
	w := newNetwork(t, 2, func(r *protocol.Roster) { r.Cohorts[0].Minimum = people + 1 })
	p := must[node.Preview](t)(w.sites[0].node.Preview(t.Context(), node.PreviewSpec{Study: studyName, Cohort: cohortName}))
	var broken []protocol.Code
	for _, r := range p.Rules {
		if r.Code != 0 {
			broken = append(broken, r.Code)
		}
	}
	if len(broken) != 1 || broken[0] != protocol.CohortTooSmall || len(p.Leaves) != 0 {
		t.Errorf("broken %v, %d messages would leave", broken, len(p.Leaves))
	}
	for name, tt := range map[string]struct {
		spec node.PreviewSpec
		want error
	}{
		"of a study that is not here":  {node.PreviewSpec{Study: "other", Cohort: cohortName}, node.ErrNoStudy},
		"of a cohort nobody named":     {node.PreviewSpec{Study: studyName, Cohort: "nobody"}, node.ErrPreview},
		"of a region without variants": {node.PreviewSpec{Study: studyName, Cohort: cohortName, Region: "1"}, node.ErrPreview},
		"of a panel nobody named":      {node.PreviewSpec{Study: studyName, Cohort: cohortName, Panel: "other"}, node.ErrPreview},
		"of what is no query":          {node.PreviewSpec{Study: studyName, Query: []byte("no query")}, node.ErrPreview},
		"of a file without a query":    {node.PreviewSpec{Study: studyName, Query: []byte("{}")}, node.ErrPreview},
	} {
		if _, err := w.sites[0].node.Preview(t.Context(), tt.spec); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

// Of a private question a preview says what it costs, and what one answer may cost at most
// with what was spent before, by which it is then refused. It charges nothing.
func TestPreviewShowsWhatAPrivateAnswerCosts(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	// Not signed yet, it is one for anybody of the study.
	imagined := must[node.Preview](t)(w.sites[0].node.Preview(t.Context(), node.PreviewSpec{
		Study: studyName, Cohort: cohortName, Privately: account.Budget{Epsilon: 0.5, Delta: 1e-9},
	}))
	most := must[account.Cost](t)(account.Budget{Epsilon: 0.5, Delta: 1e-9}.Cost())
	if imagined.Mode != protocol.Private || imagined.Cost.Rho > most.Rho || imagined.Cost.Rho < most.Rho*9/10 ||
		imagined.Left.Rho != promised(t) || len(imagined.Leaves) != 6 {
		t.Errorf("%+v", imagined)
	}
	cost := w.price(w.ask(privately))
	for release := uint32(1); ; release++ {
		a := w.ask(privately, again(release))
		p := must[node.Preview](t)(w.sites[0].node.Preview(t.Context(), node.PreviewSpec{Study: studyName, Query: must[[]byte](t)(a.query.Bytes())}))
		if p.Cost.Rho != cost || p.Left.Rho != promised(t)-uint64(release-1)*cost {
			t.Errorf("release %d costs %d of %d", release, p.Cost.Rho, p.Left.Rho)
		}
		if affordable := p.Left.Rho >= cost; affordable != (len(p.Leaves) == 6) {
			t.Errorf("of release %d, %d messages would leave", release, len(p.Leaves))
		}
		err := w.offered(a)
		if len(p.Leaves) == 0 {
			if !errors.Is(err, protocol.BudgetExhausted) {
				t.Errorf("got %v, want %v", err, protocol.BudgetExhausted)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		words := p.Leaves[1]
		if words.Bytes != int64(len(w.words(w.contribute(a), 0))) || !strings.Contains(words.Holds, "noise") {
			t.Errorf("release %d: %+v", release, words)
		}
	}
	exact := must[node.Preview](t)(w.sites[0].node.Preview(t.Context(), node.PreviewSpec{Study: studyName, Cohort: cohortName}))
	if exact.Cost.Rho != 0 || strings.Contains(exact.Leaves[1].Holds, "noise") {
		t.Errorf("an exact answer costs %d: %+v", exact.Cost.Rho, exact.Leaves[1])
	}
}
