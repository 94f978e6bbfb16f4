package duo_test

import (
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/policy/duo"
)

// The cases of DUOS's own test of its matcher (DataBiosphere/consent, DataUseMatcherV4Test,
// 33 cases) with what it expects: approve is allow, and abstain ask. Diseases of DOID are
// those of MONDO here. Where the two differ, ours is the narrower, and says why.
func TestBesideTheCasesOfDUOS(t *testing.T) {
	charity := func(r *duo.Request) { r.NonProfit = duo.Yes }
	company := func(r *duo.Request) { r.NonProfit = duo.No }
	as := func(*duo.Request) {}
	for _, tt := range []struct {
		name, consent, purposes string
		who                     func(*duo.Request)
		theirs, ours            duo.Verdict
		why                     string // of a difference
	}{
		{"disease, a kind of it", "DS=" + diabetes, typeTwo, as, duo.Allow, duo.Allow, ""},
		{"disease, above it", "DS=" + typeTwo, diabetes, as, duo.Deny, duo.Deny, ""},
		{"HMB in GRU", "GRU", "HMB", as, duo.Allow, duo.Allow, ""},
		{"HMB in HMB", "HMB", "HMB", as, duo.Allow, duo.Allow, ""},
		{"GRU in HMB", "HMB", "GRU", as, duo.Deny, duo.Deny, ""},
		{"HMB in DS", "DS=" + diabetes, "HMB", as, duo.Deny, duo.Deny, ""},
		{"HMB in POA", "POA", "HMB", as, duo.Deny, duo.Deny, ""},
		{"POA in GRU", "GRU", origins, as, duo.Allow, duo.Allow, ""},
		{"POA in POA", "POA", origins, as, duo.Allow, duo.Allow, ""},
		{"POA in HMB", "HMB", origins, as, duo.Deny, duo.Deny, ""},
		{"POA in DS", "DS=" + diabetes, origins, as, duo.Deny, duo.Deny, ""},
		{"methods in GRU", "GRU", method, as, duo.Allow, duo.Allow, ""},
		{"methods in POA", "POA", method, as, duo.Allow, duo.Deny, "ancestry only is only that"},
		{"methods in DS", "DS=" + diabetes, method, as, duo.Allow, duo.Ask, "the methods may be for another disease"},
		{"methods in HMB", "HMB", method, as, duo.Allow, duo.Allow, ""},
		{"NPU alone, of a charity", "NPU", health, charity, duo.Allow, duo.Deny, "it has no permission"},
		{"nothing, of a company", "", health, company, duo.Allow, duo.Deny, "it has no permission"},
		{"nothing, of a charity", "", health, charity, duo.Allow, duo.Deny, "it has no permission"},
		{"NPU alone, of a company", "NPU", health, company, duo.Deny, duo.Deny, ""},
		{"a purpose with collaboration", "HMB COL", health, as, duo.Ask, duo.Ask, ""},
		{"a purpose in words", "HMB", health + " other", as, duo.Ask, duo.Deny, "nobody here knows the purpose"},
		{"a second purpose in words", "HMB", health + " secondary", as, duo.Ask, duo.Deny, "nobody here knows the purpose"},
		{"a purpose with ethics approval", "HMB IRB", health, as, duo.Ask, duo.Ask, ""},
		{"HMB and controls", "HMB", health + " " + controls, as, duo.Ask, duo.Deny, "controls of anything are more than health"},
		{"HMB and populations", "HMB", health + " " + people, as, duo.Ask, duo.Deny, "populations are more than health"},
		{"HMB and gender", "HMB", health + " " + sexes, as, duo.Ask, duo.Ask, ""},
		{"HMB and children", "HMB", health + " " + aging, as, duo.Ask, duo.Ask, ""},
		{"HMB and vulnerable people", "HMB", health + " vulnerable", as, duo.Ask, duo.Deny, "DUO has no code for it"},
		{"HMB and illegal behaviour", "HMB", health + " illegal", as, duo.Ask, duo.Deny, "DUO has no code for it"},
		{"HMB and sexual diseases", "HMB", health + " sexual", as, duo.Ask, duo.Deny, "DUO has no code for it"},
		{"HMB and psychological traits", "HMB", health + " psychological", as, duo.Ask, duo.Deny, "DUO has no code for it"},
		{"HMB, not for health", "HMB", health + " not-health", as, duo.Ask, duo.Deny, "DUO has no code for it"},
		{"HMB and stigmatised diseases", "HMB", health + " stigma", as, duo.Ask, duo.Deny, "DUO has no code for it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := duo.Match(strings.Fields(tt.consent), asks(tt.purposes, tt.who), kinds{})
			if d.Verdict != tt.ours {
				t.Errorf("got %s, want %s: %v", d.Verdict, tt.ours, d.Lines)
			}
			if tt.ours > tt.theirs || (tt.ours != tt.theirs) != (tt.why != "") {
				t.Errorf("ours is %s and theirs %s: %q", tt.ours, tt.theirs, tt.why)
			}
		})
	}
}
