package protocol_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/pb"
)

// What a hostile operator writes into a roster that custodians are shown.
func TestRosterCheckSeesThroughNames(t *testing.T) {
	for _, tt := range []struct {
		name   string
		sites  int
		change func(*protocol.Roster)
		want   string
	}{
		{"one organisation in two spellings", 3, func(r *protocol.Roster) { r.Sites[1].Organisation = strings.ToUpper(r.Sites[0].Organisation) }, "organisation"},
		{"one organisation with a blank at its end", 3, func(r *protocol.Roster) { r.Sites[1].Organisation = r.Sites[0].Organisation + " " }, "site 2 needs a name"},
		{"one organisation with two blanks inside", 3, func(r *protocol.Roster) { r.Sites[1].Organisation = "Hospital  1" }, "site 2 needs a name"},
		{"one organisation with an invisible letter", 3, func(r *protocol.Roster) { r.Sites[1].Organisation = "Hospital\u200b 1" }, "site 2 needs a name"},
		{"a name that is written from right to left", 3, func(r *protocol.Roster) { r.Sites[1].Name = "site\u202e-4" }, "site 2 needs a name"},
		{"one name in two spellings", 3, func(r *protocol.Roster) { r.Sites[1].Name = "SITE-1" }, "repeats"},
		{"a title that moves the cursor", 3, func(r *protocol.Roster) { r.Title = "A study\x1b[2K\rAnother" }, "title"},
		{"a region that moves the cursor", 3, func(r *protocol.Roster) { r.Sites[0].Region = "\x1b[1A" }, "site 1 needs a name"},
		{"a peer id on two lines", 3, func(r *protocol.Roster) { r.Sites[0].Peer = "a\nb" }, "peer id"},
		{"an assembly on two lines", 3, func(r *protocol.Roster) { r.Panels[0].Assembly = "a\nb" }, "panel 1"},
		{"a researcher of a member organisation in another spelling, while f = 0", 2, func(r *protocol.Roster) {
			r.Researchers[0].Organisation = strings.ToUpper(r.Sites[0].Organisation)
		}, "researcher 1"},
		{"a coordinator member with a site's key", 3, func(r *protocol.Roster) { r.Members[0].Key = r.Sites[0].NodeKey }, "member 1 repeats"},
		{"a coordinator member with a site's peer id", 3, func(r *protocol.Roster) { r.Members[0].Peer = r.Sites[0].Peer }, "member 1 repeats"},
		{"a coordinator member twice", 3, func(r *protocol.Roster) { r.Members = append(r.Members, r.Members[0]) }, "member 2 repeats"},
		{"a researcher with a custodian's key", 3, func(r *protocol.Roster) { r.Researchers[0].Key = r.Sites[2].CustodianKey }, "researcher 1 repeats"},
		{"a researcher with a member's key", 3, func(r *protocol.Roster) { r.Researchers[0].Key = r.Members[0].Key }, "researcher 1 repeats"},
		{"one key for two researchers", 3, func(r *protocol.Roster) {
			r.Researchers = append(r.Researchers, protocol.Researcher{Name: "Bob", Organisation: "Elsewhere too", Key: r.Researchers[0].Key})
		}, "researcher 2 repeats"},
		{"a site's key that borrows half of another's", 3, func(r *protocol.Roster) {
			a, b := r.Sites[0].NodeKey.Bytes(), r.Sites[1].NodeKey.Bytes()
			r.Sites[1].NodeKey = must[protocol.PublicKey](t)(protocol.ParsePublicKey(append(a[:32:32], b[32:]...)))
		}, "site 2 repeats"},
		{"one cohort with two sets", 4, func(r *protocol.Roster) {
			r.Cohorts = append(r.Cohorts, protocol.ExactCohort{Name: "All", Points: []uint32{1, 2, 3}, Minimum: 20})
		}, "cohort 2"},
		{"one panel of two sizes", 3, func(r *protocol.Roster) {
			r.Panels = append(r.Panels, protocol.PanelRef{Name: "more", Digest: r.Panels[0].Digest, Size: 7})
		}, "panel 2 repeats"},
		{"a panel above every bound", 3, func(r *protocol.Roster) { r.Panels[0].Size = 1 << 40 }, "panel 1"},
		{"a mode twice", 3, func(r *protocol.Roster) { r.Modes = []protocol.Mode{protocol.Exact, protocol.Exact} }, "modes"},
		{"no deadline", 3, func(r *protocol.Roster) { r.Deadline = time.Time{} }, "deadline"},
		{"a cohort that names a site beyond the last", 3, func(r *protocol.Roster) { r.Cohorts[0].Points = []uint32{1, 2, 3, 4} }, "cohort 1"},
		{"a negative number of corrupt sites", 3, func(r *protocol.Roster) { r.Corrupt = -1 }, "threshold"},
		{"as many corrupt sites as the threshold", 3, func(r *protocol.Roster) { r.Corrupt = 3 }, "threshold"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := rosterOf(t, tt.sites)
			tt.change(&r)
			if err := r.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want something about %q", err, tt.want)
			}
		})
	}
}

// A roster is refused or it keeps what the two-cuts argument needs, whatever
// numbers and owners stand in it.
func TestASoundRosterHasNoTwoCuts(t *testing.T) {
	base, _ := rosterOf(t, 9)
	rapid.Check(t, func(t *rapid.T) {
		r := base
		r.Sites = append([]protocol.Site(nil), base.Sites[:rapid.IntRange(1, 9).Draw(t, "n")]...)
		owned := make(map[string]int)
		for i := range r.Sites {
			r.Sites[i].Organisation = rapid.SampledFrom([]string{"A", "a", "B", "C", "D", "E", "F", "G"}).Draw(t, "owner")
			owned[strings.ToLower(r.Sites[i].Organisation)]++
		}
		r.Threshold = rapid.IntRange(-1, 10).Draw(t, "t")
		r.Corrupt = rapid.IntRange(-1, 10).Draw(t, "f")
		r.MinOrganisations = rapid.IntRange(-1, 10).Draw(t, "organisations")
		r.Cohorts[0].Points = r.Points()
		if r.Check() != nil {
			return
		}
		n, threshold, f := len(r.Sites), r.Threshold, r.Corrupt
		if threshold > n || f < 0 || 2*threshold <= n+f || 2*(threshold-f) <= n-f || threshold-f < 2 || r.MinOrganisations < f+2 {
			t.Fatalf("n = %d, t = %d, f = %d, organisations %d", n, threshold, f, r.MinOrganisations)
		}
		for name, sites := range owned {
			if sites > max(f, 1) {
				t.Fatalf("%s has %d sites, f = %d", name, sites, f)
			}
		}
	})
}

func TestQueriesThatTheRosterDoesNotAllow(t *testing.T) {
	s := newStudy(t, 4)
	for _, tt := range []struct {
		name   string
		change func(*protocol.QueryHeader)
	}{
		{"an exact one that names no sites", func(h *protocol.QueryHeader) { h.Points = nil }},
		{"one that names too few sites", func(h *protocol.QueryHeader) { h.Points = []uint32{1, 2} }},
		{"one that names a site beyond the last", func(h *protocol.QueryHeader) { h.Points = []uint32{1, 2, 3, 9} }},
		{"one in a mode that was not agreed on", func(h *protocol.QueryHeader) { h.Mode, h.Release, h.Noise.Share = protocol.Private, 1, 2 }},
		{"one with a purpose that moves the cursor", func(h *protocol.QueryHeader) { h.Purpose = "care\x1b[1A\x1b[2Kresearch" }},
		{"one with an analysis that moves the cursor", func(h *protocol.QueryHeader) { h.Analysis = "af/1\x1b[1A" }},
		{"one that is issued at no time", func(h *protocol.QueryHeader) { h.Issued = time.Time{} }},
		{"one that expires before it is issued", func(h *protocol.QueryHeader) { h.Issued, h.Expires = h.Expires, h.Issued }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := s.header(t, s.body(t))
			tt.change(&h)
			signed, err := protocol.Sign(h, s.alice)
			if err == nil {
				_, err = s.r().OpenQuery(signed.Bytes(), s.roster.Digest())
			}
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}

// The researcher signs for a mode that the custodians did not allow.
func TestAttackModeNotAllowed(t *testing.T) {
	s := newStudy(t, 3)
	debug.Defended(t, debug.ModeSigned, func() error {
		h := s.header(t, s.body(t))
		h.Mode, h.Release, h.Noise.Share = protocol.Private, 1, 2
		signed := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, s.alice))
		_, err := s.r().OpenQuery(signed.Bytes(), s.roster.Digest())
		if err != nil && !errors.Is(err, protocol.ModeNotAllowed) {
			t.Errorf("got %v, want %v", err, protocol.ModeNotAllowed)
		}
		return err
	})
}

func TestQueryBodiesThatAreNotAQuestion(t *testing.T) {
	s := newStudy(t, 2)
	listed := func(list ...protocol.Variant) func(*protocol.QueryBody) {
		return func(b *protocol.QueryBody) { b.Panel, b.Ranges, b.Variants = protocol.Digest{}, nil, list }
	}
	v := func(contig string, pos uint32, ref, alt string) protocol.Variant {
		return protocol.Variant{Contig: contig, Pos: pos, Ref: ref, Alt: alt}
	}
	for _, tt := range []struct {
		name   string
		change func(*protocol.QueryBody)
		ok     bool
	}{
		{"ranges of a panel", func(*protocol.QueryBody) {}, true},
		{"listed variants", listed(v("1", 5, "A", "C"), v("1", 5, "A", "G"), v("1", 6, "A", "C"), v("MT", 1, "C", "CA")), true},
		{"a panel and listed variants", func(b *protocol.QueryBody) { b.Variants = []protocol.Variant{v("1", 1, "A", "C")} }, false},
		{"neither", func(b *protocol.QueryBody) { b.Panel, b.Ranges = protocol.Digest{}, nil }, false},
		{"a panel without ranges", func(b *protocol.QueryBody) { b.Ranges = nil }, false},
		{"ranges that overlap", func(b *protocol.QueryBody) { b.Ranges = []protocol.Range{{From: 0, To: 5}, {From: 4, To: 9}} }, false},
		{"an empty range", func(b *protocol.QueryBody) { b.Ranges = []protocol.Range{{From: 5, To: 5}} }, false},
		{"one variant twice", listed(v("1", 5, "A", "C"), v("1", 5, "A", "C")), false},
		{"variants that descend", listed(v("1", 6, "A", "C"), v("1", 5, "A", "C")), false},
		{"a contig in two places", listed(v("1", 5, "A", "C"), v("2", 5, "A", "C"), v("1", 6, "A", "C")), false},
		{"a variant without a contig", listed(v("", 5, "A", "C")), false},
		{"a contig on two lines", listed(v("1\n2", 5, "A", "C")), false},
		{"position zero", listed(v("1", 0, "A", "C")), false},
		{"a symbol for an allele", listed(v("1", 5, "A", "<DEL>")), false},
		{"an allele in lower case", listed(v("1", 5, "a", "C")), false},
		{"an allele without bases", listed(v("1", 5, "A", "")), false},
		{"no change at all", listed(v("1", 5, "A", "A")), false},
		{"an endless allele", listed(v("1", 5, strings.Repeat("A", 4097), "A")), false},
		{"a stratum twice", func(b *protocol.QueryBody) { b.Strata = []string{"sex", "sex"} }, false},
		{"a stratum without a name", func(b *protocol.QueryBody) { b.Strata = []string{""} }, false},
		{"a cohort on two lines", func(b *protocol.QueryBody) { b.Cohort = "a\nb" }, false},
		{"a recipient key cut short", func(b *protocol.QueryBody) { b.RecipientKey = b.RecipientKey[:100] }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := s.body(t)
			tt.change(&b)
			signed := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(s.header(t, b), s.alice))
			q := must[protocol.Query](t)(protocol.SealQuery(signed, b, s.declarations()))
			_, err := protocol.OpenBody(q.Header, 1, s.kem[0].private, q.Bodies[0])
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, accepted should be %v", err, tt.ok)
			}
		})
	}
}

func TestCardsThatAreNotASite(t *testing.T) {
	card := protocol.Card{
		Name: "site-1", Organisation: "Hospital", Country: "CH", Region: "eu", NodeKey: newKey(t, "n").Public(),
		CustodianKey: newKey(t, "c").Public(), Peer: "peer", PeopleCap: 100,
	}
	for _, tt := range []struct {
		name   string
		change func(*protocol.Card)
	}{
		{"a name that moves the cursor", func(c *protocol.Card) { c.Name = "site\x1b[1A" }},
		{"a name with an invisible letter", func(c *protocol.Card) { c.Name = "site\u200b-1" }},
		{"an organisation with a blank before it", func(c *protocol.Card) { c.Organisation = " Hospital" }},
		{"a country of three letters", func(c *protocol.Card) { c.Country = "CHE" }},
		{"an endless region", func(c *protocol.Card) { c.Region = strings.Repeat("e", 1<<20) }},
		{"an endless peer id", func(c *protocol.Card) { c.Peer = strings.Repeat("e", 1<<20) }},
		{"no cap on people", func(c *protocol.Card) { c.PeopleCap = 0 }},
		{"a cap above every bound", func(c *protocol.Card) { c.PeopleCap = 1<<30 + 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := card
			tt.change(&c)
			raw := must[[]byte](t)(c.JoinRequest([]byte("secret")))
			key := must[protocol.PublicKey](t)(protocol.InvitationKey([]byte("secret")))
			if _, err := protocol.ParseJoinRequest(raw, key); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
			}
		})
	}
}

func TestDeclarationsTellClassesOnly(t *testing.T) {
	s := newStudy(t, 2)
	for _, tt := range []struct {
		name   string
		change func(*protocol.Declaration)
	}{
		{"an exact size", func(d *protocol.Declaration) { d.Cohorts[0].SizeClass = 497 }},
		{"a mode that does not exist", func(d *protocol.Declaration) { d.Cohorts[0].Modes = []protocol.Mode{3} }},
		{"one cohort twice", func(d *protocol.Declaration) { d.Cohorts = append(d.Cohorts, d.Cohorts[0]) }},
		{"a key that lives for ever", func(d *protocol.Declaration) { d.KEMUntil = d.Issued.AddDate(1, 0, 0) }},
		{"a key that is over before it begins", func(d *protocol.Declaration) { d.KEMUntil = d.Issued }},
		{"a key cut short", func(d *protocol.Declaration) { d.KEMKey = d.KEMKey[:10] }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := s.declared[0].Message
			d.Cohorts = append([]protocol.DeclaredCohort(nil), d.Cohorts...)
			tt.change(&d)
			if _, err := protocol.Sign(d, s.nodes[0]); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
			}
		})
	}
}

// Who has stolen a site's old key has the query list the declaration that names it:
// the other sites would seal their key shares to it.
func TestAnOfferOverAnOldKeyIsRefused(t *testing.T) {
	s := newStudy(t, 2)
	for _, tt := range []struct {
		name string
		at   time.Time
		ok   bool
	}{
		{"a query made while the keys were declared", s.declared[1].Message.KEMUntil.Add(-time.Second), true},
		{"a query made when they were over", s.declared[1].Message.KEMUntil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := s.body(t)
			h := s.header(t, body)
			h.Issued, h.Expires = tt.at, tt.at.Add(time.Hour)
			header := must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, s.alice))
			q := must[protocol.Query](t)(protocol.SealQuery(header, body, s.declarations()))
			task := must[protocol.Signed[protocol.Task]](t)(protocol.Sign(protocol.Task{
				Study: "demo", Roster: s.roster.Digest(), Query: header.Digest(), Attempt: 1, Issued: tt.at, Expires: tt.at.Add(time.Hour),
			}, s.member))
			raw := must[[]byte](t)(protocol.Offer{Task: task, Header: header, Body: q.Bodies[0], Declarations: s.declared}.Bytes())
			if _, err := s.r().ParseOffer(raw, s.roster.Digest()); (err == nil) != tt.ok {
				t.Errorf("got %v, accepted should be %v", err, tt.ok)
			}
		})
	}
}

func TestATaskDoesNotOutliveItsQuery(t *testing.T) {
	s := newStudy(t, 2)
	task := protocol.Task{Study: "demo", Roster: s.roster.Digest(), Query: protocol.Hash("q"), Attempt: 1, Issued: now, Expires: now.Add(time.Hour)}
	for _, tt := range []struct {
		name   string
		change func(*protocol.Task)
	}{
		{"attempt zero", func(t *protocol.Task) { t.Attempt = 0 }},
		{"an attempt too many", func(t *protocol.Task) { t.Attempt = protocol.MaxAttempts + 1 }},
		{"over before it begins", func(t *protocol.Task) { t.Expires = t.Issued }},
		{"longer than any query", func(t *protocol.Task) { t.Expires = t.Issued.Add(protocol.MaxLife + time.Second) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bad := task
			tt.change(&bad)
			if _, err := protocol.Sign(bad, s.member); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
			}
		})
	}
}

// What was said in answer to a vote carries no nonce. A question with the nonce of
// zeros would take all of it for fresh.
func TestAHeadQueryHasANonce(t *testing.T) {
	s := newStudy(t, 2)
	if _, err := protocol.Sign(protocol.HeadQuery{Study: "demo", Point: 1}, s.nodes[0]); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("got %v, want %v", err, protocol.ErrMalformed)
	}
}

// Two bytes announce an element of a list and become a hundred in memory.
func TestParsingTakesMemoryForWhatIsThere(t *testing.T) {
	s := newStudy(t, 2)
	r, roster := s.r(), s.roster.Digest()
	flood := func(field byte, inside ...byte) []byte {
		raw := make([]byte, 0, protocol.MaxMessage)
		for element := append([]byte{field<<3 | 2, byte(len(inside))}, inside...); len(raw)+len(element) <= protocol.MaxMessage; {
			raw = append(raw, element...)
		}
		return raw
	}
	nested := must[[]byte](t)(proto.Marshal(&pb.Envelope{Type: (*protocol.Roster)(nil).Type(), Payload: flood(5)[:protocol.MaxMessage-100]}))
	for _, tt := range []struct {
		name  string
		parse func() error
	}{
		{"a query of empty bodies", func() error { _, err := r.ParseQuery(flood(2), roster); return err }},
		{"an envelope of empty signatures", func() error { _, err := r.OpenDeclaration(flood(3)); return err }},
		{"a contribution of empty shares", func() error { _, err := r.ParseContribution(flood(2), roster); return err }},
		{"a cut of empty receipts, each with signatures", func() error { _, err := r.ParseCutOffer(flood(3, 0x1a, 0, 0x1a, 0, 0x1a, 0), roster); return err }},
		{"a roster of empty sites", func() error { _, err := protocol.ParseProposal(nested); return err }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := tt.parse(); err == nil {
				t.Error("accepted")
			}
			runtime.ReadMemStats(&after)
			// The bytes themselves may be copied once or twice.
			if took := after.TotalAlloc - before.TotalAlloc; took > 4*protocol.MaxMessage {
				t.Errorf("%d MiB were allocated", took>>20)
			}
		})
	}
}

// The coordinator hands bob another share than the one that carol's header names.
func TestAttackSwappedShare(t *testing.T) {
	s := newStudy(t, 3)
	debug.Defended(t, debug.ShareDigest, func() error {
		session := protocol.NewSession(protocol.Hash("query"), 1)
		shares := [][]byte{[]byte("to 1"), []byte("to 2"), []byte("to 3")}
		h := protocol.ContributionHeader{
			Session: session, Roster: s.roster.Digest(), Point: 3, Declaration: s.declared[2].Digest(), Params: "a50g8", Coefficients: 1,
		}
		h.Shares = protocol.SharesRoot(shares)
		signed := must[protocol.Signed[protocol.ContributionHeader]](t)(protocol.Sign(h, s.nodes[2]))
		d := protocol.Delivery{Session: session}
		d.Add(protocol.Contribution{Header: signed, Shares: shares}, 2)
		d.Shares[0] = []byte("another")
		got := must[protocol.Delivery](t)(s.r().ParseDelivery(must[[]byte](t)(d.Bytes()), s.roster.Digest(), 2))
		if len(got.Shares) == 0 {
			return errors.New("the share is left out")
		}
		return nil
	})
}
