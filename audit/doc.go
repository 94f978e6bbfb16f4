// Package audit writes the log of what a site or a coordinator has said and decided: a
// Merkle tree on disk (c2sp.org/tlog-tiles) under checkpoints (c2sp.org/tlog-checkpoint)
// that the owner signs with Ed25519 and ML-DSA-65, and that other sites cosign as witnesses
// (c2sp.org/tlog-witness, tlog-cosignature). Start with Open and Log.AppendWitnessed; the
// other side of a round is Witness. Package audit/verify reads what this one writes.
//
// What must hold:
//
//   - Append returns when the entry is durable and under a signed checkpoint. What it
//     records may take effect then and not before.
//   - A checkpoint is signed after its tiles are synced, and shown to a witness after it is
//     synced itself: no witness knows more than the disk.
//   - Nothing on the disk is believed but what the owner has signed. A log that is behind
//     what others remember takes nothing in.
//   - After a failed write the log takes nothing in until it is opened again.
//   - A witness cosigns one history of a log, and remembers before it answers.
//   - An entry has digests and small numbers. It has no text, no identifier of a person and
//     no count.
//
// The package starts no goroutine that outlives a call, and does not log. It has no
// transport: Remote is two functions that the caller wires to another site's Witness.
//
// The formats are in docs/reference/audit-log.md; why this is not built on Tessera is in
// docs/decisions/0014-the-log-writes-its-own-tiles.md.
package audit
