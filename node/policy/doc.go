// Package policy decides whether a site answers a question: allow, ask a person, or deny.
// Start with [Parse], which checks files of Cedar policies against a schema of ours, and
// [Policy.Decide]. [Lint] names what is weak in a policy, [ReadCases] and [Run] try it on a
// table of cases, and [Diff] shows what another would change.
//
//	forbid                 any that matches denies
//	permit @verdict("ask") else any that matches asks
//	permit                 else any that matches allows
//	none                   else it is denied
//
// A permit asks by an annotation, not by an action of its own. So one rule stands in one
// place, a request is evaluated once, and whoever turns "allow" into "ask" adds a line and
// leaves the conditions alone. With a second action, each rule would be written for both, and
// a forbid for one of them only would be a hole.
//
// What must hold:
//   - An error of any rule denies. Cedar skips a rule that errs, also one that forbids.
//   - A request that does not fit the schema denies, and so does one out of bounds.
//   - A rule that speaks of what the schema does not have is refused when it is read: an
//     attribute, an action, a verdict, an annotation. Cedar-go's validator (v1.9.0) lets a
//     misspelt member of an enumeration and "has" with any name pass; here they are refused.
//   - No policy betters what the consents say (package duo).
//   - Epsilon is an integer number of millionths. Cedar has no floating point.
//
// A budget is state, and not here: a policy says whether a question may be asked, the ledger
// whether it can be paid. Nothing here reads the network, a clock or a node's records.
package policy
