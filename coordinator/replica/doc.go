// Package replica keeps one deterministic [Machine] equal on every member of
// the coordinator, by raft, on disk.
//
// Start with [Open], [Replica.Run], [Replica.Propose] and [Replica.Read]. The
// caller brings the [Machine] (what the state is) and the [Layer] (how bytes
// reach another member). Replica brings order, durability and one leader.
//
//	Propose -> log on a majority's disk -> Machine.Apply on every member -> answer
//	Read    -> Barrier (once a term) -> look -> VerifyLeader
//
// What is promised, with a majority of the members up and any of them crashing,
// restarting, or being cut off:
//   - A command that Propose answered is never lost, on the disks of a majority
//     before the answer.
//   - Every member applies the same commands in the same order, each index once.
//     A command proposed twice is committed twice: the Machine MUST recognise an
//     id that it has seen and give the first answer again.
//   - [ErrUncertain] is the only answer that leaves open whether the command was
//     committed. After every other error it was not, and will not be.
//   - What Read showed holds every command answered before Read was called. Only
//     the leader reads: after a restart a member's state is older than what it
//     knew, or empty, until a leader speaks, so no member serves its own copy.
//   - With Config.Settle: what Propose answered, and what is in a snapshot, was settled
//     here before.
//   - A member that cannot trust itself stops: after the first error of the log,
//     the snapshots or the Machine nothing more is written or applied, and Run
//     returns that error. If the term itself cannot be stored, raft panics.
//
// What is not promised:
//   - Anything against a member that lies. Members are one operator's; no node
//     acts on leadership, only on signatures.
//   - Progress without a majority. Two members are worse than one.
//   - Speed of a return: a member that was away for long is caught up only
//     seconds after it is back, since raft backs off.
//   - Survival of a lost disk under the old name. Such a member has forgotten
//     its votes: remove it, and add a new one under a new id.
//
// The Machine is pure: times, ids and randomness are chosen by the proposer and
// stand in the command. A command holds nothing secret, since logs and snapshots
// keep it for long.
//
// It follows Ongaro's thesis (chapters 3, 4, 6.4 and 9.6) as hashicorp/raft has
// it. Reads verify leadership after they looked: hashicorp/raft issue 603.
package replica
