package detect_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
)

// mixed is a record of events of every kind: an ordinary site, attackers, forgers, a person
// who freezes and thaws.
func mixed(seed uint64, n int) (list []detect.Event) {
	dice, ordinary := rand.New(rand.NewPCG(seed, 3)), newSite(seed)
	mallories := make([]*asker, len(attacks))
	for i := range mallories {
		mallories[i] = newAsker(fmt.Sprint("mallory ", i))
	}
	steps := make([]int, len(attacks))
	for len(list) < n {
		e := ordinary.next()
		i := dice.IntN(len(attacks))
		switch dice.IntN(10) {
		case 0, 1, 2:
			at := e.At
			if e = attacks[i].next(mallories[i], dice, steps[i]); steps[i] < 39 {
				steps[i]++
			}
			e.At = at
			if e.Mode = protocol.Mode(1 + dice.IntN(2)); e.Mode == protocol.Exact {
				e.People = digest(fmt.Sprint("people ", dice.IntN(9)))
			}
		case 3:
			e = detect.Event{Kind: detect.Unsigned, At: e.At, Study: e.Study, Peer: detect.PeerID(fmt.Sprint("peer ", dice.IntN(3)))}
		case 4:
			if dice.IntN(10) == 0 {
				e = detect.Event{Kind: detect.Froze + detect.Kind(dice.IntN(2)), At: e.At,
					Subject: detect.Subject{Of: detect.OfResearcher, ID: digest(mallories[i].who)}}
			}
		}
		list = append(list, e)
	}
	return list
}

func record(events []detect.Event) iter.Seq2[detect.Event, error] {
	return func(yield func(detect.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func strict(c *detect.Config) {
	withHoneypot(c)
	c.SameRanges.Action, c.SameCohort.Action, c.Walk.Action = detect.Throttle, detect.Throttle, detect.Freeze
	c.ChangedPeople.Action, c.FailedSignatures.Action, c.BurstInStudy.Action = detect.Freeze, detect.Throttle, detect.Throttle
}

// The same events give the same verdicts, also when a node stops in between and reads its
// record of them from the disk.
func TestItIsAFold(t *testing.T) {
	events := mixed(1, 6000)
	whole, parted := newDetector(t, strict), newDetector(t, strict)
	cfg := detect.Default()
	strict(&cfg)
	findings := 0
	for i, e := range events {
		if i%1500 == 700 {
			var read []detect.Event
			for _, e := range events[:i] {
				raw, err := e.Bytes()
				if err != nil {
					t.Fatal(err)
				}
				again, err := detect.ParseEvent(raw)
				if err != nil {
					t.Fatal(err)
				}
				read = append(read, again)
			}
			var err error
			if parted, err = detect.Restore(cfg, record(read)); err != nil {
				t.Fatal(err)
			}
		}
		want, got := observe(t, whole, e), observe(t, parted, e)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("event %d (-whole +parted):\n%s", i, diff)
		}
		findings += len(want.Findings)
	}
	if findings < 20 {
		t.Errorf("%d findings only: the test is too tame", findings)
	}
}

// A record needs the events that are kept and no others: questions are offered again and again
// while they wait for people, or for a throttle to end.
func TestARecordOfWhatIsKeptIsEnough(t *testing.T) {
	cfg := detect.Default()
	strict(&cfg)
	whole, parted := newDetector(t, strict), newDetector(t, strict)
	dice := rand.New(rand.NewPCG(5, 5))
	var kept []detect.Event
	again, stopped := 0, 0
	mixed := mixed(5, 4000)
	for i, e := range mixed {
		if i%1000 == 600 {
			var err error
			if parted, err = detect.Restore(cfg, record(kept)); err != nil {
				t.Fatal(err)
			}
		}
		offered := []detect.Event{e}
		for range dice.IntN(3) {
			old := mixed[max(0, i-dice.IntN(50))]
			old.At = e.At
			offered = append(offered, old)
		}
		for k, e := range offered {
			want, got := observe(t, whole, e), observe(t, parted, e)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("event %d (-whole +parted):\n%s", i, diff)
			}
			if want.Kept {
				kept = append(kept, e)
			} else if len(want.Findings) > 0 {
				t.Fatalf("event %d is not kept, and has findings", i)
			}
			if k > 0 && e.Kind == detect.Asked && !want.Kept {
				again++
			}
			if e.Kind == detect.Asked && want.Stops() && !want.Kept {
				stopped++
			}
		}
	}
	if again < 1000 || stopped < 100 || len(kept) < 2000 {
		t.Errorf("%d kept, %d offered again, %d stopped: the test is too tame", len(kept), again, stopped)
	}
}

func TestAQuestionIsKnown(t *testing.T) {
	d := newDetector(t, nil)
	e := newAsker("alice").ask(0, "cases", span(1, 2))
	for _, want := range []bool{false, true} {
		if got := d.Knows(e.Researcher, e.Query, e.At); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		observe(t, d, e)
	}
	cfg := detect.Default()
	if d.Knows(e.Researcher, e.Query, e.At.Add(cfg.Horizon())) {
		t.Error("it is known when the record does not go back as far")
	}
}

// Twins: two sites with other people, asked the same. What an exact question's people or a
// question's outcome are changes nothing about a private one.
func TestNothingInModeDPDependsOnData(t *testing.T) {
	for seed := range uint64(3) {
		dice := rand.New(rand.NewPCG(seed, 9))
		alice, bob := newDetector(t, strict), newDetector(t, strict)
		exactDiffer, private := 0, 0
		for i, e := range mixed(seed, 4000) {
			twin := e
			twin.Outcome = protocol.Code(dice.IntN(28))
			twin.People = digest(fmt.Sprint("other people ", dice.IntN(40)))
			if e.Mode == protocol.Private {
				e.People = digest("a mistake of the caller")
			}
			a, b := observe(t, alice, e), observe(t, bob, twin)
			for _, v := range []*detect.Verdict{&a, &b} {
				for j := range v.Findings {
					v.Findings[j].Outcome = 0
				}
			}
			if e.Mode == protocol.Private {
				private++
				if diff := cmp.Diff(a, b); diff != "" {
					t.Fatalf("seed %d, event %d (-alice +bob):\n%s", seed, i, diff)
				}
			} else if !cmp.Equal(a, b) {
				exactDiffer++
			}
		}
		if exactDiffer == 0 || private < 500 {
			t.Errorf("seed %d: %d exact verdicts differ, %d private ones were compared: the test sees nothing", seed, exactDiffer, private)
		}
	}
}

// A record that begins where the longest window does, and with who is frozen, misses nothing:
// what the whole record stops is stopped.
func TestAShorterRecordMissesNothing(t *testing.T) {
	cfg := detect.Default()
	strict(&cfg)
	events := mixed(2, 5000)
	whole := newDetector(t, strict)
	cut := len(events) - 1500
	for _, e := range events[:cut] {
		observe(t, whole, e)
	}
	at := events[cut].At
	from := slices.IndexFunc(events, func(e detect.Event) bool { return e.At.After(at.Add(-cfg.Horizon())) })
	short := append(whole.Frozen(at), events[from:cut]...)
	d, err := detect.Restore(cfg, record(short))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events[cut:] {
		want, got := observe(t, whole, e), observe(t, d, e)
		if want.Stops() && !got.Stops() {
			t.Fatalf("event %d: %v is stopped by the whole record, and not by the short one", cut+i, e.Kind)
		}
	}
	if from == 0 || len(whole.Frozen(at)) == 0 {
		t.Errorf("nothing was cut off, or nobody frozen")
	}
}

func TestManyGoroutines(t *testing.T) {
	d := newDetector(t, strict)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i, e := range mixed(uint64(worker), 300) {
				if _, err := d.Observe(e); err != nil {
					t.Error(err)
				}
				if i%50 == 0 {
					d.Frozen(start)
				}
			}
		})
	}
	group.Wait()
}

// What is remembered is bounded, whoever asks whatever.
func TestMemoryIsBounded(t *testing.T) {
	d := newDetector(t, func(c *detect.Config) {
		c.BurstOfResearcher.Action, c.Walk.Action = detect.Note, detect.Note
	})
	ranges := make([]detect.Range, detect.MaxRanges)
	for i := range ranges {
		ranges[i] = span(uint64(3000*i), uint64(3000*i+1+i*i%1999))
	}
	e := newAsker("mallory").ask(0, "cases", ranges...)
	for i := range 1500 {
		e.At = e.At.Add(time.Second)
		n := binary.BigEndian.AppendUint32(nil, uint32(i))
		e.Query, e.Researcher = protocol.Hash("q", n), protocol.Hash("r", []byte{byte(i % 160)})
		e.Study, e.Panel = fmt.Sprint("study-", i%700), protocol.Hash("p", n)
		observe(t, d, e)
	}
	size := d.Remembered()
	if size.Tiles < 1<<20-1024 {
		t.Errorf("%+v: the test does not reach the bound", size)
	}
	for i := range 600 {
		e.Query, e.Researcher, e.Ranges = protocol.Hash("q2", []byte{byte(i), byte(i >> 8)}), protocol.Hash("r2", []byte{byte(i), byte(i >> 8)}), ranges[:1]
		observe(t, d, e)
	}
	size = d.Remembered()
	t.Logf("%+v", size)
	if size.Researchers > 512 || size.Studies > 512 || size.Questions > 512*256 || size.Tiles > 1<<20 {
		t.Errorf("it remembers %+v", size)
	}
	for i := range 600 {
		v := observe(t, d, detect.Event{Kind: detect.Unsigned, At: e.At, Peer: protocol.Hash("p", binary.BigEndian.AppendUint32(nil, uint32(i)))})
		if len(v.Findings) > 0 {
			t.Fatal("a finding about one message")
		}
	}
}

func TestNoEventIsRefused(t *testing.T) {
	good := newAsker("alice").ask(0, "cases", span(1, 2), span(5, 9))
	for name, change := range map[string]func(*detect.Event){
		"no kind":           func(e *detect.Event) { e.Kind = 0 },
		"no time":           func(e *detect.Event) { e.At = time.Time{} },
		"no researcher":     func(e *detect.Event) { e.Researcher = protocol.Digest{} },
		"no digest":         func(e *detect.Event) { e.Query = protocol.Digest{} },
		"no mode":           func(e *detect.Event) { e.Mode = 0 },
		"a long study":      func(e *detect.Event) { e.Study = string(bytes.Repeat([]byte("a"), 64)) },
		"an empty range":    func(e *detect.Event) { e.Ranges = []detect.Range{span(3, 3)} },
		"ranges that fall":  func(e *detect.Event) { e.Ranges = []detect.Range{span(5, 9), span(1, 2)} },
		"ranges that cross": func(e *detect.Event) { e.Ranges = []detect.Range{span(1, 6), span(5, 9)} },
		"a range beyond":    func(e *detect.Event) { e.Ranges = []detect.Range{span(1, 1<<30+1)} },
		"half a place":      func(e *detect.Event) { e.Ranges[0].Contig = "7" },
		"too many ranges":   func(e *detect.Event) { e.Ranges = make([]detect.Range, detect.MaxRanges+1) },
		"nobody forged":     func(e *detect.Event) { e.Kind = detect.Unsigned },
		"nobody frozen":     func(e *detect.Event) { e.Kind = detect.Froze },
	} {
		bad := good
		bad.Ranges = slices.Clone(good.Ranges)
		change(&bad)
		if _, err := newDetector(t, nil).Observe(bad); err == nil {
			t.Errorf("an event with %s is taken", name)
		}
	}
}
