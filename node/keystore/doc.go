// Package keystore keeps a site's secrets in one directory and hands out what can
// be done with them. Start with Create and Open.
//
//	signing      what the node says           custodian  rosters and grants
//	network      the libp2p peer              declaration, pin, backup  keys of HMACs and of the snapshot
//	kem-…        what questions and shares are sealed to: declared for 60 days, erased after 90
//	cohort-…     what one version of a dataset is sealed with: with it go the genotypes
//	root         from which a session's secrets come: ratcheted once a day, the old one erased
//
// What must hold:
//   - The directory is 0700 and every file in it 0600, or nothing is opened.
//   - A secret prints as "keystore.…(…)" and leaves only as what it made.
//   - What is replaced is overwritten before it is unlinked. On flash and on
//     copy-on-write file systems the old bytes may survive a while: whole-disk
//     encryption is what helps there.
//   - KEM and SessionRoot are for the one process that serves.
package keystore
