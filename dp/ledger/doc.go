// Package ledger keeps what a site's privacy budget was spent on: durable before noise
// is drawn, once for each release, and never given back.
//
// Begin with Open, Ledger.Reserve and Ledger.Settle; a Writer does the three of them
// for many callers together.
//
//	operator's Order --> Follow --> caps                 transaction of the caller
//	Charge --> Reserve --> Hold, reserved                -------------------------
//	           commit, Settle --> Hold, settled          witness knows the head
//	           Hold.Draw --> noise, once                 what leaves, leaves after this
//
// A release is charged to four accounts, all of them or none:
//
//	population   the promise to people: all datasets that share people are one population
//	dataset      policy
//	study        policy, an account in each dataset
//	researcher   policy, an account in each study
//
// Amounts are integers: rho of zero-concentrated differential privacy in 1e-12, delta in
// 1e-18, rounded up by whoever makes them. A release is refused unless each account that
// has not paid for it has room for it; that sum is a privacy filter also when each
// release is chosen by what the ones before it said (Whitehouse, Ramdas, Rogers and Wu,
// ICML 2023).
//
// # What holds
//
//   - What an account has spent is at most its cap, whatever is asked at once. Only a loss
//     passes it: then nothing more is spent.
//   - An account pays for a release once. The same release at another cost is refused.
//   - Caps come from signed orders alone, each followed once. Without one there is nothing
//     to spend. Time gives nothing back, and there is no refund.
//   - A cap is what was allowed in all; spent counts from the first day.
//   - Each entry stands on the digest of all before it. The tables beside the chain are
//     worked out again from it at every Open and compared.
//   - A last entry that is damaged counts as the largest release that was ever allowed,
//     for every account, those opened later too: whose it was cannot be told. Damage that
//     has sound entries after it is refused.
//   - A ledger that lacks entries its Witness has seen is refused, and so is one with other
//     entries. An operator may sign that the difference is lost; it is then charged as
//     above.
//   - After an error of the witness nothing more is reserved or drawn by this process.
//
// # What it does not do
//
// It does not know what a release costs: that is dp/account's. It does not keep what was
// released, nor compare it: the caller pins the bytes in the same transaction. Overlapping
// people are one population only if the operator says so. A HeadFile knows what happened to
// the database and not what happened to both at once: for that the head of each debit,
// Hold.Head, goes to others with what leaves.
//
// # In a database
//
// The tables of Schema live in the database of the caller, so that a debit and the
// transition that it pays for are one transaction. It must be SQLite with
// synchronous=FULL. The ledger knows keys of 32 bytes and never a name.
package ledger
