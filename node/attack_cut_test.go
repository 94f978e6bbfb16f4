package node_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// voted takes an attempt at a question of four sites up to everybody's vote.
func voted(t *testing.T) (*network, *asking, *carried) {
	t.Helper()
	w := newNetwork(t, 4)
	a := w.ask()
	c := w.contribute(a)
	w.deliver(a, c)
	w.vote(a, c)
	return w, a, c
}

// received takes an attempt up to what everybody has received.
func received(t *testing.T) (*network, *asking, *carried) {
	t.Helper()
	w := newNetwork(t, 4)
	a := w.ask()
	c := w.contribute(a)
	w.deliver(a, c)
	return w, a, c
}

// over leaves in a cut what stands at the given points.
func over(points ...uint32) func(*protocol.Cut) {
	return func(c *protocol.Cut) {
		c.Entries = slices.DeleteFunc(c.Entries, func(e protocol.CutEntry) bool { return !slices.Contains(points, e.Point) })
	}
}

// judged is what site 1 says of a cut.
func (w *network) judged(o protocol.CutOffer) error {
	w.t.Helper()
	_, err := w.answer(0, protocol.CallCut, must[[]byte](w.t)(o.Bytes()))
	return err
}

// Two sums over two sets are subtracted, and a site's own counts are left. The set of
// an exact answer would stop this too, and is out: a mode that allows any t sites has
// nothing but the one vote.
func TestAttackSecondCut(t *testing.T) {
	for _, tt := range []struct {
		name   string
		attack func() error
	}{
		{"in the same attempt", func() error {
			w, a, c := voted(t)
			return w.judged(w.cutOffer(a, c, over(1, 2, 3)))
		}},
		{"in another attempt", func() error {
			w, a, _ := voted(t)
			w.try(a, 2)
			c := w.contribute(a)
			w.deliver(a, c)
			return w.judged(w.cutOffer(a, c, over(1, 2, 3)))
		}},
		{"after a start", func() error {
			w, a, c := voted(t)
			w.restart(0)
			w.greet()
			return w.judged(w.cutOffer(a, c, over(1, 2, 3)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, debug.OneCut, func() error { return expect(t, tt.attack(), protocol.OtherCut) }, debug.ExactSet)
		})
	}
}

// A coordinator whose log was set back makes believe that no cut was shown.
func TestAttackForgottenCut(t *testing.T) {
	debug.Defended(t, debug.SetAdoption, func() error {
		w, a, _ := voted(t)
		w.try(a, 2)
		again := must[protocol.Contribution](t)(w.r().ParseContribution(w.must(0, protocol.CallOffer, w.offer(a, 0)), w.roster.Digest()))
		if h := again.Header.Message; slices.Equal(h.Bound, []uint32{1, 2, 3, 4}) && len(again.BoundBy) > 0 {
			return errors.New("the contribution says which set it is bound to, and by which cut")
		}
		return nil
	})
}

func TestAttackCutsThatSiteOneMayNotOpen(t *testing.T) {
	for _, tt := range []struct {
		name    string
		m       debug.Mechanism
		points  []uint32
		besides []debug.Mechanism
	}{
		{"an exact answer over fewer sites than the roster has", debug.ExactSet, []uint32{1, 2, 3}, nil},
		{"without the site", debug.SelfInCut, []uint32{2, 3, 4}, []debug.Mechanism{debug.ExactSet}},
		{"with fewer than t sites", debug.ThresholdInCut, []uint32{1, 2}, []debug.Mechanism{debug.ExactSet, debug.OrganisationsInCut}},
		{"with too few organisations", debug.OrganisationsInCut, []uint32{1, 2}, []debug.Mechanism{debug.ExactSet, debug.ThresholdInCut}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			debug.Defended(t, tt.m, func() error {
				w, a, c := received(t)
				return expect(t, w.judged(w.cutOffer(a, c, over(tt.points...))), protocol.BadCut)
			}, tt.besides...)
		})
	}
}

// Site 2 is handed a share of site 3 that does not open. It says so, and nobody opens
// a cut with the two.
func TestAttackBadKeyShare(t *testing.T) {
	debug.Defended(t, debug.ReceivedByAll, func() error {
		w := newNetwork(t, 3)
		a := w.ask()
		c := w.contribute(a)
		c.spoil = func(i int, d *protocol.Delivery) {
			if i == 1 {
				d.Shares[2] = append([]byte("x"), d.Shares[2]...)
			}
		}
		w.deliver(a, c)
		if got := c.received[1].Message.Headers; slices.Contains(got, c.headers[2].Digest()) || len(got) != 2 {
			t.Errorf("site 2 says that it received %d shares", len(got))
		}
		return expect(t, w.judged(w.cutOffer(a, c)), protocol.BadCut)
	})
}

// The opening is asked for before anybody keeps the vote: with its disk set back, the
// site would vote again.
func TestAttackUnwitnessedOpening(t *testing.T) {
	debug.Defended(t, debug.HeadWitnessed, func() error {
		w, a, _ := voted(t)
		_, err := w.answer(0, protocol.CallOpen, must[[]byte](t)(protocol.OpenRequest{Session: a.session()}.Bytes()))
		return expect(t, err, protocol.NotWitnessed)
	})
}

// copyOf is a site's directory as a backup has it.
func copyOf(t *testing.T, s *site) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, os.Chmod(path, 0o700))
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// setBack lets a site serve from an old copy of its directory.
func (w *network) setBack(i int, dir string) {
	w.t.Helper()
	if err := w.sites[i].stop(); err != nil {
		w.t.Fatal(err)
	}
	w.sites[i].dir = dir
	w.reopen(w.sites[i])
	w.serve(i)
}

// Site 1 votes, its disk is set back to before, and it is asked to vote again, while
// the coordinator keeps what others have seen to itself.
func TestAttackRestoredCopy(t *testing.T) {
	debug.Defended(t, debug.FreshHead, func() error {
		w, a, c := received(t)
		old := copyOf(t, w.sites[0])
		w.vote(a, c)
		w.setBack(0, old)
		return expect(t, w.judged(w.cutOffer(a, c, over(1, 2, 3))), protocol.NotReady)
	}, debug.ExactSet)
}

// Told what others have seen, the same copy has its vote back.
func TestARestoredCopyLearnsItsVote(t *testing.T) {
	w, a, c := received(t)
	old := copyOf(t, w.sites[0])
	w.vote(a, c)
	w.request(a, c.votes[0])
	w.setBack(0, old)
	w.greet()
	if got := w.state(0); !got.Ready {
		t.Error("it does not answer although it was told")
	}
	if err := w.judged(w.cutOffer(a, c, over(1, 2, 3))); !errors.Is(err, protocol.OtherCut) {
		t.Errorf("another cut: got %v, want %v", err, protocol.OtherCut)
	}
}
