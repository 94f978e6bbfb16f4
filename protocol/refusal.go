package protocol

import (
	"fmt"

	"github.com/locus-genomics/locus/protocol/pb"
)

// Code says why a site refuses. A refusal leaves a hospital like any other datum:
// it is one of this closed list, and never a text.
type Code uint32

// The codes of a refusal. They are part of the protocol: a number is never reused.
const (
	Internal           Code = 1  // the site could not; its own log says why
	UnknownStudy       Code = 2  // the site has not accepted this study
	RosterNotPinned    Code = 3  // another roster is in force there
	BadSignature       Code = 4  // something is not signed by the one it speaks for
	Expired            Code = 5  // the query or the attempt is too old, or from the future
	BadBody            Code = 6  // the sealed question is not the one signed
	DeclarationChanged Code = 7  // the dataset is not the one the query lists
	ModeNotAllowed     Code = 8  // the roster does not allow this mode
	UnknownCohort      Code = 9  // no such cohort in the roster or at the site
	CohortTooSmall     Code = 10 // the named cohort is below its minimum
	UnknownVariants    Code = 11 // no such panel or range
	TooLarge           Code = 12 // the sum could overflow, or the query is over a bound
	DataChanged        Code = 13 // the same question has another answer than before
	NotReady           Code = 14 // the node does not know yet that its records are the latest
	BehindItself       Code = 15 // the node's records are older than what others have seen
	BadCut             Code = 16 // the cut is not one this site may open
	OtherCut           Code = 17 // this release is bound to another set of sites
	BadShare           Code = 18 // a key share does not open
	TooManyAttempts    Code = 19 // this query has been tried too often
	UnknownSession     Code = 20 // the site holds nothing for this session
	UnknownAnalysis    Code = 21 // no such analysis at this version
	OtherSet           Code = 22 // a variant of these people was released over another set of sites
	NotWitnessed       Code = 23 // too few sites have seen the vote
	Lost               Code = 24 // stored bytes are gone; the attempt ends
	AlreadyReleased    Code = 25 // a variant was released for nearly the same people
	ReleaseLimit       Code = 26 // more exact variants than are released for these people
	BudgetExhausted    Code = 27 // more privacy loss than the site has allowed
	PolicyDenied       Code = 28 // the site's policy does not allow it
	UseNotCovered      Code = 29 // what it is for is not what the data may be used for
	PassportRefused    Code = 30 // the passport is not believed, or there is none and one is needed
	AwaitingApproval   Code = 31 // people at the site have to decide
	ApprovalRefused    Code = 32 // they have said no
	Frozen             Code = 33 // the site answers nothing for now
	Throttled          Code = 34 // too many questions for now
)

var codeNames = map[Code]string{
	Internal: "internal", UnknownStudy: "unknown study", RosterNotPinned: "another roster is in force",
	BadSignature: "bad signature", Expired: "expired", BadBody: "the sealed question is not the one signed",
	DeclarationChanged: "the dataset has changed since the query was made", ModeNotAllowed: "mode not allowed",
	UnknownCohort: "unknown cohort", CohortTooSmall: "the cohort is below its minimum",
	UnknownVariants: "unknown panel or range", TooLarge: "too large",
	DataChanged: "the same question would have another answer than before",
	NotReady:    "not ready", BehindItself: "the node's records are behind what other sites have seen",
	BadCut: "not a cut that may be opened", OtherCut: "bound to another set of sites", BadShare: "bad key share",
	TooManyAttempts: "too many attempts", UnknownSession: "unknown session", UnknownAnalysis: "unknown analysis",
	OtherSet: "a variant of these people was released over another set of sites", NotWitnessed: "too few sites have seen the vote",
	Lost: "stored bytes are lost", AlreadyReleased: "a variant was released already for nearly the same people",
	ReleaseLimit:    "more exact variants than are released for these people without a custodian's grant",
	BudgetExhausted: "the privacy budget does not allow it",
	PolicyDenied:    "the site's policy does not allow it", UseNotCovered: "the data may not be used for this purpose",
	PassportRefused: "no passport that the site believes", AwaitingApproval: "people at the site have to approve it",
	ApprovalRefused: "people at the site have refused it", Frozen: "the site answers nothing for now",
	Throttled: "too many questions for now",
}

// String is the code in words.
func (c Code) String() string {
	if s, ok := codeNames[c]; ok {
		return s
	}
	return fmt.Sprintf("code %d", uint32(c))
}

// Error makes a code the error that a site's checks return.
func (c Code) Error() string { return "refused: " + c.String() }

// Refusal is a site's signed no.
type Refusal struct {
	Session SessionID
	Point   uint32
	Code    Code
	// Bound is the set of sites that the release is bound to, when it is.
	Bound []uint32
}

// Type is the domain of a refusal's signature.
func (*Refusal) Type() string { return "locus/refusal/v1" }

func (r *Refusal) encode() ([]byte, error) {
	return marshal(&pb.Refusal{Session: r.Session[:], Point: r.Point, Code: uint32(r.Code), Bound: r.Bound})
}

func (r *Refusal) decode(payload []byte) error {
	m := new(pb.Refusal)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	session, err := ParseDigest(m.Session)
	if err != nil {
		return err
	}
	*r = Refusal{Session: session, Point: m.Point, Code: Code(m.Code), Bound: m.Bound}
	if _, ok := codeNames[r.Code]; !ok || len(r.Bound) > MaxSites {
		return fmt.Errorf("%w: a refusal with an unknown code", ErrMalformed)
	}
	return ascending(r.Bound)
}

// OpenRefusal parses a refusal and requires that its site has signed it.
func (r *Roster) OpenRefusal(raw []byte) (Signed[Refusal], error) {
	s, err := Open[Refusal](raw, r.NodeKeys())
	if err != nil {
		return Signed[Refusal]{}, err
	}
	return s, r.spokenBy(s.signer, s.Message.Point, r.Study)
}
