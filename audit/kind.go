package audit

import "fmt"

// Kind says what an entry records. The list is closed: a number that is not in it is
// refused, so that a verifier knows every entry it accepts.
type Kind uint8

// The kinds. A number is never given to another kind.
const (
	KindTask Kind = iota + 1
	KindDecision
	KindDebit
	KindContribution
	KindReceived
	KindCut
	KindVote
	KindOpening
	KindRefusal
	KindConsentEpoch
	KindPolicyEpoch
	KindRoster
	KindDeclaration
	KindCohort
	KindGrant
	KindReopening
	KindBudget
	KindReleased
	KindVerdict
	KindKey
	KindRevoked
	KindRestored
	KindQuery
	KindPublication
	KindStart
	KindOfficers
	KindVoice
	KindFreeze
	KindThaw
	KindTerms
	KindErased
	KindLeft
	KindEvidence
	kindEnd
)

var kindNames = [kindEnd]string{
	KindTask: "task", KindDecision: "decision", KindDebit: "debit", KindContribution: "contribution", KindReceived: "received",
	KindCut: "cut", KindVote: "vote", KindOpening: "opening", KindRefusal: "refusal", KindConsentEpoch: "consent-epoch",
	KindPolicyEpoch: "policy-epoch", KindRoster: "roster", KindDeclaration: "declaration", KindCohort: "cohort", KindGrant: "grant",
	KindReopening: "reopening", KindBudget: "budget", KindReleased: "released", KindVerdict: "verdict", KindKey: "key",
	KindRevoked: "revoked", KindRestored: "restored", KindQuery: "query", KindPublication: "publication", KindStart: "start",
	KindOfficers: "officers", KindVoice: "voice", KindFreeze: "freeze", KindThaw: "thaw", KindTerms: "terms", KindErased: "erased", KindLeft: "left",
	KindEvidence: "evidence",
}

// String is the name in docs/reference/audit-log.md.
func (k Kind) String() string {
	if !k.known() {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kindNames[k]
}

func (k Kind) known() bool { return k > 0 && k < kindEnd }
