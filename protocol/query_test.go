package protocol_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/pb"
)

func TestQueryReachesEverySiteAndNobodyElse(t *testing.T) {
	s := newStudy(t, 3)
	q, body := s.query(t)
	got := must[protocol.Query](t)(s.r().ParseQuery(must[[]byte](t)(q.Bytes()), s.roster.Digest()))
	for i := range s.nodes {
		b, err := protocol.OpenBody(got.Header, uint32(i+1), s.kem[i].private, got.Bodies[i])
		if err != nil || b.Cohort != body.Cohort || b.CheckKey != body.CheckKey {
			t.Errorf("site %d: %+v, %v", i+1, b, err)
		}
	}
	if _, err := protocol.OpenBody(got.Header, 2, s.kem[0].private, got.Bodies[1]); !errors.Is(err, protocol.ErrSealed) {
		t.Errorf("another site's key: got %v, want %v", err, protocol.ErrSealed)
	}
	if _, err := protocol.OpenBody(got.Header, 1, s.kem[0].private, got.Bodies[0][:40]); !errors.Is(err, protocol.ErrSealed) {
		t.Errorf("cut short: got %v, want %v", err, protocol.ErrSealed)
	}
}

func TestQueryHeaderIsRefused(t *testing.T) {
	s := newStudy(t, 3)
	for _, tt := range []struct {
		name   string
		change func(*protocol.QueryHeader)
		key    *protocol.SigningKey
	}{
		{"when nobody of the study signed it", func(*protocol.QueryHeader) {}, s.mallory},
		{"when a site signed it", func(*protocol.QueryHeader) {}, s.nodes[0]},
		{"in another's name", func(h *protocol.QueryHeader) { h.Researcher = s.mallory.Public().ID() }, s.alice},
		{"for another organisation", func(h *protocol.QueryHeader) { h.Organisation = "Hospital 1" }, s.alice},
		{"under another roster", func(h *protocol.QueryHeader) { h.Roster = protocol.Hash("other") }, s.alice},
		{"for another study", func(h *protocol.QueryHeader) { h.Study = "other" }, s.alice},
		{"with a declaration missing", func(h *protocol.QueryHeader) { h.Declarations = h.Declarations[:2] }, s.alice},
		{"without a mode", func(h *protocol.QueryHeader) { h.Mode = 0 }, s.alice},
		{"as a second release of an exact answer", func(h *protocol.QueryHeader) { h.Release = 1 }, s.alice},
		{"for no variants", func(h *protocol.QueryHeader) { h.Size = 0 }, s.alice},
		{"that never expires", func(h *protocol.QueryHeader) { h.Expires = h.Issued.Add(10 * 365 * 24 * time.Hour) }, s.alice},
		{"with sites out of order", func(h *protocol.QueryHeader) { h.Points = []uint32{2, 1} }, s.alice},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := s.header(t, s.body(t))
			tt.change(&h)
			signed, err := protocol.Sign(h, tt.key)
			if err == nil {
				_, err = s.r().OpenQuery(signed.Bytes(), s.roster.Digest())
			}
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}

// Another body for one site: the coordinator cannot seal one that the signed
// header commits to.
func TestAttackAnotherBodyForOneSite(t *testing.T) {
	s := newStudy(t, 3)
	q, _ := s.query(t)
	debug.Defended(t, debug.BodyCommitment, func() error {
		other := s.body(t)
		other.Cohort = "patients"
		evil := q.Header
		evil.Message.Commitment = must[protocol.Digest](t)(other.Commitment())
		forged := must[protocol.Query](t)(protocol.SealQuery(evil, other, s.declarations()))
		_, err := protocol.OpenBody(q.Header, 1, s.kem[0].private, forged.Bodies[0])
		return err
	})
}

// A second researcher signs a header of their own over a body they stole in
// transit: it opens only under the header it was sealed with.
func TestAttackStolenBody(t *testing.T) {
	s := newStudy(t, 3)
	r := s.r()
	r.Researchers = append(r.Researchers, protocol.Researcher{Name: "Mallory", Organisation: "Elsewhere", Key: s.mallory.Public()})
	debug.Defended(t, debug.HeaderInBody, func() error {
		q, _ := s.query(t) // sealed anew: the switch acts on both ends
		h := q.Header.Message
		h.Researcher, h.Nonce = s.mallory.Public().ID(), protocol.Hash("mallory's nonce")
		stolen := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, s.mallory))
		if _, err := r.OpenQuery(stolen.Bytes(), s.roster.Digest()); err != nil {
			t.Fatal(err)
		}
		_, err := protocol.OpenBody(stolen, 1, s.kem[0].private, q.Bodies[0])
		return err
	})
}

// The answer goes to the key that the researcher signed, and to no other.
func TestAttackSwappedRecipient(t *testing.T) {
	s := newStudy(t, 3)
	debug.Defended(t, debug.RecipientBound, func() error {
		body := s.body(t)
		h := s.header(t, body)
		h.Recipient = protocol.RecipientDigest([]byte("another key"))
		signed := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, s.alice))
		q := must[protocol.Query](t)(protocol.SealQuery(signed, body, s.declarations()))
		_, err := protocol.OpenBody(q.Header, 1, s.kem[0].private, q.Bodies[0])
		return err
	})
}

// Noise is of mode dp, and of all that a site adds to.
func TestTheNoiseOfAQueryIsSigned(t *testing.T) {
	s := newStudy(t, 3)
	for _, c := range []struct {
		name    string
		mode    protocol.Mode
		release uint32
		noise   protocol.Noise
		ok      bool
	}{
		{"a private query", protocol.Private, 1, protocol.Noise{Share: 2}, true},
		{"one with the most noise, the last time", protocol.Private, protocol.MaxReleases, protocol.Noise{Share: protocol.MaxShare, Missing: true}, true},
		{"one without noise", protocol.Private, 1, protocol.Noise{}, false},
		{"one with too little", protocol.Private, 1, protocol.Noise{Share: 1, Missing: true}, false},
		{"one with too much", protocol.Private, 1, protocol.Noise{Share: protocol.MaxShare + 1}, false},
		{"one without a number", protocol.Private, 0, protocol.Noise{Share: 2}, false},
		{"one asked too often", protocol.Private, protocol.MaxReleases + 1, protocol.Noise{Share: 2}, false},
		{"an exact query", protocol.Exact, 0, protocol.Noise{}, true},
		{"an exact query with noise", protocol.Exact, 0, protocol.Noise{Share: 2}, false},
		{"an exact query that asks for AN", protocol.Exact, 0, protocol.Noise{Missing: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := s.header(t, s.body(t))
			h.Mode, h.Release, h.Noise = c.mode, c.release, c.noise
			signed, err := protocol.Sign(h, s.alice)
			if (err == nil) != c.ok {
				t.Fatalf("signed: %v, want it to be: %v", err, c.ok)
			}
			if !c.ok {
				return
			}
			read, err := protocol.Open[protocol.QueryHeader](signed.Bytes(), s.r().ResearcherKeys())
			if err != nil || read.Message.Noise != c.noise || read.Message.Release != c.release {
				t.Errorf("it is read as %+v, release %d, %v", read.Message.Noise, read.Message.Release, err)
			}
		})
	}
}

func TestReleaseIdentity(t *testing.T) {
	s := newStudy(t, 3)
	variants := protocol.VariantsDigest(slices.Values([]protocol.Variant{{Contig: "7", Pos: 1, Ref: "A", Alt: "C"}}))
	contents := []protocol.Digest{protocol.Hash("1"), protocol.Hash("2"), protocol.Hash("3")}
	base := s.header(t, s.body(t))
	body := s.body(t)
	identity := func(h protocol.QueryHeader, b protocol.QueryBody, v protocol.Digest, c []protocol.Digest) protocol.Identity {
		return protocol.ReleaseIdentity(&h, &b, v, c)
	}
	want := identity(base, body, variants, contents)
	for _, tt := range []struct {
		name   string
		change func(*protocol.QueryHeader, *protocol.QueryBody)
		same   bool
	}{
		{"the nonce is not in it", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Nonce = protocol.Hash("x") }, true},
		{"nor the recipient", func(h *protocol.QueryHeader, b *protocol.QueryBody) {
			h.Recipient = protocol.Hash("x")
			b.RecipientKey = nil
		}, true},
		{"nor the expiry", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Expires = h.Expires.Add(time.Hour) }, true},
		{"nor the researcher", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Researcher = protocol.Hash("x") }, true},
		{"nor the check-word key", func(_ *protocol.QueryHeader, b *protocol.QueryBody) { b.CheckKey = protocol.Hash("x") }, true},
		{"the cohort is", func(_ *protocol.QueryHeader, b *protocol.QueryBody) { b.Cohort = "x" }, false},
		{"the strata are", func(_ *protocol.QueryHeader, b *protocol.QueryBody) { b.Strata = []string{"sex"} }, false},
		{"the mode is", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Mode = protocol.Private }, false},
		{"the noise is", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Noise.Share = 3 }, false},
		{"whether AN is asked for is", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Noise.Missing = true }, false},
		{"the release number is", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Release = 1 }, false},
		{"the roster is", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Roster = protocol.Hash("x") }, false},
		{"the named sites are", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Points = nil }, false},
		{"the use is", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Use.Purpose = "health" }, false},
		{"the analysis is", func(h *protocol.QueryHeader, _ *protocol.QueryBody) { h.Analysis = "af/2" }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, b := base, body
			tt.change(&h, &b)
			if got := identity(h, b, variants, contents).Equal(want); got != tt.same {
				t.Errorf("same identity: %v, want %v", got, tt.same)
			}
		})
	}
	if identity(base, body, protocol.Hash("x"), contents).Equal(want) || identity(base, body, variants, contents[:2]).Equal(want) {
		t.Error("the variants and the datasets are in it")
	}
}

func TestSealedBodiesStandInRosterOrder(t *testing.T) {
	s := newStudy(t, 3)
	q, _ := s.query(t)
	m := new(pb.Query)
	if err := proto.Unmarshal(must[[]byte](t)(q.Bytes()), m); err != nil {
		t.Fatal(err)
	}
	m.Bodies[0], m.Bodies[1] = m.Bodies[1], m.Bodies[0]
	if _, err := s.r().ParseQuery(must[[]byte](t)(proto.Marshal(m)), s.roster.Digest()); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
	}
}
