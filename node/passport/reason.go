package passport

import (
	"errors"
	"fmt"
)

// ErrRefused is the family of every Reason: errors.Is(err, ErrRefused).
var ErrRefused = errors.New("passport: refused")

// Reason is why a passport is refused, or a visa in it passed over. It holds nothing of
// the token, so it may be logged and shown. Zero is no reason.
type Reason uint8

// The reasons, in the order in which a token meets them.
const (
	TooLarge Reason = iota + 1
	TooMany
	Malformed
	NotJSON
	RepeatedName
	RepeatedVisa
	Critical
	Algorithm
	KeyInToken
	TypeHeader
	KeyUnnamed
	ClaimMissing
	ClaimUnfit
	AccessToken
	IssuerUnlisted
	KeySetUnnamed
	KeySetUnlisted
	KeysUnavailable
	KeyUnknown
	KeyUnfit
	Signature
	Expired
	NotYet
	LivesTooLong
	Audience
	KeyUnbound
	TypeUnknown
	TypeUnlisted
	SourceUnlisted
	ByMissing
	ByUnlisted
	ValueUnfit
	AssertedTooOld
	ConditionsUnfit
	OtherPerson
	ConditionsUnmet
	FactLost
	endOfReasons
)

var reasons = [endOfReasons]struct{ code, what, mend string }{
	TooLarge:        {"too-large", "longer than its bound", "get a passport with fewer visas"},
	TooMany:         {"too-many", "too many visas, or too many parts in one of them", "get a passport with fewer visas"},
	Malformed:       {"malformed", "not three parts of base64url as RFC 7515 section 7.1 has them", "hand over the token as it was issued, without line breaks"},
	NotJSON:         {"not-json", "not a JSON object, or nested too deeply", "hand over the token as it was issued"},
	RepeatedName:    {"repeated-name", "a name stands twice in one JSON object", "the issuer has to write each name once"},
	RepeatedVisa:    {"repeated-visa", "the same visa stands in the list before", "nothing has to be done"},
	Critical:        {"critical", "its header asks for an extension of JWS (crit or b64)", "the issuer has to sign without extensions"},
	Algorithm:       {"algorithm", "not signed by RS256 or ES256, or not by the one that its key is for", "the issuer has to sign with RS256 or ES256"},
	KeyInToken:      {"key-in-token", "its header brings a key or a certificate of its own", "the issuer has to name its key by kid alone"},
	TypeHeader:      {"type-header", "its typ is not that of a passport, or of a visa", "hand over the passport and not another token of the broker"},
	KeyUnnamed:      {"key-unnamed", "its header has no kid", "the issuer has to name its key by kid"},
	ClaimMissing:    {"claim-missing", "a claim that the specification requires is missing", "the issuer has to add it"},
	ClaimUnfit:      {"claim-unfit", "a claim is of the wrong kind, too long, or not printable", "the issuer has to write it as the specification says"},
	AccessToken:     {"access-token", "a visa access token, which would have to be polled", "ask the issuer for a visa document token"},
	IssuerUnlisted:  {"issuer-unlisted", "its issuer is not on the site's list for this", "the site adds the issuer to its list, if it trusts it"},
	KeySetUnnamed:   {"key-set-unnamed", "a visa document token without jku", "the issuer has to name its key set by jku"},
	KeySetUnlisted:  {"key-set-unlisted", "its jku is not the one on the site's list for this issuer", "compare the site's list with what the issuer has published"},
	KeysUnavailable: {"keys-unavailable", "the issuer's keys cannot be had", "try again; the site sees why in its log"},
	KeyUnknown:      {"key-unknown", "the issuer has no such key, or no longer", "get a new passport"},
	KeyUnfit:        {"key-unfit", "the issuer's key is too weak, of another kind, or named twice", "the issuer needs RSA of 2048 bits or more with exponent 65537, or P-256"},
	Signature:       {"signature", "the signature does not verify", "get a new passport, and hand it over unaltered"},
	Expired:         {"expired", "its time is over", "get a new passport"},
	NotYet:          {"not-yet", "it is from the future", "compare the clocks of issuer and site"},
	LivesTooLong:    {"lives-too-long", "it is good for longer than the site allows", "get one that ends sooner, or the site raises its limit for the issuer"},
	Audience:        {"audience", "it is meant for somebody else", "get a passport for this site, or the site adds the audience to its list"},
	KeyUnbound:      {"key-unbound", "nothing binds the key that signs the query to the holder of the passport", "get a passport with cnf for this key, or ask the site to name its holder"},
	TypeUnknown:     {"type-unknown", "not one of the five standard visa types", "nothing has to be done: it is not used here"},
	TypeUnlisted:    {"type-unlisted", "the issuer may not issue visas of this type for this site", "the site adds the type to its list, if it trusts the issuer for it"},
	SourceUnlisted:  {"source-unlisted", "the source is not on the site's list for this issuer and type", "the site adds the source to its list, if it trusts it"},
	ByMissing:       {"by-missing", "a visa of this type must say by whom", "the issuer has to add by"},
	ByUnlisted:      {"by-unlisted", "asserted by an authority that is not one of the five, or not on the site's list", "the site adds it to its list, if that is enough for it"},
	ValueUnfit:      {"value-unfit", "the value is not written as its visa type demands", "the issuer has to write it as the specification says"},
	AssertedTooOld:  {"asserted-too-old", "asserted longer ago than the site allows", "have it asserted anew, or the site raises its limit for the issuer"},
	ConditionsUnfit: {"conditions-unfit", "its conditions are not written as the specification says, or too many", "the issuer has to write them as the specification says"},
	OtherPerson:     {"other-person", "it is of an identity that nobody trusted links to the passport's", "get a LinkedIdentities visa from an issuer that the site trusts for it"},
	ConditionsUnmet: {"conditions-unmet", "its conditions are not met, or are on a visa that links identities", "get the visas that it asks for into the passport"},
	FactLost:        {"fact-lost", "a fact that held when the query was admitted does not hold any more", "ask again with a new passport"},
}

// String is the code, as docs/reference/passports.md lists it.
func (r Reason) String() string {
	if r == 0 || r >= endOfReasons {
		return fmt.Sprintf("reason %d", uint8(r))
	}
	return reasons[r].code
}

// Error says what is wrong and how to mend it.
func (r Reason) Error() string {
	if r == 0 || r >= endOfReasons {
		return "passport: " + r.String()
	}
	return "passport: " + reasons[r].what + ": " + reasons[r].mend
}

// Is makes every reason one of ErrRefused.
func (r Reason) Is(target error) bool { return target == ErrRefused }
