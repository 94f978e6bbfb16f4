// Package evidence is a bundle of what a site can show of itself: its register of processing,
// its policies, consents and decisions, its ledger, its versions, and the audit log that they
// stand in. Start with Write and Verify.
//
//	evidence.json     names every document by its SHA-256
//	<documents>
//	log/...           the audit log, whose last entry of kind evidence names evidence.json
//
// The same documents and the same log give the same bytes: a zip of files in the order of
// their names, stored as they are, without times.
//
// # What must hold
//
// What Verify accepts was named in the site's audit log before it was handed over: another
// document, one more or one less, is found. Each decision is in the log with its code, and each
// decision that the log has of that time is in the bundle.
//
// # What it does not do
//
// It proves what a site has said, and when. It does not prove that what it said is true.
package evidence
