package detect_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
)

var start = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

func digest(text string) protocol.Digest { return protocol.Hash("test", []byte(text)) }

// asker makes questions of one researcher, each with a digest of its own.
type asker struct {
	who   string
	study string
	mode  protocol.Mode
	at    time.Time
	n     uint64
	order []int          // of an attack
	likes []detect.Range // what an ordinary one asks for more often
}

func newAsker(who string) *asker {
	return &asker{who: who, study: "demo", mode: protocol.Private, at: start}
}

// ask is a question about a cohort, a while after the last one.
func (a *asker) ask(later time.Duration, cohort string, ranges ...detect.Range) detect.Event {
	a.n++
	a.at = a.at.Add(later)
	return detect.Event{
		Kind: detect.Asked, At: a.at, Study: a.study, Researcher: digest(a.who), Query: digest(fmt.Sprint(a.who, a.n)), Mode: a.mode,
		Cohort: digest("cohort " + cohort), Panel: digest("panel"), Ranges: ranges,
	}
}

func span(from, to uint64) detect.Range { return detect.Range{From: from, To: to} }

// scattered is one of many ranges that have nothing to do with each other.
func scattered(i int) detect.Range {
	h := protocol.Hash("scattered", []byte{byte(i), byte(i >> 8)})
	from := binary.BigEndian.Uint64(h[:8]) % (1 << 29)
	return span(from, from+500)
}

func newDetector(t testing.TB, change func(*detect.Config)) *detect.Detector {
	t.Helper()
	c := detect.Default()
	if change != nil {
		change(&c)
	}
	d, err := detect.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func observe(t testing.TB, d *detect.Detector, e detect.Event) detect.Verdict {
	t.Helper()
	v, err := d.Observe(e)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rulesOf are those of the findings.
func rulesOf(v detect.Verdict) (list []detect.Rule) {
	for _, f := range v.Findings {
		list = append(list, f.Rule)
	}
	return list
}

func TestABurstIsThrottledAndOver(t *testing.T) {
	d := newDetector(t, nil)
	alice, bob := newAsker("alice"), newAsker("bob")
	for i := range 59 {
		if v := observe(t, d, alice.ask(10*time.Second, "cases", scattered(i))); v.Action != 0 {
			t.Fatalf("question %d: %s", i+1, v.Action)
		}
	}
	v := observe(t, d, alice.ask(10*time.Second, "cases", scattered(60)))
	if v.Action != detect.Throttle || len(v.Findings) != 1 || v.Findings[0].Rule != detect.BurstOfResearcher || !v.Until.Equal(alice.at.Add(15*time.Minute)) {
		t.Fatalf("the 60th: %+v", v)
	}
	if v := observe(t, d, alice.ask(time.Minute, "cases", scattered(61))); !v.Stops() || len(v.Findings) != 0 {
		t.Errorf("a minute later: %+v", v)
	}
	bob.at = alice.at
	if v := observe(t, d, bob.ask(0, "cases", scattered(1))); v.Action != 0 {
		t.Errorf("another researcher: %+v", v)
	}
	if v := observe(t, d, alice.ask(2*time.Hour, "cases", scattered(62))); v.Action != 0 {
		t.Errorf("two hours later: %+v", v)
	}
}

// A program that tries again while it is stopped does not stay so for it.
func TestWhatIsStoppedCountsForNothing(t *testing.T) {
	d := newDetector(t, nil)
	alice := newAsker("alice")
	for i := range 60 {
		observe(t, d, alice.ask(time.Second, "cases", scattered(i)))
	}
	until := alice.at.Add(15 * time.Minute)
	for i := range 800 {
		if v := observe(t, d, alice.ask(time.Second, "cases", scattered(100+i))); v.Action != detect.Throttle || !v.Until.Equal(until) || len(v.Findings) > 0 {
			t.Fatalf("attempt %d: %+v", i, v)
		}
	}
	if v := observe(t, d, alice.ask(time.Hour, "cases", scattered(1))); v.Action != 0 {
		t.Errorf("later: %+v", v)
	}
}

// A coordinator offers a question again and again until it is answered.
func TestAQuestionOfferedAgainCountsOnce(t *testing.T) {
	d := newDetector(t, nil)
	alice := newAsker("alice")
	e := alice.ask(0, "cases", scattered(1))
	for range 500 {
		if v := observe(t, d, e); v.Action != 0 || len(v.Findings) > 0 {
			t.Fatalf("got %+v", v)
		}
	}
	for i := range 100 {
		observe(t, d, alice.ask(time.Second, "cases", scattered(i)))
	}
	if v := observe(t, d, e); v.Action != 0 {
		t.Errorf("what was let through before a throttle is under way: %+v", v)
	}
	observe(t, d, detect.Event{Kind: detect.Froze, At: alice.at, Subject: detect.Subject{Of: detect.OfResearcher, ID: e.Researcher}})
	if v := observe(t, d, e); v.Action != detect.Freeze {
		t.Errorf("a freeze ends it: %+v", v)
	}
}

func TestFreezeAndThaw(t *testing.T) {
	d := newDetector(t, func(c *detect.Config) {
		c.Honeypot.Variants = []detect.Pot{{Contig: "7", Position: 5000}, {Panel: digest("panel"), Index: new(uint64(77))}}
	})
	alice := newAsker("alice")
	if v := observe(t, d, alice.ask(0, "cases", span(70, 80))); v.Action != 0 {
		t.Errorf("a range of ten around it: %+v", v)
	}
	v := observe(t, d, alice.ask(0, "cases", scattered(1), span(1<<29+1, 1<<29+2)))
	if v.Action != 0 {
		t.Errorf("another variant: %+v", v)
	}
	v = observe(t, d, alice.ask(0, "cases", span(77, 78)))
	if v.Action != detect.Freeze || len(v.Findings) != 1 || v.Findings[0].Pot != 2 {
		t.Fatalf("the variant: %+v", v)
	}
	alice.study = "another"
	if v := observe(t, d, alice.ask(1000*time.Hour, "cases", scattered(2))); v.Action != detect.Freeze {
		t.Errorf("weeks later in another study: %+v", v)
	}
	frozen := d.Frozen(alice.at)
	if len(frozen) != 1 || frozen[0].Subject.ID != digest("alice") {
		t.Fatalf("frozen: %+v", frozen)
	}
	again := newDetector(t, nil)
	observe(t, again, frozen[0])
	if v := observe(t, again, alice.ask(0, "cases", scattered(3))); v.Action != detect.Freeze {
		t.Errorf("after a restart: %+v", v)
	}
	frozen[0].Kind = detect.Thawed
	observe(t, d, frozen[0])
	if v := observe(t, d, alice.ask(0, "cases", scattered(4))); v.Action != 0 {
		t.Errorf("thawed: %+v", v)
	}
	v = observe(t, d, alice.ask(0, "cases", detect.Range{From: 9, To: 10, Contig: "chr7", First: 5000, Last: 5000}))
	if v.Action != detect.Freeze || v.Findings[0].Pot != 1 {
		t.Errorf("by its position: %+v", v)
	}
}

func TestFailedSignaturesCountByPeerAndStudy(t *testing.T) {
	d := newDetector(t, nil)
	forge := func(peer, study string, i int) detect.Verdict {
		return observe(t, d, detect.Event{Kind: detect.Unsigned, At: start.Add(time.Duration(i) * time.Second), Study: study, Peer: detect.PeerID(peer)})
	}
	for i := range 9 {
		if v := forge(fmt.Sprint("peer ", i%2), "demo", i); v.Action != 0 {
			t.Fatalf("message %d: %+v", i, v)
		}
	}
	v := forge("peer 1", "demo", 9)
	if v.Action != detect.Warn || len(v.Findings) != 1 || v.Findings[0].Subject.Of != detect.OfStudy {
		t.Errorf("the tenth in the study: %+v", v)
	}
	for i := range 5 {
		v = forge("peer 1", "", 10+i)
	}
	if len(v.Findings) != 1 || v.Findings[0].Subject != (detect.Subject{Of: detect.OfPeer, ID: detect.PeerID("peer 1")}) {
		t.Errorf("the tenth of the peer: %+v", v)
	}
	if v := observe(t, d, newAsker("alice").ask(0, "cases", scattered(1))); v.Action != 0 {
		t.Errorf("to warn does not stop a study: %+v", v)
	}
}

// A clock that is set ahead and back neither keeps a researcher out nor floods a window.
func TestAClockThatIsSetBack(t *testing.T) {
	d := newDetector(t, nil)
	alice := newAsker("alice")
	alice.at = start.Add(365 * 24 * time.Hour)
	for i := range 60 {
		observe(t, d, alice.ask(time.Second, "cases", scattered(i)))
	}
	alice.at = start
	if v := observe(t, d, alice.ask(0, "cases", scattered(100))); v.Action != detect.Throttle || v.Until.After(start.Add(15*time.Minute)) {
		t.Errorf("set back: %+v", v)
	}
	if v := observe(t, d, alice.ask(15*time.Minute, "cases", scattered(101))); v.Action != 0 {
		t.Errorf("a quarter of an hour later: %+v", v)
	}
}

// Contigs part walks; where one is not known, the panel's order is believed.
func TestAWalkIsOnOneContig(t *testing.T) {
	for _, tt := range []struct {
		name   string
		contig func(i int) string
		want   bool
	}{
		{"on one contig", func(int) string { return "7" }, true},
		{"on one contig under two names", func(i int) string { return []string{"7", "chr7"}[i%2] }, true},
		{"where nobody knows", func(int) string { return "" }, true},
		{"half of it not known", func(i int) string { return []string{"7", ""}[i%2] }, true},
		{"each on a contig of its own", func(i int) string { return fmt.Sprint(i) }, false},
	} {
		d, alice, found := newDetector(t, nil), newAsker("alice"), false
		for i := range 12 {
			r := span(uint64(1000*i), uint64(1000*i+1000))
			if c := tt.contig(i); c != "" {
				r.Contig, r.First, r.Last = c, 1, 2
			}
			found = len(observe(t, d, alice.ask(time.Hour, "cases", r)).Findings) > 0
		}
		if found != tt.want {
			t.Errorf("%s: found: %v", tt.name, found)
		}
	}
}
