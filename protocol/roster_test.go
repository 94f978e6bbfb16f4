package protocol_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

func TestRosterCheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		sites  int
		change func(*protocol.Roster)
		want   string // part of the error, empty when sound
	}{
		{"two sites are sound", 2, func(*protocol.Roster) {}, ""},
		{"three sites are sound", 3, func(*protocol.Roster) {}, ""},
		{"seven sites are sound", 7, func(*protocol.Roster) {}, ""},
		{"one site hides nothing", 3, func(r *protocol.Roster) { r.Sites = r.Sites[:1] }, "sites"},
		{"a threshold that lets two cuts be opened", 4, func(r *protocol.Roster) { r.Threshold = 2 }, "threshold"},
		{"a threshold above n", 3, func(r *protocol.Roster) { r.Threshold = 4 }, "threshold"},
		{"one honest site in a cut", 4, func(r *protocol.Roster) { r.Corrupt = 2 }, "threshold"},
		{"a cut of one organisation", 4, func(r *protocol.Roster) { r.MinOrganisations = 1 }, "organisations"},
		{"one organisation under two names of sites", 3, func(r *protocol.Roster) { r.Sites[1].Organisation = r.Sites[0].Organisation }, "organisation"},
		{"the same node key twice", 3, func(r *protocol.Roster) { r.Sites[1].NodeKey = r.Sites[0].NodeKey }, "repeats"},
		{"one key for node and custodian", 3, func(r *protocol.Roster) { r.Sites[1].CustodianKey = r.Sites[1].NodeKey }, "repeats"},
		{"the same peer twice", 3, func(r *protocol.Roster) { r.Sites[2].Peer = r.Sites[0].Peer }, "repeats"},
		{"no cap on people", 3, func(r *protocol.Roster) { r.Sites[2].PeopleCap = 0 }, "cap"},
		{"a cohort over fewer than t sites", 3, func(r *protocol.Roster) { r.Cohorts[0].Points = []uint32{1, 2} }, "cohort"},
		{"a cohort that names a site twice", 3, func(r *protocol.Roster) { r.Cohorts[0].Points = []uint32{1, 2, 2} }, "cohort"},
		{"a cohort without a real minimum", 3, func(r *protocol.Roster) { r.Cohorts[0].Minimum = 19 }, "minimum"},
		{"a mode that does not exist", 3, func(r *protocol.Roster) { r.Modes = []protocol.Mode{9} }, "modes"},
		{"no mode", 3, func(r *protocol.Roster) { r.Modes = nil }, "mode"},
		{"a first epoch that follows another", 3, func(r *protocol.Roster) { r.Previous = protocol.Hash("x") }, "epoch"},
		{"a second epoch that follows nothing", 3, func(r *protocol.Roster) { r.Epoch = 2 }, "epoch"},
		{"a study's name with a slash", 3, func(r *protocol.Roster) { r.Study = "../demo" }, "name"},
		{"a researcher of a member organisation while f = 0", 2, func(r *protocol.Roster) { r.Researchers[0].Organisation = r.Sites[0].Organisation }, "researcher"},
		{"no coordinator member", 3, func(r *protocol.Roster) { r.Members = nil }, "member"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := rosterOf(t, tt.sites)
			tt.change(&r)
			err := r.Check()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("a sound roster is refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want something about %q", err, tt.want)
			}
		})
	}
}

func TestThresholds(t *testing.T) {
	for n := 2; n <= protocol.MaxSites; n++ {
		threshold, f := protocol.Thresholds(n)
		if threshold > n || 2*threshold <= n+f || threshold-f < 2 || 2*(threshold-f) <= n-f {
			t.Fatalf("n = %d: t = %d, f = %d: two cuts could both be opened", n, threshold, f)
		}
		if g := f + 1; 2*g < n && 2*threshold > n+g {
			t.Fatalf("n = %d: f = %d is not the largest", n, f)
		}
	}
}

func TestOpenRosterWantsEveryCustodian(t *testing.T) {
	r, s := rosterOf(t, 3)
	proposal := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
	unsigned := proposal.Bytes()
	endorsed := proposal
	for _, c := range s.custodians[:2] {
		endorsed = must[protocol.Signed[protocol.Roster]](t)(protocol.Endorse(endorsed, c))
	}
	for name, raw := range map[string][]byte{"unsigned": unsigned, "without one custodian": endorsed.Bytes()} {
		if _, err := protocol.OpenRoster(raw); !errors.Is(err, protocol.ErrSignature) {
			t.Errorf("%s: got %v, want %v", name, err, protocol.ErrSignature)
		}
	}
	if got := protocol.Unsigned(endorsed); len(got) != 1 || got[0] != "site-3" {
		t.Errorf("missing are %v, want [site-3]", got)
	}
	if _, err := protocol.Endorse(endorsed, s.mallory); !errors.Is(err, protocol.ErrSigner) {
		t.Errorf("a stranger endorses: %v", err)
	}
	other := must[protocol.Signed[protocol.Roster]](t)(protocol.Endorse(proposal, s.custodians[2]))
	merged := must[protocol.Signed[protocol.Roster]](t)(protocol.MergeEndorsements(endorsed, other))
	opened := must[protocol.Signed[protocol.Roster]](t)(protocol.OpenRoster(merged.Bytes()))
	if opened.Digest() != proposal.Digest() {
		t.Error("signatures change the digest")
	}
	r.Title = "Another study"
	another := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
	if _, err := protocol.MergeEndorsements(another, merged); err == nil {
		t.Error("signatures on one roster are taken over to another")
	}
}

func TestAttackMissingCustodian(t *testing.T) {
	r, s := rosterOf(t, 3)
	proposal := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
	proposal = must[protocol.Signed[protocol.Roster]](t)(protocol.Endorse(proposal, s.custodians[0]))
	debug.Defended(t, debug.RosterAllCustodians, func() error {
		_, err := protocol.OpenRoster(proposal.Bytes())
		return err
	})
}

func TestWordsAreFive(t *testing.T) {
	got := protocol.Words(protocol.Hash("words"))
	if len(strings.Fields(got)) != 5 || got == protocol.Words(protocol.Hash("other")) {
		t.Errorf("got %q, want five words that differ from another digest's", got)
	}
}

func TestTokens(t *testing.T) {
	token := protocol.Token{
		Kind: protocol.SiteToken, Site: "site-1", Secret: []byte("secret"),
		Endpoints: []protocol.Endpoint{{Name: "c1", URL: "https://127.0.0.1:1", Pin: protocol.Hash("pin"), Peer: "p", Addresses: []string{"/ip4/127.0.0.1/tcp/1"}}},
	}
	s := token.String()
	got := must[protocol.Token](t)(protocol.ParseToken(" "+s+"\n", protocol.SiteToken))
	if got.Site != "site-1" || got.Endpoints[0].Pin != token.Endpoints[0].Pin {
		t.Errorf("got %+v", got)
	}
	for _, tt := range []struct{ name, token, want string }{
		{"a token of the wrong kind is named", protocol.Token{Kind: protocol.StudyToken, Endpoints: token.Endpoints}.String(), `"study" token`},
		{"a cut token", s[:len(s)-5], "copy the whole line"},
		{"a token with a letter changed", strings.Replace(s, s[20:21], string(rune(s[20]^1)), 1), "copy the whole line"},
		{"no token at all", "hello", "starts with"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := protocol.ParseToken(tt.token, protocol.SiteToken); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want something about %q", err, tt.want)
			}
		})
	}
}

func TestJoinRequestProvesTheToken(t *testing.T) {
	card := protocol.Card{
		Name: "site-1", Organisation: "Hospital", Country: "CH", Region: "eu", NodeKey: newKey(t, "n").Public(),
		CustodianKey: newKey(t, "c").Public(), Peer: "peer", PeopleCap: 100,
	}
	raw := must[[]byte](t)(card.JoinRequest([]byte("secret")))
	got := must[protocol.Card](t)(protocol.ParseJoinRequest(raw, must[protocol.PublicKey](t)(protocol.InvitationKey([]byte("secret")))))
	if got.Name != card.Name || !got.NodeKey.Equal(card.NodeKey) {
		t.Errorf("got %+v", got)
	}
	if _, err := protocol.ParseJoinRequest(raw, must[protocol.PublicKey](t)(protocol.InvitationKey([]byte("guess")))); !errors.Is(err, protocol.ErrSignature) {
		t.Errorf("another secret: got %v, want %v", err, protocol.ErrSignature)
	}
}

// TestPackingWeakensTheThreshold asks of a roster what its polynomials hide.
func TestPackingWeakensTheThreshold(t *testing.T) {
	for _, tt := range []struct {
		name                              string
		sites, threshold, corrupt, packed int
		sound                             bool
	}{
		{"plain shares", 5, 4, 2, 0, true},
		{"one number on a polynomial is Shamir's scheme", 5, 4, 2, 1, true},
		{"two numbers, and one corrupt site too many", 5, 4, 1, 2, false},
		{"two numbers with all sites", 5, 5, 2, 2, true},
		{"as many numbers as sites that open", 5, 5, 0, 5, false},
		{"fewer than none", 5, 5, 2, -1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := rosterOf(t, tt.sites)
			r.Threshold, r.Corrupt, r.Packing = tt.threshold, tt.corrupt, tt.packed
			r.MinOrganisations = min(r.Corrupt+2, tt.sites)
			if err := r.Check(); (err == nil) != tt.sound {
				t.Errorf("Check: %v", err)
			}
		})
	}
}

// TestMostCorruptIsTheMost holds what two cuts may share, and that no f more would do.
func TestMostCorruptIsTheMost(t *testing.T) {
	for n := 2; n <= 40; n++ {
		for threshold := 2; threshold <= n; threshold++ {
			for packing := range threshold {
				s := threshold - max(packing, 1) + 1
				sound := func(f int) bool { return 2*f < n && 2*s > n+f && s-f >= 2 }
				if f := protocol.MostCorrupt(n, threshold, packing); sound(0) && (!sound(f) || sound(f+1)) {
					t.Errorf("%d of %d sites, packing %d: f = %d", threshold, n, packing, f)
				}
			}
		}
	}
}
