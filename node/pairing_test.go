package node_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
)

// packed has five sites share keys of pairs.
func packed(packing int) option {
	return func(r *protocol.Roster) {
		r.Threshold, r.Packing = 5, packing
		r.Corrupt = protocol.MostCorrupt(5, 5, packing)
		r.MinOrganisations = r.Corrupt + 2
	}
}

// another is a question like the others, asked anew.
func another(name string) func(*asking) {
	return func(a *asking) { a.header.Nonce = protocol.Hash("nonce", []byte(name)) }
}

// lengths are how long the key shares are that a site sends, by receiver.
func lengths(c protocol.Contribution) (n []int) {
	for _, s := range c.Shares {
		n = append(n, len(s))
	}
	return n
}

// TestSharesUnderKeysOfPairs asks twice. The first question tells the keys of pairs, the
// second has shares that are a tag, or a packed share and a tag.
func TestSharesUnderKeysOfPairs(t *testing.T) {
	for _, packing := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d on a polynomial", packing), func(t *testing.T) {
			w := newNetwork(t, 5, packed(packing))
			first, second := w.ask(), w.ask(another("second"))
			c := w.carry(first)
			if diff := cmp.Diff(w.truth(variants), w.read(first, c)); diff != "" {
				t.Fatalf("the first answer (-want +got):\n%s", diff)
			}
			d := w.carry(second)
			if diff := cmp.Diff(w.truth(variants), w.read(second, d)); diff != "" {
				t.Fatalf("the second answer (-want +got):\n%s", diff)
			}
			session := he.Session{Params: must[he.Params](t)(he.ParamsFor(5)), Points: w.r().Points(), Threshold: 5, Packing: packing}
			for i := range w.sites {
				var told, known []int
				for to := range w.sites {
					known = append(known, 1+session.FrameSize(to))
					told = append(told, 1+session.FrameSize(to))
					if to != i {
						told[to] += he.SealedPairKeySize
					}
				}
				if got := lengths(c.contributions[i]); !slices.Equal(got, told) {
					t.Errorf("site %d first sends shares of %v bytes, want %v", i+1, got, told)
				}
				if got := lengths(d.contributions[i]); !slices.Equal(got, known) {
					t.Errorf("site %d then sends shares of %v bytes, want %v", i+1, got, known)
				}
			}
		})
	}
}

// TestASiteThatLostKeysOfPairsIsToldThemAgain: it cannot open the shares of one attempt,
// and says so. The next attempt has everything.
func TestASiteThatLostKeysOfPairsIsToldThemAgain(t *testing.T) {
	w := newNetwork(t, 5, packed(2))
	w.carry(w.ask())
	if err := w.sites[1].node.ForgetPairs(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := w.ask(another("second"))
	c := w.contribute(a)
	w.deliver(a, c)
	if got := c.received[1].Message.Headers; len(got) != 1 {
		t.Fatalf("site 2 has lost its keys and says that it received %d shares, want its own", len(got))
	}
	if got := c.received[0].Message.Headers; len(got) != 5 {
		t.Fatalf("site 1 says that it received %d shares, want 5", len(got))
	}
	w.try(a, 2)
	if diff := cmp.Diff(w.truth(variants), w.read(a, w.carry(a))); diff != "" {
		t.Errorf("the second attempt (-want +got):\n%s", diff)
	}
}

// TestAnotherKEMKeyIsAnotherPair: keys of pairs live as long as the keys that sites
// declare.
func TestAnotherKEMKeyIsAnotherPair(t *testing.T) {
	w := newNetwork(t, 5, packed(1))
	before := w.carry(w.ask())
	w.clock.Move(keystore.KEMDeclared + time.Hour)
	w.greet()
	a := w.ask(another("later"))
	after := w.carry(a)
	if got, want := lengths(after.contributions[0]), lengths(before.contributions[0]); !slices.Equal(got, want) {
		t.Errorf("site 1 sends shares of %v bytes, want %v: the keys of pairs are told anew", got, want)
	}
	if diff := cmp.Diff(w.truth(variants), w.read(a, after)); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}
}

// FuzzKeepShare parses what a dealer has sent.
func FuzzKeepShare(f *testing.F) {
	known := make([]byte, he.SealedPairKeySize)
	f.Add([]byte{0, 1, 2}, known)
	f.Add(append([]byte{1}, make([]byte, he.SealedPairKeySize+16)...), []byte(nil))
	f.Add([]byte{1}, known)
	f.Add([]byte{2}, known)
	f.Add([]byte(nil), known)
	f.Fuzz(func(t *testing.T, packet, known []byte) {
		kept, came, err := node.KeepShare(packet, known)
		switch {
		case err != nil && (kept != nil || came != nil):
			t.Fatal("an error and a share")
		case err == nil && came != nil && len(came) != he.SealedPairKeySize:
			t.Fatalf("a sealed key of %d bytes", len(came))
		}
	})
}
