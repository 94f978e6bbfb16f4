package policy_test

import (
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/policy"
)

func TestApprovalIsGivenByEnoughPeople(t *testing.T) {
	for _, tt := range []struct {
		name, approval string
		yes            string
		given          bool
	}{
		{"a steward alone", "steward", "steward", true},
		{"nobody", "steward", "", false},
		{"somebody of another role", "steward", "dpo", false},
		{"both that are needed", "steward + dpo", "dpo steward", true},
		{"one of two that are needed", "steward + dpo", "steward", false},
		{"two of one role for two roles", "steward + dpo", "steward steward", false},
		{"two of three", "2 of steward, dpo, ethics", "ethics dpo", true},
		{"one of three", "2 of steward, dpo, ethics", "ethics", false},
		{"two people of one role, where any will do", "2 of steward, dpo, ethics", "dpo dpo", true},
		{"either of two", "dpo, ethics", "ethics", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := policy.ParseApproval(tt.approval)
			if err != nil {
				t.Fatal(err)
			}
			if a.String() != tt.approval {
				t.Errorf("it reads as %q", a)
			}
			if given := a.Given(strings.Fields(tt.yes)); given != tt.given {
				t.Errorf("given is %v", given)
			}
		})
	}
	if !(policy.Approval{}).Given([]string{"steward"}) || (policy.Approval{}).Given([]string{"ethics"}) {
		t.Error("without a word it is not a steward who decides")
	}
}

func TestApprovalIsRefused(t *testing.T) {
	for _, text := range []string{"", "boss", "steward,steward", "0 of dpo", "17 of dpo", "x of dpo", "steward +", "2 of"} {
		if _, err := policy.ParseApproval(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}

func TestARuleSaysWhoDecides(t *testing.T) {
	const rule = `@id("a") @verdict("ask") @approval("steward + dpo") permit(principal, action == Action::"dp", resource);`
	p, err := policy.Parse([]policy.File{{Name: "a.cedar", Text: []byte(rule)}})
	if err != nil {
		t.Fatal(err)
	}
	d := p.Decide(private())
	if got := d.Approvals(); d.Verdict != policy.Ask || len(got) != 1 || got[0].String() != "steward + dpo" {
		t.Errorf("%v needs %v", d, got)
	}
	for _, bad := range []string{
		strings.Replace(rule, `@verdict("ask")`, "", 1),
		strings.Replace(rule, "steward + dpo", "somebody", 1),
	} {
		if _, err := policy.Parse([]policy.File{{Name: "a.cedar", Text: []byte(bad)}}); err == nil || !strings.Contains(err.Error(), "@approval") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
