// Package egress is the one door of a site: every byte that leaves and every
// connection that is dialled goes through it. Start with Open, then Guard, Host and
// Coordinator; Webhook and Relay for those whom the site's configuration names.
//
// What must hold:
//   - Only answers to the calls of protocol.Calls leave, each in the form that its
//     call has and below its bound; and the bulk bytes that such an answer names.
//   - To a webhook go notices and findings in the one spelling that they have, so that
//     no text is in them; to a mail relay letters, which only package notify writes.
//   - A line of the log, with time, call, peer, size and digest, is durable before
//     the bytes go. The log is only ever appended to.
//   - Nothing is dialled but the coordinator that the join token named, under the
//     keys that it pinned, and the addresses that a Webhook or Relay was made with.
//
// The package sees bytes, never a genotype: it reaches nothing that could read one.
package egress
