// Package passport is a clearinghouse of GA4GH passports: it turns a token that a
// researcher hands over into facts about the one who asks. Start with ParseTrust (a
// site's list, Trust), New (a Clearinghouse) and Clearinghouse.Check, which gives Claims.
//
//	passport (JWT of a broker)       refused as a whole if anything is wrong with it
//	  `- visa (JWT of its issuer)    passed over if anything is wrong with it
//	       by itself: form, issuer and key set on the list, key, signature, time,
//	                  type, source, by, value
//	  -> who is who: LinkedIdentities
//	  -> conditions of the others
//	  -> facts
//
// # What a query carries
//
// The bytes of the passport as the broker gave it, at most MaxBytes, in the body that is
// sealed to the sites and under the query's signature: a coordinator sees no passport,
// and nobody can put another's into a query. A node calls Check when the query is offered
// and hands the facts to its policy. It keeps bytes and Claims, sealed, with the task, and
// calls Recheck with them when it contributes. Neither leaves the site, and no Reason
// does: a refusal is a code of protocol.
//
// # What must hold
//
// Nothing is fetched for an issuer, or from an address, that is not on the site's list. A
// key is for one algorithm, which its set says and the token cannot change. A fact is in
// Claims only if its visa verifies by itself, is about the holder of the passport or an
// identity that is linked to it, and its conditions are met. The key that signs the query
// is bound to the holder (Bind). No Reason and no error holds anything of a token;
// Identity, Fact and Claims print without what they hold.
//
// # What it does not do
//
// It is not a broker and not a client of one: it exchanges no token and asks no userinfo.
// It polls nobody, so visa access tokens are refused. It does not remember tokens: what
// is asked twice is for the node to see. It cannot see that a visa was withdrawn before
// its time is over, as nobody can with a visa document token; the site's limits bound it.
//
// # Specification
//
// GA4GH Passport 1.2.1 and AAI OpenID Connect Profile 1.2.1, in the ga4gh/data-security
// repository; RFC 7515, 7517, 7518, 7519, 7638, 7800, 8725, 9449.
package passport
