// Package vrs computes the names that GA4GH's Variation Representation Specification
// gives to alleles (VRS 1.3 and 2.0). Start with Normalize, which writes a change in its
// one form, and NewNamer, whose ID names that form.
//
//	Digest     sha512t24u: SHA-512 cut to 24 bytes, base64url where it is written
//	Refget     the digest of a sequence, written SQ.… : the upper-case letters, hashed
//	Normalize  fully justified (VOCA): an insertion or deletion covers all places where
//	           it could stand, so that no tool's taste is in its name
//	ID         the digest of the allele's canonical JSON, written ga4gh:VA.…
//
// The two versions differ. In 2.0 what can be read off the reference is said by lengths
// (ReferenceLengthExpression); in 1.3 it is always spelled out. The location is written
// in another way too, so no allele has the same name in both.
//
// What the package does not do: fetch sequences, or describe anything but one allele on
// one sequence. It opens nothing, and alleles that are no change have no name here.
package vrs
