// Package state is what the members of a coordinator agree on: sites, panels,
// studies, and how far each task has come. Start with [New], [Machine.Apply] and
// [Machine.View]; commands are made by [Invite], [Submit], [Say] and their like.
//
//	invited ──Join──▶ pending ──Approve──▶ approved                       a site
//	proposed ──Endorse──▶ proposed ──OpenStudy──▶ open                    a roster
//	submitted ──Start──▶ attempt 1 ──Say, Pass──▶ failed ──Start──▶ 2 …   a task
//	                               └─Say, SignCut──▶ opened ──SetSum──▶ done
//
// What must hold:
//   - It is deterministic. It has no clock, no dice and no network: a command
//     brings the time, and every list that leaves is sorted.
//   - A command may be applied twice: the second time changes nothing, and is
//     answered alike while nothing else has come between. Hence commands need no
//     memory of their ids.
//   - What is signed is believed for its signature, here and on every member, not
//     because of who proposed it.
//   - A task has one cut an attempt, the one that [session.Attempt] decides from
//     what was committed. So a cut is committed before any site can be shown it.
//   - Nothing secret is in it, and no byte that was not public to all members.
//
// It holds signatures and digests; the hidden words, their sum and the panels are
// in the members' blob stores. [session] is the life of an attempt.
package state
