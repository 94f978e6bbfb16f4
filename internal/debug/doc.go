// Package debug names every protective mechanism, so that a test can take one out
// and watch the attack succeed. In an ordinary build Without is the constant
// false and the compiler drops the branches that ask it; only a build with the tag
// locus_unsafe can switch a mechanism off, and such a build says so in its bytes
// (Marker), which `make check` looks for in release binaries.
//
// Each attack runs twice: "go test -run Attack ./..." shows that it fails, and the
// same with -tags locus_unsafe that it would succeed without its mechanism.
package debug

// Mechanism is one of the protections that the trust model rests on.
type Mechanism uint8

// The mechanisms, in the order in which a task meets them.
const (
	AllowList           Mechanism = iota + 1 // only peers of the roster are spoken to
	PostQuantum                              // a classical key exchange is refused
	FrameBound                               // no frame is longer than its kind allows
	BothSignatures                           // Ed25519 and ML-DSA-65
	UnknownFields                            // signed messages hold nothing unknown
	RosterAllCustodians                      // every custodian has signed
	RosterPin                                // and it is the roster that was accepted here
	RosterEpochOnce                          // one roster an epoch number
	Expiry                                   // nothing old is answered
	Replay                                   // a session is answered once
	ModeSigned                               // the mode is the signed one, and allowed
	OwnDeclaration                           // the query lists this site's own dataset
	BodyCommitment                           // all sites got the same body
	HeaderInBody                             // a body opens only under its header
	RecipientBound                           // the recipient is the signed one
	VisaIssuerListed                         // no visa of an issuer that is not on the site's list
	KeySetListed                             // no key from where a token says
	VisaSignature                            // passports and visas verify
	VisaCurrent                              // and their time is not over
	PassportBound                            // a passport is for the key of its holder
	VisaOfPerson                             // a visa is of the holder of the passport
	VisaConditions                           // and its conditions are met
	MinimumCohort                            // no cohort below its minimum
	OverflowBound                            // no sum can carry
	ReleasedVariants                         // no variant again for nearly the same people
	LifetimeRelease                          // no more exact variants of a person than the limit
	DifferenceGranted                        // no sum over another set that its sites have not agreed to
	ConsentApplied                           // who does not consent is not counted
	ConsentConfirmed                         // nor is anybody before withdrawals are known again
	PrivacyBudget                            // no private release beyond what was allowed
	NoiseShare                               // a private release has this site's noise
	PinnedPlaintext                          // one plaintext an identity
	WordsInSecret                            // other words, other key
	SessionInSecret                          // another session, another key
	PointZero                                // no share at point zero
	ShareBinding                             // a share opens in its place only
	PairPlace                                // and so does one under the key of a pair
	ShareDigest                              // a share is the one its header names
	ReceivedByAll                            // every member received every member
	SelfInCut                                // a site opens no cut without itself
	ThresholdInCut                           // nor one of fewer than t sites
	OrganisationsInCut                       // nor one of too few organisations
	ExactSet                                 // nor, in mode exact, another than the named set
	OneCut                                   // nor a second one for a release
	SetAdoption                              // a bound site's set is adopted
	HeadWitnessed                            // others keep the vote before it is used
	FreshHead                                // a restored copy learns that it is behind
	CheckWords                               // the researcher sees an altered sum
	TableVoted                               // a table is approved by who has voted for its sum
	TableApproved                            // and read once all its custodians have approved
	DataUse                                  // no use that nobody has consented to
	PolicyErrorDenies                        // a policy that cannot be evaluated denies
	CheckpointSignature                      // a log's checkpoint has both signatures of its owner
	WitnessConsistency                       // a witness cosigns only what continues what it knows
	WitnessRoster                            // and only logs of those that it works with
	LogRemembered                            // a log shorter than others remember takes nothing in
	LogBeforeEffect                          // no decision of a coordinator's before its log holds it
	LogPast                                  // nor by a member whose log holds another past
	PersonalData                             // nothing is taken in with somebody's name in it
	PolicyApplied                            // nothing is answered that the site's rules do not allow
	PassportRechecked                        // a passport is checked again before an answer
	Approval                                 // what people have to agree to waits for them
	Freeze                                   // a frozen site answers nothing
	Recorded                                 // nothing is answered that is not in the audit log
	Detection                                // who asks too much, or what nobody has a reason to, waits
	CohortErased                             // nothing opens what was erased
	KeyRevoked                               // a key that a custodian has revoked speaks for nobody
)
