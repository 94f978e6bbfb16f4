package session_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// rules of n sites, each an organisation of its own; exact names all of them.
func rules(n int, exact bool) session.Rules {
	threshold, corrupt := protocol.Thresholds(n)
	r := session.Rules{
		Mode: protocol.Private, Threshold: threshold, Sites: n,
		Valid: func(points []uint32) bool { return len(points) >= max(threshold, min(corrupt+2, n)) },
	}
	if exact {
		r.Mode, r.Named = protocol.Exact, r.Asked()
	}
	return r
}

func header(p uint32) protocol.Digest { return protocol.Hash("header", []byte{byte(p)}) }

// op is one event of a story: "c1" site 1 contributes, "c1!" with other content,
// "b1:124" contributes bound to a set, "x2" refuses, "r3:123" has received 1, 2
// and 3, "v1" votes, "o1" opens, "+20m" time passes.
type op string

func (o op) run(a *session.Attempt, r session.Rules) error {
	kind, rest := o[0], string(o[1:])
	name, list, _ := strings.Cut(rest, ":")
	var points []uint32
	for _, c := range list {
		points = append(points, uint32(c-'0'))
	}
	if kind == '+' {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		a.Pass(start.Add(d), r)
		return nil
	}
	p := uint32(name[0] - '0')
	switch kind {
	case 'c':
		h := header(p)
		if strings.HasSuffix(name, "!") {
			h = protocol.Hash("other")
		}
		return a.Contributed(p, h, nil, r)
	case 'b':
		return a.Contributed(p, header(p), points, r)
	case 'x':
		return a.Refuse(p, protocol.Internal, r)
	case 'r':
		return a.Received(p, points, r)
	case 'v':
		return a.Voted(p)
	case 'o':
		return a.OpenedBy(p, r)
	}
	return fmt.Errorf("no such op: %s", o)
}

func TestAttempt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		sites  int
		exact  bool
		story  string
		phase  session.Phase
		reason session.Reason
		cut    []uint32
		last   error // of the last op
	}{
		{"waits for every named site", 3, true, "c1 c2", session.Contributing, session.None, nil, nil},
		{"goes on when all have contributed", 3, true, "c1 c2 c3", session.Receiving, session.None, nil, nil},
		{"waits for everybody's word", 3, true, "c1 c2 c3 r1:123 r2:123", session.Receiving, session.None, nil, nil},
		{"cuts when all have said", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123", session.Opening, session.None, []uint32{1, 2, 3}, nil},
		{"is not done before t have opened", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123 v1 o1 o2", session.Opening, session.None, []uint32{1, 2, 3}, nil},
		{"is done when t have opened", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123 o1 o2 o3", session.Done, session.None, []uint32{1, 2, 3}, nil},
		{"a dead site is not needed for opening when t < n", 4, true, "c1 c2 c3 c4 r1:1234 r2:1234 r3:1234 r4:1234 o1 o2 o3", session.Done, session.None, []uint32{1, 2, 3, 4}, nil},
		{"fails when a named site says no", 3, true, "c1 x2", session.Failed, session.Refused, nil, nil},
		{"fails when a named site is late", 3, true, "c1 c2 +20m", session.Failed, session.Late, nil, nil},
		{"is not late before its time", 3, true, "c1 c2 +9m", session.Contributing, session.None, nil, nil},
		{"exact: a share that did not arrive leaves no cut", 3, true, "c1 c2 c3 r1:123 r2:12 r3:123", session.Failed, session.NoCut, nil, nil},
		{"any: goes on without the late", 4, false, "c1 c2 c3 +20m", session.Receiving, session.None, nil, nil},
		{"any: too few are late", 4, false, "c1 c2 +20m", session.Failed, session.Late, nil, nil},
		{"any: goes on without who says no", 4, false, "c1 c2 x4 c3", session.Receiving, session.None, nil, nil},
		{"any: too few are left", 4, false, "c1 x2 x4", session.Failed, session.Refused, nil, nil},
		{"any: the dealer of a bad share is left out", 4, false, "c1 c2 c3 c4 r1:124 r2:124 r3:1234 r4:124", session.Opening, session.None, []uint32{1, 2, 4}, nil},
		{"any: who misses most is left out", 4, false, "c1 c2 c3 c4 r1:1234 r2:1234 r3:3 r4:1234", session.Opening, session.None, []uint32{1, 2, 4}, nil},
		{"any: who dies before saying is left out when it says no", 4, false, "c1 c2 c3 c4 r1:1234 r2:1234 r4:1234 x3", session.Opening, session.None, []uint32{1, 2, 4}, nil},
		{"any: who contributes and then says no is not waited for, and the others are", 4, false, "c1 c2 x2 c3", session.Contributing, session.None, nil, nil},
		{"any: who contributes and then says no does not stop the others", 4, false, "c1 c2 x2 c3 c4 r1:134 r3:134 r4:134", session.Opening, session.None, []uint32{1, 3, 4}, nil},
		{"any: too few are left when time is up", 4, false, "c1 c2 c3 x3 +20m", session.Failed, session.Late, nil, nil},
		{"any: no cut of t sites", 4, false, "c1 c2 c3 c4 r1:12 r2:12 r3:34 r4:34", session.Failed, session.NoCut, nil, nil},
		{"any: a bound set is adopted", 4, false, "c1 b2:123 c3 c4 r1:1234 r2:1234 r3:1234 r4:1234", session.Opening, session.None, []uint32{1, 2, 3}, nil},
		{"any: a bound set that is not here fails", 4, false, "c1 b2:123 x3 c4 r1:124 r2:124 r4:124", session.Failed, session.NoCut, nil, nil},
		{"any: two bound sets fail", 4, false, "b1:124 b2:123 c3 c4 r1:1234 r2:1234 r3:1234 r4:1234", session.Failed, session.NoCut, nil, nil},
		{"expires while it waits for an opening", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123 o1 o2 +61m", session.Failed, session.Expired, []uint32{1, 2, 3}, nil},
		{"nothing is opened late", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123 o1 o2 +61m o3", session.Failed, session.Expired, []uint32{1, 2, 3}, session.ErrStep},
		{"a contribution twice is once", 3, true, "c1 c1", session.Contributing, session.None, nil, nil},
		{"a contribution does not change", 3, true, "c1 c1!", session.Contributing, session.None, nil, session.ErrChanged},
		{"what was received does not change", 3, true, "c1 c2 c3 r1:123 r1:12", session.Receiving, session.None, nil, session.ErrChanged},
		{"a late contribution is not taken", 4, false, "c1 c2 c3 +20m c4", session.Receiving, session.None, nil, session.ErrStep},
		{"who did not contribute has no say", 4, false, "c1 c2 c3 +20m r4:123", session.Receiving, session.None, nil, session.ErrStep},
		{"nobody opens before the cut", 3, true, "c1 c2 c3 o1", session.Receiving, session.None, nil, session.ErrStep},
		{"who is not in the cut does not open", 4, false, "c1 c2 c3 c4 r1:124 r2:124 r3:1234 r4:124 o3", session.Opening, session.None, []uint32{1, 2, 4}, session.ErrStep},
		{"a stranger contributes nothing", 3, true, "c9", session.Contributing, session.None, nil, session.ErrStep},
		{"a no after the cut ends it when too few are left", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123 x1", session.Failed, session.Refused, []uint32{1, 2, 3}, nil},
		{"a no after opening is not heard", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123 o1 x1", session.Opening, session.None, []uint32{1, 2, 3}, session.ErrStep},
		{"done stays done", 3, true, "c1 c2 c3 r1:123 r2:123 r3:123 o1 o2 o3 +99h", session.Done, session.None, []uint32{1, 2, 3}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rules(tt.sites, tt.exact)
			a := session.NewAttempt(1, r, start.Add(10*time.Minute), start.Add(time.Hour))
			ops := strings.Fields(tt.story)
			for i, o := range ops {
				err := op(o).run(a, r)
				if want := tt.last; i == len(ops)-1 {
					if !errors.Is(err, want) {
						t.Fatalf("%s: got %v, want %v", o, err, want)
					}
				} else if err != nil {
					t.Fatalf("%s: %v", o, err)
				}
			}
			if a.Phase != tt.phase || a.Reason != tt.reason {
				t.Errorf("%s (%s), want %s (%s)", a.Phase, a.Reason, tt.phase, tt.reason)
			}
			if got := a.Members(); !slices.Equal(got, tt.cut) {
				t.Errorf("cut %v, want %v", got, tt.cut)
			}
		})
	}
}

// Whatever happens in whatever order: there is one cut, of enough sites, in which
// everybody has received everybody, and done means t openings.
func TestAttemptInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 7).Draw(t, "n")
		r := rules(n, rapid.Bool().Draw(t, "exact"))
		a := session.NewAttempt(1, r, start.Add(10*time.Minute), start.Add(time.Hour))
		received := make(map[uint32][]uint32)
		var cut []protocol.CutEntry
		point := rapid.Uint32Range(1, uint32(n))
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			p := point.Draw(t, "p")
			switch rapid.IntRange(0, 5).Draw(t, "op") {
			case 0, 1:
				_ = a.Contributed(p, header(p), nil, r)
			case 2:
				list := rapid.SliceOfDistinct(point, func(p uint32) uint32 { return p }).Draw(t, "list")
				if rapid.Bool().Draw(t, "all") {
					list = r.Asked()
				}
				if a.Received(p, list, r) == nil && received[p] == nil {
					received[p] = list
				}
			case 3:
				_ = a.OpenedBy(p, r)
			case 4:
				if rapid.IntRange(0, 9).Draw(t, "rarely") == 0 {
					_ = a.Refuse(p, protocol.Internal, r)
				}
			case 5:
				a.Pass(start.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "min"))*time.Minute), r)
			}
			if cut != nil && !slices.Equal(cut, a.Cut) {
				t.Fatalf("the cut changed from %v to %v", cut, a.Cut)
			}
			cut = slices.Clone(a.Cut)
		}
		members := a.Members()
		if len(members) > 0 && !r.Valid(members) {
			t.Fatalf("cut %v of too few sites", members)
		}
		if len(members) > 0 && len(r.Named) > 0 && !slices.Equal(members, r.Named) {
			t.Fatalf("cut %v, named %v", members, r.Named)
		}
		opened := 0
		for _, p := range members {
			for _, q := range members {
				if !slices.Contains(received[p], q) {
					t.Fatalf("cut %v although %d has not received %d", members, p, q)
				}
			}
			if a.Sites[p].Opened {
				opened++
			}
		}
		if (a.Phase == session.Done) && opened < r.Threshold {
			t.Fatalf("done with %d openings of %d", opened, r.Threshold)
		}
	})
}
