package protocol_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol"
)

// keysOf are the ids of the node keys at some places of the roster, ascending.
func (s *study) keysOf(places ...int) []protocol.KeyID {
	var ids []protocol.KeyID
	for _, i := range places {
		ids = append(ids, s.nodes[i].Public().ID())
	}
	slices.SortFunc(ids, protocol.KeyID.Compare)
	return ids
}

func (s *study) custodianKeys() map[protocol.KeyID]protocol.PublicKey {
	keys := make(map[protocol.KeyID]protocol.PublicKey)
	for i, n := range s.nodes {
		keys[n.Public().ID()] = s.custodians[i].Public()
	}
	return keys
}

// reopening is the third site's, which leaves the others.
func (s *study) reopening(change func(*protocol.Reopening)) protocol.Reopening {
	r := protocol.Reopening{
		Study: "demo", Cohort: "everyone", Node: s.nodes[2].Public().ID(), Sets: [2][]protocol.KeyID{s.keysOf(0, 1, 2), s.keysOf(0, 1)},
		Issued: now, Expires: now.Add(protocol.MaxGrant), Salt: [16]byte{7},
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestReopeningIsReadAsItWasSigned(t *testing.T) {
	s := newStudy(t, 4)
	r := signed[protocol.Reopening](t)(protocol.Sign(s.reopening(nil), s.custodians[2]))
	got, err := protocol.OpenReopening(r.Bytes(), s.custodianKeys())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.Message, got.Message); d != "" || got.Digest() != r.Digest() {
		t.Error(d)
	}
	if d := cmp.Diff(s.keysOf(2), got.Message.Difference()); d != "" {
		t.Errorf("the difference: %s", d)
	}
	for i, want := range []bool{true, true, false, false} {
		if got.Message.InBoth(s.nodes[i].Public().ID()) != want {
			t.Errorf("site %d in both: want %v", i+1, want)
		}
	}
	for _, other := range []int{0, 3} {
		r := signed[protocol.Reopening](t)(protocol.Sign(s.reopening(nil), s.custodians[other]))
		if _, err := protocol.OpenReopening(r.Bytes(), s.custodianKeys()); !errors.Is(err, protocol.ErrSigner) {
			t.Errorf("signed by the custodian of site %d: got %v", other+1, err)
		}
	}
}

func TestReopeningIsRefused(t *testing.T) {
	s := newStudy(t, 4)
	for _, tt := range []struct {
		name   string
		change func(*protocol.Reopening)
	}{
		{"of no study", func(r *protocol.Reopening) { r.Study = "" }},
		{"of no cohort", func(r *protocol.Reopening) { r.Cohort = "" }},
		{"that ends before it begins", func(r *protocol.Reopening) { r.Expires = r.Issued }},
		{"for longer than it may be", func(r *protocol.Reopening) { r.Expires = r.Issued.Add(protocol.MaxGrant + time.Second) }},
		{"of a site in both sets", func(r *protocol.Reopening) { r.Sets[1] = r.Sets[0] }},
		{"of a site in neither", func(r *protocol.Reopening) { r.Sets[0] = s.keysOf(0, 1, 3) }},
		{"with a site twice", func(r *protocol.Reopening) { r.Sets[1] = append(s.keysOf(0), s.keysOf(0)...) }},
		{"out of order", func(r *protocol.Reopening) { slices.Reverse(r.Sets[1]) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sealed, err := protocol.Sign(s.reopening(tt.change), s.custodians[2])
			if err == nil {
				_, err = protocol.OpenReopening(sealed.Bytes(), s.custodianKeys())
			}
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
}
