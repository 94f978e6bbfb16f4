package node

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/protocol"
)

// The caps of a study are so large that a sum could carry into the next counter: what
// the researcher reads would be another number, and the check words would agree. It
// takes hundreds of sites, so that the rule is asked alone.
func TestAttackSumThatCarries(t *testing.T) {
	const sites = 300
	r := protocol.Roster{Sites: make([]protocol.Site, sites)}
	for i := range r.Sites {
		r.Sites[i].PeopleCap = maxPeopleCap
	}
	proposal := protocol.Signed[protocol.Roster]{Message: r}
	params, err := he.ParamsFor(sites)
	if err != nil {
		t.Fatal(err)
	}
	header := protocol.Signed[protocol.QueryHeader]{Message: protocol.QueryHeader{
		Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Exact, Params: params.Name(), Size: 10,
	}}
	debug.Defended(t, debug.OverflowBound, func() error {
		q := &question{
			pinned: &pinned{roster: proposal}, header: header, data: definition{People: 100},
		}
		err := checkVector(t.Context(), q)
		if err != nil && !errors.Is(err, protocol.TooLarge) {
			t.Errorf("got %v, want %v", err, protocol.TooLarge)
		}
		return err
	})
}

// Of 200 people and 3,000 variants most are found by exact frequencies, and few in noise.
func TestAttacksFindWhoIsInAnExactAnswer(t *testing.T) {
	const people, variants = 200, 3000
	r := protocol.Roster{Sites: make([]protocol.Site, 3), Threshold: 3, Corrupt: 1}
	for i := range r.Sites {
		r.Sites[i].PeopleCap = people
	}
	params, err := he.ParamsFor(len(r.Sites))
	if err != nil {
		t.Fatal(err)
	}
	q := &question{data: definition{People: people}}
	q.vector, err = vector.Of(&r, &protocol.QueryHeader{
		Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Private, Params: params.Name(), Size: variants, Noise: protocol.Noise{Share: 300_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int64, 2*variants)
	for i := 0; i < len(counts); i += 2 {
		counts[i], counts[i+1] = int64(1+i%people), 2*people
	}
	a, err := play(q, counts, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if exact := a.Findings[0].Outcome.At(0.05).TPR(); exact < 0.9 {
		t.Errorf("the likelihood ratio finds %.2f of the people in an exact answer, want 0.9 or more", exact)
	}
	private := a.Findings[3]
	if found, bound := private.Outcome.At(0.05).TPR(), private.Claim.Bound(0.05); found > bound+0.05 {
		t.Errorf("it finds %.2f in a private one, of which the noise promises %.2f", found, bound)
	}
}

func TestAttacksAreThinnedWhereThereIsTooMuch(t *testing.T) {
	for _, tt := range []struct {
		variants, most, want int
		thinned              bool
	}{{10, 10, 10, false}, {10, 9, 5, true}, {1000, 0, 1, true}} {
		reference, thinned := frequencies(make([]int64, 2*tt.variants), tt.most)
		if len(reference) != tt.want || thinned != tt.thinned {
			t.Errorf("%d variants where %d are played: %d, %v", tt.variants, tt.most, len(reference), thinned)
		}
	}
}

// A folder or a file may be named after somebody: a log keeps the path of what is in the
// node's own directory, and of nothing else.
func TestTheLogDoesNotTellWhereDataAre(t *testing.T) {
	there := &fs.PathError{Op: "open", Path: "/data/Maria Schmidt/samples.tsv", Err: fs.ErrNotExist}
	moved := &os.LinkError{Op: "rename", Old: "/feed/P017.tsv", New: "/feed/P017.tsv.done", Err: fs.ErrPermission}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"a file of the site", fmt.Errorf("read cohort: %w", there), "read cohort: open a file of the site: file does not exist"},
		{"two of them", errors.Join(moved, fmt.Errorf("%w: %w", fs.ErrInvalid, there)),
			"rename files of the site: permission denied\\ninvalid argument: open a file of the site: file does not exist"},
		{"a file of the node", &fs.PathError{Op: "open", Path: "/node/records.db", Err: fs.ErrPermission}, "open /node/records.db: permission denied"},
		{"a file beside the node", &fs.PathError{Op: "open", Path: "/node.old/P017", Err: fs.ErrPermission}, "open a file of the site: permission denied"},
		{"no file", errors.New("open /data: no"), "open /data: no"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for how, log := range map[string]func(*slog.Logger){
				"in a line":  func(l *slog.Logger) { l.Warn("not answered", "why", tt.err) },
				"beforehand": func(l *slog.Logger) { l.With("why", tt.err).Warn("not answered") },
				"in a group": func(l *slog.Logger) { l.WithGroup("g").Warn("not answered", "why", tt.err) },
			} {
				var b strings.Builder
				log(Config{Dir: "/node", Log: slog.New(slog.NewTextHandler(&b, nil))}.withDefaults().Log)
				if !strings.Contains(b.String(), "why=\""+tt.want+"\"") {
					t.Errorf("%s: %s does not say %q", how, b.String(), tt.want)
				}
			}
		})
	}
}
