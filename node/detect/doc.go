// Package detect finds odd questions: too many of them, nearly the same one again and again,
// walks along a chromosome, single variants, variants that nobody has a reason to ask for.
// Start with Default or ParseConfig, New, and Detector.Observe.
//
//	event (signed bytes, public declarations) -> Detector.Observe -> Verdict
//	    findings: what is odd, each once                |
//	    action:   none < note < warn < throttle < freeze
//
// # What must hold
//
//   - In mode dp nothing here depends on data. What might, the tag of the people that an
//     exact question counts, is looked at by one rule alone (ChangedPeople), and what
//     follows from it holds for exact questions alone. No rule asks how a question ended.
//   - It is a fold: the same events in the same order give the same findings. Nothing here
//     asks a clock, a random number, a disk or the network. A node that keeps its events has
//     its detector again after a restart.
//   - Memory is bounded, whatever is asked (memory.go). What is forgotten to stay within it is the
//     oldest of the one who asks the most. Who is frozen is not forgotten.
//   - A Finding holds codes, key ids, digests and numbers: no cohort's name, no variant, no
//     text of a question.
//
// # What it does not do
//
// It does not stop a question: Verdict says what should be done, and the node does it. It
// does not know that two keys belong to one person: what several keys ask together is seen by
// BurstInStudy alone. It compares ranges of one panel with each other, not those of two. It
// is no proof of an attack and no defence against one: that is what noise, budget and the
// limits of exact releases are for. It finds who is in a hurry or careless.
package detect
