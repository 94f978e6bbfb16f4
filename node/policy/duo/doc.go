// Package duo says whether a consent covers a use. Start with [Match], which compares a
// consent's terms of the Data Use Ontology with the facts of a request and gives a verdict
// with one [Line] for each term.
//
// A use has to be permitted by a permission, and every modifier has to hold. The
// permissions, over what a request is for:
//
//	            any       biomedical  a disease  population,  methods  age,     control
//	            research  genetic,               ancestry              gender   of a disease
//	                      drug                                                  (of none)
//	NRES, GRU   allow     allow       allow      allow        allow    allow    allow (allow)
//	HMB         deny      allow       allow      deny         allow    ask      allow (deny)
//	DS          deny      deny        if within  deny         ask      deny     if within (deny)
//	POA         deny      deny        deny       allow        deny     deny     deny (deny)
//	none        deny      deny        deny       deny         deny     deny     deny (deny)
//
// A disease is within another that is the same or above it, never below. The modifiers are
// in modifier.go, each with what it requires. A fact that is missing denies; a person is
// asked where the consent leaves open what only a person can know.
//
// What must hold, and is tested over random consents and requests:
//   - A modifier more never widens what is allowed, and neither does a permission less.
//   - A narrower purpose never loses against a broader one.
//   - The order of terms and purposes changes nothing, not even the lines.
//   - A code that is not in the tables denies, obsolete ones and purposes among them.
//
// It differs from the literal reading of the matcher of DUOS (DataUseMatchCasesV4), which
// approves general research on data for one disease, on data for ancestry only and on data
// without any permission. Here the three are denied.
//
// Terms, labels and hierarchy are those of duo.owl, version 2021-02-23. There NPOA is
// DUO:00000044, with a zero too many; both spellings are read. There NPU and NCU are kinds
// of NPUNCU, which is the strictest of the three: what a modifier requires comes from the
// table here, never from that hierarchy.
//
// The facts of a request are claims until somebody has verified them. This package does not
// know which are, and a match is no proof that a law is kept.
package duo
