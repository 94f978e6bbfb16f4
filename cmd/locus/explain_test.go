package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/genes"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/researcher/answer"
)

func TestExplanationSaysWhoWouldAnswer(t *testing.T) {
	now := time.Now()
	declared := signed(t, protocol.Declaration{
		Study: "demo", Point: 1, Content: protocol.Hash("content"),
		Cohorts: []protocol.DeclaredCohort{{Name: "all", SizeClass: 500, Modes: []protocol.Mode{protocol.Exact}}},
		KEMKey:  make([]byte, protocol.KEMKeySize), KEMUntil: now.Add(time.Hour), Issued: now,
	})
	view := researcher.View{
		Roster: protocol.Signed[protocol.Roster]{Message: protocol.Roster{Sites: []protocol.Site{
			{Name: "basel"}, {Name: "bern"}, {Name: "chur"}, {Name: "zug"},
		}}},
		Ready:        []string{"basel"},
		Declarations: []protocol.Signed[protocol.Declaration]{declared, declared, {}, declared},
	}
	var out strings.Builder
	err := explanation(&out, view, protocol.ExactCohort{Name: "all", Points: []uint32{1, 2, 3}}, researcher.Selected{
		Ranges: []protocol.Range{{From: 3, To: 10}, {From: 20, To: 21}}, Of: "genes CFTR", Missing: 2, Absent: []string{"7:1 A>C"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"genes CFTR\n", "8, in 2 stretches", "2: 7:1 A>C, …\n", "basel: ready, with 500 people or more\n", "bern: away;", "chur: has not declared",
		"that 8 variants are asked for",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "zug") {
		t.Errorf("it names a site that is not asked:\n%s", out.String())
	}
}

func TestExplanationOfAPrivateQuestionSaysWhatItCosts(t *testing.T) {
	now := time.Now()
	declared := signed(t, protocol.Declaration{
		Study: "demo", Point: 1, Content: protocol.Hash("content"),
		Cohorts: []protocol.DeclaredCohort{{Name: "all", SizeClass: 2000, Modes: []protocol.Mode{protocol.Private}}},
		KEMKey:  make([]byte, protocol.KEMKeySize), KEMUntil: now.Add(time.Hour), Issued: now,
	})
	view := researcher.View{
		Roster: protocol.Signed[protocol.Roster]{Message: protocol.Roster{
			Sites: []protocol.Site{{Name: "basel"}, {Name: "bern"}, {Name: "chur"}}, Threshold: 3, Corrupt: 1,
		}},
		Ready:        []string{"basel", "bern"},
		Declarations: []protocol.Signed[protocol.Declaration]{declared, declared, declared},
	}
	exact := declared
	exact.Message.Cohorts = []protocol.DeclaredCohort{{Name: "all", SizeClass: 2000, Modes: []protocol.Mode{protocol.Exact}}}
	view.Roster.Message.Sites = append(view.Roster.Message.Sites, protocol.Site{Name: "zug"})
	view.Declarations, view.Ready = append(view.Declarations, exact), append(view.Ready, "zug")
	var out strings.Builder
	cohort, precision := protocol.ExactCohort{Name: "all", Points: []uint32{1, 2, 3, 4}}, researcher.Precision{Epsilon: 1, Delta: 1e-9}
	p, err := view.Price(cohort, 100, precision)
	if err != nil {
		t.Fatal(err)
	}
	p.Release = 1
	err = privately(&out, view, cohort, researcher.Selected{Ranges: []protocol.Range{{From: 0, To: 100}}, Of: "7"}, precision, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"100, in 1 stretches", "basel: ready, with 2000 people or more; it does not report its budget", "chur: away",
		"epsilon 1 at delta 1e-09", "while 2 of the 4 sites keep their shares", "with 6000 people or more", "--again",
		"zug: does not answer in mode dp", "and how much noise there is", "you alone read it", "this asking",
		"VARIANTS", "PEOPLE FOR AN ERROR OF 0.005", "\n1000000 ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}

func signed(t *testing.T, d protocol.Declaration) protocol.Signed[protocol.Declaration] {
	t.Helper()
	seed := protocol.Hash("test", []byte("site"))
	key, err := protocol.NewSigningKey(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	s, err := protocol.Sign(d, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatFailsHasACode(t *testing.T) {
	for err, want := range map[error]int{
		researcher.ErrAwaited: cli.Waiting, researcher.ErrDeclined: cli.Refused, researcher.ErrTable: cli.Altered, researcher.ErrNoTable: cli.NotFound,
		researcher.ErrSelection: cli.Usage, researcher.ErrPrecision: cli.Usage, panel.ErrRegion: cli.Usage, genes.ErrAmbiguous: cli.Usage, genes.ErrUnknown: cli.NotFound,
	} {
		if got := exitCode(fmt.Errorf("doing: %w", err)); got != want {
			t.Errorf("%v ends with %d, want %d", err, got, want)
		}
	}
}

func TestWhetherAQuestionIsChargedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		of   researcher.Private
		says string
	}{
		"a first question":              {researcher.Private{Release: 1}, "the first;"},
		"one that was asked before":     {researcher.Private{Release: 1, Before: true}, "release 1 once more: the same answer, for no charge"},
		"one that was asked once again": {researcher.Private{Release: 2, Before: true}, "release 2 once more"},
		"one that asks for new noise":   {researcher.Private{Release: 2}, "release 2: new noise, and charged again"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := asking(tt.of); !strings.Contains(got, tt.says) {
				t.Errorf("explained it is %q, want what says %q", got, tt.says)
			}
			asked := researcher.Asked{Private: &answer.AskedPrivately{Release: tt.of.Release, Before: tt.of.Before}}
			got := releaseOf(asked)
			if (got == "") != (tt.of.Release == 1 && !tt.of.Before) || strings.Contains(got, "no charge") != tt.of.Before {
				t.Errorf("asked it is %q", got)
			}
		})
	}
	if got := releaseOf(researcher.Asked{}); got != "" {
		t.Errorf("of an exact question it says %q", got)
	}
}

// A question by its error has the table of what that error costs.
func TestTheTableOfAnErrorIsThatOfItsPrice(t *testing.T) {
	view := researcher.View{Roster: protocol.Signed[protocol.Roster]{Message: protocol.Roster{
		Sites: []protocol.Site{{Name: "basel"}, {Name: "bern"}, {Name: "chur"}}, Threshold: 3, Corrupt: 1,
	}}}
	cohort := protocol.ExactCohort{Name: "all", Points: []uint32{1, 2, 3}}
	declared := signed(t, protocol.Declaration{
		Study: "demo", Point: 1, Content: protocol.Hash("content"),
		Cohorts: []protocol.DeclaredCohort{{Name: "all", SizeClass: 2000, Modes: []protocol.Mode{protocol.Private}}},
		KEMKey:  make([]byte, protocol.KEMKeySize), KEMUntil: time.Now().Add(time.Hour), Issued: time.Now(),
	})
	view.Declarations = []protocol.Signed[protocol.Declaration]{declared, declared, {}}
	for name, tt := range map[string]struct {
		error float64
		table bool
	}{"an error that can be paid for": {0.01, true}, "one that is too dear for any budget": {0.0003, false}} {
		t.Run(name, func(t *testing.T) {
			precision := researcher.Precision{Error: tt.error, Delta: 1e-9}
			p, err := view.Price(cohort, 100, precision)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := privately(&out, view, cohort, researcher.Selected{Ranges: []protocol.Range{{From: 0, To: 100}}}, precision, p); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(out.String(), fmt.Sprintf("At epsilon %.4g ", p.Epsilon)) && strings.Contains(out.String(), "\n100  "); got != tt.table {
				t.Errorf("there is a table: %v, want %v:\n%s", got, tt.table, out.String())
			}
		})
	}
}
