package researcher_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
)

// join is alice's client in a study of hers.
func join(t testing.TB, s *study, alice *researcher.Home) *researcher.Client {
	t.Helper()
	if _, err := alice.Join(s.token(), true); err != nil {
		t.Fatal(err)
	}
	c := must[*researcher.Client](t)(alice.Client("demo"))
	t.Cleanup(c.Close)
	return c
}

// ask composes and submits a question about a region.
func ask(t testing.TB, c *researcher.Client, region string) researcher.Asked {
	t.Helper()
	asked := must[researcher.Asked](t)(c.Compose(t.Context(), question(region), time.Now()))
	if err := c.Submit(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	return asked
}

func question(region string) researcher.Ask {
	return researcher.Ask{Cohort: "all", Mode: protocol.Exact, Region: region, Purpose: "a test"}
}

func TestAnswerIsThePooledCounts(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	for _, tt := range []struct {
		region   string
		from, to int
	}{
		{"", 0, 50},
		{"chr7:1,050-1,100", 5, 11},
		{"8", 30, 50},
		{"7:1000", 0, 1},
	} {
		t.Run("region "+tt.region, func(t *testing.T) {
			asked := ask(t, c, tt.region)
			answer := must[researcher.Answer](t)(c.Open(t.Context(), asked))
			var want []researcher.Row
			for i := tt.from; i < tt.to; i++ {
				row := researcher.Row{Variant: s.panel.At(i)}
				for p := range siteCount {
					ac, an := count(uint32(p+1), uint64(i))
					row.AC, row.AN = row.AC+ac, row.AN+an
				}
				want = append(want, row)
			}
			if d := cmp.Diff(want, answer.Rows); d != "" {
				t.Error(d)
			}
			if !slices.Equal(answer.Sites, []string{"site-1", "site-2", "site-3", "site-4", "site-5"}) || answer.Mode != protocol.Exact ||
				answer.Assembly != "GRCh38" || answer.Purpose != "a test" || answer.Attempt != 1 || answer.Sum != s.result.Sum {
				t.Errorf("what it rests on: %q, attempt %d", answer.Sites, answer.Attempt)
			}
		})
	}
}

func TestWordsAreEnoughToReadAnAnswer(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	asked := ask(t, join(t, s, alice), "7")
	words := must[string](t)(alice.Words())
	again := must[*researcher.Home](t)(researcher.Restore(t.TempDir(), alice.Identity(), words))
	if answer := must[researcher.Answer](t)(join(t, s, again).Open(t.Context(), asked)); len(answer.Rows) != 30 {
		t.Errorf("%d rows, want 30", len(answer.Rows))
	}
	bob := newHome(t)
	if _, err := join(t, s, bob).Open(t.Context(), asked); !errors.Is(err, researcher.ErrNotMine) {
		t.Errorf("bob reads alice's answer: %v", err)
	}
}

// Nobody but the sites can change a sum, and nothing that is changed is read.
func TestAlteredResultsAreNotOpened(t *testing.T) {
	mallory := newKey(t, "mallory")
	for name, alter := range map[string]func(*testing.T, *study, *researcher.Asked){
		"one bit of the sum": func(_ *testing.T, s *study, _ *researcher.Asked) { s.sum[3] ^= 1 },
		"one bit of the sum, under its new digest": func(_ *testing.T, s *study, _ *researcher.Asked) {
			s.sum[5] ^= 1
			s.result.Sum = digestOf(s.sum)
		},
		"a sum that ends early": func(_ *testing.T, s *study, _ *researcher.Asked) { s.sum = s.sum[:len(s.sum)-1] },
		"openings that are missing": func(_ *testing.T, s *study, _ *researcher.Asked) {
			s.result.Openings = s.result.Openings[:2]
		},
		"an opening in another's place": func(_ *testing.T, s *study, _ *researcher.Asked) {
			o := s.result.Openings
			o[0].Sealed, o[1].Sealed = o[1].Sealed, o[0].Sealed
		},
		"three openings of other bytes, signed by their sites": func(_ *testing.T, s *study, _ *researcher.Asked) {
			for i := range 3 {
				s.garble(i)
			}
		},
		"two openings of other sums": func(t *testing.T, s *study, _ *researcher.Asked) {
			s.openOther(0)
			s.openOther(1)
		},
		"a receipt that is missing": func(_ *testing.T, s *study, _ *researcher.Asked) { s.result.Received = s.result.Received[1:] },
		"a contribution that is missing": func(_ *testing.T, s *study, _ *researcher.Asked) {
			s.result.Headers = s.result.Headers[1:]
		},
		"a cut that somebody else signed": func(t *testing.T, s *study, _ *researcher.Asked) {
			s.result.Cut = must[protocol.Signed[protocol.Cut]](t)(protocol.Sign(s.result.Cut.Message, mallory))
		},
		"check words of another contribution": func(t *testing.T, s *study, _ *researcher.Asked) {
			h := s.result.Headers[0].Message
			h.Check[1]++
			s.result.Headers[0] = must[protocol.Signed[protocol.ContributionHeader]](t)(protocol.Sign(h, s.nodes[0]))
		},
		"the answer to another question": func(t *testing.T, s *study, asked *researcher.Asked) {
			asked.Task = protocol.Hash("another")
		},
		"other variants than were asked": func(t *testing.T, _ *study, asked *researcher.Asked) {
			asked.Ranges = []protocol.Range{{From: 1, To: asked.Ranges[0].To + 1}}
		},
		"another cohort than was asked": func(t *testing.T, _ *study, asked *researcher.Asked) { asked.Cohort = "cases" },
	} {
		t.Run(name, func(t *testing.T) {
			alice := newHome(t)
			s := newStudy(t, alice)
			c := join(t, s, alice)
			asked := ask(t, c, "7")
			if _, err := c.Open(t.Context(), asked); err != nil {
				t.Fatalf("before anything is altered: %v", err)
			}
			alter(t, s, &asked)
			answer, err := c.Open(t.Context(), asked)
			if err == nil || len(answer.Rows) != 0 {
				t.Fatalf("it was opened: %d rows, %v", len(answer.Rows), err)
			}
			if name != "a sum that ends early" && !errors.Is(err, researcher.ErrAltered) {
				t.Errorf("got %v, want ErrAltered", err)
			}
		})
	}
}

// TestAWrongOpeningIsNamedAndLeftOut has five openings where three are enough.
func TestAWrongOpeningIsNamedAndLeftOut(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(*study)
		want  []string
	}{
		"none is wrong":      {func(*study) {}, nil},
		"one of another sum": {func(s *study) { s.openOther(1) }, []string{"site-2"}},
		"one of other bytes": {func(s *study) { s.garble(4) }, []string{"site-5"}},
		"two of other bytes": {func(s *study) { s.garble(0); s.garble(3) }, []string{"site-1", "site-4"}},
	} {
		t.Run(name, func(t *testing.T) {
			alice := newHome(t)
			s := newStudy(t, alice)
			c := join(t, s, alice)
			asked := ask(t, c, "7")
			before := must[researcher.Answer](t)(c.Open(t.Context(), asked))
			tt.spoil(s)
			after, err := c.Open(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(after.Wrong, tt.want) {
				t.Errorf("wrong are %q, want %q", after.Wrong, tt.want)
			}
			if diff := cmp.Diff(before.Rows, after.Rows); diff != "" {
				t.Errorf("the answer (-before +after):\n%s", diff)
			}
		})
	}
}

func TestAnotherRosterIsNotBelieved(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	r := s.roster.Message
	r.Title = "Another study"
	s.sign(r)
	if _, err := c.Study(t.Context()); !errors.Is(err, researcher.ErrRoster) {
		t.Errorf("a roster that everybody signed and alice did not pin: %v, want ErrRoster", err)
	}
	proposal := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
	s.replace = proposal.Bytes()
	if _, err := c.Study(t.Context()); err == nil || errors.Is(err, researcher.ErrRoster) {
		t.Errorf("a roster that nobody signed: %v", err)
	}
}

func TestDeclarationsAreVerified(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*study)
		says   string
	}{
		"a site that has not declared":      {func(s *study) { s.declared[1] = nil }, "site-2"},
		"a declaration of another site":     {func(s *study) { s.declared[1] = s.declared[0] }, "site 2"},
		"a declaration that was altered":    {func(s *study) { s.declared[2][len(s.declared[2])/2] ^= 1 }, "site 3"},
		"more declarations than sites":      {func(s *study) { s.declared = append(s.declared, nil) }, "more declarations"},
		"a site whose declarations are cut": {func(s *study) { s.declared = s.declared[:2] }, "site-3"},
	} {
		t.Run(name, func(t *testing.T) {
			alice := newHome(t)
			s := newStudy(t, alice)
			tt.change(s)
			_, err := join(t, s, alice).Compose(t.Context(), question("7"), time.Now())
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want what says %q", err, tt.says)
			}
		})
	}
}

func TestComposeRefuses(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	now := time.Now()
	for name, tt := range map[string]struct {
		change func(*researcher.Ask)
		now    time.Time
		says   string
	}{
		"a cohort that is not there":     {func(a *researcher.Ask) { a.Cohort = "cases" }, now, `no cohort "cases"; it has ["all"]`},
		"a mode that is not allowed":     {func(a *researcher.Ask) { a.Mode = protocol.Private }, now, "mode dp"},
		"a panel that is not there":      {func(a *researcher.Ask) { a.Panel = "exome" }, now, `--panel: ["all"]`},
		"a region without variants":      {func(a *researcher.Ask) { a.Region = "9" }, now, "no variant in 9"},
		"a region that is none":          {func(a *researcher.Ask) { a.Region = "7:x" }, now, "not a position"},
		"sites whose keys have expired":  {func(*researcher.Ask) {}, now.Add(2 * time.Hour), "has expired"},
		"a question that lives too long": {func(a *researcher.Ask) { a.Life = 10 * 365 * 24 * time.Hour }, now, "lives at most"},
	} {
		t.Run(name, func(t *testing.T) {
			a := question("7")
			tt.change(&a)
			if _, err := c.Compose(t.Context(), a, tt.now); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want what says %q", err, tt.says)
			}
		})
	}
	if list := must[[]researcher.Asked](t)(alice.AllAsked()); len(list) != 0 {
		t.Errorf("%d questions were kept that were never asked", len(list))
	}
}

func TestQuestionsAreKept(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	first := must[researcher.Asked](t)(c.Compose(t.Context(), question("7"), time.Now().Add(-time.Minute)))
	second := must[researcher.Asked](t)(c.Compose(t.Context(), question("8"), time.Now()))
	if first.Task == second.Task {
		t.Fatal("two questions are one task")
	}
	list := must[[]researcher.Asked](t)(alice.AllAsked())
	if len(list) != 2 || list[0].Task != second.Task || list[1].Task != first.Task {
		t.Errorf("%d questions, want two, the newest first", len(list))
	}
	found := must[researcher.Asked](t)(alice.Asked(first.Task.String()[:16]))
	if found.Task != first.Task || !bytes.Equal(found.Query, first.Query) {
		t.Error("a question does not come back as it was asked")
	}
	for _, id := range []string{"", first.Task.String()[:3], "zzzz", first.Task.String() + "0"} {
		if _, err := alice.Asked(id); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("task %q: %v, want that it is not there", id, err)
		}
	}
	if err := os.WriteFile(filepath.Join(alice.Dir(), "tasks", strings.Repeat("0", 64)+".json"), []byte(`{"nobody":"knows"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.AllAsked(); err == nil {
		t.Error("a damaged question was read")
	}
}

func TestPanelProvesItself(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	ref := s.roster.Message.Panels[0]
	if _, err := c.Panel(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(alice.Dir(), "panels", ref.Digest.String())
	if err := os.WriteFile(kept, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := c.Panel(t.Context(), ref)
	if err != nil || protocol.Digest(p.Digest()) != ref.Digest {
		t.Errorf("a damaged copy was not replaced: %v", err)
	}
	ref.Size++
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Panel(t.Context(), ref); err == nil {
		t.Error("a panel of another size than the roster's was taken")
	}
}

func TestWatchEndsWithTheTask(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	s.state = "failed"
	c := join(t, s, alice)
	var seen []string
	last, err := c.Watch(t.Context(), protocol.Hash("task"), func(task rest.Task) { seen = append(seen, task.State) })
	if err != nil || last.State != "failed" || !slices.Equal(seen, []string{"contributing", "failed"}) {
		t.Errorf("saw %q, ended with %q, %v", seen, last.State, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.state = "receiving"
	_, err = c.Watch(ctx, protocol.Hash("task"), func(task rest.Task) {
		if task.State == "receiving" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
