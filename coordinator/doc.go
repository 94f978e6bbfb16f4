// Package coordinator is the party that carries. It takes questions, calls the sites
// that must answer them, adds up what it cannot read and hands the sum to the one
// who asked. Start with [Init], [LoadHome], [New] and [Coordinator.Run].
//
//	api ──▶ replica ──▶ journal ──▶ state    what was acknowledged is committed, and logged
//	          │ leads
//	          ▼
//	        leader ──▶ schedule.Plan ──▶ query.go, opening.go     one step after the other
//	          │                       │ calls, pulls
//	        greet.go ◀──── the sites' own connections ────▶ aggregate
//
// What must hold:
//   - A cut is committed before any site is shown it, and a task before it is sent:
//     whoever leads next says the same.
//   - Whatever comes from a site is verified against the roster before it is
//     committed or handed on.
//   - A leader's memory may be lost at any step. Sites answer a repeated call with
//     the bytes that they have stored, so the next leader asks again.
//   - What a member takes in and decides is in its audit log before anybody is told:
//     no answer, no call and no connection of a site comes before its entry.
//   - No byte that is here tells a count or a genotype.
//
// What it does not do: decide what may be asked or opened. Sites do, each for itself,
// and believe signatures and never who leads.
package coordinator
