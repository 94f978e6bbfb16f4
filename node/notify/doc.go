// Package notify tells people and systems that something happened at a site: a task waits for
// approval, the budget runs low, somebody was frozen. Start with ParseConfig, Config.Targets
// and Open; then Notifier.Notify, Notifier.Finding and Notifier.Run.
//
//	Notify, Finding --> a folder a target --> Run --> Sender --> the way out that is handed in
//	                    durable, bounded,            Webhook     http.RoundTripper
//	                    oldest dropped first         Mail        Relay
//
// # What must hold
//
//   - A Notice has a kind, a time, the name of a study, a digest and small numbers, and no
//     text. A finding is one that detect writes; this package hands its bytes on.
//   - What Notify or Finding returned nil for is told at least once to each target that wants
//     it, in order, also after the program was killed; or it is counted as dropped. The same
//     bytes have the same id, by which a receiver knows them again.
//   - Nothing is told but to the addresses of the configuration. The package dials nothing: the
//     way out is handed in, at a site by its egress door. TLS is needed unless the address is a
//     loopback address in digits. No redirect is followed.
//   - A letter's lines are fixed, and what stands in them has letters and digits alone: no
//     header can be put into one.
//   - What the other side answers is read up to a bound, and not kept.
//
// # Specification
//
// Webhooks are signed as https://www.standardwebhooks.com has it, version 1 (HMAC-SHA-256).
// Letters are RFC 5322 in ASCII, sent by RFC 5321 with STARTTLS (RFC 3207).
package notify
