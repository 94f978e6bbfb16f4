// Package egress is the one door of a site: every byte that leaves and every
// connection that is dialled goes through it. Start with Open, then Guard, Host and
// Coordinator.
//
// What must hold:
//   - Only answers to the calls of protocol.Calls leave, each in the form that its
//     call has and below its bound; and the bulk bytes that such an answer names.
//   - A line of the log, with time, call, peer, size and digest, is durable before
//     the bytes go. The log is only ever appended to.
//   - Nothing is dialled but the coordinator that the join token named, under the
//     keys that it pinned.
//
// The package sees bytes, never a genotype: it reaches nothing that could read one.
package egress
