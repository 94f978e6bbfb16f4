// Package rest is how programs talk to a coordinator's HTTP API: pinned TLS 1.3
// with a post-quantum key exchange, requests signed with the caller's key, and the
// JSON shapes of what is said. Start with NewClient, and on the other side with
// ServerTLS and Verifier.
//
// What must hold:
//   - A connection is made only to the TLS key that a token pinned, and only with
//     X25519MLKEM768; names and certificate authorities play no part.
//   - A request is signed over its method, host, path, body, time and a nonce; one
//     that is older than MaxAge or was seen before is refused.
//   - Bodies are bounded on both sides, and nothing is read for an unknown key.
package rest
