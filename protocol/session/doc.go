// Package session is the life of a task as a pure state machine, and the checks
// by which each party believes the next step. Start with Attempt (the
// coordinator's side), CheckCut and CheckSeen (a site's) and CheckResult (the
// researcher's).
//
//	contributing ──all in──▶ receiving ──all said──▶ opening ──t opened──▶ done
//	      │                      │                      │
//	      └──refused, late───────┴──no cut──────────────┴──expired──▶ failed
//
// The package does no I/O and reads no clock: time is handed in. What must hold:
//   - An attempt has one cut, and a cut once decided never changes.
//   - A cut has at least t sites of enough organisations, and every member has
//     received every member's key share. In mode exact it is the named set.
//   - A step is taken at most once; taking it again with the same content changes
//     nothing, and with other content is refused.
package session
